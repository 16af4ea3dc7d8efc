//! HTTPS without a proxy in front: the certificate and its key from files, which are read again when they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;

/// How often the files are checked for a new certificate.
const CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// Why the certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not in PEM.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The key does not belong to the certificate, or is of an unknown kind.
    #[error("the certificate and the key cannot be used")]
    Pair(#[source] tokio_rustls::rustls::Error),
}

/// The files of a certificate.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate and its chain, in PEM.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

/// The current certificate.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<TlsAcceptor>>);

impl Tls {
    /// Reads the files, and again whenever they have changed. A new pair that cannot be used is reported, and the old
    /// one stays.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let tls = Self(Arc::new(RwLock::new(files.read()?)));
        let current = Arc::downgrade(&tls.0);
        tokio::spawn(async move {
            let mut known = files.modified();
            while let Some(current) = {
                tokio::time::sleep(CHECK_INTERVAL).await;
                current.upgrade()
            } {
                let modified = files.modified();
                if modified == known {
                    continue;
                }
                known = modified;
                match files.read() {
                    Ok(acceptor) => {
                        *current.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
                        tracing::info!("using the new certificate");
                    }
                    Err(error) => tracing::error!(%error, "keeping the old certificate"),
                }
            }
        });
        Ok(tls)
    }

    /// Returns the acceptor of a new connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TlsFiles {
    /// Returns all that is wrong with the files.
    pub fn problems(&self) -> Vec<TlsError> {
        let each = [self.chain().err(), self.private_key().err()];
        let mut problems: Vec<TlsError> = each.into_iter().flatten().collect();
        if problems.is_empty() {
            problems.extend(self.read().err());
        }
        problems
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let bytes = bytes(&self.certificate)?;
        let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
        chain
            .ok()
            .filter(|chain| !chain.is_empty())
            .ok_or_else(|| TlsError::File {
                path: self.certificate.clone(),
                problem: "no certificate in PEM".to_owned(),
            })
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(&bytes(&self.key)?).map_err(|_| TlsError::File {
            path: self.key.clone(),
            problem: "no private key in PEM".to_owned(),
        })
    }

    fn read(&self) -> Result<TlsAcceptor, TlsError> {
        let (chain, key) = (self.chain()?, self.private_key()?);
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(TlsError::Pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn modified(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key]
            .map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok())
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::File {
        path: path.to_owned(),
        problem: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use tempfile::TempDir;

    use super::*;

    fn write(dir: &TempDir, certificate: &str, key: &str) -> TlsFiles {
        let files = TlsFiles {
            certificate: dir.path().join("tls.crt"),
            key: dir.path().join("tls.key"),
        };
        std::fs::write(&files.certificate, certificate).unwrap();
        std::fs::write(&files.key, key).unwrap();
        files
    }

    fn pair() -> (String, String) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = pair();
        assert!(write(&dir, &certificate, &key).read().is_ok());
        for (certificate, key, message) in [
            (certificate.as_str(), "", "no private key in PEM"),
            ("", key.as_str(), "no certificate in PEM"),
            (key.as_str(), key.as_str(), "no certificate in PEM"),
            (
                &pair().0,
                key.as_str(),
                "the certificate and the key cannot be used",
            ),
        ] {
            let error = write(&dir, certificate, key)
                .read()
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(error.contains(message), "{message}: {error}");
        }
        let missing = TlsFiles {
            certificate: dir.path().join("missing"),
            key: dir.path().join("tls.key"),
        };
        assert!(
            missing
                .read()
                .err()
                .unwrap()
                .to_string()
                .contains("missing: No such file")
        );
    }

    /// Certificates are renewed while the console runs.
    #[tokio::test(start_paused = true)]
    async fn new_certificate_is_used_and_a_broken_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = pair();
        let files = write(&dir, &certificate, &key);
        let tls = Tls::open(files.clone()).unwrap();
        let config = |tls: &Tls| Arc::as_ptr(tls.acceptor().config());
        let first = config(&tls);
        tokio::time::sleep(CHECK_INTERVAL * 2).await;
        assert_eq!(config(&tls), first);
        let later = SystemTime::now() + Duration::from_secs(10);
        let touch = |path: &Path| {
            std::fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(later)
                .unwrap();
        };
        write(&dir, "broken", &key);
        touch(&files.certificate);
        tokio::time::sleep(CHECK_INTERVAL * 2).await;
        assert_eq!(config(&tls), first, "the old one stays");
        let (certificate, key) = pair();
        write(&dir, &certificate, &key);
        tokio::time::sleep(CHECK_INTERVAL * 2).await;
        assert_ne!(config(&tls), first);
    }
}
