//! Updates of Jobs, with their immutable fields (`ValidateJobUpdate` of batch/v1).

use k8s_rules::{Options, validation};
use serde_json::{Value, json};

use super::{causes, list, meta};
use crate::api::field::FieldError;

/// Validates an update of a Job.
pub fn update(old: &Value, new: &Value, options: &Options, errors: &mut Vec<FieldError>) {
    let (before, after) = (&old["spec"], &new["spec"]);
    // Before 1.37 the API server validates metadata and spec twice: in `ValidateJob` and in `ValidateJobUpdate`.
    if options.minor.is_some_and(|minor| minor < 37) {
        errors.extend(causes(validation::generated_selector(new, options)));
        errors.extend(causes(validation::job_spec(new, options)));
        errors.extend(meta::update(old, new, options));
    }
    errors.extend(causes(validation::job_spec(new, options)));
    completions_update(before, after, errors);
    for name in [
        "selector",
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ] {
        if before[name] != after[name] {
            let path = format!("spec.{name}");
            let shown = match name {
                "podFailurePolicy" => go_failure_policy(&after[name]),
                "successPolicy" => go_success_policy(&after[name]),
                _ => after[name].clone(),
            };
            errors.push(FieldError::invalid(path, shown, "field is immutable"));
        }
    }
    if !same_template(old, new) {
        // For a suspended Job, only the Pods' spec is compared.
        let path = if is_suspended(old) {
            "spec.template.spec"
        } else {
            "spec.template"
        };
        errors.push(FieldError::invalid(
            path,
            after["template"].clone(),
            "field is immutable",
        ));
    }
}

fn completions_update(before: &Value, after: &Value, errors: &mut Vec<FieldError>) {
    if before["completions"] == after["completions"] {
        return;
    }
    let elastic = after["completionMode"] == "Indexed"
        && !before["completions"].is_null()
        && !after["completions"].is_null();
    let path = "spec.completions";
    if !elastic {
        errors.push(FieldError::invalid(
            path,
            after["completions"].clone(),
            "field is immutable",
        ));
    } else if after["completions"] != after["parallelism"] {
        let detail = "can only be modified in tandem with spec.parallelism";
        errors.push(FieldError::invalid(path, after["completions"].clone(), detail));
    }
}

/// Reports whether the immutable part of the template is unchanged. While the Job is suspended and has no
/// active Pod, scheduling directives (KEP-2926) and container resources (KEP-5440) may change; otherwise
/// nothing may.
fn same_template(old: &Value, new: &Value) -> bool {
    let suspended = is_suspended(old);
    let mut before = old["spec"]["template"].clone();
    let mut after = new["spec"]["template"].clone();
    if suspended {
        for template in [&mut before, &mut after] {
            clear_scheduling(template);
        }
    }
    before == after
}

fn is_suspended(job: &Value) -> bool {
    job["spec"]["suspend"] == true
        && (job["status"]["startTime"].is_null() || has_suspended_condition(job))
        && job["status"]["active"].as_i64().unwrap_or(0) == 0
}

/// Returns the policy as the API server prints its internal type.
fn go_failure_policy(policy: &Value) -> Value {
    if policy.is_null() {
        return Value::Null;
    }
    let rules = list(policy, "rules").iter().map(|rule| {
        let codes = &rule["onExitCodes"];
        let codes = if codes.is_null() {
            Value::Null
        } else {
            json!({"ContainerName": codes["containerName"], "Operator": codes["operator"], "Values": codes["values"]})
        };
        let conditions = rule["onPodConditions"].as_array().map(|all| {
            all.iter()
                .map(|one| json!({"Type": one["type"], "Status": one["status"]}))
                .collect::<Vec<Value>>()
        });
        json!({"Action": rule["action"], "OnExitCodes": codes, "OnPodConditions": conditions})
    });
    json!({"Rules": rules.collect::<Vec<Value>>()})
}

/// Returns the policy as the API server prints its internal type.
fn go_success_policy(policy: &Value) -> Value {
    if policy.is_null() {
        return Value::Null;
    }
    let rules = list(policy, "rules").iter().map(|rule| {
        json!({"SucceededIndexes": rule["succeededIndexes"], "SucceededCount": rule["succeededCount"]})
    });
    json!({"Rules": rules.collect::<Vec<Value>>()})
}

fn has_suspended_condition(job: &Value) -> bool {
    list(&job["status"], "conditions")
        .iter()
        .any(|one| one["type"] == "Suspended" && one["status"] == "True")
}

fn clear_scheduling(template: &mut Value) {
    if let Some(metadata) = template["metadata"].as_object_mut() {
        metadata.remove("labels");
        metadata.remove("annotations");
    }
    if template["metadata"]
        .as_object()
        .is_none_or(serde_json::Map::is_empty)
        && let Some(members) = template.as_object_mut()
    {
        members.remove("metadata");
    }
    let Some(spec) = template["spec"].as_object_mut() else {
        return;
    };
    for name in ["nodeSelector", "tolerations", "schedulingGates"] {
        spec.remove(name);
    }
    if let Some(affinity) = spec.get_mut("affinity").and_then(Value::as_object_mut) {
        affinity.remove("nodeAffinity");
    }
    if spec
        .get("affinity")
        .is_some_and(|affinity| affinity == &serde_json::json!({}))
    {
        spec.remove("affinity");
    }
    for kind in ["initContainers", "containers"] {
        let containers = spec.get_mut(kind).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
            container.remove("resources");
        }
    }
}
