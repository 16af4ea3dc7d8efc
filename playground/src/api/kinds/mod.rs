//! Rules of each kind beyond the common ones: defaults, generated fields and validation.

mod job;
mod others;
mod pod;
mod pod_spec;

use serde_json::{Map, Value, json};

use k8s_rules::{defaults, validation};

use super::field::FieldError;
use super::validate;
use crate::resource::Resource;

pub(super) use pod::apply_limits;
pub use pod::{admit as admit_pod, qos_class};

/// Sets a member unless it is set already.
fn default_to(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut()
        && members.get(name).is_none_or(Value::is_null)
    {
        members.insert(name.to_owned(), value.into());
    }
}

/// Returns an object member, created if it is missing.
fn entry<'a>(object: &'a mut Value, name: &str) -> &'a mut Value {
    if !object[name].is_object() {
        object[name] = Value::Object(Map::new());
    }
    &mut object[name]
}

/// Returns the items of a list member; none if it is missing.
fn items<'a>(object: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    object
        .get_mut(name)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

/// Sets the kind's defaults. Applied to every decoded object.
pub fn default(resource: &Resource, object: &mut Value) {
    match resource.kind {
        "Job" => defaults::job(object),
        "CronJob" => others::default_cron_job(object),
        "Pod" => pod::default(object),
        "Namespace" => others::default_namespace(object),
        "Node" => others::default_node(object),
        "Secret" => others::default_secret(object),
        "PersistentVolumeClaim" => others::default_claim(object),
        "LimitRange" => others::default_limit_range(object),
        "PriorityClass" => default_to(object, "preemptionPolicy", "PreemptLowerPriority"),
        "StorageClass" => {
            default_to(object, "reclaimPolicy", "Delete");
            default_to(object, "volumeBindingMode", "Immediate");
        }
        _ => {}
    }
}

/// Prepares a new object: drops fields that only the system may set, and sets generated ones
/// (`PrepareForCreate`). The uid must be set already.
///
/// `labelled`: the client has set labels.
pub fn prepare_create(resource: &Resource, object: &mut Value, labelled: bool, minor: Option<u16>) {
    if resource.status && resource.kind != "Node" {
        object["status"] = json!({});
    }
    match resource.kind {
        "Job" => {
            defaults::prepare_job(object, labelled);
            defaults::drop_disabled(object, minor);
        }
        "Pod" => pod::prepare_create(object),
        "Namespace" => others::prepare_namespace(object),
        "PersistentVolumeClaim" => object["status"] = json!({"phase": "Pending"}),
        _ => {}
    }
    if has_generation(resource) {
        object["metadata"]["generation"] = 1.into();
    }
}

/// Sets what a new object receives when it is first read from the store.
pub fn settle(resource: &Resource, object: &mut Value) {
    if resource.kind == "Job" {
        defaults::inherit_labels(object);
    }
}

/// Reports whether the kind counts changes of its spec in `metadata.generation`.
fn has_generation(resource: &Resource) -> bool {
    matches!(resource.kind, "Job" | "CronJob" | "Pod" | "PriorityClass")
}

/// Prepares an update: keeps what this request may not change, and counts changes of the spec in
/// `metadata.generation` (`PrepareForUpdate`).
pub fn prepare_update(resource: &Resource, old: &Value, new: &mut Value) {
    if resource.status {
        match old.get("status") {
            Some(status) => new["status"] = status.clone(),
            None => {
                if let Some(members) = new.as_object_mut() {
                    members.remove("status");
                }
            }
        }
    }
    if resource.kind == "Namespace" {
        new["spec"] = old["spec"].clone();
    }
    if resource.kind == "Job" {
        job::prepare_update(old, new);
    }
    if has_generation(resource) && resource.kind != "PriorityClass" {
        let generation = old["metadata"]["generation"].as_i64().unwrap_or(1);
        let changed = old.get("spec") != new.get("spec");
        new["metadata"]["generation"] = (generation + i64::from(changed)).into();
    }
}

/// Prepares an update of the status: the spec and most of the metadata are kept.
pub fn prepare_status(resource: &Resource, old: &Value, new: &mut Value) {
    let status = new.get("status").cloned();
    let managed = new["metadata"].get("managedFields").cloned();
    let version = new["metadata"].get("resourceVersion").cloned();
    // Labels, annotations and finalizers may be written through the status; a Pod's owner references may not.
    let mut metadata = new["metadata"].clone();
    if resource.kind == "Pod" {
        metadata["ownerReferences"] = old["metadata"]["ownerReferences"].clone();
    }
    *new = old.clone();
    new["metadata"] = metadata;
    if let Some(members) = new.as_object_mut() {
        match status {
            Some(status) => members.insert("status".into(), status),
            None => members.remove("status"),
        };
    }
    for (name, value) in [("managedFields", managed), ("resourceVersion", version)] {
        if let Some(metadata) = new["metadata"].as_object_mut() {
            match value {
                Some(value) => metadata.insert(name.into(), value),
                None => metadata.remove(name),
            };
        }
    }
    if resource.kind == "Pod"
        && let Some(members) = new["status"].as_object_mut()
        && !members.contains_key("qosClass")
        && let Some(class) = old["status"].get("qosClass")
    {
        members.insert("qosClass".into(), class.clone());
    }
}

/// Validates a new object.
pub fn validate_create(resource: &Resource, object: &Value, minor: Option<u16>) -> Vec<FieldError> {
    let options = validate::options(minor);
    if resource.kind == "Job" {
        return validate::causes(validation::job(object, &options)).collect();
    }
    let mut errors = validate::meta::create(resource, object, &options);
    match resource.kind {
        "Pod" => errors.extend(validate::causes(validation::pod(object, &options))),
        "ResourceQuota" => validate::quota::quota(object, &mut errors),
        "LimitRange" => validate::quota::limit_range(object, &mut errors),
        "Event" => validate::others::event(object, &mut errors),
        "ConfigMap" | "Secret" => validate::others::keys(object, &mut errors),
        _ => {}
    }
    errors
}

/// Validates an update.
pub fn validate_update(resource: &Resource, old: &Value, new: &Value, minor: Option<u16>) -> Vec<FieldError> {
    let options = validate::options(minor);
    let mut errors = validate::meta::update(old, new, &options);
    match resource.kind {
        "Job" => validate::job::update(old, new, &options, &mut errors),
        "Pod" => validate::pod::update(old, new, &mut errors),
        "ResourceQuota" => validate::quota::quota(new, &mut errors),
        "LimitRange" => validate::quota::limit_range(new, &mut errors),
        "ConfigMap" | "Secret" => {
            validate::others::keys(new, &mut errors);
            validate::others::immutable(old, new, &mut errors);
        }
        _ => {}
    }
    errors
}

/// Removes the fields of a replacement that belong to disabled features.
pub fn drop_disabled(resource: &Resource, object: &mut Value, minor: Option<u16>) {
    if resource.kind == "Job" {
        defaults::drop_disabled(object, minor);
    }
}

/// Validates an update of the status.
pub fn validate_status(resource: &Resource, old: &Value, new: &Value, minor: Option<u16>) -> Vec<FieldError> {
    let mut errors = validate::meta::update(old, new, &validate::options(minor));
    if resource.kind == "Job" {
        validate::job_status::update(old, new, &mut errors);
    }
    errors
}

/// Returns the warnings for an accepted object, sent as `Warning` headers.
pub fn warnings(resource: &Resource, object: &Value) -> Vec<String> {
    match resource.kind {
        "Job" => job::warnings(object),
        "Pod" => pod_spec::warnings(&object["spec"], "spec"),
        _ => Vec::new(),
    }
}
