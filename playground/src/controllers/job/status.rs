//! Reads the conditions of a Job and updates them.

use serde_json::{Value, json};

use crate::controllers::job::items;

/// Returns a condition that is true.
pub(super) fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    items(&status["conditions"])
        .iter()
        .find(|one| one["type"] == kind && one["status"] == "True")
}

/// Whether the Job has finished, successfully or not.
pub(super) fn finished(job: &Value) -> bool {
    ["Complete", "Failed"]
        .iter()
        .any(|kind| condition(&job["status"], kind).is_some())
}

/// Creates a condition.
pub(super) fn new(kind: &str, value: bool, reason: &str, message: &str, now: &str) -> Value {
    json!({
        "type": kind, "status": if value { "True" } else { "False" }, "reason": reason, "message": message,
        "lastProbeTime": now, "lastTransitionTime": now,
    })
}

/// Sets a condition; returns whether something changed. A false condition is only set if it was true before.
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
