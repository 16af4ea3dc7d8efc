//! Jobs: `ValidateJob` and `ValidateJobUpdate` of batch/v1.

use serde_json::{Value, json};

use crate::api::field::FieldError;
use crate::api::names;
use crate::api::validate::{list, meta, not_negative, one_of, pod_spec, text};

const MOST_INDEXES: i64 = 100_000;
const RESTART: &str = "valid values: \"OnFailure\", \"Never\"";

/// A new Job.
pub fn create(job: &Value, errors: &mut Vec<FieldError>) {
    let spec = &job["spec"];
    generated_selector(job, errors);
    spec_rules(spec, true, errors);
    let name = text(&job["metadata"], "name");
    if spec["completionMode"] == "Indexed"
        && let Some(completions) = spec["completions"].as_i64()
        && completions > 0
    {
        let hostname = format!("{name}-{}", completions - 1);
        for problem in names::dns_label(&hostname) {
            let detail = format!("will not able to create pod with invalid DNS label: {hostname}: {problem}");
            errors.push(FieldError::invalid(
                "metadata.name",
                name,
                detail.split(": must").next().map_or(detail.clone(), |head| {
                    head.split(": a lowercase").next().unwrap_or(head).to_owned()
                }),
            ));
        }
    }
}

/// The labels and selector that the server generates must be the ones it generated.
fn generated_selector(job: &Value, errors: &mut Vec<FieldError>) {
    let spec = &job["spec"];
    // A missing selector is told once, by the rules of the spec.
    if spec["manualSelector"] == true || spec["selector"].is_null() {
        return;
    }
    let uid = &job["metadata"]["uid"];
    let labels = &spec["template"]["metadata"]["labels"];
    let wanted = [
        ("controller-uid", uid),
        ("job-name", &job["metadata"]["name"]),
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", &job["metadata"]["name"]),
    ];
    for (key, value) in wanted {
        if labels[key] != *value {
            let path = format!("spec.template.metadata.labels[{key}]");
            let detail = format!("must be '{}'", value.as_str().unwrap_or_default());
            errors.push(FieldError::invalid(path, meta::by_name(labels), detail));
        }
    }
    let generated = serde_json::json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    let legacy = serde_json::json!({"matchLabels": {"controller-uid": uid}});
    if !spec["selector"].is_null() && spec["selector"] != generated && spec["selector"] != legacy {
        let detail = "`selector` not auto-generated";
        errors.push(FieldError::invalid(
            "spec.selector",
            spec["selector"].clone(),
            detail,
        ));
    }
}

fn spec_rules(spec: &Value, creating: bool, errors: &mut Vec<FieldError>) {
    for name in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        not_negative(spec, name, "spec", errors);
    }
    one_of(spec, "completionMode", "spec", &["NonIndexed", "Indexed"], errors);
    index_rules(spec, errors);
    if let Some(manager) = spec["managedBy"].as_str() {
        if manager.is_empty() {
            errors.push(FieldError::required("spec.managedBy", ""));
        } else if manager.len() > 63 {
            errors.push(FieldError::too_long("spec.managedBy", 63));
        } else if !manager.contains('/') {
            let detail = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            errors.push(FieldError::invalid("spec.managedBy", manager, detail));
        }
    }
    failure_policy(spec, errors);
    success_policy(spec, errors);
    replacement_policy(spec, errors);
    let template = &spec["template"];
    meta::labels(&template["metadata"]["labels"], "spec.template.labels", errors);
    meta::annotations(
        &template["metadata"]["annotations"],
        "spec.template.annotations",
        errors,
    );
    let path = "spec.template.spec";
    pod_spec::validate(&template["spec"], path, creating, errors);
    if !list(&template["spec"], "ephemeralContainers").is_empty() {
        let path = "spec.template.spec.ephemeralContainers";
        errors.push(FieldError::forbidden(
            path,
            "ephemeral containers not allowed in pod template",
        ));
    }
    let restart = text(&template["spec"], "restartPolicy");
    let restart_path = "spec.template.spec.restartPolicy";
    if matches!(restart, "" | "Always") {
        errors.push(FieldError::required(restart_path, RESTART));
    } else if !matches!(restart, "OnFailure" | "Never") {
        errors.push(FieldError::not_supported(
            restart_path,
            restart,
            &["OnFailure", "Never"],
        ));
    } else if !spec["podFailurePolicy"].is_null() && restart != "Never" {
        let detail = "only \"Never\" is supported when podFailurePolicy is specified";
        errors.push(FieldError::invalid(restart_path, restart, detail));
    }
    if spec["selector"].is_null() {
        errors.push(FieldError::required("spec.selector", ""));
    }
    let labels = &template["metadata"]["labels"];
    if !selects(&spec["selector"], labels) {
        let detail = "`selector` does not match template `labels`";
        let path = "spec.template.metadata.labels";
        errors.push(FieldError::invalid(path, meta::by_name(labels), detail));
    }
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let members = selector["matchLabels"].as_object();
    let expressions = list(selector, "matchExpressions");
    if members.is_none_or(serde_json::Map::is_empty) && expressions.is_empty() {
        return false;
    }
    members
        .into_iter()
        .flatten()
        .all(|(key, value)| labels[key] == *value)
}

fn index_rules(spec: &Value, errors: &mut Vec<FieldError>) {
    let number = |name: &str| spec[name].as_i64();
    if spec["completionMode"] != "Indexed" {
        for name in ["backoffLimitPerIndex", "maxFailedIndexes"] {
            if !spec[name].is_null() {
                let detail = "requires indexed completion mode";
                errors.push(FieldError::invalid(
                    format!("spec.{name}"),
                    spec[name].clone(),
                    detail,
                ));
            }
        }
        return;
    }
    if spec["completions"].is_null() {
        let detail = "when completion mode is Indexed";
        errors.push(FieldError::required("spec.completions", detail));
    }
    let parallelism = number("parallelism").unwrap_or(0);
    if parallelism > MOST_INDEXES {
        let detail = format!("must be less than or equal to {MOST_INDEXES} when completion mode is Indexed");
        errors.push(FieldError::invalid("spec.parallelism", parallelism, detail));
    }
    let (Some(completions), per_index) = (number("completions"), number("backoffLimitPerIndex")) else {
        return;
    };
    if let Some(most) = number("maxFailedIndexes") {
        if most > completions {
            let detail = "must be less than or equal to completions";
            errors.push(FieldError::invalid("spec.maxFailedIndexes", most, detail));
        }
        if per_index.is_none() {
            let detail = "when maxFailedIndexes is specified";
            errors.push(FieldError::required("spec.backoffLimitPerIndex", detail));
        }
        if per_index.is_some() && completions > MOST_INDEXES && most > 10_000 {
            let detail = "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index";
            errors.push(FieldError::invalid("spec.maxFailedIndexes", most, detail));
        }
    }
    if per_index.is_some() && completions > MOST_INDEXES {
        if number("maxFailedIndexes").is_none() {
            let detail = "must be specified when completions is above 100000 and backoffLimitPerIndex is set";
            errors.push(FieldError::required("spec.maxFailedIndexes", detail));
        }
        if parallelism > 10_000 {
            let detail = "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index";
            errors.push(FieldError::invalid("spec.parallelism", parallelism, detail));
        }
    }
}

fn replacement_policy(spec: &Value, errors: &mut Vec<FieldError>) {
    let allowed: &[&str] = if spec["podFailurePolicy"].is_null() {
        &["Failed", "TerminatingOrFailed"]
    } else {
        &["Failed"]
    };
    one_of(spec, "podReplacementPolicy", "spec", allowed, errors);
}

fn failure_policy(spec: &Value, errors: &mut Vec<FieldError>) {
    let rules = list(&spec["podFailurePolicy"], "rules");
    let path = "spec.podFailurePolicy.rules";
    if rules.len() > 20 {
        errors.push(FieldError::too_many(path, rules.len(), 20));
    }
    for (index, rule) in rules.iter().enumerate() {
        failure_rule(spec, rule, &format!("{path}[{index}]"), errors);
    }
}

fn failure_rule(spec: &Value, rule: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    match text(rule, "action") {
        "" => {
            let detail = "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]";
            errors.push(FieldError::required(format!("{path}.action"), detail));
        }
        "FailIndex" if spec["backoffLimitPerIndex"].is_null() => {
            let detail = "requires the backoffLimitPerIndex to be set";
            errors.push(FieldError::invalid(format!("{path}.action"), "FailIndex", detail));
        }
        _ => one_of(rule, "action", path, &actions, errors),
    }
    let codes = &rule["onExitCodes"];
    let conditions = list(rule, "onPodConditions");
    if codes.is_object() {
        exit_codes(spec, codes, &format!("{path}.onExitCodes"), errors);
    }
    for (at, condition) in conditions.iter().enumerate() {
        let path = format!("{path}.onPodConditions[{at}]");
        let kind = text(condition, "type");
        for problem in names::qualified_name(kind) {
            errors.push(FieldError::invalid(format!("{path}.type"), kind, problem));
        }
        one_of(condition, "status", &path, &["False", "True", "Unknown"], errors);
    }
    let verbatim = |detail: &str| FieldError::invalid_plain(path, detail);
    match (codes.is_object(), !conditions.is_empty()) {
        (true, true) => errors.push(verbatim(
            "specifying both OnExitCodes and OnPodConditions is not supported",
        )),
        (false, false) => errors.push(verbatim(
            "specifying one of OnExitCodes and OnPodConditions is required",
        )),
        _ => {}
    }
}

fn exit_codes(spec: &Value, codes: &Value, path: &str, errors: &mut Vec<FieldError>) {
    if text(codes, "operator").is_empty() {
        let detail = "valid values: [\"In\" \"NotIn\"]";
        errors.push(FieldError::required(format!("{path}.operator"), detail));
    } else {
        one_of(codes, "operator", path, &["In", "NotIn"], errors);
    }
    if let Some(container) = codes["containerName"].as_str() {
        let known = ["initContainers", "containers"].iter().any(|kind| {
            list(&spec["template"]["spec"], kind)
                .iter()
                .any(|one| one["name"] == container)
        });
        if !known {
            let detail = "must be one of the container or initContainer names in the pod template";
            errors.push(FieldError::invalid(
                format!("{path}.containerName"),
                container,
                detail,
            ));
        }
    }
    let values = list(codes, "values");
    let values_path = format!("{path}.values");
    if values.is_empty() {
        let detail = "at least one value is required";
        errors.push(FieldError::invalid(
            values_path.as_str(),
            Value::Array(Vec::new()),
            detail,
        ));
    } else if values.len() > 255 {
        errors.push(FieldError::too_many(values_path.as_str(), values.len(), 255));
    }
    let mut seen = Vec::new();
    let mut ordered = true;
    for (at, value) in values.iter().filter_map(Value::as_i64).enumerate() {
        let here = format!("{values_path}[{at}]");
        if codes["operator"] == "In" && value == 0 {
            errors.push(FieldError::invalid(
                here.as_str(),
                value,
                "must not be 0 for the In operator",
            ));
        }
        if seen.contains(&value) {
            errors.push(FieldError::duplicate(here, value));
        } else {
            ordered &= seen.last().is_none_or(|last| *last < value);
            seen.push(value);
        }
    }
    if !ordered {
        errors.push(FieldError::invalid(
            values_path,
            codes["values"].clone(),
            "must be ordered",
        ));
    }
}

fn success_policy(spec: &Value, errors: &mut Vec<FieldError>) {
    let policy = &spec["successPolicy"];
    if policy.is_null() {
        return;
    }
    let path = "spec.successPolicy.rules";
    if spec["completionMode"] != "Indexed" {
        let detail = "requires indexed completion mode";
        errors.push(FieldError::invalid("spec.successPolicy", policy.clone(), detail));
    }
    let rules = list(policy, "rules");
    if rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        errors.push(FieldError::required(path, detail));
    } else if rules.len() > 20 {
        errors.push(FieldError::too_many(path, rules.len(), 20));
    }
    let completions = spec["completions"].as_i64().unwrap_or(0);
    for (index, rule) in rules.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let (count, indexes) = (rule["succeededCount"].as_i64(), rule["succeededIndexes"].as_str());
        if count.is_none() && indexes.is_none() {
            let detail = "at least one of succeededCount or succeededIndexes must be specified";
            errors.push(FieldError::required(path.as_str(), detail));
        }
        let mut of = None;
        if let Some(indexes) = indexes {
            match count_indexes(indexes, completions) {
                Ok(total) => of = Some(total),
                Err(why) => {
                    let detail = format!("error parsing succeededIndexes: {why}");
                    errors.push(FieldError::invalid(
                        format!("{path}.succeededIndexes"),
                        indexes,
                        detail,
                    ));
                }
            }
        }
        not_negative(rule, "succeededCount", &path, errors);
        if let Some(count) = count {
            let here = format!("{path}.succeededCount");
            if count > completions {
                let detail = format!(
                    "must be less than or equal to {completions} (the number of specified completions)"
                );
                errors.push(FieldError::invalid(here.as_str(), count, detail));
            }
            if let Some(total) = of.filter(|total| count > *total) {
                let detail = format!(
                    "must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
                );
                errors.push(FieldError::invalid(here, count, detail));
            }
        }
    }
}

/// Counts the indexes of a text such as `0,2-4`, all below `completions`.
pub(super) fn count_indexes(text: &str, completions: i64) -> Result<i64, String> {
    let mut total = 0;
    let mut previous: Option<i64> = None;
    if text.is_empty() {
        return Ok(0);
    }
    for part in text.split(',') {
        let mut ends = part.split('-');
        let (first, last, more) = (ends.next().unwrap_or_default(), ends.next(), ends.next());
        if more.is_some() {
            return Err(format!(
                "the fragment \"{part}\" violates the requirement that an index interval can have at most two parts separated by '-'"
            ));
        }
        let number = |text: &str| {
            let value = text.parse::<i64>();
            let value =
                value.map_err(|_| format!("cannot convert string to integer for index: \"{text}\""))?;
            if value >= completions {
                Err(format!("too large index: \"{text}\""))
            } else {
                Ok(value)
            }
        };
        let low = number(first)?;
        let increasing = |previous: i64, current: i64| {
            if previous >= current {
                return Err(format!(
                    "non-increasing order, previous: {previous}, current: {current}"
                ));
            }
            Ok(())
        };
        if let Some(previous) = previous {
            increasing(previous, low)?;
        }
        let high = match last {
            Some(last) => {
                let high = number(last)?;
                increasing(low, high)?;
                high
            }
            None => low,
        };
        total += high - low + 1;
        previous = Some(high);
    }
    Ok(total)
}

/// A replaced Job.
pub fn update(old: &Value, new: &Value, errors: &mut Vec<FieldError>) {
    let (before, after) = (&old["spec"], &new["spec"]);
    // The server validates the Job, and then once more what has changed of it.
    generated_selector(new, errors);
    spec_rules(after, false, errors);
    errors.extend(meta::update(old, new));
    spec_rules(after, false, errors);
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
        // Of a suspended Job only the Pods' spec is compared.
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

/// The template may change only while the Job is suspended and has no active Pod, and then only
/// what decides where its Pods are scheduled (KEP-2926) and their container resources (KEP-5440).
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

/// The policy as the server's internal type is printed.
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

/// The policy as the server's internal type is printed.
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
