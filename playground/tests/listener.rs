//! The listener for kubectl outlives a want of descriptors, and clients that say nothing.

#![allow(
    clippy::unwrap_used,
    reason = "a test goes step by step, and what fails ends it"
)]

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use playground::{Options, Playground};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;

/// Says what is no TLS, and waits for the answer: the server's alert, or the end of the connection.
fn is_answered(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(1)) else {
        return false;
    };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    std::io::Write::write_all(&mut stream, b"this is no TLS at all\r\n\r\n").unwrap();
    stream.read(&mut [0; 64]).is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_cost_the_listener_nothing_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let playground = Playground::open(Options {
        data_dir: folder.path().join("data"),
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
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(2) {
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

    // Those that say nothing are closed.
    for stream in &mut idle {
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    }
    let ended = tokio::task::spawn_blocking(move || {
        idle.iter_mut()
            .all(|stream| stream.read(&mut [0; 64]).is_ok_and(|bytes| bytes == 0))
    });
    assert!(ended.await.unwrap());
    assert!(began.elapsed() < Duration::from_secs(30));
    server.abort();
}
