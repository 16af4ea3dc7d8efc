//! Collects garbage: dependents of owners that are gone, the finalizers of deletion policies, namespaces that are
//! being deleted, and events older than an hour.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

use crate::api::error::ApiError as Status;
use crate::api::registry::delete_object;
use crate::api::write;
use crate::api::write::{Part, WriteOptions};
use crate::cluster::Cluster;
use crate::controllers::job::TRACKING;
use crate::resource::{ALL, EVENTS, JOBS, NAMESPACES, PODS};
use crate::store::{Key, StoreError};

/// How long an event is kept, in seconds (the API server's default `--event-ttl`).
const EVENT_LIFE: i64 = 3600;

/// Maximum time between two rounds, for what depends on time.
const MAX_IDLE: Duration = Duration::from_millis(500);
/// How long an object waits for its turn: the collector of a real cluster asks the API server about an object and
/// its owners before it acts, and has other objects in its queue.
const PROCESSING_DELAY: Duration = Duration::from_millis(350);

/// Collects until the playground stops.
pub(crate) async fn run(cluster: Cluster) {
    let mut collector = Collector {
        cluster: cluster.clone(),
        found: HashMap::new(),
    };
    loop {
        let since = cluster.store.version();
        if let Err(status) = collector.round() {
            tracing::warn!(message = status.message, "garbage collection failed");
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
        let next = collector
            .found
            .values()
            .min()
            .map_or(Instant::now() + MAX_IDLE, |at| *at);
        // The round's own changes wake it once more; then it sleeps.
        let _ = tokio::time::timeout_at(next.min(Instant::now() + MAX_IDLE), changed).await;
    }
}

/// The action that an object needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Work {
    /// Its owners are gone: it is deleted too.
    Absent,
    /// Its dependents are orphaned.
    Orphan,
    /// It waits for this number of dependents.
    Dependents(usize),
}

/// Objects waiting for their turn, by uid.
struct Collector {
    cluster: Cluster,
    found: HashMap<(String, Work), Instant>,
}

impl Collector {
    fn round(&mut self) -> Result<(), Status> {
        let before = std::mem::take(&mut self.found);
        let cluster = self.cluster.clone();
        let (jobs, _) = cluster.store.list(&JOBS, None)?;
        let (pods, _) = cluster.store.list(&PODS, None)?;
        let owners: HashSet<&str> = jobs
            .iter()
            .filter_map(|job| job["metadata"]["uid"].as_str())
            .collect();
        for pod in &pods {
            if is_orphaned(pod, &owners) && self.is_due(&before, pod, Work::Absent) {
                let key = Key::of(&PODS, pod)?;
                release(&cluster, &key, TRACKING)?;
                delete(&cluster, &key, pod)?;
            }
        }
        for job in jobs.iter().filter(|job| is_going(job)) {
            let key = Key::of(&JOBS, job)?;
            let uid = &job["metadata"]["uid"];
            let own: Vec<&Arc<Value>> = pods.iter().filter(|pod| owned_by(pod, uid)).collect();
            if has_finalizer(job, "orphan") && self.is_due(&before, job, Work::Orphan) {
                orphan(&cluster, &own)?;
                release(&cluster, &key, "orphan")?;
            } else if has_finalizer(job, "foregroundDeletion")
                && self.is_due(&before, job, Work::Dependents(own.len()))
            {
                for pod in &own {
                    let key = Key::of(&PODS, pod)?;
                    release(&cluster, &key, TRACKING)?;
                    delete(&cluster, &key, pod)?;
                }
                if own.is_empty() {
                    release(&cluster, &key, "foregroundDeletion")?;
                }
            }
        }
        namespaces(&cluster)?;
        events(&cluster)
    }

    /// Whether the object's turn has come; if not, it is remembered.
    fn is_due(&mut self, before: &HashMap<(String, Work), Instant>, object: &Value, work: Work) -> bool {
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let now = Instant::now();
        let key = (uid, work);
        let due = before.get(&key).map_or(now + PROCESSING_DELAY, |due| *due);
        if due > now {
            self.found.insert(key, due);
        }
        due <= now
    }
}

fn is_orphaned(pod: &Value, owners: &HashSet<&str>) -> bool {
    let references = pod["metadata"]["ownerReferences"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    !references.is_empty()
        && references.iter().all(|owner| {
            owner["kind"] == "Job" && !owners.contains(owner["uid"].as_str().unwrap_or_default())
        })
}

fn is_going(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// Deletes a dependent unless it is being deleted already.
fn delete(cluster: &Cluster, key: &Key, pod: &Value) -> Result<(), Status> {
    if is_going(pod) {
        return Ok(());
    }
    gone(delete_object(cluster, key, "Background", None))
}

/// Removes the owner references from Pods that stay.
fn orphan(cluster: &Cluster, pods: &[&Arc<Value>]) -> Result<(), Status> {
    for pod in pods {
        let key = Key::of(&PODS, pod)?;
        cluster.store.modify(&key, |pod| {
            if let Some(metadata) = pod["metadata"].as_object_mut() {
                metadata.shift_remove("ownerReferences");
            }
            Ok::<_, StoreError>(())
        })?;
        release(cluster, &key, TRACKING)?;
    }
    Ok(())
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

/// Removes a finalizer; without its last one, an object that is being deleted is removed.
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
            tracing::warn!(message = refused.message, "cannot remove a finalizer");
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

/// Removes a namespace once it is empty.
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
