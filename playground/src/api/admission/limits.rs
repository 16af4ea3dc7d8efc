//! `LimitRanger`: defaults for containers, and bounds for containers, Pods and claims
//! ([limit ranges](https://kubernetes.io/docs/concepts/policy/limit-range/)).

use serde_json::Value;

use crate::api::decode::quantity::Quantity;
use crate::api::error::ApiError;
use crate::api::kinds;
use crate::cluster::Cluster;
use crate::resource::{LIMIT_RANGES, PERSISTENT_VOLUME_CLAIMS, PODS, Resource};

/// The items of every LimitRange of the object's namespace.
fn items(cluster: &Cluster, object: &Value) -> Result<Vec<Value>, ApiError> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let ranges = cluster.store.list(&LIMIT_RANGES, Some(namespace))?.0;
    Ok(ranges
        .iter()
        .flat_map(|range| range["spec"]["limits"].as_array().into_iter().flatten().cloned())
        .collect())
}

/// Fills in what containers leave out, and writes down that it did.
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

/// Checks one set of requests and limits against an item; returns what is wrong.
fn check(item: &Value, requests: &Value, limits: &Value) -> Vec<String> {
    let kind = item["type"].as_str().unwrap_or_default();
    let mut problems = Vec::new();
    let bounded = |bound: &str| {
        let mut bounds: Vec<(String, Quantity, String)> = item[bound]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, _)| {
                amount(&item[bound], name).map(|(parsed, text)| (name.clone(), parsed, text))
            })
            .collect();
        bounds.sort_by(|one, other| one.0.cmp(&other.0));
        bounds
    };
    for (name, least, shown) in bounded("min") {
        match amount(requests, &name) {
            None => problems.push(format!(
                "minimum {name} usage per {kind} is {shown}.  No request is specified"
            )),
            Some((asked, text)) if asked < least => {
                problems.push(format!(
                    "minimum {name} usage per {kind} is {shown}, but request is {text}"
                ));
            }
            Some(_) => {}
        }
    }
    for (name, most, shown) in bounded("max") {
        match amount(limits, &name) {
            None => problems.push(format!(
                "maximum {name} usage per {kind} is {shown}.  No limit is specified"
            )),
            Some((limit, text)) if limit > most => {
                problems.push(format!(
                    "maximum {name} usage per {kind} is {shown}, but limit is {text}"
                ));
            }
            Some(_) => {}
        }
    }
    for (name, ratio, shown) in bounded("maxLimitRequestRatio") {
        let (request, limit) = (amount(requests, &name), amount(limits, &name));
        let (Some((request, _)), Some((limit, _))) = (request, limit) else {
            problems.push(format!("{name} max limit to request ratio per {kind} is {shown}, but no request is specified or request is 0"));
            continue;
        };
        let actual = limit.ratio(request);
        if actual > ratio.ratio(Quantity::whole(1)) {
            problems.push(format!(
                "{name} max limit to request ratio per {kind} is {shown}, but provided ratio is {actual:.6}"
            ));
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

/// Every container and the Pod as a whole stay within bounds.
pub(super) fn check_pod(cluster: &Cluster, pod: &Value) -> Result<(), ApiError> {
    let mut problems = Vec::new();
    for item in items(cluster, pod)? {
        if item["type"] == "Container" {
            for list in ["containers", "initContainers"] {
                for container in pod["spec"][list].as_array().into_iter().flatten() {
                    let resources = &container["resources"];
                    problems.extend(check(&item, &resources["requests"], &resources["limits"]));
                }
            }
        } else if item["type"] == "Pod" {
            let (requests, limits) = (total(pod, "requests"), total(pod, "limits"));
            problems.extend(check(&item, &requests, &limits));
        }
    }
    refuse(&PODS, pod, &problems)
}

/// The sum over the Pod's containers, by name of the resource.
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
    // Init containers run alone: the largest of them counts if it is more than the sum.
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

/// A claim asks for storage within bounds.
pub(super) fn check_claim(cluster: &Cluster, claim: &Value) -> Result<(), ApiError> {
    let mut problems = Vec::new();
    let requests = &claim["spec"]["resources"]["requests"];
    for item in items(cluster, claim)?
        .iter()
        .filter(|item| item["type"] == "PersistentVolumeClaim")
    {
        problems.extend(check(item, requests, requests));
    }
    refuse(&PERSISTENT_VOLUME_CLAIMS, claim, &problems)
}
