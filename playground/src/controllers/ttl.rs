//! Deletes finished Jobs after their `ttlSecondsAfterFinished` ([TTL after
//! finished](https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/)).

use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::api::registry::delete_object;
use crate::cluster::Cluster;
use crate::resource::JOBS;
use crate::store::{Key, StoreError};

/// Maximum sleep.
const MAX_IDLE: Duration = Duration::from_mins(1);

/// Deletes until the playground stops.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        let since = cluster.store.version();
        let wait = match expire(&cluster) {
            Ok(wait) => wait,
            Err(error) => {
                tracing::warn!(%error, "cannot delete expired Jobs");
                MAX_IDLE
            }
        };
        let changed = async {
            match cluster.store.watch(&JOBS, None, since) {
                Ok(mut jobs) => drop(jobs.next().await),
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        };
        // Timed out or woken by a change: check again either way.
        let _ = tokio::time::timeout(wait.max(Duration::from_millis(50)), changed).await;
    }
}

/// Returns when a Job expires.
fn due(job: &Value) -> Option<Timestamp> {
    let ttl = job["spec"]["ttlSecondsAfterFinished"].as_i64()?;
    let ended = job["status"]["conditions"]
        .as_array()?
        .iter()
        .find(|one| one["status"] == "True" && (one["type"] == "Complete" || one["type"] == "Failed"))?;
    let ended: Timestamp = ended["lastTransitionTime"].as_str()?.parse().ok()?;
    ended.checked_add(SignedDuration::from_secs(ttl)).ok()
}

/// Deletes expired Jobs; returns the time until the next one expires.
fn expire(cluster: &Cluster) -> Result<Duration, StoreError> {
    let now = cluster.clock.now();
    let mut wait = MAX_IDLE;
    for job in cluster.store.list(&JOBS, None)?.0 {
        let Some(due) = due(&job).filter(|_| job["metadata"]["deletionTimestamp"].is_null()) else {
            continue;
        };
        if due > now {
            let left = Duration::try_from(due.duration_since(now)).unwrap_or(MAX_IDLE);
            wait = wait.min(left);
            continue;
        }
        match delete_object(cluster, &Key::of(&JOBS, &job)?, "Foreground", None) {
            Err(refused) if refused.code != 404 => {
                tracing::warn!(message = refused.message, "cannot delete an expired Job");
            }
            _ => {}
        }
    }
    Ok(wait)
}
