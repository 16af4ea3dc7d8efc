//! Serves OpenAPI documents: those of a real API server for `api/v1` and `apis/batch/v1`, and small ones for the
//! other groups that list the parameters of writes, which kubectl checks before it relies on the server's field
//! validation.

use std::collections::BTreeSet;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::api::decode;
use crate::http::status::Status;
use crate::resource::types;
use crate::resource::{ALL, Resource};

fn path_of(resource: &Resource) -> String {
    if resource.group.is_empty() {
        format!("api/{}", resource.version)
    } else {
        format!("apis/{}/{}", resource.group, resource.version)
    }
}

/// Returns every path that has a document, in order.
fn document_paths() -> BTreeSet<String> {
    let mut paths: BTreeSet<String> = [
        ".well-known/openid-configuration",
        "api",
        "apis",
        "openid/v1/jwks",
        "version",
    ]
    .map(str::to_owned)
    .into();
    for group in types::groups() {
        let root = if group.name.is_empty() {
            "api".to_owned()
        } else {
            format!("apis/{}", group.name)
        };
        let versions = group.versions.iter();
        paths.extend(versions.map(|one| format!("{root}/{}", one.version)));
        paths.insert(root);
    }
    paths
}

/// `/openapi/v3`: the path of each group's document.
pub(super) fn index() -> Response {
    let mut paths = Map::new();
    for path in document_paths() {
        let url = format!("/openapi/v3/{path}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    (
        [(CONTENT_TYPE, "text/plain; charset=utf-8")],
        json!({"paths": paths}).to_string(),
    )
        .into_response()
}

/// `/openapi/v3/GROUP-VERSION`.
pub(super) fn document(path: &str) -> Result<Response, Status> {
    if let Some(document) = decode::document(path) {
        return Ok(Json(document).into_response());
    }
    if !document_paths().contains(path) {
        return Err(Status::no_such_path());
    }
    let served: Vec<&Resource> = ALL
        .iter()
        .copied()
        .filter(|resource| path_of(resource) == path)
        .collect();
    Ok(Json(small(path, &served)).into_response())
}

/// Returns the document of a group whose objects are stored as sent.
fn small(path: &str, served: &[&Resource]) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for resource in served {
        let named = json!({"group": resource.group, "version": resource.version, "kind": resource.kind});
        let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
        let parameters = [
            parameter("dryRun"),
            parameter("fieldManager"),
            parameter("fieldValidation"),
        ];
        let write = |action: &str| {
            json!({
                "x-kubernetes-action": action, "x-kubernetes-group-version-kind": named, "parameters": parameters,
                "responses": {"200": {"description": "OK"}},
            })
        };
        let namespace = if resource.namespaced {
            "namespaces/{namespace}/"
        } else {
            ""
        };
        let collection = format!("/{path}/{namespace}{}", resource.plural);
        paths.insert(
            format!("{collection}/{{name}}"),
            json!({"put": write("put"), "patch": write("patch")}),
        );
        paths.insert(collection, json!({"post": write("post")}));
        schemas.insert(
            format!("playground.{}.{}", resource.version, resource.kind),
            json!({
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                "x-kubernetes-group-version-kind": [named],
            }),
        );
    }
    json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": crate::resource::types::VERSION},
        "paths": paths, "components": {"schemas": schemas},
    })
}

/// `/openapi/v2`, for clients older than version 3. kubectl only accepts Protocol Buffers; a message without fields
/// is a valid, empty document, after which it leaves validation to the server.
pub(super) fn version_2(accept: &str) -> Response {
    if accept.contains("protobuf") {
        // Clients ask with `@` before the version, which is not a legal media type: Go's parser rejects it in a
        // response.
        let kind = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
        return ([(CONTENT_TYPE, kind)], Vec::<u8>::new()).into_response();
    }
    Json(json!({
        "swagger": "2.0", "info": {"title": "Kubernetes", "version": crate::resource::types::VERSION}, "paths": {},
    }))
    .into_response()
}
