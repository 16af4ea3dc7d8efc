//! Reports disk pressure on the nodes as a kubelet and the node lifecycle controller do: the condition
//! `DiskPressure`, the taint that keeps new Pods away, and events.
//!
//! All nodes of the playground share one disk.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::events;
use crate::resource::NODES;
use crate::store::{Key, StoreError};

/// How long the pressure has to be over before the nodes report it (the kubelet's
/// `evictionPressureTransitionPeriod`; its default of five minutes is too long for trying things out).
const TRANSITION_PERIOD: Duration = Duration::from_secs(10);
const TAINT: &str = "node.kubernetes.io/disk-pressure";

/// The `DiskPressure` condition of the nodes.
#[derive(Debug, Default)]
pub(super) struct Condition {
    /// When a threshold was last exceeded.
    exceeded_at: Option<Instant>,
    /// The value that every node reports; `None` before it has been written.
    reported: Option<bool>,
}

impl Condition {
    /// Records whether a threshold is exceeded, and reports a change on every node.
    pub fn observe(&mut self, cluster: &Cluster, is_exceeded: bool, now: Instant) {
        if is_exceeded {
            self.exceeded_at = Some(now);
        }
        let pressure = self
            .exceeded_at
            .is_some_and(|exceeded_at| now.duration_since(exceeded_at) < TRANSITION_PERIOD);
        if self.reported == Some(pressure) {
            return;
        }
        match report(cluster, pressure) {
            Ok(()) => self.reported = Some(pressure),
            // Retried later: a full disk accepts no writes.
            Err(error) => tracing::debug!(%error, "cannot update the nodes' DiskPressure condition"),
        }
    }
}

fn report(cluster: &Cluster, pressure: bool) -> Result<(), StoreError> {
    for node in cluster.store.list(&NODES, None)?.0 {
        let now = cluster.clock.now_text();
        if with_pressure(&node, pressure, &now) == *node {
            continue;
        }
        let before = is_under_pressure(&node);
        cluster.store.modify(&Key::of(&NODES, &node)?, |node| {
            *node = with_pressure(node, pressure, &now);
            Ok::<_, StoreError>(())
        })?;
        if before == pressure {
            continue;
        }
        let event =
            |kind, reason, message: &str| events::record(cluster, &node, "kubelet", kind, reason, message);
        if pressure {
            event(
                "Warning",
                "EvictionThresholdMet",
                "Attempting to reclaim ephemeral-storage",
            );
        }
        let reason = if pressure {
            "NodeHasDiskPressure"
        } else {
            "NodeHasNoDiskPressure"
        };
        let name = node["metadata"]["name"].as_str().unwrap_or_default();
        event("Normal", reason, &format!("Node {name} status is now: {reason}"));
    }
    Ok(())
}

fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn is_condition(condition: &Value) -> bool {
    condition["type"] == "DiskPressure"
}

fn is_under_pressure(node: &Value) -> bool {
    let conditions = items(&node["status"]["conditions"]);
    conditions
        .iter()
        .any(|one| is_condition(one) && one["status"] == "True")
}

/// Returns the node with its condition and taint changed; other conditions and taints are kept.
fn with_pressure(node: &Value, pressure: bool, now: &str) -> Value {
    let mut node = node.clone();
    let (status, reason, message) = if pressure {
        ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")
    } else {
        (
            "False",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure",
        )
    };
    let mut conditions = items(&node["status"]["conditions"]);
    let is_said = conditions
        .iter()
        .any(|one| is_condition(one) && one["status"] == status);
    if !is_said {
        conditions.retain(|one| !is_condition(one));
        // Before `Ready`, which a kubelet writes last.
        conditions.insert(
            0,
            json!({
                "type": "DiskPressure", "status": status, "lastHeartbeatTime": now, "lastTransitionTime": now,
                "reason": reason, "message": message,
            }),
        );
        node["status"]["conditions"] = conditions.into();
    }
    let mut taints = items(&node["spec"]["taints"]);
    let is_tainted = taints.iter().any(|taint| taint["key"] == TAINT);
    if pressure && !is_tainted {
        taints.push(json!({"key": TAINT, "effect": "NoSchedule"}));
    } else if !pressure && is_tainted {
        taints.retain(|taint| taint["key"] != TAINT);
    } else {
        return node;
    }
    if taints.is_empty() {
        if let Some(spec) = node["spec"].as_object_mut() {
            spec.shift_remove("taints");
        }
    } else {
        node["spec"]["taints"] = taints.into();
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::resource::EVENTS;
    use crate::store::Store;

    fn cluster() -> Cluster {
        let cluster = Cluster::new(Store::in_memory(), Clock::system(), std::env::temp_dir());
        crate::bootstrap::system_objects(&cluster).unwrap();
        crate::bootstrap::run(&cluster).unwrap();
        cluster
    }

    fn nodes(cluster: &Cluster) -> Vec<std::sync::Arc<Value>> {
        cluster.store.list(&NODES, None).unwrap().0
    }

    fn reasons(cluster: &Cluster) -> Vec<String> {
        let events = cluster.store.list(&EVENTS, None).unwrap().0;
        let mut reasons: Vec<_> = events
            .iter()
            .map(|event| event["reason"].as_str().unwrap().to_owned())
            .collect();
        reasons.sort();
        reasons.dedup();
        reasons
    }

    #[test]
    fn disk_pressure_is_reported_until_transition_period_has_passed() {
        let cluster = cluster();
        let mut condition = Condition::default();
        let start = Instant::now();
        for (after, is_exceeded, pressure) in [
            (0, false, false),
            (1, true, true),
            (2, false, true),
            (10, false, true),
            (12, false, false),
            (13, true, true),
            (22, true, true),
            (31, false, true),
            (33, false, false),
        ] {
            condition.observe(&cluster, is_exceeded, start + Duration::from_secs(after));
            for node in nodes(&cluster) {
                assert_eq!(is_under_pressure(&node), pressure, "{after}: {node:#}");
                let taints = json!([{"key": TAINT, "effect": "NoSchedule"}]);
                let expected = if pressure { taints } else { Value::Null };
                assert_eq!(node["spec"]["taints"], expected, "{after}");
            }
        }
        assert_eq!(
            reasons(&cluster),
            [
                "EvictionThresholdMet",
                "NodeHasDiskPressure",
                "NodeHasNoDiskPressure"
            ]
        );
    }

    #[test]
    fn no_event_without_earlier_pressure() {
        let cluster = cluster();
        let mut condition = Condition::default();
        condition.observe(&cluster, false, Instant::now());
        assert!(reasons(&cluster).is_empty());
        let versions = |cluster: &Cluster| cluster.store.version();
        let before = versions(&cluster);
        Condition::default().observe(&cluster, false, Instant::now());
        assert_eq!(versions(&cluster), before, "it is written again");
    }

    #[test]
    fn other_taints_and_conditions_are_kept() {
        let node = json!({
            "spec": {"taints": [{"key": "mine", "effect": "NoExecute"}]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        });
        let under = with_pressure(&node, true, "now");
        assert_eq!(under["spec"]["taints"].as_array().unwrap().len(), 2);
        assert_eq!(under["status"]["conditions"].as_array().unwrap().len(), 2);
        let fine = with_pressure(&under, false, "later");
        assert_eq!(fine["spec"], node["spec"]);
        assert_eq!(fine["status"]["conditions"][1], node["status"]["conditions"][0]);
    }
}
