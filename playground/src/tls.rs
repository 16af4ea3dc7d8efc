//! The playground over the network: a certificate, a token and an authority for client certificates of its own.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::{Extension, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_util::sync::CancellationToken;

use crate::auth::authenticate::Authenticator;
use crate::auth::certificate::ClientCertificate;
use crate::auth::service_account::Signer;

/// Certificates, keys and the administrator's token, kept in the data folder.
#[derive(Serialize, Deserialize)]
pub(crate) struct Identity {
    certificate: String,
    key: String,
    /// The administrator's.
    token: String,
    /// Who signs client certificates.
    authority: Pair,
    /// What signs tokens of ServiceAccounts.
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
    /// Reads the identity, or makes a new one.
    pub(crate) fn load(folder: &Path) -> io::Result<Self> {
        let file = folder.join("identity.json");
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

    /// A new identity, kept nowhere.
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

    /// What recognizes this cluster's credentials.
    pub(crate) fn authenticator(&self) -> Authenticator {
        Authenticator::new(self.token.clone(), Signer::new(self.secret.as_bytes()))
    }

    /// A new client certificate and its key, as PEM.
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

/// A new authority for client certificates.
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

/// Writes a file that only its owner may read, in one step.
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

/// Accepts connections until told to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    identity: &Identity,
    stop: CancellationToken,
) -> io::Result<()> {
    let acceptor = acceptor(identity)?;
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            accepted = listener.accept() => accepted?.0,
        };
        let (acceptor, router, stop) = (acceptor.clone(), router.clone(), stop.clone());
        tokio::spawn(async move {
            let stream = match acceptor.accept(stream).await {
                Ok(stream) => stream,
                Err(error) => return tracing::debug!(%error, "no TLS"),
            };
            let (_, session) = stream.get_ref();
            // Verified by the handshake; one that cannot be read names nobody.
            let certificate = session
                .peer_certificates()
                .and_then(|all| ClientCertificate::read(all.first()?));
            let router = match certificate {
                Some(certificate) => router.layer(Extension(certificate)),
                None => router,
            };
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(router);
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            tokio::select! {
                () = stop.cancelled() => {}
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection broke");
                },
            }
        });
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
