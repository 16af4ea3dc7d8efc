//! A collection of the cluster as a stream of changes that never goes stale unnoticed. All who follow the same
//! collection share one watch.

mod collection;
mod list;
mod shared;
mod stream;
mod strip;

use std::sync::Arc;

use futures::stream::BoxStream;
use serde_json::Value;

use crate::kubernetes::{Cluster, Kind};

pub use crate::kubernetes::watch::shared::SharedWatches;

/// What happened to a collection. Objects have only what the streams need of them.
#[derive(Debug, Clone)]
pub enum Change {
    /// It is now this, as a whole: at the beginning, after a lost watch, and for those who did not keep up.
    Reset(Vec<Arc<Value>>),
    /// This object is new or changed.
    Applied(Arc<Value>),
    /// This object is gone.
    Deleted(Arc<Value>),
    /// The watch is lost; a `Reset` follows when it is back.
    Lost,
    /// This person may not watch it, or not any more. A `Reset` follows should that change.
    Denied,
}

/// Which objects of a collection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// Field selector, such as `metadata.name=pi`.
    pub fields: Option<String>,
    /// Label selector.
    pub labels: Option<String>,
}

/// Follows the objects of `project`, beginning with what is known of them.
pub fn follow(
    cluster: &Cluster,
    known: Kind,
    project: &str,
    selection: Selection,
) -> BoxStream<'static, Change> {
    cluster
        .shared_watches()
        .follow(cluster, known, project, selection)
}
