//! Binds persistent volume claims: a directory is available at once, so a claim of the playground's own
//! StorageClass is bound as soon as it exists
//! ([binding](https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding)).

use std::time::Duration;

use serde_json::json;

use crate::cluster::Cluster;
use crate::resource::PERSISTENT_VOLUME_CLAIMS;
use crate::store::{Key, StoreError};

/// The StorageClass whose claims the playground provisions.
pub(crate) const STORAGE_CLASS: &str = "standard";

/// Binds claims until the playground stops.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        if let Err(error) = bind(&cluster) {
            tracing::warn!(%error, "cannot bind persistent volume claims");
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn bind(cluster: &Cluster) -> Result<(), StoreError> {
    let (claims, _) = cluster.store.list(&PERSISTENT_VOLUME_CLAIMS, None)?;
    for claim in claims {
        if claim["status"]["phase"] == "Bound" || claim["spec"]["storageClassName"] != STORAGE_CLASS {
            continue;
        }
        let bound =
            cluster
                .store
                .modify::<StoreError>(&Key::of(&PERSISTENT_VOLUME_CLAIMS, &claim)?, |claim| {
                    let volume = format!("pvc-{}", claim["metadata"]["uid"].as_str().unwrap_or_default());
                    claim["spec"]["volumeName"] = volume.into();
                    claim["status"] = json!({
                        "phase": "Bound", "capacity": claim["spec"]["resources"]["requests"],
                        "accessModes": claim["spec"]["accessModes"],
                    });
                    Ok(())
                });
        match bound {
            Ok(_) | Err(StoreError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
