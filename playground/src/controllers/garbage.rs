//! Garbage collection: dependents of owners that are gone, the deletion policies' finalizers, namespaces that are
//! being deleted, and events that are more than an hour old.

use std::collections::HashSet;
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;

use crate::api::write::{self, Part, WriteOptions};
use crate::cluster::Cluster;
use crate::http::delete_object;
use crate::http::status::Status;
use crate::resource::{ALL, EVENTS, JOBS, NAMESPACES, PODS};
use crate::store::{Key, StoreError};

/// How long an event is kept, as by the API server's default.
const EVENT_LIFE: i64 = 3600;

/// Longest time between two rounds, for what time brings.
const IDLE: Duration = Duration::from_millis(500);
/// Shortest time between two rounds.
const PAUSE: Duration = Duration::from_millis(50);

/// Collects until the playground ends.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        let since = cluster.store.version();
        if let Err(status) = collect(&cluster) {
            tracing::warn!(message = status.message, "garbage collection");
        }
        let changed = async {
            let watches = [&JOBS, &PODS].map(|resource| cluster.store.watch(resource, None, since));
            let [Ok(mut jobs), Ok(mut pods)] = watches else {
                return std::future::pending().await;
            };
            tokio::select! {
                _ = jobs.next() => {}
                _ = pods.next() => {}
            }
        };
        // The round's own changes wake it once more; then it sleeps.
        let _ = tokio::time::timeout(IDLE, changed).await;
        tokio::time::sleep(PAUSE).await;
    }
}

fn collect(cluster: &Cluster) -> Result<(), Status> {
    let (jobs, _) = cluster.store.list(&JOBS, None)?;
    let (pods, _) = cluster.store.list(&PODS, None)?;
    let owners: HashSet<&str> = jobs
        .iter()
        .filter_map(|job| job["metadata"]["uid"].as_str())
        .collect();
    for pod in &pods {
        let references = pod["metadata"]["ownerReferences"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let orphaned = !references.is_empty()
            && references.iter().all(|owner| {
                owner["kind"] == "Job" && !owners.contains(owner["uid"].as_str().unwrap_or_default())
            });
        if orphaned {
            let key = Key::of(&PODS, pod)?;
            release(cluster, &key, "batch.kubernetes.io/job-tracking")?;
            if pod["metadata"]["deletionTimestamp"].is_null() {
                gone(delete_object(cluster, &key, "Background", None))?;
            }
        }
    }
    for job in jobs
        .iter()
        .filter(|job| !job["metadata"]["deletionTimestamp"].is_null())
    {
        let key = Key::of(&JOBS, job)?;
        let uid = &job["metadata"]["uid"];
        let own: Vec<_> = pods.iter().filter(|pod| owned_by(pod, uid)).collect();
        if has_finalizer(job, "orphan") {
            for pod in &own {
                cluster.store.modify(&Key::of(&PODS, pod)?, |pod| {
                    if let Some(metadata) = pod["metadata"].as_object_mut() {
                        metadata.shift_remove("ownerReferences");
                    }
                    Ok::<_, StoreError>(())
                })?;
                release(cluster, &Key::of(&PODS, pod)?, "batch.kubernetes.io/job-tracking")?;
            }
            release(cluster, &key, "orphan")?;
        } else if has_finalizer(job, "foregroundDeletion") {
            for pod in &own {
                let key = Key::of(&PODS, pod)?;
                release(cluster, &key, "batch.kubernetes.io/job-tracking")?;
                if pod["metadata"]["deletionTimestamp"].is_null() {
                    gone(delete_object(cluster, &key, "Background", None))?;
                }
            }
            if own.is_empty() {
                release(cluster, &key, "foregroundDeletion")?;
            }
        }
    }
    namespaces(cluster)?;
    events(cluster)
}

fn owned_by(pod: &Value, uid: &Value) -> bool {
    let references = pod["metadata"]["ownerReferences"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    references.iter().any(|owner| owner["uid"] == *uid)
}

fn has_finalizer(object: &Value, name: &str) -> bool {
    object["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|list| list.iter().any(|other| other == name))
}

/// Takes a finalizer off; the last one of an object that is being deleted ends it.
pub(crate) fn release(cluster: &Cluster, key: &Key, name: &str) -> Result<(), StoreError> {
    let Some(object) = cluster.store.get(key)? else {
        return Ok(());
    };
    if !has_finalizer(&object, name) {
        return Ok(());
    }
    let options = WriteOptions::system("kube-controller-manager");
    let released = write::update(cluster, key, Part::Main, &options, |old| {
        let mut new = old.clone();
        if let Some(finalizers) = new["metadata"]["finalizers"].as_array_mut() {
            finalizers.retain(|other| other != name);
        }
        Ok(new)
    });
    match released {
        Ok(_) | Err(Status { code: 404, .. }) => Ok(()),
        Err(refused) => {
            tracing::warn!(message = refused.message, "a finalizer stays");
            Ok(())
        }
    }
}

fn gone<T>(result: Result<T, Status>) -> Result<(), Status> {
    match result {
        Err(status) if status.code != 404 => Err(status),
        _ => Ok(()),
    }
}

/// A namespace goes after all that is in it.
fn namespaces(cluster: &Cluster) -> Result<(), Status> {
    let (namespaces, _) = cluster.store.list(&NAMESPACES, None)?;
    for namespace in namespaces
        .iter()
        .filter(|namespace| !namespace["metadata"]["deletionTimestamp"].is_null())
    {
        let name = namespace["metadata"]["name"].as_str().unwrap_or_default();
        let mut left = 0;
        for resource in ALL.iter().filter(|resource| resource.namespaced) {
            let (objects, _) = cluster.store.list(resource, Some(name))?;
            left += objects.len();
            for object in objects
                .iter()
                .filter(|object| object["metadata"]["deletionTimestamp"].is_null())
            {
                gone(delete_object(
                    cluster,
                    &Key::of(resource, object)?,
                    "Background",
                    None,
                ))?;
            }
        }
        if left == 0 {
            cluster.store.remove(&Key::new(&NAMESPACES, "", name), None)?;
        }
    }
    Ok(())
}

fn events(cluster: &Cluster) -> Result<(), Status> {
    let now = cluster.clock.now().as_second();
    let (events, _) = cluster.store.list(&EVENTS, None)?;
    for event in &events {
        let last = event["lastTimestamp"]
            .as_str()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok());
        if last.is_some_and(|last| now - last.as_second() > EVENT_LIFE) {
            gone(
                cluster
                    .store
                    .remove(&Key::of(&EVENTS, event)?, None)
                    .map_err(Status::from),
            )?;
        }
    }
    Ok(())
}
