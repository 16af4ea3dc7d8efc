//! The controllers of the cluster.

pub(crate) mod claims;
pub(crate) mod compaction;
pub(crate) mod garbage;
pub(crate) mod job;
pub(crate) mod nodes;
pub(crate) mod quotas;
pub(crate) mod ttl;

use std::time::Duration;

/// Simulated latency of a controller's request: as with a real cluster, an object that is created and immediately
/// deleted can be observed before a controller acts on it.
const REQUEST: Duration = Duration::from_millis(30);

/// Waits for the latency of one request.
pub(crate) async fn request() {
    tokio::time::sleep(REQUEST).await;
}
