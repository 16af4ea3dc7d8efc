//! What keeps the cluster as its objects say.

pub(crate) mod claims;
pub(crate) mod compaction;
pub(crate) mod garbage;
pub(crate) mod job;
pub(crate) mod nodes;
pub(crate) mod quotas;
pub(crate) mod ttl;

use std::time::Duration;

/// What a request of a controller takes, as over a network: what is created and at once deleted is seen and not yet
/// acted upon, as by controllers of a real cluster.
const REQUEST: Duration = Duration::from_millis(30);

/// Waits as long as a request takes.
pub(crate) async fn request() {
    tokio::time::sleep(REQUEST).await;
}
