//! Creating, reading, changing and deleting objects.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::patch::PatchKind;
use super::selector::Selector;
use super::status::Status;
use super::{Call, table};
use crate::cluster::Cluster;
use crate::defaults;
use crate::resource::NAMESPACES;
use crate::store::{Key, StoreError};

/// The body as an object: JSON, or YAML by its content type.
fn read_body(call: &Call) -> Result<Value, Status> {
    let kind = call
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let value: Value = if kind.starts_with("application/yaml") {
        let text = std::str::from_utf8(&call.body).map_err(|error| Status::bad_request(error.to_string()))?;
        crate::http::patch::yaml(text).map_err(Status::bad_request)?
    } else {
        serde_json::from_slice(&call.body).map_err(|error| Status::bad_request(error.to_string()))?
    };
    if value.is_object() {
        Ok(value)
    } else {
        Err(Status::bad_request("the object provided is no object"))
    }
}

fn key(call: &Call, name: &str) -> Key {
    Key::new(call.resource, call.namespace.clone(), name)
}

fn respond(call: &Call, code: StatusCode, object: &Value) -> Response {
    if table::wanted(&call.headers) {
        return (code, Json(table::of(call.resource, &[object], "", ""))).into_response();
    }
    (code, Json(object)).into_response()
}

/// One object.
pub(super) fn get(cluster: &Cluster, call: &Call, name: &str) -> Result<Response, Status> {
    let found = cluster.store.get(&key(call, name))?;
    let object = found.ok_or_else(|| Status::not_found(call.resource, name))?;
    Ok(respond(call, StatusCode::OK, &object))
}

/// A list, in pages of `limit` with `continue`.
pub(super) fn list(cluster: &Cluster, call: &Call) -> Result<Response, Status> {
    let selector = Selector::parse(call.parameter("labelSelector"), call.parameter("fieldSelector"))?;
    let namespace = Some(call.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let (objects, version) = cluster.store.list(call.resource, namespace)?;
    let mut objects: Vec<_> = objects
        .into_iter()
        .filter(|object| selector.matches(object))
        .collect();
    let after = match call.parameter("continue") {
        "" => None,
        token => {
            let decoded = STANDARD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            Some(decoded.ok_or_else(|| Status::bad_request("continue key is not valid"))?)
        }
    };
    if let Some(after) = after {
        objects.retain(|object| place(object) > after);
    }
    let limit = call.parameter("limit").parse::<usize>().unwrap_or(0);
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if limit > 0 && objects.len() > limit {
        metadata["remainingItemCount"] = (objects.len() - limit).into();
        objects.truncate(limit);
        metadata["continue"] = STANDARD
            .encode(objects.last().map(|last| place(last)).unwrap_or_default())
            .into();
    }
    if table::wanted(&call.headers) {
        let items: Vec<_> = objects.iter().map(Arc::as_ref).collect();
        let token = metadata["continue"].as_str().unwrap_or_default().to_owned();
        return Ok(Json(table::of(call.resource, &items, &version.to_string(), &token)).into_response());
    }
    let body = json!({
        "kind": call.resource.list_kind, "apiVersion": call.resource.api_version(), "metadata": metadata,
        "items": objects.iter().map(Arc::as_ref).collect::<Vec<&Value>>(),
    });
    Ok(Json(body).into_response())
}

/// Lists are ordered by namespace and name.
fn place(object: &Value) -> String {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    format!("{}\u{1}{}", text("namespace"), text("name"))
}

/// A new object.
pub(super) fn create(cluster: &Cluster, call: &Call) -> Result<Response, Status> {
    let object = read_body(call)?;
    let dry_run = !call.parameter("dryRun").is_empty();
    let stored = create_object(cluster, call.resource, &call.namespace, object, dry_run)?;
    Ok(respond(call, StatusCode::CREATED, &stored))
}

/// Creates an object as a request does: checks, defaults, quotas. Controllers come through here too.
pub(crate) fn create_object(
    cluster: &Cluster,
    resource: &'static crate::resource::Resource,
    namespace: &str,
    mut object: Value,
    dry_run: bool,
) -> Result<Arc<Value>, Status> {
    for (field, wanted) in [
        ("kind", resource.kind.to_owned()),
        ("apiVersion", resource.api_version()),
    ] {
        let given = object[field].as_str().unwrap_or_default();
        if !given.is_empty() && given != wanted {
            return Err(Status::bad_request(format!(
                "the {field} in the data ({given}) does not match the expected {field} ({wanted})"
            )));
        }
        object[field] = wanted.into();
    }
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let given = object["metadata"]["namespace"].as_str().unwrap_or_default();
    if !given.is_empty() && given != namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if resource.namespaced {
        object["metadata"]["namespace"] = namespace.into();
        if cluster
            .store
            .get(&Key::new(&NAMESPACES, "", namespace))?
            .is_none()
        {
            return Err(Status::not_found(&NAMESPACES, namespace));
        }
    }
    let metadata = &mut object["metadata"];
    if metadata["name"].as_str().is_none_or(str::is_empty) {
        let prefix = metadata["generateName"].as_str().unwrap_or_default().to_owned();
        if !prefix.is_empty() {
            metadata["name"] = format!("{prefix}{}", random_suffix()).into();
        }
    }
    metadata["uid"] = uuid::Uuid::new_v4().to_string().into();
    metadata["creationTimestamp"] = cluster.clock.now_text().into();
    if let Some(metadata) = metadata.as_object_mut() {
        for field in [
            "resourceVersion",
            "selfLink",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "managedFields",
        ] {
            metadata.remove(field);
        }
    }
    defaults::on_create(resource, &mut object);
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let causes = defaults::check(resource, &object);
    if !causes.is_empty() {
        return Err(Status::invalid(resource, &name, &causes));
    }
    // Two creations must not both take the last place of a quota.
    let _admission = cluster
        .admission
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    defaults::admit(cluster, resource, &object)?;
    let object_key = Key::new(
        resource,
        if resource.namespaced { namespace } else { "" },
        name.clone(),
    );
    if dry_run {
        if cluster.store.get(&object_key)?.is_some() {
            return Err(Status::already_exists(resource, &name));
        }
        return Ok(Arc::new(object));
    }
    match cluster.store.create(resource, object) {
        Err(StoreError::AlreadyExists(_)) => Err(Status::already_exists(resource, &name)),
        Ok(stored) => {
            if *resource == NAMESPACES {
                let account = json!({"metadata": {"name": "default"}});
                create_object(cluster, &crate::resource::SERVICE_ACCOUNTS, &name, account, false)?;
            }
            Ok(stored)
        }
        Err(error) => Err(error.into()),
    }
}

/// Five letters and digits that cannot spell a word, as generated names end.
pub(crate) fn random_suffix() -> String {
    const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    uuid::Uuid::new_v4().as_bytes()[..5]
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}

/// Replaces an object, or its status alone.
pub(super) fn replace(cluster: &Cluster, call: &Call, name: &str, status: bool) -> Result<Response, Status> {
    let new = read_body(call)?;
    let stored = change(cluster, call, name, status, |_| Ok(new.clone()))?;
    Ok(respond(call, StatusCode::OK, &stored))
}

/// Changes an object by a patch.
pub(super) fn patch(cluster: &Cluster, call: &Call, name: &str, status: bool) -> Result<Response, Status> {
    let kind = PatchKind::of(&call.headers)?;
    let exists = cluster.store.get(&key(call, name))?.is_some();
    if !exists && kind == PatchKind::Apply {
        let object = kind.apply(&json!({}), &call.body)?;
        let stored = create_object(
            cluster,
            call.resource,
            &call.namespace,
            object,
            !call.parameter("dryRun").is_empty(),
        )?;
        return Ok(respond(call, StatusCode::CREATED, &stored));
    }
    let stored = change(cluster, call, name, status, |old| kind.apply(old, &call.body))?;
    Ok(respond(call, StatusCode::OK, &stored))
}

fn change(
    cluster: &Cluster,
    call: &Call,
    name: &str,
    status: bool,
    new: impl Fn(&Value) -> Result<Value, Status>,
) -> Result<Arc<Value>, Status> {
    let key = key(call, name);
    let old = cluster
        .store
        .get(&key)?
        .ok_or_else(|| Status::not_found(call.resource, name))?;
    let changed = |old: &Value| -> Result<Value, Status> {
        let mut next = new(old)?;
        let given = next["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        if !given.is_empty() && old["metadata"]["resourceVersion"] != given {
            return Err(
                StoreError::Conflict(format!("{} \"{name}\"", call.resource.group_resource())).into(),
            );
        }
        // What a change of the main part must not touch, and the other way round.
        let (kept, from): (&[&str], _) = if status {
            (&["spec", "data", "type"], old)
        } else {
            (&["status"], old)
        };
        for field in kept {
            next[*field] = from[*field].clone();
        }
        for field in ["kind", "apiVersion"] {
            next[field] = old[field].clone();
        }
        for field in [
            "name",
            "namespace",
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "resourceVersion",
        ] {
            next["metadata"][field] = old["metadata"][field].clone();
        }
        let mut next = defaults::tidy(next);
        defaults::on_update(call.resource, &mut next);
        let causes = defaults::check_update(call.resource, old, &next);
        if causes.is_empty() {
            Ok(next)
        } else {
            Err(Status::invalid(call.resource, name, &causes))
        }
    };
    if !call.parameter("dryRun").is_empty() {
        return changed(&old).map(Arc::new);
    }
    cluster.store.modify(&key, |object| {
        *object = changed(object)?;
        Ok::<_, Status>(())
    })
}

/// Deletes an object.
pub(super) fn delete(cluster: &Cluster, call: &Call, name: &str) -> Result<Response, Status> {
    let options: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let text = |field: &str| {
        options[field]
            .as_str()
            .unwrap_or(call.parameter(field))
            .to_owned()
    };
    let grace = options["gracePeriodSeconds"]
        .as_i64()
        .or_else(|| call.parameter("gracePeriodSeconds").parse().ok());
    if let Some(uid) = options["preconditions"]["uid"].as_str() {
        let found = cluster.store.get(&key(call, name))?;
        if found.is_some_and(|object| object["metadata"]["uid"] != uid) {
            return Err(Status::new(
                409,
                "Conflict",
                "the UID in the precondition does not match the UID in record",
            ));
        }
    }
    let deleted = delete_object(cluster, &key(call, name), &text("propagationPolicy"), grace)?;
    Ok(Json(deleted.as_ref()).into_response())
}

/// Every object that a selector means.
pub(super) fn delete_collection(cluster: &Cluster, call: &Call) -> Result<Response, Status> {
    let selector = Selector::parse(call.parameter("labelSelector"), call.parameter("fieldSelector"))?;
    let options: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let policy = options["propagationPolicy"]
        .as_str()
        .unwrap_or(call.parameter("propagationPolicy"))
        .to_owned();
    let namespace = Some(call.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let (objects, version) = cluster.store.list(call.resource, namespace)?;
    let chosen: Vec<_> = objects
        .into_iter()
        .filter(|object| selector.matches(object))
        .collect();
    for object in &chosen {
        match delete_object(cluster, &Key::of(call.resource, object)?, &policy, None) {
            Err(status) if status.code != 404 => return Err(status),
            _ => {}
        }
    }
    Ok(Json(json!({
        "kind": call.resource.list_kind, "apiVersion": call.resource.api_version(),
        "metadata": {"resourceVersion": version.to_string()}, "items": chosen.iter().map(Arc::as_ref).collect::<Vec<&Value>>(),
    }))
    .into_response())
}

/// Marks an object for deletion, or removes it if nothing has to happen first. A Pod on a node has its grace; the
/// policies are finalizers that the garbage collector works off. Without a policy a Job's Pods are orphaned, which
/// is the API's own default for `batch/v1`.
pub(crate) fn delete_object(
    cluster: &Cluster,
    key: &Key,
    policy: &str,
    grace: Option<i64>,
) -> Result<Arc<Value>, Status> {
    let object = cluster
        .store
        .get(key)?
        .ok_or_else(|| Status::not_found(key.resource, &key.name))?;
    let finalizer = match policy {
        "Foreground" => Some("foregroundDeletion"),
        "Orphan" => Some("orphan"),
        "" if key.resource.plural == "jobs" => Some("orphan"),
        _ => None,
    };
    let on_node =
        key.resource.plural == "pods" && object["spec"]["nodeName"].is_string() && !is_over(&object);
    let grace = match (on_node, grace) {
        (false, _) => 0,
        (true, Some(grace)) => grace,
        (true, None) => object["spec"]["terminationGracePeriodSeconds"]
            .as_i64()
            .unwrap_or(30),
    };
    let has_finalizers = object["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    if finalizer.is_none() && grace == 0 && !has_finalizers {
        return Ok(cluster.store.remove(key, None)?);
    }
    let now = cluster.clock.now();
    let until = now
        .checked_add(jiff::SignedDuration::from_secs(grace))
        .unwrap_or(now);
    Ok(cluster.store.modify(key, |object| {
        let metadata = &mut object["metadata"];
        if metadata["deletionTimestamp"].is_null()
            || metadata["deletionGracePeriodSeconds"].as_i64() > Some(grace)
        {
            metadata["deletionTimestamp"] = crate::cluster::seconds(until).into();
            metadata["deletionGracePeriodSeconds"] = grace.into();
        }
        if let Some(finalizer) = finalizer {
            let mut list = metadata["finalizers"].as_array().cloned().unwrap_or_default();
            if !list.iter().any(|other| other == finalizer) {
                list.push(finalizer.into());
            }
            metadata["finalizers"] = list.into();
        }
        Ok::<_, StoreError>(())
    })?)
}

/// The Pod has ended.
pub(crate) fn is_over(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}
