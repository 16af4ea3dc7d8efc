//! ResourceQuotas: `status` follows what the namespace really holds, as the quota controller keeps it.

use std::time::Duration;

use serde_json::json;

use crate::api::admission::quota_used;
use crate::cluster::Cluster;
use crate::resource::RESOURCE_QUOTAS;
use crate::store::{Key, StoreError};

/// Counts until the playground ends.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        if let Err(error) = count(&cluster) {
            tracing::warn!(%error, "resource quotas");
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
        let written = cluster
            .store
            .modify::<StoreError>(&Key::of(&RESOURCE_QUOTAS, &quota)?, |quota| {
                quota["status"] = status.clone();
                Ok(())
            });
        match written {
            Ok(_) | Err(StoreError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
