//! Finding the cluster: in-cluster, a kubeconfig, or the embedded playground.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Client;
use kube::config::{Config, InClusterError};

use super::Cluster;
use super::authorization::{self, AuthorizationError};
use crate::clusters::{Clusters, Contexts, ContextsError, kubeconfig};
use crate::config::ClusterChoice;

/// Where a Pod's service account is mounted.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Why no cluster can be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig is missing, unreadable, or has no such context.
    #[error(transparent)]
    Contexts(#[from] ContextsError),
    /// This program does not run in a Pod with a service account.
    #[error("cannot use the cluster's service account")]
    InCluster(#[source] InClusterError),
    /// The credentials cannot be sent.
    #[error("the credentials of the context {context:?} are not used")]
    Authorization {
        /// The context, or `in-cluster`.
        context: String,
        /// Why.
        source: AuthorizationError,
    },
    /// The configuration's certificates or proxy cannot be used.
    #[error("cannot make a client for the cluster")]
    Client(#[source] Box<kube::Error>),
}

/// Finds the clusters of `choice`; none if the playground is wanted. Nothing is sent to them. `contexts` are those of
/// a kubeconfig that may be used; `private` says that nobody but this machine's person can reach the console.
pub fn find(
    choice: ClusterChoice,
    contexts: &[String],
    private: bool,
) -> Result<Option<Clusters>, ConnectError> {
    let choice = if choice == ClusterChoice::Auto {
        automatic(contexts)
    } else {
        choice
    };
    match choice {
        ClusterChoice::InCluster => {
            let config = Config::incluster().map_err(ConnectError::InCluster)?;
            let cluster = cluster(config, "in-cluster".to_owned())?;
            Ok(Some(Clusters::One(cluster)))
        }
        ClusterChoice::Kubeconfig => {
            let contexts = Contexts::new(kubeconfig::read, contexts, private)?;
            Ok(Some(Clusters::Contexts(contexts)))
        }
        ClusterChoice::Embedded | ClusterChoice::Auto => Ok(None),
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
pub(super) fn client(mut config: Config, name: &str) -> Result<Client, ConnectError> {
    authorization::prepare(&mut config).map_err(|source| ConnectError::Authorization {
        context: name.to_owned(),
        source,
    })?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    Client::try_from(config).map_err(|error| ConnectError::Client(Box::new(error)))
}

/// The cluster of `config`, shown as `name`.
pub fn cluster(config: Config, name: String) -> Result<Cluster, ConnectError> {
    Ok(Cluster::renewable(client(config.clone(), &name)?, config, name))
}

/// In-cluster if a service account is mounted, else a kubeconfig if there is one or a context is asked for.
fn automatic(contexts: &[String]) -> ClusterChoice {
    if Path::new(SERVICE_ACCOUNT).exists() {
        return ClusterChoice::InCluster;
    }
    let named = std::env::var_os("KUBECONFIG").is_some_and(|paths| !paths.is_empty());
    let usual = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".kube/config"));
    if named || !contexts.is_empty() || usual.is_some_and(|path| path.exists()) {
        ClusterChoice::Kubeconfig
    } else {
        ClusterChoice::Embedded
    }
}
