//! The scheduler: puts each Pod on a node that has its labels and room for its requests.

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::controllers::events;
use crate::http::is_over;
use crate::resource::{NODES, PODS};
use crate::store::{Key, StoreError};

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
    let (nodes, _) = cluster.store.list(&NODES, None)?;
    let mut used: Vec<(String, f64, f64)> = Vec::new();
    for pod in pods.iter().filter(|pod| !is_over(pod)) {
        if let Some(node) = pod["spec"]["nodeName"].as_str() {
            let (cpu, memory) = requests(pod);
            used.push((node.to_owned(), cpu, memory));
        }
    }
    for pod in pods.iter().filter(|pod| waits(pod)) {
        let (cpu, memory) = requests(pod);
        let mut reasons: Vec<&'static str> = Vec::new();
        let mut best: Option<(usize, &str)> = None;
        for node in &nodes {
            let name = node["metadata"]["name"].as_str().unwrap_or_default();
            match refusal(pod, node, &used, cpu, memory) {
                Some(reason) => reasons.push(reason),
                None => {
                    let load = used.iter().filter(|(other, ..)| other == name).count();
                    if best.is_none_or(|(least, _)| load < least) {
                        best = Some((load, name));
                    }
                }
            }
        }
        match best {
            Some((_, node)) => {
                used.push((node.to_owned(), cpu, memory));
                bind(cluster, pod, node)?;
            }
            None => refuse(cluster, pod, nodes.len(), &reasons)?,
        }
    }
    Ok(())
}

fn waits(pod: &Value) -> bool {
    let gates = pod["spec"]["schedulingGates"]
        .as_array()
        .is_some_and(|gates| !gates.is_empty());
    !is_over(pod)
        && !gates
        && pod["spec"]["nodeName"].is_null()
        && pod["metadata"]["deletionTimestamp"].is_null()
}

/// Why a node does not take a Pod, in the scheduler's words.
fn refusal(
    pod: &Value,
    node: &Value,
    used: &[(String, f64, f64)],
    cpu: f64,
    memory: f64,
) -> Option<&'static str> {
    let wanted = pod["spec"]["nodeSelector"].as_object();
    if wanted
        .into_iter()
        .flatten()
        .any(|(key, value)| node["metadata"]["labels"][key] != *value)
    {
        return Some("node(s) didn't match Pod's node affinity/selector");
    }
    if node["spec"]["unschedulable"] == true {
        return Some("node(s) were unschedulable");
    }
    let taints = node["spec"]["taints"].as_array().map_or(&[][..], Vec::as_slice);
    let tolerations = pod["spec"]["tolerations"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let tolerated = |taint: &Value| {
        tolerations.iter().any(|one| {
            let key = one["key"].is_null() || one["key"] == taint["key"];
            let value = one["operator"] == "Exists" || one["value"] == taint["value"];
            let effect = one["effect"].is_null() || one["effect"] == taint["effect"];
            key && value && effect
        })
    };
    if taints
        .iter()
        .any(|taint| taint["effect"] != "PreferNoSchedule" && !tolerated(taint))
    {
        return Some("node(s) had untolerated taint(s)");
    }
    let name = node["metadata"]["name"].as_str().unwrap_or_default();
    let here = used.iter().filter(|(other, ..)| other == name);
    let (mut cpu_used, mut memory_used) = (0.0, 0.0);
    for (_, cpu, memory) in here {
        cpu_used += cpu;
        memory_used += memory;
    }
    let room = |resource: &str| amount(&node["status"]["allocatable"][resource]);
    if cpu > 0.0 && cpu_used + cpu > room("cpu") + 1e-9 {
        return Some("Insufficient cpu");
    }
    if memory > 0.0 && memory_used + memory > room("memory") {
        return Some("Insufficient memory");
    }
    None
}

/// CPU and memory that a Pod asks for.
fn requests(pod: &Value) -> (f64, f64) {
    let containers = pod["spec"]["containers"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let sum = |resource: &str| {
        containers
            .iter()
            .map(|one| amount(&one["resources"]["requests"][resource]))
            .sum()
    };
    (sum("cpu"), sum("memory"))
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

fn refuse(cluster: &Cluster, pod: &Value, nodes: usize, reasons: &[&'static str]) -> Result<(), StoreError> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for reason in reasons {
        match counted.iter_mut().find(|(other, _)| other == reason) {
            Some((_, count)) => *count += 1,
            None => counted.push((reason, 1)),
        }
    }
    let mut words: Vec<_> = counted
        .iter()
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect();
    words.sort();
    let message = format!(
        "0/{nodes} nodes are available: {}. no new claims to deallocate, preemption: 0/{nodes} nodes are available: {nodes} Preemption is not helpful for scheduling.",
        words.join(", ")
    );
    let conditions = pod["status"]["conditions"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if conditions
        .iter()
        .any(|condition| condition["message"] == message.as_str())
    {
        return Ok(());
    }
    let now = cluster.clock.now_text();
    cluster.store.modify(&Key::of(&PODS, pod)?, |pod| {
        set_condition(pod, "False", "Unschedulable", &message, &now);
        Ok::<_, StoreError>(())
    })?;
    let what = ("Warning", "FailedScheduling", "Scheduling");
    events::record_action(cluster, pod, COMPONENT, what, &message);
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
