//! The API server that requests are sent to: a playground in this process, or one named by a kubeconfig.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower::ServiceExt;

use crate::api::decode;
use crate::conformance::users::{Credentials, User};

/// A request could not be sent, or a kubeconfig could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The kubeconfig cannot be read.
    #[error("cannot use {0} as a kubeconfig")]
    Kubeconfig(String),
    /// The server cannot be reached.
    #[error("cannot reach the server {0}")]
    Unreachable(String, #[source] std::io::Error),
    /// The connection failed during the exchange.
    #[error("the connection failed during the exchange")]
    Exchange(#[from] hyper::Error),
    /// The request cannot be built.
    #[error("cannot build the request")]
    Request(#[from] http::Error),
}

/// Where requests are sent.
#[derive(Clone)]
pub(super) enum Server {
    /// A playground in this process, which trusts the certificates it is given.
    Own(Router),
    /// A server over the network.
    Remote(Arc<Remote>),
}

/// A server named by a kubeconfig.
pub(super) struct Remote {
    url: Uri,
    authorities: RootCertStore,
    users: BTreeMap<String, Login>,
}

/// One user of a kubeconfig.
#[derive(Clone, Default)]
struct Login {
    token: Option<String>,
    certificate: Option<(Vec<u8>, Vec<u8>)>,
}

impl Remote {
    /// Reads a kubeconfig; its users `admin`, `alice` and so on are the baseline's.
    pub(super) fn read(url: &str, kubeconfig: &Path) -> Result<Self, ServerError> {
        let wrong = |why: &str| ServerError::Kubeconfig(format!("{}: {why}", kubeconfig.display()));
        let text = std::fs::read_to_string(kubeconfig).map_err(|error| wrong(&error.to_string()))?;
        let (config, _) =
            decode::parse(text.as_bytes(), decode::Format::Yaml).map_err(|error| wrong(&error))?;
        let data = |from: &Value, name: &str| -> Option<Vec<u8>> {
            if let Some(inline) = from[format!("{name}-data")].as_str() {
                return STANDARD.decode(inline).ok();
            }
            std::fs::read(from[name].as_str()?).ok()
        };
        let mut authorities = RootCertStore::empty();
        for cluster in config["clusters"].as_array().into_iter().flatten() {
            let pem = data(&cluster["cluster"], "certificate-authority").unwrap_or_default();
            for certificate in CertificateDer::pem_slice_iter(&pem).flatten() {
                authorities
                    .add(certificate)
                    .map_err(|error| wrong(&error.to_string()))?;
            }
        }
        let mut users = BTreeMap::new();
        for user in config["users"].as_array().into_iter().flatten() {
            let own = &user["user"];
            let login = Login {
                token: own["token"].as_str().map(str::to_owned),
                certificate: data(own, "client-certificate").zip(data(own, "client-key")),
            };
            users.insert(user["name"].as_str().unwrap_or_default().to_owned(), login);
        }
        // In a kubeconfig with one user, that user is the administrator, whatever its name.
        if !users.contains_key("admin")
            && let Some(first) = users.values().next().cloned()
        {
            users.insert("admin".to_owned(), first);
        }
        Ok(Self {
            url: url.parse().map_err(|_| wrong("the URL cannot be read"))?,
            authorities,
            users,
        })
    }

    async fn send(
        &self,
        user: &str,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<Body>, ServerError> {
        let host = self.url.host().unwrap_or_default().to_owned();
        let port = self.url.port_u16().unwrap_or(443);
        let failed = |error| ServerError::Unreachable(self.url.to_string(), error);
        let login = self.users.get(user).cloned().unwrap_or_default();
        if let Some(token) = &login.token
            && let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}"))
        {
            request.headers_mut().insert(http::header::AUTHORIZATION, value);
        }
        if let Ok(value) = HeaderValue::from_str(&format!("{host}:{port}")) {
            request.headers_mut().insert(http::header::HOST, value);
        }
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(failed)?;
        let name = ServerName::try_from(host).map_err(|error| failed(std::io::Error::other(error)))?;
        let connector = TlsConnector::from(Arc::new(self.tls(&login)?));
        let stream = connector.connect(name, stream).await.map_err(failed)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender.send_request(request).await?.map(Body::new))
    }

    fn tls(&self, login: &Login) -> Result<ClientConfig, ServerError> {
        let wrong = |error: &dyn std::fmt::Display| ServerError::Kubeconfig(error.to_string());
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&error))?
            .with_root_certificates(self.authorities.clone());
        let Some((certificate, key)) = &login.certificate else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(&error))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| wrong(&error))?;
        builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| wrong(&error))
    }
}

impl Server {
    /// Returns the credentials of a user. For a user that the server does not know, an administrator impersonates
    /// them.
    pub(super) fn credentials(&self, name: &str, user: &User) -> Credentials {
        let Self::Remote(remote) = self else {
            return Credentials {
                headers: Vec::new(),
                certificate: user.certificate(),
            };
        };
        let mut headers = Vec::new();
        if let (
            User::Certificate {
                name: subject,
                groups,
            },
            false,
        ) = (user, remote.users.contains_key(name))
        {
            let header = |name: &'static str, value: &str| {
                Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
            };
            headers.extend(header("impersonate-user", subject));
            headers.extend(
                groups
                    .iter()
                    .filter_map(|group| header("impersonate-group", group)),
            );
        }
        Credentials {
            headers,
            certificate: None,
        }
    }

    /// Sends a request of a user.
    pub(super) async fn send(
        &self,
        user: &str,
        credentials: &Credentials,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<Body>, ServerError> {
        for (name, value) in &credentials.headers {
            request.headers_mut().append(name, value.clone());
        }
        match self {
            Self::Own(router) => {
                if let Some(certificate) = &credentials.certificate {
                    request.extensions_mut().insert(certificate.clone());
                }
                let answer = router.clone().oneshot(request).await;
                Ok(answer.unwrap_or_else(|never| match never {}))
            }
            Self::Remote(remote) => {
                let acts = credentials
                    .headers
                    .iter()
                    .any(|(name, _)| name == "impersonate-user");
                remote.send(if acts { "admin" } else { user }, request).await
            }
        }
    }
}
