//! What can be said of one Pod or Job by looking at it.

use jiff::Timestamp;
use serde_json::Value;

use crate::controllers::job::{TRACKING, items, text};

/// The annotation and label with the completion index.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// The annotation with how often the index has failed.
pub(super) const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// The annotation with how often it has failed without counting.
pub(super) const INDEX_IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// It is being deleted.
pub(super) fn deleting(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// It is not counted yet.
pub(super) fn tracked(pod: &Value) -> bool {
    items(&pod["metadata"]["finalizers"])
        .iter()
        .any(|name| name == TRACKING)
}

/// It has ended.
pub(super) fn over(pod: &Value) -> bool {
    crate::api::registry::is_finished(pod)
}

/// It works, or will.
pub(super) fn active(pod: &Value) -> bool {
    !over(pod) && !deleting(pod)
}

/// It is being deleted and has not ended.
pub(super) fn terminating(pod: &Value) -> bool {
    !over(pod) && deleting(pod)
}

/// It says that it is ready.
pub(super) fn ready(pod: &Value) -> bool {
    ready_since(pod).is_some()
}

/// Since when it says that it is ready.
pub(super) fn ready_since(pod: &Value) -> Option<&str> {
    items(&pod["status"]["conditions"])
        .iter()
        .find(|one| one["type"] == "Ready" && one["status"] == "True")
        .map(|one| text(&one["lastTransitionTime"]))
}

/// It has succeeded.
pub(super) fn succeeded(pod: &Value) -> bool {
    pod["status"]["phase"] == "Succeeded"
}

/// Only Pods that have really failed are replaced, not those that are still ending
/// (`podReplacementPolicy: Failed`, which a Pod failure policy implies).
pub(super) fn replaces_only_failed(job: &Value) -> bool {
    job["spec"]["podReplacementPolicy"] == "Failed" || job["spec"]["podFailurePolicy"].is_object()
}

/// It has failed, in the eyes of its Job: a Pod that is deleted before it ends may never say so itself.
pub(super) fn failed(pod: &Value, job: &Value) -> bool {
    if pod["status"]["phase"] == "Failed" {
        return true;
    }
    !replaces_only_failed(job) && deleting(pod) && !succeeded(pod)
}

/// Its completion index.
pub(super) fn index(pod: &Value) -> Option<i64> {
    text(&pod["metadata"]["annotations"][INDEX]).parse().ok()
}

/// A count in an annotation; 0 if there is none.
pub(super) fn counted(pod: &Value, annotation: &str) -> i64 {
    text(&pod["metadata"]["annotations"][annotation])
        .parse()
        .unwrap_or(0)
}

/// The Job has `completionMode: Indexed`.
pub(super) fn indexed(job: &Value) -> bool {
    job["spec"]["completionMode"] == "Indexed"
}

/// The Job is suspended.
pub(super) fn suspended(job: &Value) -> bool {
    job["spec"]["suspend"] == true
}

/// The time that a field holds.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    text(value).parse().ok()
}

/// When the last of these containers ended; none while one of them goes on.
fn last_end<'a>(statuses: impl Iterator<Item = &'a Value>) -> Option<Timestamp> {
    let ends: Option<Vec<Timestamp>> = statuses
        .map(|one| time(&one["state"]["terminated"]["finishedAt"]))
        .collect();
    ends?.into_iter().max()
}

/// When the Pod's containers ended, those included that go on beside the main ones.
fn containers_end(pod: &Value) -> Option<Timestamp> {
    let beside = |own: &&Value| {
        items(&pod["spec"]["initContainers"])
            .iter()
            .any(|one| one["name"] == own["name"] && one["restartPolicy"] == "Always")
    };
    let main = items(&pod["status"]["containerStatuses"]);
    let sidecars: Vec<&Value> = items(&pod["status"]["initContainerStatuses"])
        .iter()
        .filter(beside)
        .collect();
    let ended = last_end(main.iter());
    if sidecars.is_empty() {
        return ended;
    }
    Some(last_end(sidecars.into_iter())?).max(ended)
}

/// When a Pod ended: its last container, else when it ceased to be ready, was deleted or made.
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
