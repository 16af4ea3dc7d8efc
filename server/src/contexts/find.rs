//! Finds the clusters: in-cluster, a kubeconfig, or the embedded playground.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use kube::config::{AuthInfo, Config, InClusterError};

use crate::contexts::{Clusters, Contexts, ContextsError, kubeconfig};
use crate::kubernetes::connect::{self, ConnectError};
use crate::kubernetes::timeouts::Timeouts;

/// Where a Pod's service account token is mounted.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Which cluster to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClusterSource {
    /// In-cluster if a service account is mounted, else a kubeconfig if there is one, else the playground.
    Auto,
    /// The embedded playground.
    Embedded,
    /// The kubeconfig that `KUBECONFIG` names, else `~/.kube/config`.
    Kubeconfig,
    /// The cluster this program runs in, with its service account.
    InCluster,
}

/// Why no cluster can be used.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The kubeconfig is missing, unreadable, or has no such context.
    #[error(transparent)]
    Contexts(#[from] ContextsError),
    /// This program does not run in a Pod with a service account.
    #[error("cannot use the in-cluster configuration")]
    InCluster(#[source] InClusterError),
    /// Users sign in at one cluster.
    #[error("users sign in with a token of one cluster: pass a single --context")]
    SeveralClusters,
    /// The cluster configuration cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

/// Whose credentials are used at a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterCredentials {
    /// Those of the console's configuration.
    Console,
    /// Those of the users. The configuration's are removed, so that no request can be sent with them.
    Users,
    /// Those of the console's configuration, which names the users (`impersonate`).
    Impersonation,
}

/// Returns the clusters of `choice`, without contacting them; `None` for the playground. `contexts` limits the
/// contexts of a kubeconfig; `private` says that only users of this machine can reach the console.
pub fn find(
    choice: ClusterSource,
    contexts: &[String],
    private: bool,
    credentials: ClusterCredentials,
    timeouts: Timeouts,
) -> Result<Option<Clusters>, FindError> {
    let without_credentials = credentials == ClusterCredentials::Users;
    let choice = if choice == ClusterSource::Auto {
        automatic(contexts)
    } else {
        choice
    };
    match choice {
        ClusterSource::InCluster => {
            let mut config = Config::incluster().map_err(FindError::InCluster)?;
            if without_credentials {
                config.auth_info = AuthInfo::default();
            }
            let cluster = connect::cluster(config, "in-cluster".to_owned(), timeouts)?;
            Ok(Some(Clusters::One(cluster)))
        }
        ClusterSource::Kubeconfig => {
            let read = move || {
                let mut kubeconfig = kubeconfig::read()?;
                if without_credentials {
                    kubeconfig.auth_infos.clear();
                }
                Ok(kubeconfig)
            };
            // A token is sent to the cluster that its user chose, and to no other one.
            let private = private && credentials == ClusterCredentials::Console;
            let contexts = Contexts::new(read, contexts, private)?.with_timeouts(timeouts);
            if credentials != ClusterCredentials::Console && contexts.has_several() {
                return Err(FindError::SeveralClusters);
            }
            Ok(Some(Clusters::Contexts(contexts)))
        }
        ClusterSource::Embedded | ClusterSource::Auto => Ok(None),
    }
}

/// Resolves `Auto`: in-cluster if a service account is mounted, else a kubeconfig if there is one or a context is
/// given, else the playground.
fn automatic(contexts: &[String]) -> ClusterSource {
    if Path::new(SERVICE_ACCOUNT).exists() {
        return ClusterSource::InCluster;
    }
    let named = std::env::var_os("KUBECONFIG").is_some_and(|paths| !paths.is_empty());
    let default = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".kube/config"));
    if named || !contexts.is_empty() || default.is_some_and(|path| path.exists()) {
        ClusterSource::Kubeconfig
    } else {
        ClusterSource::Embedded
    }
}
