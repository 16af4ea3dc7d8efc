//! Which clusters there are, and the connection to each. Every request says by its address which one it means.

mod contexts;
pub mod key;
mod plugin;
pub mod request;

use app::api::error::ApiError;
use app::api::session::ClusterChoice;

use crate::cluster::Cluster;

pub use contexts::{Contexts, ContextsError};
pub use plugin::refusal as plugin_refusal;

/// The clusters of this console.
pub enum Clusters {
    /// One that has no other beside it: the playground, or the one that this program runs in.
    One(Cluster),
    /// Those of a kubeconfig.
    Contexts(Contexts),
}

impl Clusters {
    /// The clusters to choose from, the first one first, for a request whose address names `key`; none where there is
    /// no choice.
    pub fn choice(&self, key: Option<&str>) -> ClusterChoice {
        ClusterChoice {
            current: key.map(str::to_owned).or_else(|| self.first()),
            all: match self {
                Self::One(_) => Vec::new(),
                Self::Contexts(contexts) => contexts.offers(),
            },
        }
    }

    /// The key of the cluster that is used where an address names none; none if addresses need not name one.
    pub fn first(&self) -> Option<String> {
        match self {
            Self::One(_) => None,
            Self::Contexts(contexts) => contexts.has_several().then(|| key::of(contexts.first())),
        }
    }

    /// The cluster of `key`, else the first one. A connection is made when it is asked for first; nothing is sent to
    /// the cluster, but a plugin of the kubeconfig may be run for credentials.
    pub async fn open(&self, key: Option<&str>) -> Result<Cluster, ApiError> {
        match (self, key) {
            (Self::One(cluster), None) => Ok(cluster.clone()),
            (Self::One(_), Some(key)) => Err(none(key)),
            (Self::Contexts(contexts), key) => contexts.open(key).await,
        }
    }
}

fn none(key: &str) -> ApiError {
    ApiError::NotFound {
        message: format!("there is no cluster {key:?}"),
    }
}
