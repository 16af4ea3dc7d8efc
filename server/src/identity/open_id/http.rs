//! Requests to the provider, through the same TLS stack as those to the cluster.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use kube::client::ConfigExt;
use kube::config::Config;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

/// Timeout of one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum size of a response: keys and tokens are some kilobytes.
const MAX_RESPONSE: usize = 1 << 20;

/// A request to the provider that failed.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The provider does not respond in time.
    #[error("the provider does not respond within {} seconds", TIMEOUT.as_secs())]
    Timeout,
    /// The connection failed.
    #[error("cannot reach the provider")]
    Connection(#[source] legacy::Error),
    /// The response is broken or too large.
    #[error("cannot read the provider's response: {0}")]
    Body(String),
    /// The response is not valid.
    #[error("the provider's response is not valid")]
    Response(#[source] http::Error),
}

type Exchange = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

/// The client of the provider. Redirects are not followed: the provider must not send the console elsewhere.
#[derive(Clone)]
pub struct HttpClient(Arc<dyn Fn(HttpRequest) -> Exchange + Send + Sync>);

impl HttpClient {
    /// Creates a client that trusts the certificates of `authority`, or else those of the system.
    pub fn new(issuer: http::Uri, authority: Option<Vec<Vec<u8>>>) -> Result<Self, kube::Error> {
        let mut config = Config::new(issuer);
        config.root_cert = authority;
        let connector = config.rustls_https_connector()?;
        let client: legacy::Client<_, Full<Bytes>> =
            legacy::Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self(Arc::new(move |request: HttpRequest| {
            let client = client.clone();
            Box::pin(async move {
                let exchange = exchange(client.request(request.map(|body| Full::new(Bytes::from(body)))));
                tokio::time::timeout(TIMEOUT, exchange)
                    .await
                    .unwrap_or(Err(HttpError::Timeout))
            })
        })))
    }
}

async fn exchange(response: legacy::ResponseFuture) -> Result<HttpResponse, HttpError> {
    let (parts, body) = response.await.map_err(HttpError::Connection)?.into_parts();
    let body = Limited::new(body, MAX_RESPONSE)
        .collect()
        .await
        .map_err(|error| HttpError::Body(error.to_string()))?;
    Ok(http::Response::from_parts(parts, body.to_bytes().to_vec()))
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = HttpError;
    type Future = Exchange;

    fn call(&'c self, request: HttpRequest) -> Exchange {
        (self.0)(request)
    }
}
