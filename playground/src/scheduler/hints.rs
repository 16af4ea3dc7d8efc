//! Decides which changes may make a rejected Pod schedulable ([queueing
//! hints](https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/#queueinghint)): only after
//! those is it retried, and its failure reported again.

use serde_json::Value;

use crate::api::registry::is_finished;
use crate::scheduler::nodes::{Filter, Load, rejections};
use crate::store::{Event, EventKind};

/// Whether a change of an assigned Pod frees resources: it has finished, or is gone.
pub(super) fn frees_resources(change: &Event) -> bool {
    let is_assigned = |pod: &Value| pod["spec"]["nodeName"].is_string() && !is_finished(pod);
    let was = change.previous.as_ref().is_some_and(|pod| is_assigned(pod));
    was && (change.kind == EventKind::Deleted || is_finished(&change.object))
}

/// Whether a node, in its present state, no longer has what prevented a Pod from being scheduled.
pub(super) fn may_help(change: &Event, pod: &Value, filters: &[Filter]) -> bool {
    if change.kind == EventKind::Deleted {
        return false;
    }
    let passes = |node: &Value, filter: Filter| {
        let rejections = rejections(pod, node, &Load::default());
        rejections
            .first()
            .is_none_or(|rejection| rejection.filter > filter)
    };
    filters.iter().any(|filter| {
        let before = change.previous.as_ref().is_some_and(|node| passes(node, *filter));
        passes(&change.object, *filter) && !before
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn changed(before: Value, after: Value) -> Event {
        Event {
            kind: EventKind::Modified,
            object: Arc::new(after),
            previous: Some(Arc::new(before)),
            resource_version: 2,
        }
    }

    #[test]
    fn finished_pod_frees_resources() {
        let pod = |node: Value, phase: &str| json!({"spec": {"nodeName": node}, "status": {"phase": phase}});
        assert!(frees_resources(&changed(
            pod("a".into(), "Running"),
            pod("a".into(), "Succeeded")
        )));
        assert!(!frees_resources(&changed(
            pod("a".into(), "Pending"),
            pod("a".into(), "Running")
        )));
        assert!(!frees_resources(&changed(
            pod(Value::Null, "Pending"),
            pod("a".into(), "Pending")
        )));
    }

    #[test]
    fn node_change_helps_if_it_removes_the_obstacle() {
        let node = |zone: &str, cpu: &str| json!({"metadata": {"labels": {"zone": zone}}, "status": {"allocatable": {"cpu": cpu, "pods": "9"}}});
        let pod = json!({"spec": {"nodeSelector": {"zone": "a"}, "containers": [{"resources": {"requests": {"cpu": "2"}}}]}});
        let helps =
            |before: Value, after: Value, filter: Filter| may_help(&changed(before, after), &pod, &[filter]);
        assert!(helps(node("b", "1"), node("a", "1"), Filter::Affinity));
        assert!(!helps(node("a", "1"), node("a", "4"), Filter::Affinity));
        assert!(helps(node("a", "1"), node("a", "4"), Filter::Resources));
        assert!(!helps(node("a", "2"), node("a", "4"), Filter::Resources));
    }
}
