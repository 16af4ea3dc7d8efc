//! ResourceQuotas and LimitRanges.

use serde_json::Value;

use super::{list, sentences, text};
use crate::api::field::FieldError;
use k8s_rules::Quantity;
use k8s_rules::machinery::names;

/// Resources that a quota can limit without a prefix.
const STANDARD: &[&str] = &[
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "services",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// Validates the `spec` of a ResourceQuota.
pub fn quota(object: &Value, errors: &mut Vec<FieldError>) {
    for (name, amount) in object["spec"]["hard"].as_object().into_iter().flatten() {
        let path = format!("spec.hard[{name}]");
        let problems = sentences(names::qualified_name(name));
        let is_name = problems.is_empty();
        for problem in problems {
            errors.push(FieldError::invalid(path.as_str(), name.as_str(), problem));
        }
        if !name.contains('/') && !STANDARD.contains(&name.as_str()) {
            if is_name {
                let detail = "must be a standard resource type or fully qualified";
                errors.push(FieldError::invalid(path.as_str(), name.as_str(), detail));
            }
            let detail = "must be a standard resource for quota";
            errors.push(FieldError::invalid(path.as_str(), name.as_str(), detail));
        }
        let shown = amount.as_str().unwrap_or_default();
        let Ok(amount) = Quantity::parse(shown) else {
            continue;
        };
        if amount.is_negative() {
            errors.push(FieldError::invalid(
                path.as_str(),
                shown,
                "must be greater than or equal to 0",
            ));
        }
        let counted = name.starts_with("count/")
            || !name.contains("cpu")
                && !name.contains("memory")
                && !name.contains("storage")
                && STANDARD.contains(&name.as_str());
        if counted && !amount.is_whole() {
            errors.push(FieldError::invalid(path.as_str(), shown, "must be an integer"));
        }
    }
    scopes(&object["spec"], errors);
    scope_selector(&object["spec"], errors);
}

const SCOPES: &[&str] = &[
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];

/// Resources of Pods, to which most scopes apply.
const COMPUTE: &[&str] = &[
    "pods",
    "cpu",
    "memory",
    "requests.cpu",
    "requests.memory",
    "limits.cpu",
    "limits.memory",
];

/// Returns the standard resources to which a scope applies; all of them for an unknown scope.
fn scopable(scope: &str) -> &'static [&'static str] {
    match scope {
        "BestEffort" => &["pods"],
        "VolumeAttributesClass" => &["persistentvolumeclaims", "requests.storage"],
        scope if SCOPES.contains(&scope) => COMPUTE,
        _ => STANDARD,
    }
}

/// Counts the quota's standard resources to which the scope does not apply.
fn unscopable(spec: &Value, scope: &str) -> usize {
    let limited = spec["hard"].as_object().into_iter().flatten();
    limited
        .filter(|(name, _)| STANDARD.contains(&name.as_str()) && !scopable(scope).contains(&name.as_str()))
        .count()
}

fn conflicts(has: impl Fn(&str) -> bool) -> usize {
    let pairs = [("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")];
    pairs.iter().filter(|(one, other)| has(one) && has(other)).count()
}

fn scopes(spec: &Value, errors: &mut Vec<FieldError>) {
    let given: Vec<&str> = list(spec, "scopes").iter().filter_map(Value::as_str).collect();
    let mut report = |times: usize, why: &str| {
        for _ in 0..times {
            errors.push(FieldError::invalid("spec.scopes", spec["scopes"].clone(), why));
        }
    };
    for scope in &given {
        report(usize::from(!SCOPES.contains(scope)), "unsupported scope");
        report(unscopable(spec, scope), "unsupported scope applied to resource");
    }
    report(conflicts(|name| given.contains(&name)), "conflicting scopes");
}

fn scope_selector(spec: &Value, errors: &mut Vec<FieldError>) {
    let path = "spec.scopeSelector.matchExpressions";
    let selector = &spec["scopeSelector"];
    for one in list(selector, "matchExpressions") {
        let (scope, operator) = (text(one, "scopeName"), text(one, "operator"));
        let values = list(one, "values");
        if !SCOPES.contains(&scope) {
            errors.push(FieldError::invalid(
                format!("{path}.scopeName"),
                scope,
                "unsupported scope",
            ));
        }
        for _ in 0..unscopable(spec, scope) {
            let why = "unsupported scope applied to resource";
            errors.push(FieldError::invalid(path, selector.clone(), why));
        }
        let valued = matches!(scope, "PriorityClass" | "VolumeAttributesClass");
        if SCOPES.contains(&scope) && !valued && operator != "Exists" {
            let why = "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
            errors.push(FieldError::invalid(format!("{path}.operator"), operator, why));
        }
        match operator {
            "In" | "NotIn" if values.is_empty() => errors.push(FieldError::required(
                format!("{path}.values"),
                "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            )),
            "Exists" | "DoesNotExist" if !values.is_empty() => errors.push(FieldError::invalid(
                format!("{path}.values"),
                one["values"].clone(),
                "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            )),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.push(FieldError::invalid(
                format!("{path}.operator"),
                other,
                "not a valid selector operator",
            )),
        }
    }
    let has = |name: &str| {
        list(selector, "matchExpressions")
            .iter()
            .any(|one| one["scopeName"] == name)
    };
    for _ in 0..conflicts(has) {
        errors.push(FieldError::invalid(path, selector.clone(), "conflicting scopes"));
    }
}

/// The standard types of a LimitRange item.
const LIMIT_TYPES: &[&str] = &["Pod", "Container", "PersistentVolumeClaim"];

fn limit_type(path: &str, kind: &str, errors: &mut Vec<FieldError>) {
    let mut problems = sentences(names::qualified_name(kind));
    if problems.is_empty() && !kind.contains('/') && !LIMIT_TYPES.contains(&kind) {
        problems.push("must be a standard limit type or fully qualified".to_owned());
    }
    for problem in problems {
        errors.push(FieldError::invalid(format!("{path}.type"), kind, problem));
    }
}

/// Checks the forbidden and required members of an item's type.
fn limit_members(path: &str, item: &Value, errors: &mut Vec<FieldError>) {
    let kind = text(item, "type");
    for member in ["default", "defaultRequest"] {
        if kind == "Pod" && item[member].as_object().is_some_and(|own| !own.is_empty()) {
            let why = "may not be specified when `type` is 'Pod'";
            errors.push(FieldError::forbidden(format!("{path}.{member}"), why));
        }
    }
    if kind == "PersistentVolumeClaim"
        && ["min", "max"]
            .iter()
            .all(|bound| item[bound]["storage"].is_null())
    {
        let why = "either minimum or maximum storage value is required, but neither was provided";
        errors.push(FieldError::required(format!("{path}.limits"), why));
    }
}

/// Checks that `maxLimitRequestRatio` is at least 1 and at most max/min.
fn limit_ratio(path: &str, item: &Value, name: &str, errors: &mut Vec<FieldError>) {
    let amount = |member: &str| Quantity::parse(text(&item[member], name)).ok();
    let Some(ratio) = amount("maxLimitRequestRatio") else {
        return;
    };
    let shown = text(&item["maxLimitRequestRatio"], name);
    let mut report = |why: String| {
        let path = format!("{path}.maxLimitRequestRatio[{name}]");
        errors.push(FieldError::invalid(path, shown, why));
    };
    if ratio < Quantity::whole(1) {
        report(format!("ratio {shown} is less than 1"));
    }
    if let (Some(min), Some(max)) = (amount("min"), amount("max")) {
        let max_ratio = max.ratio(min);
        if ratio.ratio(Quantity::whole(1)) > max_ratio {
            report(format!("ratio {shown} is greater than max/min = {max_ratio:.6}"));
        }
    }
}

/// Validates the `spec` of a LimitRange, including the order of its bounds and defaults.
pub fn limit_range(object: &Value, errors: &mut Vec<FieldError>) {
    let mut types: Vec<&str> = Vec::new();
    for (index, item) in list(&object["spec"], "limits").iter().enumerate() {
        let path = format!("spec.limits[{index}]");
        let kind = text(item, "type");
        limit_type(&path, kind, errors);
        if types.contains(&kind) {
            errors.push(FieldError::duplicate(format!("{path}.type"), kind));
        }
        types.push(kind);
        limit_members(&path, item, errors);
        let amount = |kind: &str, name: &str| {
            let shown = text(&item[kind], name);
            Quantity::parse(shown)
                .ok()
                .map(|amount| (amount, shown.to_owned()))
        };
        let mut names: Vec<String> = ["min", "max", "default", "defaultRequest", "maxLimitRequestRatio"]
            .iter()
            .flat_map(|kind| item[*kind].as_object().into_iter().flatten())
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        names.dedup();
        for name in names {
            let mut ordered = |low: &str, low_text: &str, high: &str, high_text: &str, at: &str| {
                let (Some(less), Some(more)) = (amount(low, &name), amount(high, &name)) else {
                    return;
                };
                if less.0 > more.0 {
                    // The value shown for a default out of bounds is the bound.
                    let shown = match at {
                        "default" if low == "min" => &less.1,
                        "default" => &more.1,
                        _ if at == low => &less.1,
                        _ => &more.1,
                    };
                    let detail = format!(
                        "{low_text} value {} is greater than {high_text} value {}",
                        less.1, more.1
                    );
                    errors.push(FieldError::invalid(
                        format!("{path}.{at}[{name}]"),
                        shown.as_str(),
                        detail,
                    ));
                }
            };
            ordered("min", "min", "max", "max", "min");
            ordered(
                "min",
                "min",
                "defaultRequest",
                "default request",
                "defaultRequest",
            );
            ordered(
                "defaultRequest",
                "default request",
                "max",
                "max",
                "defaultRequest",
            );
            ordered(
                "defaultRequest",
                "default request",
                "default",
                "default limit",
                "defaultRequest",
            );
            ordered("min", "min", "default", "default", "default");
            ordered("default", "default", "max", "max", "default");
            limit_ratio(&path, item, &name, errors);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(check: fn(&Value, &mut Vec<FieldError>), spec: &Value) -> Vec<String> {
        let mut errors = Vec::new();
        check(&json!({"spec": spec}), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn scopes_apply_to_resources_of_pods() {
        let cases = [
            (json!({"hard": {"pods": "1"}, "scopes": ["BestEffort"]}), None),
            (
                json!({"hard": {"count/pods": "1"}, "scopes": ["Terminating"]}),
                None,
            ),
            (
                json!({"hard": {"cpu": "1"}, "scopes": ["BestEffort"]}),
                Some("spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource"),
            ),
            (
                json!({"hard": {"pods": "1"}, "scopes": ["Some"]}),
                Some("spec.scopes: Invalid value: [\"Some\"]: unsupported scope"),
            ),
            (
                json!({"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [
                    {"scopeName": "PriorityClass", "operator": "In"}]}}),
                Some(
                    "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
                ),
            ),
        ];
        for (spec, wanted) in cases {
            let found = messages(quota, &spec);
            assert_eq!(
                found,
                wanted.map(str::to_owned).into_iter().collect::<Vec<_>>(),
                "{spec}"
            );
        }
    }

    #[test]
    fn limit_range_items_have_the_members_of_their_type() {
        let cases = [
            (
                json!({"type": "Some", "max": {"cpu": "1"}}),
                "spec.limits[0].type: Invalid value: \"Some\": must be a standard limit type or fully qualified",
            ),
            (
                json!({"type": "Pod", "default": {"cpu": "1"}}),
                "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
            ),
            (
                json!({"type": "PersistentVolumeClaim"}),
                "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
            ),
            (
                json!({"type": "Container", "min": {"cpu": "2"}, "default": {"cpu": "1"}}),
                "spec.limits[0].default[cpu]: Invalid value: \"2\": min value 2 is greater than default value 1",
            ),
            (
                json!({"type": "Container", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}}),
                "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"3\": ratio 3 is greater than max/min = 2.000000",
            ),
        ];
        for (item, wanted) in cases {
            assert_eq!(
                messages(limit_range, &json!({"limits": [item]})),
                [wanted],
                "{item}"
            );
        }
    }
}
