//! The existing objects of a project that the form of a new Job offers.

use serde_json::Value;

use app::api::create::{Claim, KeyedObject, Node, Offers};
use app::api::error::ApiError;

use crate::jobs::{quota, row};
use crate::kubernetes::{Cluster, Kind};
use crate::operations::{optional, readable};

/// Reads all lists concurrently; a list that may not be read is `None`.
pub async fn read(cluster: &Cluster, project: &str) -> Result<Offers, ApiError> {
    let of_project = |kind| optional(cluster, kind, project);
    let of_cluster = |path: &'static str| async move { readable(cluster.list(path, &[]).await) };
    let (claims, config_maps, secrets, nodes, accounts, classes, quotas, limits) = futures::try_join!(
        of_project(Kind::CLAIMS),
        of_project(Kind::CONFIG_MAPS),
        of_project(Kind::SECRETS),
        of_cluster("/api/v1/nodes"),
        of_project(Kind::SERVICE_ACCOUNTS),
        of_cluster("/apis/scheduling.k8s.io/v1/priorityclasses"),
        of_project(Kind::QUOTAS),
        of_project(Kind::LIMITS),
    )?;
    Ok(Offers {
        claims: claims.map(|list| list.iter().map(claim).collect()),
        config_maps: config_maps.map(|list| list.iter().map(keyed).collect()),
        secrets: secrets.map(|list| list.iter().map(keyed).collect()),
        nodes: nodes.map(|list| list.iter().map(node).collect()),
        service_accounts: accounts.map(|list| list.iter().map(name).collect()),
        priority_classes: classes.map(|list| list.iter().map(name).collect()),
        quota_left: quota::left(quotas.iter().flatten()),
        limit_defaults: limits.iter().flatten().flat_map(limit_defaults).collect(),
    })
}

fn claim(claim: &Value) -> Claim {
    let (spec, status) = (&claim["spec"], &claim["status"]);
    let capacity = status["capacity"]["storage"].as_str();
    Claim {
        name: name(claim),
        phase: text(&status["phase"]),
        size: capacity
            .or_else(|| spec["resources"]["requests"]["storage"].as_str())
            .unwrap_or_default()
            .to_owned(),
        class: text(&spec["storageClassName"]),
        modes: spec["accessModes"]
            .as_array()
            .into_iter()
            .flatten()
            .map(text)
            .collect(),
    }
}

/// Returns only names of keys: no value of a Secret leaves this function.
fn keyed(object: &Value) -> KeyedObject {
    let keys = |field: &str| {
        object[field]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone())
    };
    KeyedObject {
        name: name(object),
        kind: text(&object["type"]),
        keys: keys("data").chain(keys("binaryData")).collect(),
    }
}

fn node(node: &Value) -> Node {
    let items = |list: &'_ Value| list.as_array().cloned().unwrap_or_default();
    let status = &node["status"];
    let ready = items(&status["conditions"])
        .iter()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    let ip = items(&status["addresses"])
        .iter()
        .find(|address| address["type"] == "InternalIP")
        .map_or_else(String::new, |address| text(&address["address"]));
    Node {
        name: name(node),
        ready,
        cordoned: node["spec"]["unschedulable"] == true,
        ip,
        labels: row::pairs(&node["metadata"]["labels"]),
        taints: items(&node["spec"]["taints"]).iter().map(taint).collect(),
    }
}

/// Formats a taint as `key=value:effect`, or `key:effect`.
fn taint(taint: &Value) -> String {
    let value = taint["value"].as_str().filter(|value| !value.is_empty());
    let value = value.map_or_else(String::new, |value| format!("={value}"));
    format!("{}{value}:{}", text(&taint["key"]), text(&taint["effect"]))
}

/// Returns the container defaults of a `LimitRange`: (`requests` or `limits`, resource, quantity).
fn limit_defaults(range: &Value) -> Vec<(String, String, String)> {
    let mut defaults = Vec::new();
    for limit in range["spec"]["limits"].as_array().into_iter().flatten() {
        if limit["type"] != "Container" {
            continue;
        }
        for (field, group) in [("defaultRequest", "requests"), ("default", "limits")] {
            for (resource, quantity) in row::pairs(&limit[field]) {
                defaults.push((group.to_owned(), resource, quantity));
            }
        }
    }
    defaults
}

fn name(object: &Value) -> String {
    text(&object["metadata"]["name"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secret_yields_keys_without_values() {
        let secret = json!({
            "metadata": {"name": "keys", "annotations": {"last": "c2VjcmV0"}}, "type": "Opaque",
            "data": {"token": "c2VjcmV0"},
        });
        let expected = KeyedObject {
            name: "keys".to_owned(),
            kind: "Opaque".to_owned(),
            keys: vec!["token".to_owned()],
        };
        assert_eq!(keyed(&secret), expected);
    }

    #[test]
    fn taints_are_formatted_as_kubectl_does() {
        assert_eq!(
            taint(&json!({"key": "gpu", "value": "yes", "effect": "NoSchedule"})),
            "gpu=yes:NoSchedule"
        );
        assert_eq!(
            taint(&json!({"key": "gpu", "effect": "NoExecute"})),
            "gpu:NoExecute"
        );
    }
}
