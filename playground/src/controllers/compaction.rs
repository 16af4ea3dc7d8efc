//! Compacts the history after five minutes, like the API server's default (`--etcd-compaction-interval`).

use std::time::Duration;

use crate::cluster::Cluster;

const INTERVAL: Duration = Duration::from_mins(5);

/// Compacts until the playground stops.
pub(crate) async fn run(cluster: Cluster) {
    let mut before = cluster.store.version();
    loop {
        tokio::time::sleep(INTERVAL).await;
        cluster.store.compact(before);
        before = cluster.store.version();
    }
}
