//! Writes the result of scheduling a Pod: its node, or why it is unschedulable.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::write;
use crate::api::write::{Part, WriteOptions};
use crate::cluster::Cluster;
use crate::events;
use crate::resource::PODS;
use crate::scheduler::COMPONENT;
use crate::scheduler::nodes::Rejection;
use crate::store::{Key, StoreError};

/// Returns the message for an unschedulable Pod.
pub(super) fn message(nodes: usize, rejections: &[Rejection]) -> String {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for rejection in rejections {
        *counted.entry(&rejection.reason).or_default() += 1;
    }
    let mut message_parts: Vec<String> = counted
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    message_parts.sort();
    if nodes == 0 {
        return "no nodes available to schedule pods".to_owned();
    }
    format!(
        "0/{nodes} nodes are available: {}. no new claims to deallocate, preemption: 0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling.",
        message_parts.join(", ")
    )
}

/// Assigns a Pod to a node.
pub(super) fn bind(cluster: &Cluster, pod: &Value, node: &str) -> Result<(), StoreError> {
    let now = cluster.clock.now_text();
    cluster.store.modify(&Key::of(&PODS, pod)?, |pod| {
        pod["spec"]["nodeName"] = node.into();
        set_condition(pod, "True", "", "", &now);
        Ok::<_, StoreError>(())
    })?;
    let metadata = &pod["metadata"];
    let text = |field: &str| metadata[field].as_str().unwrap_or_default();
    let message = format!(
        "Successfully assigned {}/{} to {node}",
        text("namespace"),
        text("name")
    );
    let what = ("Normal", "Scheduled", "Binding");
    events::record_action(cluster, pod, COMPONENT, what, &message);
    Ok(())
}

/// Returns the conditions of a Pod.
pub(super) fn conditions(pod: &Value) -> &[Value] {
    pod["status"]["conditions"]
        .as_array()
        .map_or(&[][..], Vec::as_slice)
}

/// Writes why a Pod is unschedulable; returns false if the Pod is gone.
pub(super) fn write_unschedulable(cluster: &Cluster, pod: &Value, message: &str) -> Result<bool, StoreError> {
    let now = cluster.clock.now_text();
    let generation = pod["metadata"]["generation"].clone();
    let options = WriteOptions::system("kube-scheduler");
    let written = write::update(cluster, &Key::of(&PODS, pod)?, Part::Status, &options, |old| {
        let mut new = old.clone();
        set_condition(&mut new, "False", "Unschedulable", message, &now);
        for condition in new["status"]["conditions"].as_array_mut().into_iter().flatten() {
            if condition["type"] == "PodScheduled" {
                condition["observedGeneration"] = generation.clone();
            }
        }
        Ok(new)
    });
    if let Err(refused) = written {
        // Deleted meanwhile: nothing to report.
        tracing::debug!(
            message = refused.message,
            "cannot update the condition of an unschedulable Pod"
        );
        return Ok(false);
    }
    Ok(true)
}

fn set_condition(pod: &mut Value, status: &str, reason: &str, message: &str, now: &str) {
    let mut condition =
        json!({"type": "PodScheduled", "status": status, "lastProbeTime": null, "lastTransitionTime": now});
    if !reason.is_empty() {
        condition["reason"] = reason.into();
        condition["message"] = message.into();
    }
    let mut all = pod["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    all.retain(|other| other["type"] != "PodScheduled");
    all.push(condition);
    pod["status"]["conditions"] = all.into();
}
