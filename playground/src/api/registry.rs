//! Writes by components of the control plane: controllers, the scheduler and the kubelet.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::delete::{DeleteOptions, Propagation, delete};
use crate::api::error::ApiError as Status;
use crate::api::write::{self, WriteOptions};
use crate::cluster::Cluster;
use crate::resource::{NAMESPACES, Resource, SERVICE_ACCOUNTS};
use crate::store::Key;

/// Creates an object on behalf of the control plane, under the rules of any request.
pub(crate) fn create_object(
    cluster: &Cluster,
    resource: &'static Resource,
    namespace: &str,
    object: Value,
    dry_run: bool,
) -> Result<Arc<Value>, Status> {
    let options = WriteOptions {
        dry_run,
        ..WriteOptions::system("kube-controller-manager")
    };
    create(cluster, resource, namespace, object, &options)
}

/// Creates an object; for a namespace, creates its default service account too.
pub(crate) fn create(
    cluster: &Cluster,
    resource: &'static Resource,
    namespace: &str,
    object: Value,
    options: &WriteOptions,
) -> Result<Arc<Value>, Status> {
    let stored = write::create(cluster, resource, namespace, object, options)?;
    if *resource == NAMESPACES && !options.dry_run {
        let name = stored["metadata"]["name"].as_str().unwrap_or_default();
        let account = json!({"metadata": {"name": "default"}});
        let system = WriteOptions::system("kube-controller-manager");
        match write::create(cluster, &SERVICE_ACCOUNTS, name, account, &system) {
            Err(error) if error.reason != "AlreadyExists" => return Err(error),
            _ => {}
        }
    }
    Ok(stored)
}

/// Deletes an object on behalf of the control plane. `policy` is a propagation policy, or empty for the
/// default; `grace` is in seconds.
pub(crate) fn delete_object(
    cluster: &Cluster,
    key: &Key,
    policy: &str,
    grace: Option<i64>,
) -> Result<Arc<Value>, Status> {
    let options = DeleteOptions {
        grace_period: grace,
        propagation: match policy {
            "Foreground" => Some(Propagation::Foreground),
            "Background" => Some(Propagation::Background),
            "Orphan" => Some(Propagation::Orphan),
            _ => None,
        },
        ..DeleteOptions::default()
    };
    delete(cluster, key, &options).map(|deleted| Arc::clone(deleted.object()))
}

/// Reports whether a Pod has finished, successfully or not.
pub(crate) fn is_finished(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}
