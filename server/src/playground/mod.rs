//! The embedded playground: within the console's process, or alone (`jobwright playground`).

use std::net::SocketAddr;
use std::path::Path;

use app::api::error::ApiError;
use kube::Client;
use playground::{OpenError, Options, Playground};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::kubernetes::Cluster;
use crate::kubernetes::error::from_kube;

/// What its sandboxes are for, said at each start.
const SANDBOX: &str = "commands of the playground's Jobs run on this machine, in sandboxes without network, \
                       privileges and files but volumes; they share this machine's kernel, so run no code that you \
                       would not run in a container here";

/// Whether an embedded cluster can write and has space; other clusters are healthy as long as they answer.
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
    /// The address for kubectl is taken.
    #[error("cannot listen on {address} for kubectl")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
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
    /// Opens the playground in `data_dir` and starts it; with `kubeconfig`, kubectl reaches it over loopback TLS.
    /// `data_limit` bounds, in bytes, what the folder holds.
    pub async fn start(
        data_dir: &Path,
        kubeconfig: Option<&Path>,
        data_limit: Option<u64>,
    ) -> Result<Self, PlaygroundError> {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::listen(data_dir, kubeconfig.map(|file| (any_port, file)), data_limit).await
    }

    /// The same, with the address for kubectl and the kubeconfig that names it.
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

    /// The playground as a cluster; requests go to it without a network.
    pub fn cluster(&self) -> Cluster {
        Cluster::new(
            Client::new(self.playground.router(), "default"),
            "playground",
            true,
        )
    }

    /// Ends it: running commands are asked to end, and what they wrote is kept.
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
            tracing::error!(%error, "the playground does not listen any more");
        }
    }))
}
