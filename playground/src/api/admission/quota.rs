//! The `ResourceQuota` plugin: limits of a namespace's total resources
//! ([resource quotas](https://kubernetes.io/docs/concepts/policy/resource-quotas/)).

use serde_json::{Map, Value, json};

use super::limits::total;
use crate::api::error::ApiError;
use crate::api::write::{self, Part, WriteOptions};
use crate::cluster::Cluster;
use crate::resource::{self, RESOURCE_QUOTAS, Resource};
use crate::store::{Key, StoreError};
use k8s_rules::Quantity;

/// Returns an object's usage of each resource that a quota can limit.
pub fn usage(resource: &Resource, object: &Value) -> Vec<(String, Quantity)> {
    let one = Quantity::whole(1);
    let mut usage = vec![(format!("count/{}", resource.group_resource()), one)];
    if resource.group.is_empty() {
        match resource.plural {
            "pods" => return pod_usage(object, usage),
            "configmaps" | "secrets" | "resourcequotas" | "services" | "replicationcontrollers" => {
                usage.push((resource.plural.to_owned(), one));
            }
            "persistentvolumeclaims" => claim_usage(&object["spec"], &mut usage),
            _ => {}
        }
    }
    usage
}

/// Adds the usage of a claim, in total and for its StorageClass.
fn claim_usage(spec: &Value, usage: &mut Vec<(String, Quantity)>) {
    let mut prefixes = vec![String::new()];
    if let Some(class) = spec["storageClassName"]
        .as_str()
        .filter(|class| !class.is_empty())
    {
        prefixes.push(format!("{class}.storageclass.storage.k8s.io/"));
    }
    let asked = spec["resources"]["requests"]["storage"].as_str();
    let asked = asked.and_then(|asked| Quantity::parse(asked).ok());
    for prefix in prefixes {
        usage.push((format!("{prefix}persistentvolumeclaims"), Quantity::whole(1)));
        usage.extend(asked.map(|asked| (format!("{prefix}requests.storage"), asked)));
    }
}

/// Adds the usage of a Pod; a finished one counts only in `count/pods`.
fn pod_usage(pod: &Value, mut usage: Vec<(String, Quantity)>) -> Vec<(String, Quantity)> {
    if matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
        return usage;
    }
    usage.push(("pods".to_owned(), Quantity::whole(1)));
    for (kind, prefix) in [("requests", "requests."), ("limits", "limits.")] {
        for (name, amount) in total(pod, kind).as_object().into_iter().flatten() {
            let Some(Ok(amount)) = amount.as_str().map(Quantity::parse) else {
                continue;
            };
            usage.push((format!("{prefix}{name}"), amount));
            if kind == "requests" && matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage") {
                usage.push((name.clone(), amount));
            }
        }
    }
    usage
}

/// Reports whether a quota's scopes include the object; only Pods have scopes.
fn in_scope(quota: &Value, resource: &Resource, object: &Value) -> bool {
    let scopes = quota["spec"]["scopes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let expressions = quota["spec"]["scopeSelector"]["matchExpressions"].as_array();
    let is_pod = resource.kind == "Pod";
    let terminating = object["spec"]["activeDeadlineSeconds"]
        .as_i64()
        .is_some_and(|limit| limit >= 0);
    let best_effort = || crate::api::kinds::qos_class(&object["spec"]) == "BestEffort";
    let class = object["spec"]["priorityClassName"].as_str();
    let is_in = |scope: &str| {
        is_pod
            && match scope {
                "Terminating" => terminating,
                "NotTerminating" => !terminating,
                "BestEffort" => best_effort(),
                "NotBestEffort" => !best_effort(),
                "PriorityClass" => class.is_some(),
                _ => false,
            }
    };
    let fits = |expression: &Value| {
        let scope = expression["scopeName"].as_str().unwrap_or_default();
        if scope != "PriorityClass" {
            return is_in(scope);
        }
        let values = expression["values"].as_array();
        let listed =
            class.is_some_and(|class| values.is_some_and(|values| values.iter().any(|value| value == class)));
        is_pod
            && match expression["operator"].as_str() {
                Some("In") => listed,
                Some("NotIn") => !listed,
                Some("Exists") => class.is_some(),
                Some("DoesNotExist") => class.is_none(),
                _ => false,
            }
    };
    scopes.into_iter().all(is_in) && expressions.into_iter().flatten().all(fits)
}

fn amounts(map: &Value) -> Vec<(String, Quantity)> {
    map.as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, text)| Some((name.clone(), Quantity::parse(text.as_str()?).ok()?)))
        .collect()
}

fn listed(amounts: &[(String, Quantity)]) -> String {
    let mut texts: Vec<String> = amounts
        .iter()
        .map(|(name, amount)| format!("{name}={amount}"))
        .collect();
    texts.sort();
    texts.join(",")
}

/// Refuses an object that exceeds a quota; otherwise charges it to the quotas, unless it is a dry run.
pub(super) fn charge(
    cluster: &Cluster,
    resource: &'static Resource,
    object: &Value,
    dry_run: bool,
) -> Result<(), ApiError> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let mut charged = Vec::new();
    let quotas = cluster.store.list(&RESOURCE_QUOTAS, Some(namespace))?.0;
    let all = usage(resource, object);
    for quota in quotas.iter().filter(|quota| in_scope(quota, resource, object)) {
        let hard = amounts(&quota["spec"]["hard"]);
        require_amounts(resource, object, quota, &hard)?;
        let asked: Vec<(String, Quantity)> = all
            .iter()
            .filter(|(name, _)| hard.iter().any(|(limited, _)| limited == name))
            .cloned()
            .collect();
        if asked.is_empty() {
            continue;
        }
        let used = used(cluster, quota)?;
        let find = |list: &[(String, Quantity)], name: &str| {
            list.iter()
                .find(|(one, _)| one == name)
                .map_or(Quantity::ZERO, |(_, amount)| *amount)
        };
        let over: Vec<String> = asked
            .iter()
            .filter(|(name, amount)| find(&used, name).plus(*amount) > find(&hard, name))
            .map(|(name, _)| name.clone())
            .collect();
        if !over.is_empty() {
            let only = |list: &[(String, Quantity)]| {
                let kept: Vec<_> = over.iter().map(|name| (name.clone(), find(list, name))).collect();
                listed(&kept)
            };
            let why = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                quota["metadata"]["name"].as_str().unwrap_or_default(),
                only(&asked),
                only(&used),
                only(&hard),
            );
            return Err(ApiError::forbidden(resource, name, &why));
        }
        let sums: Vec<(String, Quantity)> = asked
            .iter()
            .map(|(name, amount)| (name.clone(), find(&used, name).plus(*amount)))
            .collect();
        charged.push((Key::of(&RESOURCE_QUOTAS, quota)?, sums));
    }
    if dry_run {
        return Ok(());
    }
    for (key, sums) in charged {
        let options = WriteOptions::system("kube-apiserver");
        let written = write::update(cluster, &key, Part::Status, &options, |old| {
            let mut quota = old.clone();
            if !quota["status"]["used"].is_object() {
                quota["status"] = json!({"hard": quota["spec"]["hard"], "used": {}});
            }
            for (name, sum) in &sums {
                quota["status"]["used"][name.as_str()] = sum.to_string().into();
            }
            Ok(quota)
        });
        match written {
            Ok(_) => {}
            // The quota was deleted concurrently.
            Err(refused) if refused.code == 404 => {}
            Err(refused) => return Err(refused),
        }
    }
    Ok(())
}

/// Checks that every container specifies the CPU and memory that the quota limits.
fn require_amounts(
    resource: &Resource,
    object: &Value,
    quota: &Value,
    hard: &[(String, Quantity)],
) -> Result<(), ApiError> {
    if resource.kind != "Pod" {
        return Ok(());
    }
    let mut missing: Vec<(String, Vec<String>)> = Vec::new();
    for (limited, _) in hard {
        let (kind, name) = limited.split_once('.').unwrap_or(("requests", limited));
        if !matches!((kind, name), ("requests" | "limits", "cpu" | "memory")) {
            continue;
        }
        let containers = ["containers", "initContainers"]
            .into_iter()
            .flat_map(|list| object["spec"][list].as_array().into_iter().flatten());
        let mut without: Vec<String> = containers
            .filter(|container| container["resources"][kind][name].is_null())
            .map(|container| container["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        without.sort();
        if !without.is_empty() {
            missing.push((limited.clone(), without));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort();
    let texts: Vec<String> = missing
        .iter()
        .map(|(name, containers)| format!("{name} for: {}", containers.join(",")))
        .collect();
    let why = format!(
        "failed quota: {}: must specify {}",
        quota["metadata"]["name"].as_str().unwrap_or_default(),
        texts.join("; ")
    );
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    Err(ApiError::forbidden(resource, name, &why))
}

/// Computes the namespace's usage of the quota's resources from the stored objects.
fn used(cluster: &Cluster, quota: &Value) -> Result<Vec<(String, Quantity)>, StoreError> {
    let namespace = quota["metadata"]["namespace"].as_str().unwrap_or_default();
    let limited: Vec<String> = amounts(&quota["spec"]["hard"])
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let mut totals: Vec<(String, Quantity)> = limited
        .iter()
        .map(|name| (name.clone(), Quantity::ZERO))
        .collect();
    for resource in resource::ALL
        .iter()
        .filter(|one| one.namespaced && one.kind != "Event")
    {
        for object in cluster.store.list(resource, Some(namespace))?.0 {
            if !in_scope(quota, resource, &object) {
                continue;
            }
            for (name, amount) in usage(resource, &object) {
                if let Some((_, total)) = totals.iter_mut().find(|(one, _)| *one == name) {
                    *total = total.plus(amount);
                }
            }
        }
    }
    Ok(totals)
}

/// Returns `status.used` of a quota, as the quota controller writes it.
pub fn quota_used(cluster: &Cluster, quota: &Value) -> Result<Value, StoreError> {
    let totals = used(cluster, quota)?;
    Ok(totals
        .into_iter()
        .map(|(name, total)| (name, total.to_string().into()))
        .collect::<Map<_, _>>()
        .into())
}
