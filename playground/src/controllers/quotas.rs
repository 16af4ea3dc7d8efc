//! The quota controller: keeps the `status` of ResourceQuotas up to date with the usage of their namespace.

use std::time::Duration;

use serde_json::json;

use crate::api::admission::quota_used;
use crate::api::write;
use crate::api::write::{Part, WriteOptions};
use crate::cluster::Cluster;
use crate::resource::RESOURCE_QUOTAS;
use crate::store::{Key, StoreError};

/// Counts until the playground stops.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        if let Err(error) = count(&cluster) {
            tracing::warn!(%error, "cannot update resource quotas");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn count(cluster: &Cluster) -> Result<(), StoreError> {
    let (quotas, _) = cluster.store.list(&RESOURCE_QUOTAS, None)?;
    for quota in quotas {
        let status = json!({"hard": quota["spec"]["hard"], "used": quota_used(cluster, &quota)?});
        if quota["status"] == status {
            continue;
        }
        let options = WriteOptions::system("kube-controller-manager");
        let key = Key::of(&RESOURCE_QUOTAS, &quota)?;
        let written = write::update(cluster, &key, Part::Status, &options, |old| {
            let mut new = old.clone();
            new["status"] = status.clone();
            Ok(new)
        });
        if let Err(refused) = written {
            // Most likely deleted meanwhile; the next round checks again.
            tracing::debug!(message = refused.message, "cannot update a quota's status");
        }
    }
    Ok(())
}
