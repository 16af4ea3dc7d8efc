//! The Job controller (<https://kubernetes.io/docs/concepts/workloads/controllers/job/>).
//!
//! Each Job is looked at when its spec changes, one second after its Pods change, and when time brings something: a
//! deadline, or the end of a back-off. Pods carry the finalizer `batch.kubernetes.io/job-tracking` until they are
//! counted ([`count`]).

mod backoff;
mod claim;
mod count;
mod facts;
mod indexes;
mod pods;
mod policy;
mod queue;
mod status;
mod sync;
mod template;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::resource::{JOBS, PODS};
use crate::store::{Event, EventKind, Key, StoreError};
use backoff::Record;
use queue::{Name, Queue};

/// The finalizer of Pods that are not counted yet.
pub(crate) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The controller's name in `spec.managedBy`.
const OWN_NAME: &str = "kubernetes.io/job-controller";
/// Pods' changes are looked at together.
const BATCH: Duration = Duration::from_secs(1);
/// A new Job is looked at a moment after it is made: much of what is made is at once changed or removed.
const FRESH: Duration = Duration::from_millis(100);
/// First and longest wait after a request of the controller was refused.
const RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_mins(1);

/// Runs until the playground ends.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        let mut controller = Controller::new(cluster.clone());
        match controller.follow().await {
            Err(error @ StoreError::Gone { .. }) => tracing::debug!(%error, "the Job controller begins anew"),
            Err(error) => {
                tracing::error!(%error, "the Job controller");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Ok(()) => return,
        }
    }
}

/// What the controller remembers.
pub(super) struct Controller {
    cluster: Cluster,
    queue: Queue,
    /// Failures since the last success, by uid of the Job.
    backoff: HashMap<String, Record>,
    /// How often a Job's sync has failed in a row.
    refused: HashMap<Name, u32>,
}

impl Controller {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            queue: Queue::default(),
            backoff: HashMap::new(),
            refused: HashMap::new(),
        }
    }

    /// Follows Jobs and Pods.
    async fn follow(&mut self) -> Result<(), StoreError> {
        let since = self.cluster.store.version();
        let mut jobs = self.cluster.store.watch(&JOBS, None, since)?;
        let mut pods = self.cluster.store.watch(&PODS, None, since)?;
        for job in self.cluster.store.list(&JOBS, None)?.0 {
            self.queue.now(&job);
        }
        for pod in self.cluster.store.list(&PODS, None)?.0 {
            claim::release_orphan(&self.cluster, &pod)?;
        }
        loop {
            let due = self.queue.next();
            tokio::select! {
                biased;
                change = jobs.next() => match change {
                    Some(change) => self.job_changed(&*change?)?,
                    None => return Ok(()),
                },
                change = pods.next() => match change {
                    Some(change) => self.pod_changed(&*change?)?,
                    None => return Ok(()),
                },
                () = tokio::time::sleep_until(due) => {
                    while let Some(name) = self.queue.pop(Instant::now()) {
                        self.sync_and_retry(&name)?;
                    }
                }
            }
        }
    }

    fn job_changed(&mut self, change: &Event) -> Result<(), StoreError> {
        let job = &change.object;
        let same_spec = change
            .previous
            .as_ref()
            .is_some_and(|before| before["metadata"]["generation"] == job["metadata"]["generation"]);
        if change.kind == EventKind::Modified && same_spec {
            self.queue.after(job, BATCH);
        } else if change.kind == EventKind::Added {
            self.queue.after(job, FRESH);
        } else {
            self.queue.now(job);
        }
        // What belonged to it has nobody who counts it any more.
        if change.kind == EventKind::Deleted || status::finished(job) {
            let namespace = job["metadata"]["namespace"].as_str();
            for pod in self.cluster.store.list(&PODS, namespace)?.0 {
                claim::release_orphan(&self.cluster, &pod)?;
            }
        }
        Ok(())
    }

    fn pod_changed(&mut self, change: &Event) -> Result<(), StoreError> {
        let owner = claim::owner_of(&change.object).or_else(|| {
            change
                .previous
                .as_ref()
                .and_then(|before| claim::owner_of(before))
        });
        if let Some(owner) = owner {
            self.queue.named(claim::name(&change.object, owner), BATCH);
        }
        if claim::owner_of(&change.object).is_none() && change.kind != EventKind::Deleted {
            for job in claim::jobs_that_select(&self.cluster, &change.object)? {
                self.queue.now(&job);
            }
        }
        if change.kind != EventKind::Deleted {
            claim::release_orphan(&self.cluster, &change.object)?;
        }
        Ok(())
    }

    /// Looks at a Job; one whose requests were refused is looked at again, later each time.
    fn sync_and_retry(&mut self, name: &Name) -> Result<(), StoreError> {
        let again = self.sync(name)?;
        if !again {
            self.refused.remove(name);
            return Ok(());
        }
        let times = self.refused.entry(name.clone()).or_default();
        let wait = RETRY.saturating_mul(1 << (*times).min(6)).min(LONGEST_RETRY);
        *times += 1;
        self.queue.named(name.clone(), wait);
        Ok(())
    }

    /// Looks at a Job; says whether something was refused.
    fn sync(&mut self, name: &Name) -> Result<bool, StoreError> {
        let key = Key::new(&JOBS, name.0.clone(), name.1.clone());
        let Some(job) = self.cluster.store.get(&key)? else {
            return Ok(false);
        };
        let uid = job["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let managed = job["spec"]["managedBy"].as_str().unwrap_or(OWN_NAME);
        if managed != OWN_NAME || status::finished(&job) {
            self.backoff.remove(&uid);
            return Ok(false);
        }
        let record = self.backoff.get(&uid).copied().unwrap_or_default();
        let outcome = sync::Sync::begin(&self.cluster, &job, record)?.run()?;
        self.backoff.insert(uid, outcome.record);
        if let Some(wait) = outcome.again_after {
            self.queue.named(name.clone(), wait);
        }
        Ok(outcome.refused)
    }
}

/// A list member; empty if missing.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text member; empty if missing.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
