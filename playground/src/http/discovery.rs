//! Serves API discovery: versions, groups, resources
//! ([discovery](https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api)).

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::http::status::Status;
use crate::resource::types;
use crate::resource::types::{Group, Type, Version};

/// `/version`.
pub(crate) fn version() -> Response {
    Json(json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": types::VERSION, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-11-23T00:00:00Z", "goVersion": "", "compiler": "rustc", "platform": "linux",
    }))
    .into_response()
}

/// `/api`.
pub(crate) fn core_versions() -> Response {
    Json(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})).into_response()
}

/// `/apis`.
pub(crate) fn groups() -> Response {
    let named = types::groups().iter().filter(|group| !group.name.is_empty());
    let groups: Vec<Value> = named.map(api_group).collect();
    Json(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})).into_response()
}

fn api_group(group: &Group) -> Value {
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|one| json!({"groupVersion": format!("{}/{}", group.name, one.version), "version": one.version}))
        .collect();
    json!({"name": group.name, "versions": versions, "preferredVersion": versions.first()})
}

/// `/apis/GROUP`; `None` if it is not served.
pub(crate) fn group(name: &str) -> Option<Response> {
    let group = find(name)?;
    let mut body = json!({"kind": "APIGroup", "apiVersion": "v1"});
    if let (Some(body), Some(members)) = (body.as_object_mut(), api_group(group).as_object()) {
        body.extend(members.clone());
    }
    Some(Json(body).into_response())
}

fn find(name: &str) -> Option<&'static Group> {
    types::groups()
        .iter()
        .find(|group| group.name == name && !name.is_empty())
}

/// Whether the group is served; the core group is.
pub(crate) fn is_group(name: &str) -> bool {
    types::groups().iter().any(|group| group.name == name)
}

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Whether the client prefers [aggregated
/// discovery](https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery).
pub(crate) fn aggregated_wanted(accept: &str) -> bool {
    let first = accept.split(',').next().unwrap_or_default();
    first.contains("as=APIGroupDiscoveryList") && first.contains("v=v2") && !first.contains("v=v2beta1")
}

/// `/api` (the core group) or `/apis` (the others) with every resource.
pub(crate) fn aggregated(core: bool) -> Response {
    let chosen = types::groups()
        .iter()
        .filter(|group| group.name.is_empty() == core);
    let items: Vec<Value> = chosen
        .map(|group| {
            let versions: Vec<Value> = group
                .versions
                .iter()
                .map(|one| {
                    let resources: Vec<Value> = one.resources.iter().map(aggregated_entry).collect();
                    json!({"version": one.version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            let metadata = if core {
                json!({})
            } else {
                json!({"name": group.name})
            };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    let body = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
    ([(http::header::CONTENT_TYPE, AGGREGATED)], body.to_string()).into_response()
}

fn aggregated_entry(one: &Type) -> Value {
    let mut entry = json!({
        "resource": one.name, "responseKind": {"group": "", "version": "", "kind": one.kind},
        "scope": if one.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": one.singular, "verbs": one.verbs,
    });
    lists(one, &mut entry);
    if !one.subresources.is_empty() {
        let all = one.subresources.iter().map(|sub| {
            json!({
                "subresource": sub.name,
                "responseKind": {"group": sub.group, "version": sub.version, "kind": sub.kind}, "verbs": sub.verbs,
            })
        });
        entry["subresources"] = all.collect();
    }
    entry
}

fn lists(one: &Type, entry: &mut Value) {
    for (name, list) in [("shortNames", &one.short_names), ("categories", &one.categories)] {
        if !list.is_empty() {
            entry[name] = json!(list);
        }
    }
}

/// `/api/v1` and `/apis/GROUP/VERSION`.
pub(crate) fn resources(group: &str, version: &str) -> Result<Response, Status> {
    let found = types::groups()
        .iter()
        .find(|one| one.name == group)
        .and_then(|one| one.versions.iter().find(|one| one.version == version))
        .ok_or_else(Status::no_such_path)?;
    let body = if group.is_empty() {
        json!({"kind": "APIResourceList", "groupVersion": version, "resources": listed(found)})
    } else {
        let named = format!("{group}/{version}");
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": named, "resources": listed(found)})
    };
    Ok(Json(body).into_response())
}

fn listed(version: &Version) -> Vec<Value> {
    let mut all = Vec::new();
    for one in &version.resources {
        let mut entry = json!({
            "name": one.name, "singularName": one.singular, "namespaced": one.namespaced, "kind": one.kind,
            "verbs": one.verbs,
        });
        lists(one, &mut entry);
        all.push(entry);
        for sub in &one.subresources {
            let mut entry = json!({
                "name": format!("{}/{}", one.name, sub.name), "singularName": "", "namespaced": one.namespaced,
                "kind": sub.kind, "verbs": sub.verbs,
            });
            for (name, text) in [("group", &sub.group), ("version", &sub.version)] {
                if !text.is_empty() {
                    entry[name] = text.as_str().into();
                }
            }
            all.push(entry);
        }
    }
    all
}
