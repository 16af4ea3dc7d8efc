//! Which Pods are a Job's: those that it controls, and those without a controller that its selector takes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::facts::{deleting, tracked};
use super::queue::Name;
use super::{TRACKING, items, status, text};
use crate::api::write::{self, Part, WriteOptions};
use crate::cluster::Cluster;
use crate::controllers::garbage::release;
use crate::http::status::Status;
use crate::resource::{JOBS, PODS};
use crate::store::{Key, StoreError};
use k8s_rules::machinery::labels;

/// The owner reference of the Job that controls a Pod.
pub(super) fn owner_of(pod: &Value) -> Option<&Value> {
    items(&pod["metadata"]["ownerReferences"])
        .iter()
        .find(|one| one["controller"] == true && one["kind"] == "Job" && one["apiVersion"] == "batch/v1")
}

/// Someone controls it.
fn controlled(pod: &Value) -> bool {
    items(&pod["metadata"]["ownerReferences"])
        .iter()
        .any(|one| one["controller"] == true)
}

/// The name of the Job that an owner reference of a Pod means.
pub(super) fn name(pod: &Value, owner: &Value) -> Name {
    (
        text(&pod["metadata"]["namespace"]).to_owned(),
        text(&owner["name"]).to_owned(),
    )
}

fn selects(job: &Value, pod: &Value) -> bool {
    labels::takes(&job["spec"]["selector"], &pod["metadata"]["labels"])
}

/// Jobs that would adopt a Pod.
pub(super) fn jobs_that_select(cluster: &Cluster, pod: &Value) -> Result<Vec<Arc<Value>>, StoreError> {
    if controlled(pod) || deleting(pod) {
        return Ok(Vec::new());
    }
    let namespace = pod["metadata"]["namespace"].as_str();
    let mut jobs = cluster.store.list(&JOBS, namespace)?.0;
    jobs.retain(|job| selects(job, pod));
    Ok(jobs)
}

/// The Pods of a Job, with those that it adopts now.
pub(super) fn pods(cluster: &Cluster, job: &Value) -> Result<Vec<Arc<Value>>, StoreError> {
    let uid = &job["metadata"]["uid"];
    let mut own = Vec::new();
    for pod in cluster
        .store
        .list(&PODS, job["metadata"]["namespace"].as_str())?
        .0
    {
        let controls = owner_of(&pod).is_some_and(|owner| owner["uid"] == *uid);
        if controls && selects(job, &pod) {
            own.push(pod);
        } else if controls && !deleting(job) {
            let_go(cluster, &pod, uid)?;
        } else if !controlled(&pod) && selects(job, &pod) && !deleting(&pod) && !deleting(job) {
            own.extend(adopt(cluster, job, &pod)?);
        }
    }
    Ok(own)
}

/// The reference to a Job in what belongs to it.
pub(super) fn reference(job: &Value) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "uid": job["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    })
}

fn change(
    cluster: &Cluster,
    pod: &Value,
    change: impl Fn(&mut Value),
) -> Result<Option<Arc<Value>>, StoreError> {
    let options = WriteOptions::system("kube-controller-manager");
    let changed = write::update(cluster, &Key::of(&PODS, pod)?, Part::Main, &options, |old| {
        let mut new = old.clone();
        change(&mut new["metadata"]);
        Ok(new)
    });
    match changed {
        Ok(pod) => Ok(Some(pod)),
        Err(Status { code: 404, .. }) => Ok(None),
        Err(refused) => {
            tracing::warn!(message = refused.message, "a Pod's owner");
            Ok(None)
        }
    }
}

fn adopt(cluster: &Cluster, job: &Value, pod: &Value) -> Result<Option<Arc<Value>>, StoreError> {
    let push = |metadata: &mut Value, list: &str, one: Value| {
        let mut all = metadata[list].as_array().cloned().unwrap_or_default();
        all.push(one);
        metadata[list] = all.into();
    };
    change(cluster, pod, |metadata| {
        push(metadata, "ownerReferences", reference(job));
        if !items(&metadata["finalizers"]).iter().any(|one| one == TRACKING) {
            push(metadata, "finalizers", TRACKING.into());
        }
    })
}

/// The Pod does not fit the selector any more.
fn let_go(cluster: &Cluster, pod: &Value, uid: &Value) -> Result<(), StoreError> {
    change(cluster, pod, |metadata| {
        if let Some(owners) = metadata["ownerReferences"].as_array_mut() {
            owners.retain(|owner| owner["uid"] != *uid);
        }
        if let Some(finalizers) = metadata["finalizers"].as_array_mut() {
            finalizers.retain(|one| one != TRACKING);
        }
    })?;
    Ok(())
}

/// Takes the finalizer off a Pod whose Job has ended or is gone: nobody counts it.
pub(super) fn release_orphan(cluster: &Cluster, pod: &Value) -> Result<(), StoreError> {
    if !tracked(pod) {
        return Ok(());
    }
    if let Some(owner) = owner_of(pod) {
        let (namespace, name) = name(pod, owner);
        let job = cluster.store.get(&Key::new(&JOBS, namespace, name))?;
        if let Some(job) = job.filter(|job| job["metadata"]["uid"] == owner["uid"])
            && (!status::finished(&job) || !super::is_own(&job))
        {
            return Ok(());
        }
    } else if controlled(pod) || !jobs_that_select(cluster, pod)?.is_empty() {
        return Ok(());
    }
    release(cluster, &Key::of(&PODS, pod)?, TRACKING)
}
