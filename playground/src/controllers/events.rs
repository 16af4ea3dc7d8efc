//! Events: what happened to an object, in words. The same event again raises the count of the one that is there.

use serde_json::{Value, json};

use crate::api::write::{self, WriteOptions};
use crate::cluster::Cluster;
use crate::resource::EVENTS;
use crate::store::{Key, StoreError};

/// Records an event about an object, as the recorder of `v1` events does.
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

/// Records an event about an object with what was done, as the recorder of `events.k8s.io/v1` events does.
pub(crate) fn record_action(
    cluster: &Cluster,
    about: &Value,
    component: &str,
    (kind, reason, action): (&str, &str, &str),
    message: &str,
) {
    let now = cluster.clock.now();
    let micros = jiff::TimestampRound::new().smallest(jiff::Unit::Microsecond);
    let mut event = begun(about, kind, reason, message);
    event["source"] = json!({});
    event["eventTime"] = format!("{:.6}", now.round(micros).unwrap_or(now)).into();
    event["firstTimestamp"] = Value::Null;
    event["lastTimestamp"] = Value::Null;
    event["action"] = action.into();
    event["reportingComponent"] = component.into();
    event["reportingInstance"] = format!("{component}-host").into();
    create(cluster, component, event);
}

fn begun(about: &Value, kind: &str, reason: &str, message: &str) -> Value {
    let metadata = &about["metadata"];
    let namespace = metadata["namespace"].as_str().unwrap_or("default");
    let name = format!(
        "{}.{}",
        metadata["name"].as_str().unwrap_or_default(),
        &uuid::Uuid::new_v4().simple().to_string()[..16]
    );
    json!({
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "kind": about["kind"], "apiVersion": about["apiVersion"], "namespace": metadata["namespace"],
            "name": metadata["name"], "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"],
        },
        "type": kind, "reason": reason, "message": message,
    })
}

fn create(cluster: &Cluster, component: &str, event: Value) {
    let manager = match component {
        "kubelet" => "kubelet",
        "default-scheduler" => "kube-scheduler",
        _ => "kube-controller-manager",
    };
    let namespace = event["metadata"]["namespace"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let options = WriteOptions::system(manager);
    // A namespace that goes takes no events any more.
    if let Err(refused) = write::create(cluster, &EVENTS, &namespace, event, &options) {
        tracing::debug!(message = refused.message, "an event is lost");
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
    let mut event = begun(about, kind, reason, message);
    event["source"] = json!({"component": component});
    event["count"] = 1.into();
    event["firstTimestamp"] = now.clone().into();
    event["lastTimestamp"] = now.into();
    event["eventTime"] = Value::Null;
    event["reportingComponent"] = component.into();
    event["reportingInstance"] = "".into();
    create(cluster, component, event);
    Ok(())
}
