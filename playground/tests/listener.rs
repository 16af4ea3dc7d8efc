//! The TLS listener survives a lack of file descriptors, and clients that send nothing.

#![allow(
    clippy::unwrap_used,
    reason = "a test goes step by step, and what fails ends it"
)]

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use std::sync::Arc;

use base64::Engine;
use playground::{Options, Playground};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// One test takes every descriptor that this process may have; the others need some.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Sends something other than TLS, and waits for the response: the server's alert, or the end of the connection.
fn is_answered(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
        return false;
    };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    std::io::Write::write_all(&mut stream, b"this is no TLS at all\r\n\r\n").unwrap();
    stream.read(&mut [0; 64]).is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listener_recovers_from_idle_connections() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let playground = Playground::open(Options {
        data_dir: dir.path().join("data"),
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = playground.clone();
    let server = tokio::spawn(async move { serving.serve_tls(listener).await });
    let answered = || tokio::task::spawn_blocking(move || is_answered(address));
    assert!(answered().await.unwrap());

    // Clients and server share this process's descriptors: both run out of them.
    let before = getrlimit(Resource::Nofile);
    let few = Rlimit {
        current: Some(128),
        maximum: before.maximum,
    };
    setrlimit(Resource::Nofile, few).unwrap();
    let mut idle = Vec::new();
    let started_at = Instant::now();
    while started_at.elapsed() < Duration::from_secs(2) {
        match TcpStream::connect(address) {
            Ok(stream) => idle.push(stream),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    assert!(idle.len() > 20, "{}", idle.len());
    assert!(!server.is_finished());
    playground::raise_open_files_limit();
    assert_eq!(getrlimit(Resource::Nofile).current, before.maximum);
    assert!(answered().await.unwrap());

    // Idle connections are closed.
    for stream in &mut idle {
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    }
    let ended = tokio::task::spawn_blocking(move || {
        idle.iter_mut()
            .all(|stream| stream.read(&mut [0; 64]).is_ok_and(|bytes| bytes == 0))
    });
    assert!(ended.await.unwrap());
    assert!(started_at.elapsed() < Duration::from_secs(30));
    server.abort();
}

/// Returns a TLS client that trusts the playground and offers these protocols, and the administrator's token.
fn client(kubeconfig: &str, protocols: &[&str]) -> (TlsConnector, String) {
    let value = |field: &str| {
        let start = kubeconfig.find(field).unwrap() + field.len();
        let rest = kubeconfig[start..].trim_start_matches(['"', ':', ' ']);
        rest.split(['"', '\n', ',']).next().unwrap().trim().to_owned()
    };
    let pem = base64::engine::general_purpose::STANDARD
        .decode(value("certificate-authority-data"))
        .unwrap();
    let mut authorities = RootCertStore::empty();
    authorities
        .add(CertificateDer::from_pem_slice(&pem).unwrap())
        .unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(authorities)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec())
        .collect();
    (TlsConnector::from(Arc::new(config)), value("token"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_clients_are_disconnected() {
    let _alone = ALONE.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let playground = Playground::open(Options {
        data_dir: dir.path().join("data"),
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    playground
        .write_kubeconfig(&kubeconfig, &format!("https://{address}"))
        .unwrap();
    let kubeconfig = std::fs::read_to_string(kubeconfig).unwrap();
    let serving = playground.clone();
    let server = tokio::spawn(async move { serving.serve_tls(listener).await });
    let (_, token) = client(&kubeconfig, &[]);
    let body = format!(
        "POST /api/v1/namespaces/demo/configmaps HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let whole = format!("GET /version HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let cases: [(&[&str], &str, u64); 12] = [
        (&[], "", 15),
        (&["http/1.1"], "", 15),
        (&["h2"], "", 15),
        (&[], "G", 25),
        (&[], "PRI * HTTP/2.0\r\n", 25),
        (&[], preface, 25),
        (&[], "garbage\r\n\r\n", 25),
        (&["http/1.1"], "GET /version HTTP/1.1\r\nhost: x\r\n", 25),
        (&["h2"], &preface[..10], 15),
        // Idle, and answers no ping.
        (&["h2"], preface, 35),
        (&["http/1.1"], &whole, 25),
        (&["http/1.1"], &body, 50),
    ];
    let clients = cases.map(|(protocols, says, limit)| {
        let (connector, _) = client(&kubeconfig, protocols);
        async move {
            let tcp = tokio::net::TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from("127.0.0.1").unwrap();
            let mut stream: TlsStream<_> = connector.connect(name, tcp).await.unwrap();
            stream.write_all(says.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            let started_at = Instant::now();
            let mut rest = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(limit), stream.read_to_end(&mut rest)).await;
            (
                format!(
                    "{protocols:?} {says:?} {:?} {:?}",
                    started_at.elapsed(),
                    String::from_utf8_lossy(&rest)
                ),
                ended.is_ok(),
            )
        }
    });
    let mut open = futures::future::join_all(clients).await;
    open.retain(|(_, ended)| !ended);
    assert!(open.is_empty(), "{open:#?}");
    server.abort();
}
