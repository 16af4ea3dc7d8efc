//! Predicates and facts about a single Pod or Job.

use jiff::Timestamp;
use serde_json::Value;

use crate::controllers::job::{TRACKING, items, text};

/// The annotation and label with the completion index.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The annotation with the number of failures of the index.
pub(super) const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// The annotation with the number of failures that did not count.
pub(super) const INDEX_IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// Whether the object is being deleted.
pub(super) fn deleting(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// Whether the Pod still has the tracking finalizer, so that it is not counted yet.
pub(super) fn tracked(pod: &Value) -> bool {
    items(&pod["metadata"]["finalizers"])
        .iter()
        .any(|name| name == TRACKING)
}

/// Whether the Pod has finished.
pub(super) fn has_ended(pod: &Value) -> bool {
    crate::api::registry::is_finished(pod)
}

/// Whether the Pod is running or pending.
pub(super) fn active(pod: &Value) -> bool {
    !has_ended(pod) && !deleting(pod)
}

/// Whether the Pod is being deleted and has not finished.
pub(super) fn terminating(pod: &Value) -> bool {
    !has_ended(pod) && deleting(pod)
}

/// Whether the Pod is ready.
pub(super) fn ready(pod: &Value) -> bool {
    ready_since(pod).is_some()
}

/// Returns since when the Pod is ready.
pub(super) fn ready_since(pod: &Value) -> Option<&str> {
    items(&pod["status"]["conditions"])
        .iter()
        .find(|one| one["type"] == "Ready" && one["status"] == "True")
        .map(|one| text(&one["lastTransitionTime"]))
}

/// Whether the Pod has succeeded.
pub(super) fn succeeded(pod: &Value) -> bool {
    pod["status"]["phase"] == "Succeeded"
}

/// Whether only Pods that have failed are replaced, not those that are still terminating (`podReplacementPolicy:
/// Failed`, which a Pod failure policy implies).
pub(super) fn replaces_only_failed(job: &Value) -> bool {
    job["spec"]["podReplacementPolicy"] == "Failed" || job["spec"]["podFailurePolicy"].is_object()
}

/// Whether the Pod has failed from the Job's point of view: a Pod that is deleted before it ends may never report
/// it itself.
pub(super) fn failed(pod: &Value, job: &Value) -> bool {
    if pod["status"]["phase"] == "Failed" {
        return true;
    }
    !replaces_only_failed(job) && deleting(pod) && !succeeded(pod)
}

/// Returns the Pod's completion index.
pub(super) fn index(pod: &Value) -> Option<i64> {
    text(&pod["metadata"]["annotations"][INDEX]).parse().ok()
}

/// Returns a count kept in an annotation; 0 if there is none.
pub(super) fn counted(pod: &Value, annotation: &str) -> i64 {
    text(&pod["metadata"]["annotations"][annotation])
        .parse()
        .unwrap_or(0)
}

/// Whether the Job has `completionMode: Indexed`.
pub(super) fn indexed(job: &Value) -> bool {
    job["spec"]["completionMode"] == "Indexed"
}

/// Whether the Job is suspended.
pub(super) fn suspended(job: &Value) -> bool {
    job["spec"]["suspend"] == true
}

/// Parses the time in a field.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    text(value).parse().ok()
}

/// Returns when the last of these containers ended; `None` while one of them runs.
fn last_end<'a>(statuses: impl Iterator<Item = &'a Value>) -> Option<Timestamp> {
    let ends: Option<Vec<Timestamp>> = statuses
        .map(|one| time(&one["state"]["terminated"]["finishedAt"]))
        .collect();
    ends?.into_iter().max()
}

/// Returns when the Pod's containers ended, including sidecar containers.
fn containers_end(pod: &Value) -> Option<Timestamp> {
    let counts_for_end = |own: &&Value| {
        items(&pod["spec"]["initContainers"])
            .iter()
            .any(|one| one["name"] == own["name"] && one["restartPolicy"] == "Always")
    };
    let main = items(&pod["status"]["containerStatuses"]);
    let sidecars: Vec<&Value> = items(&pod["status"]["initContainerStatuses"])
        .iter()
        .filter(counts_for_end)
        .collect();
    let ended = last_end(main.iter());
    if sidecars.is_empty() {
        return ended;
    }
    Some(last_end(sidecars.into_iter())?).max(ended)
}

/// Returns when a Pod finished: the end of its last container, else when it stopped being ready, was deleted or
/// created.
pub(super) fn finish_time(pod: &Value) -> Option<Timestamp> {
    if let Some(end) = containers_end(pod) {
        return Some(end);
    }
    let not_ready = items(&pod["status"]["conditions"])
        .iter()
        .find(|one| one["type"] == "Ready" && one["status"] == "False");
    not_ready
        .and_then(|one| time(&one["lastTransitionTime"]))
        .or_else(|| {
            let grace = pod["metadata"]["deletionGracePeriodSeconds"]
                .as_i64()
                .unwrap_or(0);
            let at = time(&pod["metadata"]["deletionTimestamp"])?;
            at.checked_sub(jiff::SignedDuration::from_secs(grace)).ok()
        })
        .or_else(|| time(&pod["metadata"]["creationTimestamp"]))
}
