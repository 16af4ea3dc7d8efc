//! Conditions of a Job, and writing its status.

use serde_json::{Value, json};

use crate::controllers::job::items;

/// A condition that is true.
pub(super) fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    items(&status["conditions"])
        .iter()
        .find(|one| one["type"] == kind && one["status"] == "True")
}

/// The Job has ended, whichever way.
pub(super) fn finished(job: &Value) -> bool {
    ["Complete", "Failed"]
        .iter()
        .any(|kind| condition(&job["status"], kind).is_some())
}

/// A new condition.
pub(super) fn new(kind: &str, value: bool, reason: &str, message: &str, now: &str) -> Value {
    json!({
        "type": kind, "status": if value { "True" } else { "False" }, "reason": reason, "message": message,
        "lastProbeTime": now, "lastTransitionTime": now,
    })
}

/// Puts a condition in; says whether something changed. One that is false is only put in if it was true before.
pub(super) fn ensure(status: &mut Value, wanted: Value) -> bool {
    let mut all = status["conditions"].as_array().cloned().unwrap_or_default();
    match all.iter_mut().find(|one| one["type"] == wanted["type"]) {
        Some(old)
            if old["status"] == wanted["status"]
                && old["reason"] == wanted["reason"]
                && old["message"] == wanted["message"] =>
        {
            return false;
        }
        Some(old) => *old = wanted,
        None if wanted["status"] == "False" => return false,
        None => all.push(wanted),
    }
    status["conditions"] = all.into();
    true
}
