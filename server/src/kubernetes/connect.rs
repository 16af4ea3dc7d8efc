//! Builds the client of a cluster.

use std::time::Duration;

use http::Request;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::Client;
use kube::client::{Body, ClientBuilder, ConfigExt};
use kube::config::Config;
use tower::{BoxError, ServiceBuilder};

use crate::kubernetes::Cluster;
use crate::kubernetes::authorization;
use crate::kubernetes::authorization::AuthorizationError;
use crate::kubernetes::measured::Measured;
use crate::kubernetes::timeouts::Timeouts;

/// Why no client can be built.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The credentials cannot be sent.
    #[error("the credentials of the context {context:?} are not used")]
    Authorization {
        /// The context, or `in-cluster`.
        context: String,
        /// The cause.
        source: AuthorizationError,
    },
    /// The embedded playground has no users.
    #[error("the playground does not know users: sign in with the console's token")]
    NoUsers,
    /// The certificates or the proxy of the configuration cannot be used.
    #[error("cannot build a client for the cluster")]
    Client(#[source] Box<kube::Error>),
}

impl From<kube::Error> for ConnectError {
    fn from(error: kube::Error) -> Self {
        Self::Client(Box::new(error))
    }
}

/// Returns the cluster of `config`, shown as `name`.
pub fn cluster(config: Config, name: String, timeouts: Timeouts) -> Result<Cluster, ConnectError> {
    let client = client(config.clone(), &name, &timeouts)?;
    Ok(Cluster::with_config(client, config, name, timeouts))
}

/// Builds a client of `config`, without kube's own retries: they back off for minutes, and they repeat a create
/// request whose response was lost without looking for its result.
pub(crate) fn client(mut config: Config, name: &str, timeouts: &Timeouts) -> Result<Client, ConnectError> {
    authorization::prepare(&mut config).map_err(|source| ConnectError::Authorization {
        context: name.to_owned(),
        source,
    })?;
    config.default_retry = false;
    config.connect_timeout = Some(timeouts.connect);
    config.read_timeout = Some(timeouts.idle());
    if config.proxy_url.is_some() {
        // Probes would reach only the proxy, not the API server behind it.
        let layer = tower::layer::layer_fn(Measured::new);
        return Ok(ClientBuilder::try_from(config)?.with_layer(&layer).build());
    }
    direct(&config, timeouts)
}

/// Builds a client as kube does, plus keep-alive probes for idle connections, which kube does not offer: a watch of
/// a collection without changes would not notice for a minute that its API server is gone.
fn direct(config: &Config, timeouts: &Timeouts) -> Result<Client, ConnectError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(timeouts.probe_after));
    tcp.set_keepalive_interval(Some(PROBE_INTERVAL));
    tcp.set_keepalive_retries(Some(PROBES));
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    tcp.set_tcp_user_timeout(Some(timeouts.probe_after + PROBE_INTERVAL * PROBES));
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    let http: legacy::Client<_, Body> = legacy::Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .map_request(|request: Request<Body>| request)
        .layer_fn(Measured::new)
        .service(http);
    Ok(Client::new(service, config.default_namespace.clone()))
}

/// Interval of the probes of an idle connection, and the number of unanswered ones after which it is closed.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
const PROBES: u32 = 3;
