//! ResourceQuotas and LimitRanges.

use serde_json::Value;

use super::{list, text};
use crate::api::decode::quantity::Quantity;
use crate::api::field::FieldError;
use crate::api::names;

/// Amounts that a quota can limit without a prefix.
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

/// `spec` of a ResourceQuota.
pub fn quota(object: &Value, errors: &mut Vec<FieldError>) {
    for (name, amount) in object["spec"]["hard"].as_object().into_iter().flatten() {
        let path = format!("spec.hard[{name}]");
        let problems = names::qualified_name(name);
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
    let scopes = &object["spec"]["scopes"];
    let has = |name: &str| list(&object["spec"], "scopes").iter().any(|one| one == name);
    let conflicting =
        has("Terminating") && has("NotTerminating") || has("BestEffort") && has("NotBestEffort");
    if conflicting {
        errors.push(FieldError::invalid(
            "spec.scopes",
            scopes.clone(),
            "conflicting scopes",
        ));
    }
}

/// `spec` of a LimitRange: the amounts must be in order.
pub fn limit_range(object: &Value, errors: &mut Vec<FieldError>) {
    let mut types: Vec<&str> = Vec::new();
    for (index, item) in list(&object["spec"], "limits").iter().enumerate() {
        let path = format!("spec.limits[{index}]");
        let kind = text(item, "type");
        if types.contains(&kind) {
            errors.push(FieldError::duplicate(format!("{path}.type"), kind));
        }
        types.push(kind);
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
                    // A default that is too large is shown as the maximum.
                    let shown = if at == low && at != "default" {
                        &less.1
                    } else {
                        &more.1
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
        }
    }
}
