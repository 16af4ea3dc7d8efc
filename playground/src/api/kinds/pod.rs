//! Pods: defaults, generated fields and the mutating admission plugins that are enabled by default
//! (`ServiceAccount`, `DefaultTolerationSeconds`, `Priority`, `LimitRanger`'s defaults).

use serde_json::{Map, Value, json};

use k8s_rules::defaults;

use super::{default_to, entry, items};
use crate::api::error::ApiError;
use crate::cluster::Cluster;
use crate::resource::{PODS, PRIORITY_CLASSES, Resource, SERVICE_ACCOUNTS};
use crate::store::Key;
use k8s_rules::Quantity;

/// Sets the defaults of a Pod (`SetDefaults_Pod` of core/v1).
pub(super) fn default(pod: &mut Value) {
    let spec = entry(pod, "spec");
    defaults::pod_spec(spec);
    default_to(spec, "enableServiceLinks", true);
    let on_host = spec["hostNetwork"] == true;
    for list in ["initContainers", "containers"] {
        for container in items(spec, list) {
            requests_from_limits(container);
            if on_host {
                for port in items(container, "ports") {
                    let inside = port["containerPort"].clone();
                    default_to(port, "hostPort", inside);
                }
            }
        }
    }
}

/// Sets missing requests to the limits.
fn requests_from_limits(container: &mut Value) {
    let Some(limits) = container["resources"]["limits"].as_object().cloned() else {
        return;
    };
    let requests = entry(&mut container["resources"], "requests");
    for (name, limit) in limits {
        default_to(requests, &name, limit);
    }
}

/// Sets the status of a new Pod.
pub(super) fn prepare_create(pod: &mut Value) {
    let class = qos_class(&pod["spec"]);
    let gated = pod["spec"]["schedulingGates"]
        .as_array()
        .is_some_and(|gates| !gates.is_empty());
    pod["status"] = json!({"phase": "Pending", "qosClass": class});
    if gated {
        pod["status"]["conditions"] = json!([{
            "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
            "lastProbeTime": null, "lastTransitionTime": pod["metadata"]["creationTimestamp"],
        }]);
    }
}

/// Returns the [quality of service class](https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/).
pub fn qos_class(spec: &Value) -> &'static str {
    let containers = ["initContainers", "containers"]
        .into_iter()
        .flat_map(|list| spec[list].as_array().into_iter().flatten());
    let (mut any, mut guaranteed) = (false, true);
    for container in containers {
        for name in ["cpu", "memory"] {
            let amount = |kind: &str| {
                let text = container["resources"][kind][name].as_str()?;
                Quantity::parse(text).ok().filter(|amount| !amount.is_zero())
            };
            let (request, limit) = (amount("requests"), amount("limits"));
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// Runs the mutating admission plugins on a new Pod; returns the error of the one that refuses it.
pub fn admit(cluster: &Cluster, pod: &mut Value) -> Result<(), ApiError> {
    priority(cluster, pod)?;
    runtime_class(cluster, pod)?;
    service_account(cluster, pod)?;
    tolerations(&mut pod["spec"]);
    Ok(())
}

fn name_of(pod: &Value) -> &str {
    pod["metadata"]["name"].as_str().unwrap_or_default()
}

/// Runs the `RuntimeClass` plugin: checks that the class exists, and copies its overhead and node selector.
fn runtime_class(cluster: &Cluster, pod: &mut Value) -> Result<(), ApiError> {
    let Some(class) = pod["spec"]["runtimeClassName"].as_str().map(str::to_owned) else {
        return Ok(());
    };
    let resource = Resource::find("node.k8s.io", "v1", "runtimeclasses");
    let found = match resource {
        Some(resource) => cluster.store.get(&Key::new(resource, "", class.clone()))?,
        None => None,
    };
    let Some(found) = found else {
        // The plugin's message has `generateName` in place of a generated name.
        let prefix = pod["metadata"]["generateName"]
            .as_str()
            .filter(|prefix| !prefix.is_empty());
        let name = prefix.unwrap_or_else(|| name_of(pod));
        let why = format!("pod rejected: RuntimeClass \"{class}\" not found");
        return Err(ApiError::forbidden(&PODS, name, &why));
    };
    if found["overhead"]["podFixed"].is_object() {
        pod["spec"]["overhead"] = found["overhead"]["podFixed"].clone();
    }
    for (key, value) in found["scheduling"]["nodeSelector"]
        .as_object()
        .into_iter()
        .flatten()
    {
        entry(&mut pod["spec"], "nodeSelector")[key.as_str()] = value.clone();
    }
    Ok(())
}

fn priority(cluster: &Cluster, pod: &mut Value) -> Result<(), ApiError> {
    let class = pod["spec"]["priorityClassName"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let (mut value, mut preemption) = (json!(0), json!("PreemptLowerPriority"));
    if class.is_empty() {
        for one in cluster.store.list(&PRIORITY_CLASSES, None)?.0 {
            if one["globalDefault"] == true {
                pod["spec"]["priorityClassName"] = one["metadata"]["name"].clone();
                value = one["value"].clone();
                preemption = one["preemptionPolicy"].clone();
            }
        }
    } else {
        let found = cluster
            .store
            .get(&Key::new(&PRIORITY_CLASSES, "", class.as_str()))?;
        let found = found.ok_or_else(|| {
            let why = format!("no PriorityClass with name {class} was found");
            ApiError::forbidden(&PODS, name_of(pod), &why)
        })?;
        value = found["value"].clone();
        preemption = found["preemptionPolicy"].clone();
    }
    pod["spec"]["priority"] = value;
    default_to(&mut pod["spec"], "preemptionPolicy", preemption);
    Ok(())
}

fn service_account(cluster: &Cluster, pod: &mut Value) -> Result<(), ApiError> {
    let namespace = pod["metadata"]["namespace"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    default_to(&mut pod["spec"], "serviceAccountName", "default");
    let account = pod["spec"]["serviceAccountName"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    pod["spec"]["serviceAccount"] = account.clone().into();
    let stored = cluster
        .store
        .get(&Key::new(&SERVICE_ACCOUNTS, namespace.as_str(), account.as_str()))?;
    let stored = stored.ok_or_else(|| {
        let why = format!(
            "error looking up service account {namespace}/{account}: serviceaccount \"{account}\" not found"
        );
        ApiError::forbidden(&PODS, name_of(pod), &why)
    })?;
    let mounts = pod["spec"]["automountServiceAccountToken"]
        .as_bool()
        .or_else(|| stored["automountServiceAccountToken"].as_bool())
        .unwrap_or(true);
    if mounts {
        mount_token(&mut pod["spec"]);
    }
    if pod["spec"]["imagePullSecrets"].is_null() && stored["imagePullSecrets"].is_array() {
        pod["spec"]["imagePullSecrets"] = stored["imagePullSecrets"].clone();
    }
    Ok(())
}

/// Mount path of the service account's credentials.
const TOKEN_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn mount_token(spec: &mut Value) {
    let name = crate::api::names::generated("kube-api-access-");
    let mut used = false;
    for list in ["initContainers", "containers"] {
        for container in items(spec, list) {
            let mounted = container["volumeMounts"]
                .as_array()
                .is_some_and(|mounts| mounts.iter().any(|mount| mount["mountPath"] == TOKEN_PATH));
            if !mounted {
                used = true;
                push(
                    container,
                    "volumeMounts",
                    json!({
                        "name": name, "readOnly": true, "mountPath": TOKEN_PATH,
                    }),
                );
            }
        }
    }
    if used {
        push(
            spec,
            "volumes",
            json!({"name": name, "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{
                    "path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                }]}},
            ]}}),
        );
    }
}

fn push(object: &mut Value, list: &str, item: Value) {
    if let Some(items) = object[list].as_array_mut() {
        items.push(item);
    } else {
        object[list] = json!([item]);
    }
}

/// Runs the `DefaultTolerationSeconds` plugin: tolerates nodes that are not ready or unreachable for five
/// minutes, unless the Pod has tolerations for these taints.
fn tolerations(spec: &mut Value) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = spec["tolerations"].as_array().is_some_and(|tolerations| {
            tolerations.iter().any(|one| {
                let any_key = one["key"].as_str().unwrap_or_default().is_empty();
                let effect = one["effect"].as_str().unwrap_or_default();
                (any_key || one["key"] == key) && (effect.is_empty() || effect == "NoExecute")
            })
        });
        if !tolerated {
            push(
                spec,
                "tolerations",
                json!({
                    "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
                }),
            );
        }
    }
}

/// Applies a LimitRange's container defaults to one container; returns the resources set, each with `request`
/// or `limit`.
pub(in crate::api) fn apply_limits(container: &mut Value, limit: &Value) -> Vec<(String, String)> {
    let mut set = Vec::new();
    for (from, to) in [("defaultRequest", "requests"), ("default", "limits")] {
        let Some(defaults) = limit[from].as_object() else {
            continue;
        };
        for (name, amount) in defaults {
            let resources = entry(container, "resources");
            let amounts = entry(resources, to);
            if amounts
                .as_object()
                .is_some_and(|amounts: &Map<_, _>| !amounts.contains_key(name))
            {
                amounts[name.as_str()] = amount.clone();
                set.push((name.clone(), to.trim_end_matches('s').to_owned()));
            }
        }
    }
    set
}
