//! Finding the cluster: in-cluster, a kubeconfig, or the embedded playground.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Client;
use kube::config::{Config, InClusterError, KubeConfigOptions, KubeconfigError};

use super::Cluster;
use crate::config::ClusterChoice;

/// Where a Pod's service account is mounted.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// A cluster that was found, or the news that it has to be embedded.
pub enum Found {
    /// A cluster of its own; it need not answer yet.
    Remote(Cluster),
    /// None: the playground is wanted.
    Embedded,
}

/// Why no cluster can be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig is missing, unreadable, or has no such context.
    #[error("cannot use the kubeconfig")]
    Kubeconfig(#[source] KubeconfigError),
    /// This program does not run in a Pod with a service account.
    #[error("cannot use the cluster's service account")]
    InCluster(#[source] InClusterError),
    /// The configuration's certificates or proxy cannot be used.
    #[error("cannot make a client for the cluster")]
    Client(#[source] Box<kube::Error>),
}

/// Finds the cluster of `choice`. Nothing is sent to it.
pub async fn find(choice: ClusterChoice, context: Option<&str>) -> Result<Found, ConnectError> {
    let choice = if choice == ClusterChoice::Auto {
        automatic(context)
    } else {
        choice
    };
    match choice {
        ClusterChoice::InCluster => {
            let config = Config::incluster().map_err(ConnectError::InCluster)?;
            remote(config, "in-cluster".to_owned())
        }
        ClusterChoice::Kubeconfig => {
            let kubeconfig = kube::config::Kubeconfig::read().map_err(ConnectError::Kubeconfig)?;
            let name = context
                .map(str::to_owned)
                .or_else(|| kubeconfig.current_context.clone());
            let options = KubeConfigOptions {
                context: context.map(str::to_owned),
                ..Default::default()
            };
            let config = Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(ConnectError::Kubeconfig)?;
            remote(config, name.unwrap_or_else(|| "kubeconfig".to_owned()))
        }
        ClusterChoice::Embedded | ClusterChoice::Auto => Ok(Found::Embedded),
    }
}

/// Longest silence of a connection; those of watches ([`WATCH`]) and of followed logs are left much sooner.
const SILENCE: Duration = Duration::from_secs(35);

/// After how many seconds the API server ends a watch, which goes on at once where it was: one that does not end is
/// dead. An API server sends a bookmark two seconds before the end, so that less than three seconds give none.
pub(crate) const WATCH: u32 = 3;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// The client of `config`, as the console uses it. It sends nothing again by itself: kube's own repetition waits for
/// many minutes in the end, and repeats a creation whose answer is lost without looking for its result.
fn client(mut config: Config) -> Result<Client, ConnectError> {
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    Client::try_from(config).map_err(|error| ConnectError::Client(Box::new(error)))
}

/// The cluster of `config`, shown as `name`.
pub fn cluster(config: Config, name: String) -> Result<Cluster, ConnectError> {
    let first = client(config.clone())?;
    let renew = move || {
        client(config.clone())
            .inspect_err(|error| tracing::warn!(%error, "no new connections"))
            .ok()
    };
    Ok(Cluster::renewable(first, Box::new(renew), name))
}

fn remote(config: Config, name: String) -> Result<Found, ConnectError> {
    Ok(Found::Remote(cluster(config, name)?))
}

/// In-cluster if a service account is mounted, else a kubeconfig if there is one or a context is asked for.
fn automatic(context: Option<&str>) -> ClusterChoice {
    if Path::new(SERVICE_ACCOUNT).exists() {
        return ClusterChoice::InCluster;
    }
    let named = std::env::var_os("KUBECONFIG").is_some_and(|paths| !paths.is_empty());
    let usual = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".kube/config"));
    if named || context.is_some() || usual.is_some_and(|path| path.exists()) {
        ClusterChoice::Kubeconfig
    } else {
        ClusterChoice::Embedded
    }
}
