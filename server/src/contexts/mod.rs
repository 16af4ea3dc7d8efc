//! The clusters of the console and their connections. The address of each request names the cluster it is for.

mod connection;
pub mod context_id;
mod credentials;
mod exec_plugin;
pub mod extract;
pub mod find;
pub mod kubeconfig;
mod list;
mod proxy;

use app::api::error::ApiError;
use app::api::session::ClusterChoice;

use crate::kubernetes::Cluster;

pub use crate::contexts::list::{Contexts, ContextsError};

/// The clusters of this console.
pub enum Clusters {
    /// A single cluster: the playground, or the one that this program runs in.
    One(Cluster),
    /// The contexts of a kubeconfig.
    Contexts(Contexts),
}

impl Clusters {
    /// Returns the clusters to choose from, the default one first, for a request whose address names `key`; empty
    /// if there is no choice.
    pub fn choice(&self, key: Option<&str>) -> ClusterChoice {
        ClusterChoice {
            current: key.map(str::to_owned).or_else(|| self.default_id()),
            all: match self {
                Self::One(_) => Vec::new(),
                Self::Contexts(contexts) => contexts.offers(),
            },
        }
    }

    /// Returns the id of the default cluster; `None` if addresses need not name a cluster.
    pub fn default_id(&self) -> Option<String> {
        match self {
            Self::One(_) => None,
            Self::Contexts(contexts) => contexts
                .has_several()
                .then(|| context_id::of(&contexts.default_context())),
        }
    }

    /// Returns the cluster of `key`, or the only one. Connects on first use; this sends nothing to the cluster, but
    /// may run a plugin of the kubeconfig for credentials.
    pub async fn open(&self, key: Option<&str>) -> Result<Cluster, ApiError> {
        match (self, key) {
            (Self::One(cluster), None) => Ok(cluster.clone()),
            (Self::One(_), Some(key)) => Err(unknown_cluster(key)),
            // A page that was loaded while there was only one cluster must not act on another one.
            (Self::Contexts(contexts), None) if contexts.has_several() => Err(ApiError::Conflict {
                message: "the console has several clusters now, and this address names none".to_owned(),
            }),
            (Self::Contexts(contexts), key) => contexts.open(key).await,
        }
    }

    /// Returns the default cluster for an unauthenticated request, without running a plugin.
    pub async fn open_unauthenticated(&self) -> Result<Cluster, ApiError> {
        match self {
            Self::One(cluster) => Ok(cluster.clone()),
            Self::Contexts(contexts) => contexts.open_without_plugin().await,
        }
    }
}

fn unknown_cluster(key: &str) -> ApiError {
    ApiError::NotFound {
        message: format!("there is no cluster {key:?}"),
    }
}
