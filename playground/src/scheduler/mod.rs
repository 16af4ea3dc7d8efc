//! The scheduler: puts each Pod on a node that has its labels and room for its requests.

mod nodes;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};

use crate::api::write::{self, Part, WriteOptions};
use crate::cluster::Cluster;
use crate::controllers::events;
use crate::http::is_over;
use crate::resource::{NODES, PERSISTENT_VOLUME_CLAIMS, PODS};
use crate::store::{Key, StoreError};
use nodes::Load;

const COMPONENT: &str = "default-scheduler";

/// Schedules until the playground ends.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        let since = cluster.store.version();
        if let Err(error) = round(&cluster) {
            tracing::warn!(%error, "the scheduler");
        }
        let Ok(mut pods) = cluster.store.watch(&PODS, None, since) else {
            continue;
        };
        // Room comes back when Pods end, and nodes change.
        let _ = tokio::time::timeout(Duration::from_secs(1), pods.next()).await;
    }
}

fn round(cluster: &Cluster) -> Result<(), StoreError> {
    let (pods, _) = cluster.store.list(&PODS, None)?;
    if !pods.iter().any(|pod| waits(pod)) {
        return Ok(());
    }
    let (nodes, _) = cluster.store.list(&NODES, None)?;
    let mut loads: HashMap<&str, Load> = HashMap::new();
    for pod in pods.iter().filter(|pod| !is_over(pod)) {
        if let Some(node) = pod["spec"]["nodeName"].as_str() {
            loads.entry(node).or_default().add(pod);
        }
    }
    for pod in pods.iter().filter(|pod| waits(pod)) {
        if let Some(missing) = missing_claim(cluster, pod)? {
            let count = nodes.len();
            let why = format!("persistentvolumeclaim \"{missing}\" not found");
            refuse(
                cluster,
                pod,
                &format!("0/{count} nodes are available: {why}. not found"),
            )?;
            continue;
        }
        let mut reasons: Vec<String> = Vec::new();
        let mut best: Option<(i64, &str)> = None;
        for node in &nodes {
            let name = node["metadata"]["name"].as_str().unwrap_or_default();
            let load = loads.entry(name).or_default();
            let refused = nodes::refusals(pod, node, load);
            if refused.is_empty() && best.is_none_or(|(least, _)| load.pods < least) {
                best = Some((load.pods, name));
            }
            reasons.extend(refused);
        }
        match best {
            Some((_, node)) => {
                loads.entry(node).or_default().add(pod);
                bind(cluster, pod, node)?;
            }
            None => refuse(cluster, pod, &message(nodes.len(), &reasons))?,
        }
    }
    Ok(())
}

fn waits(pod: &Value) -> bool {
    let gates = pod["spec"]["schedulingGates"]
        .as_array()
        .is_some_and(|gates| !gates.is_empty());
    let scheduler = pod["spec"]["schedulerName"].as_str().unwrap_or(COMPONENT);
    !is_over(pod)
        && !gates
        && scheduler == COMPONENT
        && pod["spec"]["nodeName"].is_null()
        && pod["metadata"]["deletionTimestamp"].is_null()
}

/// A claim that a Pod names and that does not exist.
fn missing_claim(cluster: &Cluster, pod: &Value) -> Result<Option<String>, StoreError> {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() else {
            continue;
        };
        let key = Key::new(&PERSISTENT_VOLUME_CLAIMS, namespace, claim);
        if cluster.store.get(&key)?.is_none() {
            return Ok(Some(claim.to_owned()));
        }
    }
    Ok(None)
}

/// Why no node takes a Pod.
fn message(nodes: usize, reasons: &[String]) -> String {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in reasons {
        *counted.entry(reason).or_default() += 1;
    }
    let mut words: Vec<String> = counted
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    words.sort();
    if nodes == 0 {
        return "no nodes available to schedule pods".to_owned();
    }
    format!(
        "0/{nodes} nodes are available: {}. no new claims to deallocate, preemption: 0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling.",
        words.join(", ")
    )
}

/// A quantity as a number; 0 for none.
pub(crate) fn amount(value: &Value) -> f64 {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return 0.0,
    };
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-'))
        .unwrap_or(text.len());
    let factor = match &text[end..] {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "" => 1.0,
        _ => return text.parse().unwrap_or(0.0),
    };
    text[..end].parse::<f64>().unwrap_or(0.0) * factor
}

fn bind(cluster: &Cluster, pod: &Value, node: &str) -> Result<(), StoreError> {
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

fn refuse(cluster: &Cluster, pod: &Value, message: &str) -> Result<(), StoreError> {
    let conditions = pod["status"]["conditions"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if conditions.iter().any(|condition| condition["message"] == message) {
        return Ok(());
    }
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
        // Deleted meanwhile: nothing to tell.
        tracing::debug!(message = refused.message, "a Pod that no node takes");
        return Ok(());
    }
    let what = ("Warning", "FailedScheduling", "Scheduling");
    events::record_action(cluster, pod, COMPONENT, what, message);
    Ok(())
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
