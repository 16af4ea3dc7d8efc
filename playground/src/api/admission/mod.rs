//! Admission: the namespace's lifecycle, LimitRanges, ResourceQuotas and the plugins for Pods
//! ([admission controllers](https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/)).

mod limits;
mod quota;

use std::sync::{MutexGuard, PoisonError};

use serde_json::Value;

use crate::api::error::ApiError;
use crate::api::kinds;
use crate::cluster::Cluster;
use crate::resource::{NAMESPACES, Resource};
use crate::store::Key;

pub use crate::api::admission::quota::quota_used;

/// Runs the `NamespaceLifecycle` plugin: the namespace must exist and not be terminating.
pub fn namespace_accepts(
    cluster: &Cluster,
    resource: &Resource,
    namespace: &str,
    object: &Value,
) -> Result<(), ApiError> {
    if !resource.namespaced {
        return Ok(());
    }
    let stored = cluster.store.get(&Key::new(&NAMESPACES, "", namespace))?;
    let stored = stored.ok_or_else(|| ApiError::not_found(&NAMESPACES, namespace))?;
    if stored["metadata"]["deletionTimestamp"].is_null() {
        return Ok(());
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut error = ApiError::forbidden(resource, name, &why);
    if let Some(details) = &mut error.details {
        details["causes"] = serde_json::json!([{
            "reason": "NamespaceTerminating",
            "message": format!("namespace {namespace} is being terminated"),
            "field": "metadata.namespace",
        }]);
    }
    Err(error)
}

/// Runs the mutating plugins on a new object.
pub fn mutate_create(
    cluster: &Cluster,
    resource: &'static Resource,
    object: &mut Value,
) -> Result<(), ApiError> {
    if resource.kind == "Pod" {
        limits::defaults(cluster, object)?;
        kinds::admit_pod(cluster, object)?;
        limits::check_pod(cluster, object)?;
    }
    if resource.kind == "PersistentVolumeClaim" {
        limits::check_claim(cluster, object)?;
    }
    Ok(())
}

/// Returns a Pod's total resource requests.
pub fn pod_requests(pod: &Value) -> Value {
    limits::total(pod, "requests")
}

/// Acquires the lock that serializes creations from the check of a quota until the object is stored.
pub fn turn(cluster: &Cluster) -> MutexGuard<'_, ()> {
    // It protects no data, so poisoning can be ignored. It is held during disk writes.
    crate::store::blocking(|| cluster.admission.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Runs the validating plugins. Admitted objects are charged to their quotas, unless it is a dry run.
pub fn validate_create(
    cluster: &Cluster,
    resource: &'static Resource,
    object: &Value,
    dry_run: bool,
) -> Result<(), ApiError> {
    if !resource.namespaced || resource.kind == "Event" {
        return Ok(());
    }
    quota::charge(cluster, resource, object, dry_run)
}
