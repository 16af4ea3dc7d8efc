//! Which clusters there are, and the connection to each. Every request says by its address which one it means.

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

    /// The key of the cluster that an address without one leads to; none if addresses need not name one.
    pub fn first(&self) -> Option<String> {
        match self {
            Self::One(_) => None,
            Self::Contexts(contexts) => contexts.has_several().then(|| context_id::of(&contexts.first())),
        }
    }

    /// The cluster of `key`; without one the only one. A connection is made when it is asked for first; nothing is
    /// sent to the cluster, but a plugin of the kubeconfig may be run for credentials.
    pub async fn open(&self, key: Option<&str>) -> Result<Cluster, ApiError> {
        match (self, key) {
            (Self::One(cluster), None) => Ok(cluster.clone()),
            (Self::One(_), Some(key)) => Err(none(key)),
            // A page that was loaded when there was one only must not act on another one.
            (Self::Contexts(contexts), None) if contexts.has_several() => Err(ApiError::Conflict {
                message: "the console has several clusters now, and this address names none".to_owned(),
            }),
            (Self::Contexts(contexts), key) => contexts.open(key).await,
        }
    }

    /// The first cluster for a request of anybody: no program is run for it.
    pub async fn open_for_anybody(&self) -> Result<Cluster, ApiError> {
        match self {
            Self::One(cluster) => Ok(cluster.clone()),
            Self::Contexts(contexts) => contexts.open_without_plugin().await,
        }
    }
}

fn none(key: &str) -> ApiError {
    ApiError::NotFound {
        message: format!("there is no cluster {key:?}"),
    }
}
