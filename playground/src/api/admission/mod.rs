//! Admission: whether the namespace takes new content, defaults from LimitRanges, quotas.
//! ([admission controllers](https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/))

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

/// `NamespaceLifecycle`: the namespace exists and is not being deleted.
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

/// The plugins that may change a new object.
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

/// What a Pod asks for in all.
pub fn pod_requests(pod: &Value) -> Value {
    limits::total(pod, "requests")
}

/// One creation at a time between the check of a quota and storing.
pub fn turn(cluster: &Cluster) -> MutexGuard<'_, ()> {
    // It guards no data of its own, so a panic elsewhere spoils nothing. Who holds it waits for the disk.
    crate::store::blocking(|| cluster.admission.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The plugins that only refuse; quotas count what they let in unless it is a dry run.
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
