//! Lists and watches collections of a cluster as streams of changes that detect dead connections. Subscribers of
//! the same collection share one watch.

mod collection;
mod list;
mod shared;
mod stream;
mod strip;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures::stream::BoxStream;
use serde_json::Value;

use crate::kubernetes::{Cluster, Kind};

pub use crate::kubernetes::watch::collection::Source;
pub use crate::kubernetes::watch::shared::SharedWatches;
pub use crate::kubernetes::watch::strip::{job as strip_job, pod as strip_pod};

/// A change of a collection of objects, which are reduced to what their reader needs as soon as they are received.
#[derive(Debug, Clone)]
pub enum Change<T = Arc<Value>> {
    /// The whole collection: at the start, after a reconnect, and for subscribers that lag behind.
    Reset(Vec<T>),
    /// An object was added or modified.
    Applied(T),
    /// An object was deleted.
    Deleted(T),
    /// The watch is disconnected; a `Reset` follows when it reconnects.
    Disconnected,
    /// The user may not list the collection, or not any more. A `Reset` follows if that changes.
    Denied,
}

/// Selects objects of a collection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// Field selector, such as `metadata.name=pi`.
    pub fields: Option<String>,
    /// Label selector.
    pub labels: Option<String>,
}

/// Follows the objects of `project`, starting with a snapshot. Subscribers share one watch; objects are reduced to what
/// pages need (see `strip`).
pub fn follow(
    cluster: &Cluster,
    kind: Kind,
    project: &str,
    selection: Selection,
) -> BoxStream<'static, Change> {
    cluster.shared_watches().follow(cluster, kind, project, selection)
}
