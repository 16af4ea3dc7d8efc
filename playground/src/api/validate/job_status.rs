//! Updates of a Job's status: `ValidateJobStatusUpdate` of batch/v1, and the strategy's rules on conditions.

use serde_json::Value;

use k8s_rules::validation::count_indexes;

use super::{list, not_negative, text};
use crate::api::field::FieldError;

fn condition(job: &Value, kind: &str) -> bool {
    list(&job["status"], "conditions")
        .iter()
        .any(|one| one["type"] == kind && one["status"] == "True")
}

/// Validates an update of the status.
pub fn update(old: &Value, new: &Value, errors: &mut Vec<FieldError>) {
    let status = &new["status"];
    for name in ["active", "succeeded", "failed", "ready", "terminating"] {
        not_negative(status, name, "status", errors);
    }
    uncounted(&status["uncountedTerminatedPods"], errors);
    for name in ["failed", "succeeded"] {
        let (before, after) = (
            old["status"][name].as_i64().unwrap_or(0),
            status[name].as_i64().unwrap_or(0),
        );
        if after < before || after < 0 {
            let detail = format!("cannot decrease the {name} counter");
            errors.push(FieldError::invalid(format!("status.{name}"), after, detail));
        }
    }
    let number = |name: &str| status[name].as_i64().unwrap_or(0);
    if number("ready") > number("active") {
        let detail = "cannot set more ready pods than active";
        errors.push(FieldError::invalid("status.ready", number("ready"), detail));
    }
    indexes(new, errors);
    let (complete, failed) = (condition(new, "Complete"), condition(new, "Failed"));
    if (complete || failed) && number("active") > 0 {
        let detail = "active>0 is invalid for finished job";
        errors.push(FieldError::invalid("status.active", number("active"), detail));
    }
    if old["spec"]["suspend"] != true
        && !old["status"]["startTime"].is_null()
        && old["status"]["startTime"] != status["startTime"]
    {
        let detail = "field is immutable for unsuspended job once set";
        errors.push(FieldError::invalid(
            "status.startTime",
            status["startTime"].clone(),
            detail,
        ));
    }
    let completed = &status["completionTime"];
    if complete && completed.is_null() {
        let detail = "completionTime is required for Complete jobs";
        errors.push(FieldError::required("status.completionTime", detail));
    } else if !complete && !completed.is_null() {
        let detail = "cannot set completionTime when there is no Complete=True condition";
        errors.push(FieldError::invalid(
            "status.completionTime",
            completed.clone(),
            detail,
        ));
    }
    conditions(old, new, errors);
}

fn conditions(old: &Value, new: &Value, errors: &mut Vec<FieldError>) {
    let path = "status.conditions";
    for kind in ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"] {
        if condition(old, kind) && !condition(new, kind) {
            let what = if matches!(kind, "Complete" | "Failed") {
                "terminal "
            } else {
                ""
            };
            errors.push(FieldError::invalid_plain(
                path,
                format!("cannot disable the {what}{kind}=True condition"),
            ));
        }
    }
    let has = |kind: &str| condition(new, kind);
    for (finished, first, shown) in [
        ("Complete", "SuccessCriteriaMet", "SuccessCriteriaMet=true"),
        ("Failed", "FailureTarget", "FailureTarget=true"),
    ] {
        if has(finished) && !condition(old, finished) && !has(first) {
            let detail = format!("cannot set {finished}=True condition without the {shown} condition");
            errors.push(FieldError::invalid_plain(path, detail));
        }
    }
    for (one, other, detail) in [
        (
            "Complete",
            "Failed",
            "cannot set Complete=True and Failed=true conditions",
        ),
        (
            "Complete",
            "FailureTarget",
            "cannot set Complete=True and FailureTarget=true conditions",
        ),
        (
            "SuccessCriteriaMet",
            "Failed",
            "cannot set SuccessCriteriaMet=True and Failed=true conditions",
        ),
        (
            "SuccessCriteriaMet",
            "FailureTarget",
            "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions",
        ),
    ] {
        if has(one) && has(other) {
            errors.push(FieldError::invalid_plain(path, detail));
        }
    }
}

fn uncounted(pods: &Value, errors: &mut Vec<FieldError>) {
    let mut seen: Vec<&str> = Vec::new();
    for name in ["succeeded", "failed"] {
        for (at, uid) in list(pods, name).iter().enumerate() {
            let path = format!("status.uncountedTerminatedPods.{name}[{at}]");
            let uid = uid.as_str().unwrap_or_default();
            if uid.is_empty() {
                errors.push(FieldError::invalid(path, uid, "must not be empty"));
            } else if seen.contains(&uid) {
                errors.push(FieldError::duplicate(path, uid));
            } else {
                seen.push(uid);
            }
        }
    }
}

fn indexes(job: &Value, errors: &mut Vec<FieldError>) {
    let completions = job["spec"]["completions"].as_i64().unwrap_or(0);
    let indexed = job["spec"]["completionMode"] == "Indexed";
    for name in ["completedIndexes", "failedIndexes"] {
        let value = text(&job["status"], name);
        if value.is_empty() {
            continue;
        }
        let path = format!("status.{name}");
        if let Err(why) = count_indexes(value, completions) {
            errors.push(FieldError::invalid(
                path.as_str(),
                value,
                format!("error parsing {name}: {why}"),
            ));
        }
        if !indexed {
            let detail = format!("cannot set non-empty {name} when non-indexed completion mode");
            errors.push(FieldError::invalid(path, value, detail));
        }
    }
}
