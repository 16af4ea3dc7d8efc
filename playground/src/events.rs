//! Records events about objects. Repeated events are counted or aggregated ([`crate::cluster::event_correlator`],
//! [`crate::cluster::event_series`]).

use std::sync::PoisonError;

use serde_json::{Value, json};

use crate::api::write;
use crate::api::write::WriteOptions;
use crate::cluster::Cluster;
use crate::cluster::event_correlator::EventSource;
use crate::cluster::event_series::SeriesAction;
use crate::resource::EVENTS;
use crate::store::{Key, StoreError};

/// Records an event about an object like client-go's recorder for `v1` events.
pub(crate) fn record(
    cluster: &Cluster,
    about: &Value,
    component: &str,
    kind: &str,
    reason: &str,
    message: &str,
) {
    if let Err(error) = try_record(cluster, about, component, kind, reason, message) {
        tracing::warn!(%error, reason, "cannot record an event");
    }
}

/// Records an event about an object with an action, like the recorder for `events.k8s.io/v1` events.
pub(crate) fn record_action(
    cluster: &Cluster,
    about: &Value,
    component: &str,
    (kind, reason, action): (&str, &str, &str),
    message: &str,
) {
    let now = cluster.clock.now();
    let micros = jiff::TimestampRound::new().smallest(jiff::Unit::Microsecond);
    let time = format!("{:.6}", now.round(micros).unwrap_or(now));
    let mut event = new_event(about, kind, reason, message);
    let text = |field: &str| about["metadata"][field].as_str().unwrap_or_default().to_owned();
    let identity = [
        component.to_owned(),
        text("uid"),
        text("resourceVersion"),
        kind.to_owned(),
        reason.to_owned(),
        action.to_owned(),
    ];
    let Ok(key) = Key::of(&EVENTS, &event) else {
        return;
    };
    let mut series = cluster
        .events
        .series
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let series_action = series.observe(identity, key, now);
    drop(series);
    match series_action {
        SeriesAction::First => {}
        SeriesAction::Second(first) => {
            let series = json!({"count": 2, "lastObservedTime": time});
            let written = cluster.store.modify(&first, |event| {
                event["series"] = series.clone();
                Ok::<_, StoreError>(())
            });
            if let Err(error) = written {
                tracing::debug!(%error, "cannot update a series of events");
            }
            return;
        }
        SeriesAction::Later => return,
    }
    event["source"] = json!({});
    event["eventTime"] = time.into();
    event["firstTimestamp"] = Value::Null;
    event["lastTimestamp"] = Value::Null;
    event["action"] = action.into();
    event["reportingComponent"] = component.into();
    event["reportingInstance"] = format!("{component}-host").into();
    create(cluster, component, event);
}

fn new_event(about: &Value, kind: &str, reason: &str, message: &str) -> Value {
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
    // A namespace that is being deleted accepts no events.
    if let Err(refused) = write::create(cluster, &EVENTS, &namespace, event, &options) {
        tracing::debug!(message = refused.message, "cannot record an event");
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
    let now = cluster.clock.now();
    let mut event = new_event(about, kind, reason, message);
    let source = EventSource {
        component: component.to_owned(),
        object_uid: about["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        reason: reason.to_owned(),
    };
    let mut correlator = cluster
        .events
        .correlator
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let name = event["metadata"]["name"].as_str().unwrap_or_default();
    let correlated = correlator.observe(source, message, name, now);
    drop(correlator);
    let Some(correlated) = correlated else {
        return Ok(());
    };
    event["metadata"]["name"] = correlated.name.into();
    event["message"] = correlated.message.into();
    event["source"] = json!({"component": component});
    event["count"] = correlated.count.into();
    event["firstTimestamp"] = crate::clock::seconds(correlated.first).into();
    event["lastTimestamp"] = crate::clock::seconds(now).into();
    if correlated.count > 1 {
        let updated = cluster.store.modify(&Key::of(&EVENTS, &event)?, |stored| {
            for field in ["count", "lastTimestamp", "message"] {
                stored[field] = event[field].clone();
            }
            Ok::<_, StoreError>(())
        });
        match updated {
            // Its hour has expired: stored as a new event.
            Err(StoreError::NotFound(_)) => {}
            other => return other.map(drop),
        }
    }
    event["eventTime"] = Value::Null;
    event["reportingComponent"] = component.into();
    event["reportingInstance"] = "".into();
    create(cluster, component, event);
    Ok(())
}
