//! Serves reading, creating, changing and deleting objects.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::decode::Empties;
use crate::api::delete::{DeleteOptions, delete as delete_one};
use crate::api::field::FieldError;
use crate::api::write;
use crate::api::write::{Apply, Part, WriteOptions};
use crate::api::{apply, decode, kinds, registry};
use crate::auth::escalation;
use crate::cluster::Cluster;
use crate::http::negotiate::Shape;
use crate::http::patch::{Patch, PatchKind};
use crate::http::status::Status;
use crate::http::{Call, list, table, warnings};
use crate::resource::Resource;
use crate::store::Key;

fn key(call: &Call, name: &str) -> Key {
    Key::new(call.resource, call.namespace.clone(), name)
}

fn respond(call: &Call, code: StatusCode, object: &Value, warnings: &[String]) -> Result<Response, Status> {
    let answer = match call.output.shape {
        Shape::Table => {
            let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
            let included = table::included(&call.query)?;
            call.output.write(
                code,
                &table::of(call.resource, &[object], &metadata, &call.output, included),
            )
        }
        Shape::Metadata => call.output.write(code, &table::partial(object, &call.output)),
        Shape::MetadataList => {
            return Err(Status::not_acceptable(format!(
                "you requested PartialObjectMetadataList, but the requested object is not a list (*{}.{})",
                list::internal_package(call.resource.group),
                call.resource.kind
            )));
        }
        Shape::Whole => call.output.write(code, object),
    };
    Ok(warnings::add(answer, warnings))
}

/// Returns one object.
pub(super) fn get(cluster: &Cluster, call: &Call, name: &str) -> Result<Response, Status> {
    let found = cluster.store.get(&key(call, name))?;
    let object = found.ok_or_else(|| Status::not_found(call.resource, name))?;
    list::version(cluster, call.parameter("resourceVersion")).map_err(|error| {
        // For a single object the store's error is not recognized.
        match error.message.strip_prefix("invalid resource version: ") {
            Some(why) => Status::unclassified(why),
            None => error,
        }
    })?;
    respond(call, StatusCode::OK, &object, &[])
}

/// Creates an object.
pub(super) fn create(cluster: &Cluster, call: &Call) -> Result<Response, Status> {
    let format = call.format()?;
    let (options, validation) = call.write_options("CreateOptions", Vec::new())?;
    let decoded = decode::object(&call.body, format, call.resource, Empties::Keep, validation)?;
    let (mut object, mut warnings) = (decoded.object, decoded.warnings);
    let repeated = k8s_rules::defaults::owners(&mut object);
    if !repeated.is_empty() {
        warnings.push(format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            repeated.join(", ")
        ));
    }
    let stored = create_as(cluster, call, object, &options)?;
    warnings.extend(kinds::warnings(call.resource, &stored));
    respond(call, StatusCode::CREATED, &stored, &warnings)
}

/// Creates an object for a user, who cannot grant permissions that they do not hold.
fn create_as(
    cluster: &Cluster,
    call: &Call,
    object: Value,
    options: &WriteOptions,
) -> Result<Arc<Value>, Status> {
    escalation::check(cluster, &call.user, call.resource, &call.namespace, &object)?;
    registry::create(cluster, call.resource, &call.namespace, object, options)
}

/// Replaces an object, or only its status.
pub(super) fn replace(cluster: &Cluster, call: &Call, name: &str, part: Part) -> Result<Response, Status> {
    let (options, validation) = call.write_options("UpdateOptions", Vec::new())?;
    let decoded = decode::object(
        &call.body,
        call.format()?,
        call.resource,
        Empties::Omit,
        validation,
    )?;
    let mut warnings = decoded.warnings;
    let new = decoded.object;
    escalation::check(cluster, &call.user, call.resource, &call.namespace, &new)?;
    let stored = write::update(cluster, &key(call, name), part, &options, |old| {
        let (given, own) = (&new["metadata"]["uid"], &old["metadata"]["uid"]);
        let text = |uid: &Value| uid.as_str().unwrap_or_default().to_owned();
        if !text(given).is_empty() && given != own {
            let registry_key = [call.resource.plural, &call.namespace, name]
                .join("/")
                .replace("//", "/");
            // Since 1.37 without the prefix of the store.
            let prefix = if cluster.minor.is_some_and(|minor| minor < 37) {
                "/registry"
            } else {
                ""
            };
            let message = format!(
                "StorageError: invalid object, Code: 4, Key: {prefix}/{registry_key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
                text(given),
                text(own)
            );
            return Err(Status::conflict(call.resource, name, &message));
        }
        Ok(new.clone())
    })?;
    warnings.extend(kinds::warnings(call.resource, &stored));
    respond(call, StatusCode::OK, &stored, &warnings)
}

/// Returns what is wrong with the options of a patch of this kind only.
fn patch_errors(call: &Call, kind: PatchKind) -> Vec<FieldError> {
    if kind == PatchKind::Apply && call.parameter("fieldManager").is_empty() {
        return vec![FieldError::required(
            "fieldManager",
            "is required for apply patch",
        )];
    }
    if kind != PatchKind::Apply && call.query.get("force").is_some() {
        return vec![FieldError::forbidden(
            "force",
            "may not be specified for non-apply patch",
        )];
    }
    Vec::new()
}

/// Patches an object.
pub(super) fn patch(cluster: &Cluster, call: &Call, name: &str, part: Part) -> Result<Response, Status> {
    let kind = PatchKind::of(&call.headers)?;
    let (mut options, validation) = call.write_options("PatchOptions", patch_errors(call, kind))?;
    let force = call.flag("force");
    let patch = Patch::read(kind, &call.body)?;
    let key = key(call, name);
    let mut warnings = Vec::new();
    if kind == PatchKind::Apply {
        apply::check(&patch.body, call.resource, name)?;
        options.apply = Some(Apply {
            configuration: patch.body.clone(),
            force,
        });
        if cluster.store.get(&key)?.is_none() {
            if part == Part::Status {
                return Err(Status::not_found(call.resource, name));
            }
            let mut object = decode::patched(patch.body, call.resource, validation)
                .map_err(Status::bad_request)?
                .0;
            object["metadata"]["name"] = name.into();
            let stored = create_as(cluster, call, object, &options)?;
            return respond(call, StatusCode::CREATED, &stored, &warnings);
        }
    }
    let stored = write::update(cluster, &key, part, &options, |old| {
        let patched = patch.apply(call.resource, old)?;
        let (object, unknown_fields) =
            decode::patched(patched.clone(), call.resource, validation).map_err(|message| {
                crate::http::patch::unreadable(&patch, call.resource, old, &patched, &message)
            })?;
        escalation::check(cluster, &call.user, call.resource, &call.namespace, &object)?;
        warnings = unknown_fields;
        Ok(object)
    })?;
    warnings.extend(kinds::warnings(call.resource, &stored));
    respond(call, StatusCode::OK, &stored, &warnings)
}

/// Parses the body of a deletion: `DeleteOptions`, or nothing.
fn delete_options(call: &Call) -> Result<DeleteOptions, Status> {
    if call.body.is_empty() {
        return DeleteOptions::read(&Value::Null, &call.query);
    }
    let format = call.format()?;
    let wrong = |why: String| Status::bad_request(decode::kind_error(format, why));
    let (body, _) = decode::parse(&call.body, format).map_err(wrong)?;
    decode::check_type_meta(&body).map_err(wrong)?;
    // An empty object replaces the query; null does as well.
    let body = if body.is_null() { json!({}) } else { body };
    DeleteOptions::read(&body, &call.query)
}

/// Deletes an object.
pub(super) fn delete(cluster: &Cluster, call: &Call, name: &str) -> Result<Response, Status> {
    let options = delete_options(call)?;
    let key = key(call, name);
    let warnings = orphan_warning(call.resource, &options);
    let deleted = match delete_one(cluster, &key, &options) {
        Ok(deleted) => deleted,
        Err(error) => return Ok(warnings::add(error.into_response(), &warnings)),
    };
    let object = deleted.object();
    // A Pod is always returned; other types only while the object still exists.
    let gone = matches!(deleted, crate::api::delete::Deleted::Gone(_));
    if gone && call.resource.kind != "Pod" {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": details(call.resource, object),
        });
        return Ok(warnings::add(call.output.write(StatusCode::OK, &body), &warnings));
    }
    respond(call, StatusCode::OK, object, &warnings)
}

fn details(resource: &Resource, object: &Value) -> Value {
    let mut details = json!({"name": object["metadata"]["name"]});
    if !resource.group.is_empty() {
        details["group"] = resource.group.into();
    }
    details["kind"] = resource.plural.into();
    details["uid"] = object["metadata"]["uid"].clone();
    details
}

/// Returns the warning that `batch/v1` orphans the dependents of a Job by default.
fn orphan_warning(resource: &Resource, options: &DeleteOptions) -> Vec<String> {
    if resource.kind != "Job" || options.propagation.is_some() {
        return Vec::new();
    }
    vec![
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning".to_owned(),
    ]
}

/// Deletes every object that a selector matches.
pub(super) fn delete_collection(cluster: &Cluster, call: &Call) -> Result<Response, Status> {
    let selector = list::selector(call)?;
    let options = delete_options(call)?;
    let namespace = Some(call.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let (objects, version) = cluster.store.list(call.resource, namespace)?;
    let chosen: Vec<_> = objects
        .into_iter()
        .filter(|object| selector.matches(object))
        .collect();
    let mut items = Vec::with_capacity(chosen.len());
    for object in &chosen {
        match delete_one(cluster, &Key::of(call.resource, object)?, &options) {
            // The response shows the objects as they were.
            Ok(_) => items.push(Arc::clone(object)),
            Err(status) if status.code == 404 => {}
            Err(status) => return Err(status),
        }
    }
    let metadata = json!({"resourceVersion": version.to_string()});
    let answer = list::write(call, &metadata, &items)?;
    Ok(warnings::add(answer, &orphan_warning(call.resource, &options)))
}
