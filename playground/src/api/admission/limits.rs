//! The `LimitRanger` plugin: defaults for containers, and bounds for containers, Pods and claims
//! ([limit ranges](https://kubernetes.io/docs/concepts/policy/limit-range/)).

use serde_json::Value;

use crate::api::error::ApiError;
use crate::api::kinds;
use crate::cluster::Cluster;
use crate::resource::{LIMIT_RANGES, PERSISTENT_VOLUME_CLAIMS, PODS, Resource};
use k8s_rules::Quantity;

/// Returns the items of all LimitRanges in the object's namespace.
fn items(cluster: &Cluster, object: &Value) -> Result<Vec<Value>, ApiError> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let ranges = cluster.store.list(&LIMIT_RANGES, Some(namespace))?.0;
    Ok(ranges
        .iter()
        .flat_map(|range| range["spec"]["limits"].as_array().into_iter().flatten().cloned())
        .collect())
}

/// Sets missing requests and limits of containers, and records them in the annotation
/// `kubernetes.io/limit-ranger`.
pub(super) fn defaults(cluster: &Cluster, pod: &mut Value) -> Result<(), ApiError> {
    let mut notes = Vec::new();
    for item in items(cluster, pod)?
        .iter()
        .filter(|item| item["type"] == "Container")
    {
        for (list, what) in [("containers", "container"), ("initContainers", "init container")] {
            let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                let name = container["name"].as_str().unwrap_or_default().to_owned();
                let set = kinds::apply_limits(container, item);
                for kind in ["request", "limit"] {
                    let mut named: Vec<&str> = set
                        .iter()
                        .filter(|(_, to)| to == kind)
                        .map(|(resource, _)| resource.as_str())
                        .collect();
                    named.sort_unstable();
                    if !named.is_empty() {
                        notes.push(format!("{} {kind} for {what} {name}", named.join(", ")));
                    }
                }
            }
        }
    }
    if !notes.is_empty() {
        if !pod["metadata"]["annotations"].is_object() {
            pod["metadata"]["annotations"] = serde_json::json!({});
        }
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        pod["metadata"]["annotations"]["kubernetes.io/limit-ranger"] = note.into();
    }
    Ok(())
}

fn amount(map: &Value, name: &str) -> Option<(Quantity, String)> {
    let text = map[name].as_str()?;
    Quantity::parse(text).ok().map(|parsed| (parsed, text.to_owned()))
}

/// Returns a bound's resources as name, quantity and text, sorted by name.
fn bounds(item: &Value, bound: &str) -> Vec<(String, Quantity, String)> {
    let named = item[bound].as_object().into_iter().flatten();
    let mut bounds: Vec<_> = named
        .filter_map(|(name, _)| amount(&item[bound], name).map(|(parsed, text)| (name.clone(), parsed, text)))
        .collect();
    bounds.sort_by(|one, other| one.0.cmp(&other.0));
    bounds
}

/// Checks requests, and limits if given, against an item; returns the violations.
fn check(item: &Value, requests: &Value, limits: Option<&Value>) -> Vec<String> {
    let kind = item["type"].as_str().unwrap_or_default();
    let mut problems = Vec::new();
    for (name, least, shown) in bounds(item, "min") {
        let usage = format!("minimum {name} usage per {kind} is {shown}");
        let limit = limits.and_then(|limits| amount(limits, &name));
        problems.extend(match (amount(requests, &name), limit) {
            (None, _) => Some(format!("{usage}.  No request is specified")),
            (Some((asked, text)), _) if asked < least => Some(format!("{usage}, but request is {text}")),
            (_, Some((limit, text))) if limit < least => Some(format!("{usage}, but limit is {text}")),
            _ => None,
        });
    }
    for (name, most, shown) in bounds(item, "max") {
        let usage = format!("maximum {name} usage per {kind} is {shown}");
        let request = amount(requests, &name).filter(|(asked, _)| *asked > most);
        problems.extend(match limits.map(|limits| amount(limits, &name)) {
            Some(None) => Some(format!("{usage}.  No limit is specified")),
            Some(Some((limit, text))) if limit > most => Some(format!("{usage}, but limit is {text}")),
            None if amount(requests, &name).is_none() => Some(format!("{usage}.  No request is specified")),
            _ => request.map(|(_, text)| format!("{usage}, but request is {text}")),
        });
    }
    if let Some(limits) = limits {
        problems.extend(ratios(item, requests, limits));
    }
    problems
}

/// Checks the ratios of limits to requests; returns the violations.
fn ratios(item: &Value, requests: &Value, limits: &Value) -> Vec<String> {
    let kind = item["type"].as_str().unwrap_or_default();
    let mut problems = Vec::new();
    for (name, ratio, shown) in bounds(item, "maxLimitRequestRatio") {
        let most = format!("{name} max limit to request ratio per {kind} is {shown}");
        let positive = |map: &Value| amount(map, &name).filter(|(amount, _)| !amount.is_zero());
        let Some((request, _)) = positive(requests) else {
            problems.push(format!("{most}, but no request is specified or request is 0"));
            continue;
        };
        let Some((limit, _)) = positive(limits) else {
            problems.push(format!("{most}, but no limit is specified or limit is 0"));
            continue;
        };
        let actual = limit.ratio(request);
        if actual > ratio.ratio(Quantity::whole(1)) {
            problems.push(format!("{most}, but provided ratio is {actual:.6}"));
        }
    }
    problems
}

fn refuse(resource: &Resource, object: &Value, problems: &[String]) -> Result<(), ApiError> {
    let joined = match problems {
        [] => return Ok(()),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    };
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Err(ApiError::forbidden(resource, name, &joined))
}

/// Checks the bounds of each container and of the Pod as a whole.
pub(super) fn check_pod(cluster: &Cluster, pod: &Value) -> Result<(), ApiError> {
    let mut problems = Vec::new();
    for item in items(cluster, pod)? {
        if item["type"] == "Container" {
            for list in ["containers", "initContainers"] {
                for container in pod["spec"][list].as_array().into_iter().flatten() {
                    let resources = &container["resources"];
                    problems.extend(check(&item, &resources["requests"], Some(&resources["limits"])));
                }
            }
        } else if item["type"] == "Pod" {
            let (requests, limits) = (total(pod, "requests"), total(pod, "limits"));
            problems.extend(check(&item, &requests, Some(&limits)));
        }
    }
    refuse(&PODS, pod, &problems)
}

/// Returns the Pod's total requests or limits (`kind`), by resource name.
pub(super) fn total(pod: &Value, kind: &str) -> Value {
    let mut sums = serde_json::Map::new();
    for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
        for (name, _) in container["resources"][kind].as_object().into_iter().flatten() {
            let Some((own, _)) = amount(&container["resources"][kind], name) else {
                continue;
            };
            let before = sums
                .get(name)
                .and_then(Value::as_str)
                .and_then(|text| Quantity::parse(text).ok());
            let sum = before.unwrap_or(Quantity::ZERO).plus(own);
            sums.insert(name.clone(), sum.to_string().into());
        }
    }
    // Init containers run alone: the largest of them counts if it exceeds the sum.
    for container in pod["spec"]["initContainers"].as_array().into_iter().flatten() {
        for (name, _) in container["resources"][kind].as_object().into_iter().flatten() {
            let Some((own, _)) = amount(&container["resources"][kind], name) else {
                continue;
            };
            let before = sums
                .get(name)
                .and_then(Value::as_str)
                .and_then(|text| Quantity::parse(text).ok());
            if before.is_none_or(|before| before < own) {
                sums.insert(name.clone(), own.to_string().into());
            }
        }
    }
    sums.into()
}

/// Checks that a claim requests storage within bounds.
pub(super) fn check_claim(cluster: &Cluster, claim: &Value) -> Result<(), ApiError> {
    let mut problems = Vec::new();
    let requests = &claim["spec"]["resources"]["requests"];
    for item in items(cluster, claim)?
        .iter()
        .filter(|item| item["type"] == "PersistentVolumeClaim")
    {
        problems.extend(check(item, requests, None));
    }
    refuse(&PERSISTENT_VOLUME_CLAIMS, claim, &problems)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_out_of_bounds_are_reported() {
        let container = |item: Value, requests: Value, limits: Value| {
            let mut item = item;
            item["type"] = "Container".into();
            check(&item, &requests, Some(&limits))
        };
        let cpu = |amount: &str| json!({"cpu": amount});
        let cases = [
            (
                container(json!({"min": cpu("1")}), json!({}), json!({})),
                "minimum cpu usage per Container is 1.  No request is specified",
            ),
            (
                container(json!({"max": cpu("1")}), cpu("2"), json!({})),
                "maximum cpu usage per Container is 1.  No limit is specified",
            ),
            (
                container(json!({"maxLimitRequestRatio": cpu("2")}), cpu("1"), json!({})),
                "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0",
            ),
            (
                check(
                    &json!({"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}),
                    &json!({"storage": "2Gi"}),
                    None,
                ),
                "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi",
            ),
        ];
        for (found, wanted) in cases {
            assert_eq!(found, [wanted]);
        }
    }
}
