//! The Job controller (<https://kubernetes.io/docs/concepts/workloads/controllers/job/>).
//!
//! A Job is synced when it is created or its spec changes, one second after its Pods change, and when a time is
//! reached: a deadline, or the end of a back-off. A sync whose requests are refused, because of a conflicting
//! change or a full quota, is retried 1 s, 2 s, 4 s, … later. Pods carry the finalizer
//! `batch.kubernetes.io/job-tracking` until they are counted ([`count`]).

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
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::controllers::job::backoff::Record;
use crate::controllers::job::queue::{Name, Queue};
use crate::resource::{JOBS, PODS};
use crate::store::{Event, EventKind, Key, StoreError};

/// The finalizer of Pods that are not counted yet.
pub(crate) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
/// The controller's name in `spec.managedBy`.
const OWN_NAME: &str = "kubernetes.io/job-controller";
/// Pod changes within this time are handled in one sync.
const BATCH_PERIOD: Duration = Duration::from_secs(1);
/// Number of concurrent syncs. Syncs mostly wait for requests, so there are more than the five of
/// `--concurrent-job-syncs`: many Jobs created at once do not wait for one another.
const WORKERS: usize = 32;
/// Initial and maximum retry delay after a request of the controller was refused.
const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
const MAX_RETRY_DELAY: Duration = Duration::from_mins(1);

/// Runs until the playground stops.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        let mut controller = Controller::new(cluster.clone());
        match controller.follow().await {
            Err(error @ StoreError::Gone { .. }) => tracing::debug!(%error, "the Job controller relists"),
            Err(error) => {
                tracing::error!(%error, "the Job controller failed; restarting");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Ok(()) => return,
        }
    }
}

/// The controller's state.
pub(super) struct Controller {
    cluster: Cluster,
    queue: Queue,
    /// Failures since the last success, by uid of the Job.
    backoff: HashMap<String, Record>,
    /// How often a Job's sync has failed in a row.
    refused: HashMap<Name, u32>,
    /// Jobs being synced.
    workers: JoinSet<Result<SyncResult, StoreError>>,
}

/// The result of a sync: the Job's name and uid, and `None` if there was nothing to do.
type SyncResult = (Name, String, Option<sync::Outcome>);

impl Controller {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            queue: Queue::default(),
            backoff: HashMap::new(),
            refused: HashMap::new(),
            workers: JoinSet::new(),
        }
    }

    /// Watches Jobs and Pods.
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
                Some(result) = self.workers.join_next() => match result {
                    Ok(result) => self.finish_sync(result?),
                    Err(error) => tracing::error!(%error, "the sync of a Job failed"),
                },
                () = tokio::time::sleep_until(due), if self.workers.len() < WORKERS => {
                    if let Some(name) = self.queue.pop(Instant::now()) {
                        self.start_sync(name)?;
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
            self.queue.after(job, BATCH_PERIOD);
        } else {
            self.queue.now(job);
        }
        // Nothing counts the Pods of this Job any more.
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
            self.queue.named(claim::name(&change.object, owner), BATCH_PERIOD);
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

    /// Starts the sync of a Job.
    fn start_sync(&mut self, name: Name) -> Result<(), StoreError> {
        let key = Key::new(&JOBS, name.0.clone(), name.1.clone());
        let job = self.cluster.store.get(&key)?;
        let uid = job
            .as_ref()
            .map_or("", |job| text(&job["metadata"]["uid"]))
            .to_owned();
        let Some(job) = job.filter(|job| is_own(job) && !status::finished(job)) else {
            self.finish_sync((name, uid, None));
            return Ok(());
        };
        let record = self.backoff.get(&uid).copied().unwrap_or_default();
        let cluster = self.cluster.clone();
        self.workers.spawn(async move {
            let outcome = sync::Sync::begin(&cluster, &job, record)?.run().await?;
            Ok((name, uid, Some(outcome)))
        });
        Ok(())
    }

    /// Handles the end of a sync; a Job whose requests were refused is retried with increasing delays.
    fn finish_sync(&mut self, (name, uid, outcome): SyncResult) {
        self.queue.done(&name);
        let Some(outcome) = outcome else {
            self.backoff.remove(&uid);
            self.refused.remove(&name);
            return;
        };
        self.backoff.insert(uid, outcome.record);
        if let Some(wait) = outcome.requeue_after {
            self.queue.named(name.clone(), wait);
        }
        if !outcome.refused {
            self.refused.remove(&name);
            return;
        }
        let retries = self.refused.entry(name.clone()).or_default();
        let wait = FIRST_RETRY_DELAY
            .saturating_mul(1 << (*retries).min(6))
            .min(MAX_RETRY_DELAY);
        *retries += 1;
        self.queue.named(name, wait);
    }
}

/// Whether the Job is managed by this controller.
fn is_own(job: &Value) -> bool {
    job["spec"]["managedBy"].as_str().unwrap_or(OWN_NAME) == OWN_NAME
}

/// Returns a list field; empty if missing.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns a text field; empty if missing.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
