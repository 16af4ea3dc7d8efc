//! Events: what happened to an object, in words. The same event again raises the count of the one that is there.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::resource::EVENTS;
use crate::store::{Key, StoreError};

/// Records an event about an object.
pub(crate) fn record(
    cluster: &Cluster,
    about: &Value,
    component: &str,
    kind: &str,
    reason: &str,
    message: &str,
) {
    if let Err(error) = try_record(cluster, about, component, kind, reason, message) {
        tracing::warn!(%error, reason, "an event is lost");
    }
}

fn try_record(
    cluster: &Cluster,
    about: &Value,
    component: &str,
    kind: &str,
    reason: &str,
    message: &str,
) -> Result<(), StoreError> {
    let metadata = &about["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap_or("default");
    let now = cluster.clock.now_text();
    let (events, _) = cluster.store.list(&EVENTS, Some(namespace))?;
    let same = events.iter().find(|event| {
        event["involvedObject"]["uid"] == metadata["uid"]
            && event["reason"] == reason
            && event["message"] == message
    });
    if let Some(same) = same {
        cluster.store.modify(&Key::of(&EVENTS, same)?, |event| {
            event["count"] = (event["count"].as_i64().unwrap_or(1) + 1).into();
            event["lastTimestamp"] = now.clone().into();
            Ok::<_, StoreError>(())
        })?;
        return Ok(());
    }
    let name = format!(
        "{}.{}",
        metadata["name"].as_str().unwrap_or_default(),
        &uuid::Uuid::new_v4().simple().to_string()[..16]
    );
    cluster.store.create(&EVENTS, json!({
        "kind": "Event", "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "kind": about["kind"], "apiVersion": about["apiVersion"], "namespace": namespace,
            "name": metadata["name"], "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"],
        },
        "type": kind, "reason": reason, "message": message, "count": 1,
        "source": {"component": component}, "reportingComponent": component, "reportingInstance": "",
        "firstTimestamp": now, "lastTimestamp": now,
    }))?;
    Ok(())
}
