//! Serves the playground over the network, with a certificate, a token and a client certificate authority of its
//! own.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::{Extension, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair,
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutBody;

use crate::auth::authenticate::Authenticator;
use crate::auth::certificate::ClientCertificate;
use crate::auth::service_account::Signer;

/// Certificates, keys and the administrator's token, kept in the data directory.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    certificate: String,
    key: String,
    /// The administrator's token.
    token: String,
    /// The authority that signs client certificates.
    authority: Pair,
    /// The secret that signs ServiceAccount tokens.
    secret: String,
}

/// A certificate and its key, as PEM.
#[derive(Serialize, Deserialize)]
struct Pair {
    certificate: String,
    key: String,
}

/// Two random UUIDs: 244 random bits.
fn random() -> String {
    format!(
        "{}{}",
        uuid::Uuid::new_v4().simple(),
        uuid::Uuid::new_v4().simple()
    )
}

impl Identity {
    /// Reads the identity, or creates a new one.
    pub(crate) fn load(dir: &Path) -> io::Result<Self> {
        let file = dir.join("identity.json");
        if let Some(identity) = std::fs::read(&file)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
        {
            return Ok(identity);
        }
        let identity = Self::new()?;
        write_private(&file, &serde_json::to_string(&identity)?)?;
        Ok(identity)
    }

    /// Creates an identity without storing it.
    pub(crate) fn new() -> io::Result<Self> {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned(), "::1".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).map_err(io::Error::other)?;
        Ok(Self {
            certificate: certified.cert.pem(),
            key: certified.signing_key.serialize_pem(),
            token: random(),
            authority: authority().map_err(io::Error::other)?,
            secret: random(),
        })
    }

    /// Returns the authenticator of this cluster's credentials.
    pub(crate) fn authenticator(&self) -> Authenticator {
        Authenticator::new(self.token.clone(), Signer::new(self.secret.as_bytes()))
    }

    /// Issues a client certificate and its key, as PEM.
    pub(crate) fn client(&self, name: &str, groups: &[&str]) -> Result<(String, String), rcgen::Error> {
        let key = KeyPair::from_pem(&self.authority.key)?;
        let issuer = Issuer::from_ca_cert_pem(&self.authority.certificate, key)?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        for group in groups {
            subject.push(DnType::OrganizationName, *group);
        }
        let mut wanted = CertificateParams::default();
        wanted.distinguished_name = subject;
        wanted.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = wanted.signed_by(&key, &issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }

    pub(crate) fn kubeconfig(&self, url: &str) -> String {
        let authority = STANDARD.encode(&self.certificate);
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: playground\nclusters:\n- name: playground\n  cluster:\n    \
             server: {url}\n    certificate-authority-data: {authority}\nusers:\n- name: admin\n  user:\n    token: {}\n\
             contexts:\n- name: playground\n  context:\n    cluster: playground\n    user: admin\n    namespace: demo\n",
            self.token
        )
    }
}

/// Creates an authority for client certificates.
fn authority() -> Result<Pair, rcgen::Error> {
    let mut wanted = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "playground-client-authority");
    wanted.distinguished_name = subject;
    wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let certificate = wanted.self_signed(&key)?;
    Ok(Pair {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

/// Writes a file atomically that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let draft = path.with_extension("part");
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(draft, path)
}

/// Maximum number of concurrent connections: each takes a file descriptor.
const MAX_CONNECTIONS: usize = 1024;
/// Timeout of a TLS handshake, and of a request's header.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout for the next bytes of a body, and for a client to accept bytes of a response.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Length of the HTTP/2 connection preface in bytes.
const PREFACE: usize = 24;
/// Delay after an accept error that passes on its own, such as a lack of file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Accepts connections until stopped. No error of accept(2) ends it: such errors concern one connection, or pass
/// when others are closed.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    identity: &Identity,
    stop: CancellationToken,
) -> io::Result<()> {
    let acceptor = acceptor(identity)?;
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            place = Arc::clone(&places).acquire_owned() => place.map_err(io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
                continue;
            }
        };
        let (acceptor, router, stop) = (acceptor.clone(), router.clone(), stop.clone());
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, &acceptor, router) => {}
            }
        });
    }
}

/// Serves one connection to its end.
async fn connection(stream: TcpStream, acceptor: &TlsAcceptor, router: Router) {
    let stream = match tokio::time::timeout(CLIENT_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => return tracing::debug!("TLS handshake timed out"),
    };
    let (_, session) = stream.get_ref();
    // Verified by the handshake; one that cannot be parsed identifies nobody.
    let certificate = session
        .peer_certificates()
        .and_then(|all| ClientCertificate::read(all.first()?));
    let router = match certificate {
        Some(certificate) => router.layer(Extension(certificate)),
        None => router,
    };
    let router = router.layer(axum::middleware::map_request(async |request: Request| {
        request.map(|body| Body::new(TimeoutBody::new(STALL_TIMEOUT, body)))
    }));
    let mut builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
    // The header timeout also covers the first request and idle keep-alive connections.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(CLIENT_TIMEOUT);
    // An idle HTTP/2 connection has to answer pings.
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(CLIENT_TIMEOUT)
        .keep_alive_timeout(CLIENT_TIMEOUT)
        .max_concurrent_streams(256);
    // Not detected from the first bytes: no timer runs until those have arrived.
    let (builder, first) = match session.alpn_protocol() {
        Some(b"h2") => (builder.http2_only(), PREFACE),
        _ => (builder.http1_only(), 1),
    };
    let stream = TimeoutStream::new(stream, first);
    let service = TowerToHyperService::new(router);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "connection error");
    }
}

/// A connection with timeouts for the client's first bytes and for stalled writes.
struct TimeoutStream<S> {
    stream: S,
    /// Bytes that still have to arrive in time.
    first: usize,
    reading: Pin<Box<Sleep>>,
    /// Runs while a write is blocked.
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> TimeoutStream<S> {
    fn new(stream: S, first: usize) -> Self {
        Self {
            stream,
            first,
            reading: Box::pin(tokio::time::sleep(CLIENT_TIMEOUT)),
            writing: None,
        }
    }

    /// Returns the result of a write, or an error if it has been blocked for too long.
    fn written<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let waiting = self
            .writing
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL_TIMEOUT)));
        waiting
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.first > 0 {
            let new = buffer.filled().len() - before;
            self.first = self.first.saturating_sub(new);
            if self.first > 0 && self.reading.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.written(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.written(context, shut)
    }
}

/// Raises this process's limit of open files to its maximum: each connection, watch and command takes some.
/// Commands in sandboxes do not inherit it.
pub fn raise_open_files_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, ?limit, "cannot raise the limit of open files");
    }
}

fn acceptor(identity: &Identity) -> io::Result<TlsAcceptor> {
    let certificates = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(io::Error::other)?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut authorities = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(identity.authority.certificate.as_bytes()) {
        authorities
            .add(authority.map_err(io::Error::other)?)
            .map_err(io::Error::other)?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(authorities.into(), provider.clone())
        .allow_unauthenticated()
        .build()
        .map_err(io::Error::other)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates, key)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
