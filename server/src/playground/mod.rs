//! The embedded playground: within the console's process, or standalone (`jobwright playground`).

use std::net::SocketAddr;
use std::path::Path;

use app::api::error::ApiError;
use kube::Client;
use playground::{OpenError, Options, Playground};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::kubernetes::Cluster;
use crate::kubernetes::error::from_kube;
use crate::kubernetes::measured::Measured;

/// Warning about the playground's sandboxes, logged at each start.
const SANDBOX: &str = "commands of the playground's Jobs run on this machine, in sandboxes without network, \
                       privileges or files other than volumes; they share this machine's kernel, so do not run code that you \
                       would not run in a container here";

/// Checks whether an embedded cluster can write and has disk space; other clusters are healthy as long as they
/// respond.
pub async fn health(cluster: &Cluster) -> Result<(), ApiError> {
    if !cluster.is_playground() {
        return Ok(());
    }
    let request = http::Request::get("/readyz").body(Vec::new());
    let request = request.map_err(|error| from_kube(&kube::Error::HttpError(error)))?;
    let answer = cluster.client().request_text(request).await;
    answer.map(drop).map_err(|error| from_kube(&error))
}

/// Why the playground cannot run.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// Its data cannot be opened.
    #[error("cannot open the playground")]
    Open(#[source] OpenError),
    /// The address for kubectl cannot be bound.
    #[error("cannot listen on {address} for kubectl")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// The kubeconfig cannot be written.
    #[error("cannot write the kubeconfig")]
    Kubeconfig(#[source] std::io::Error),
}

/// A running playground.
pub struct Embedded {
    playground: Playground,
    tls: Option<JoinHandle<()>>,
}

impl Embedded {
    /// Opens the playground in `data_dir` and starts it; with `kubeconfig`, kubectl can reach it over TLS on
    /// loopback. `data_limit` limits the size of the directory, in bytes.
    pub async fn start(
        data_dir: &Path,
        kubeconfig: Option<&Path>,
        data_limit: Option<u64>,
    ) -> Result<Self, PlaygroundError> {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::listen(data_dir, kubeconfig.map(|file| (any_port, file)), data_limit).await
    }

    /// Starts the playground with a given address for kubectl, and the kubeconfig to write.
    pub async fn listen(
        data_dir: &Path,
        tls: Option<(SocketAddr, &Path)>,
        data_limit: Option<u64>,
    ) -> Result<Self, PlaygroundError> {
        let options = Options {
            data_dir: data_dir.to_owned(),
        };
        let playground = Playground::open(options).map_err(PlaygroundError::Open)?;
        if let Some(bytes) = data_limit {
            playground.limit_data(bytes);
        }
        playground.start();
        tracing::info!("{SANDBOX}");
        let tls = match tls {
            Some((address, kubeconfig)) => Some(serve_tls(&playground, address, kubeconfig).await?),
            None => None,
        };
        Ok(Self { playground, tls })
    }

    /// Returns the playground as a cluster; requests reach it in process, without a network.
    pub fn cluster(&self) -> Cluster {
        Cluster::new(
            Client::new(Measured::new(self.playground.router()), "default"),
            "playground",
            true,
        )
    }

    /// Stops the playground: running commands are terminated gracefully, and their output is kept.
    pub async fn stop(self) {
        if let Some(tls) = self.tls {
            tls.abort();
        }
        self.playground.shutdown().await;
    }
}

async fn serve_tls(
    playground: &Playground,
    address: SocketAddr,
    kubeconfig: &Path,
) -> Result<JoinHandle<()>, PlaygroundError> {
    let refused = |source| PlaygroundError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    playground
        .write_kubeconfig(kubeconfig, &format!("https://{address}"))
        .map_err(PlaygroundError::Kubeconfig)?;
    tracing::info!(%address, kubeconfig = %kubeconfig.display(), "the playground listens for kubectl");
    let playground = playground.clone();
    Ok(tokio::spawn(async move {
        if let Err(error) = playground.serve_tls(listener).await {
            tracing::error!(%error, "the playground stopped listening for kubectl");
        }
    }))
}
