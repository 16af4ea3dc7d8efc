//! What the API offers: versions, groups, resources.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::status::Status;
use crate::resource::{ALL, Resource};

/// The version that the API says of itself: the one whose rules it follows.
pub(crate) const VERSION: &str = "v1.36.2+playground";

/// `/version`.
pub(crate) fn version() -> Response {
    Json(json!({
        "major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean",
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
    let mut groups: Vec<(&str, &str)> = Vec::new();
    for resource in ALL.iter().filter(|resource| !resource.group.is_empty()) {
        if !groups.contains(&(resource.group, resource.version)) {
            groups.push((resource.group, resource.version));
        }
    }
    for review in ["authorization.k8s.io", "authentication.k8s.io"] {
        groups.push((review, "v1"));
    }
    let groups: Vec<_> = groups
        .into_iter()
        .map(|(group, version)| api_group(group, version))
        .collect();
    Json(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})).into_response()
}

fn api_group(group: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

/// `/apis/GROUP`.
pub(crate) fn group(name: &str) -> Result<Response, Status> {
    let found = ALL
        .iter()
        .find(|resource| resource.group == name && !name.is_empty());
    let version = found
        .map(|resource| resource.version)
        .ok_or_else(Status::no_such_path)?;
    let mut body = api_group(name, version);
    body["kind"] = "APIGroup".into();
    body["apiVersion"] = "v1".into();
    Ok(Json(body).into_response())
}

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The client prefers everything at once
/// ([aggregated discovery](https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery)).
pub(crate) fn aggregated_wanted(accept: &str) -> bool {
    let first = accept.split(',').next().unwrap_or_default();
    first.contains("as=APIGroupDiscoveryList") && first.contains("v=v2") && !first.contains("v=v2beta1")
}

/// `/api` (the core group) or `/apis` (the others) with every resource.
pub(crate) fn aggregated(core: bool) -> Response {
    let mut groups: Vec<(&str, &str)> = Vec::new();
    for resource in ALL.iter().filter(|resource| resource.group.is_empty() == core) {
        if !groups.contains(&(resource.group, resource.version)) {
            groups.push((resource.group, resource.version));
        }
    }
    let items: Vec<Value> = groups
        .into_iter()
        .map(|(group, version)| {
            let served = ALL.iter().filter(|one| one.group == group && one.version == version);
            let resources: Vec<Value> = served.map(|one| aggregated_entry(one)).collect();
            let metadata = if core { json!({}) } else { json!({"name": group}) };
            json!({"metadata": metadata, "versions": [{"version": version, "resources": resources, "freshness": "Current"}]})
        })
        .collect();
    let body = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
    ([(http::header::CONTENT_TYPE, AGGREGATED)], body.to_string()).into_response()
}

fn aggregated_entry(resource: &Resource) -> Value {
    let kind = |kind: &str| json!({"group": "", "version": "", "kind": kind});
    let mut all = entries(resource).into_iter();
    let main = all.next().unwrap_or_default();
    let subresources: Vec<Value> = all
        .map(|one| {
            let name = one["name"].as_str().unwrap_or_default();
            let name = name.rsplit('/').next().unwrap_or_default();
            json!({"subresource": name, "responseKind": kind(resource.kind), "verbs": one["verbs"]})
        })
        .collect();
    let mut entry = json!({
        "resource": resource.plural, "responseKind": kind(resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular, "verbs": main["verbs"],
    });
    for name in ["shortNames", "categories"] {
        if let Some(value) = main.get(name) {
            entry[name] = value.clone();
        }
    }
    if !subresources.is_empty() {
        entry["subresources"] = subresources.into();
    }
    entry
}

/// `/api/v1` and `/apis/GROUP/VERSION`.
pub(crate) fn resources(group: &str, version: &str) -> Result<Response, Status> {
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    let reviews: &[(&str, &str)] = match group {
        "authorization.k8s.io" => &[
            ("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
            ("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ],
        "authentication.k8s.io" => &[("selfsubjectreviews", "SelfSubjectReview")],
        _ => &[],
    };
    let mut list: Vec<Value> = reviews
        .iter()
        .map(|(plural, kind)| json!({"name": plural, "singularName": "", "namespaced": false, "kind": kind, "verbs": ["create"]}))
        .collect();
    for resource in ALL
        .iter()
        .filter(|resource| resource.group == group && resource.version == version)
    {
        list.extend(entries(resource));
    }
    if list.is_empty() {
        return Err(Status::no_such_path());
    }
    Ok(Json(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list})).into_response())
}

fn entries(resource: &Resource) -> Vec<Value> {
    let mut main = json!({
        "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced,
        "kind": resource.kind, "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    });
    if !resource.short_names.is_empty() {
        main["shortNames"] = resource.short_names.into();
    }
    if !resource.categories.is_empty() {
        main["categories"] = resource.categories.into();
    }
    let mut all = vec![main];
    let mut sub = |name: &str, verbs: &[&str]| {
        all.push(json!({
            "name": format!("{}/{name}", resource.plural), "singularName": "", "namespaced": resource.namespaced,
            "kind": resource.kind, "verbs": verbs,
        }));
    };
    if resource.status {
        sub("status", &["get", "patch", "update"]);
    }
    if resource.plural == "pods" {
        sub("log", &["get"]);
    }
    all
}
