//! Creates missing Pods and deletes surplus ones.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::api::registry::{create_object, delete_object};
use crate::controllers;
use crate::controllers::garbage::release;
use crate::controllers::job::backoff;
use crate::controllers::job::facts::{
    INDEX_FAILURES, INDEX_IGNORED, counted, finish_time, index, indexed, ready, ready_since,
    replaces_only_failed, suspended, terminating,
};
use crate::controllers::job::sync::Sync;
use crate::controllers::job::{TRACKING, items, template, text};
use crate::resource::PODS;
use crate::store::{Key, StoreError};

/// Maximum number of Pods created or deleted in one sync.
const MAX_PODS_PER_SYNC: i64 = 500;

impl Sync<'_> {
    /// Adjusts the number of Pods to the Job's parallelism and completions.
    pub(super) async fn manage(&mut self) -> Result<(), StoreError> {
        if suspended(&self.job) {
            let all = self.active.clone();
            return self.delete(&all, true).await;
        }
        let parallelism = self.spec()["parallelism"].as_i64().unwrap_or(1);
        let wanted = match self.completions() {
            // A work queue Job that has seen a success only finishes the Pods that run.
            None if self.succeeded > 0 => self.active_count,
            None => parallelism,
            Some(completions) => parallelism.min(completions - self.succeeded).max(0),
        };
        let surplus = self.surplus((self.active_count - wanted).clamp(0, MAX_PODS_PER_SYNC));
        if !surplus.is_empty() {
            return self.delete(&surplus, true).await;
        }
        let missing = wanted - self.held_by_terminating() - self.active_count;
        if missing <= 0 {
            return Ok(());
        }
        if self.failed_indexes.is_none() {
            let left = self.outcome.record.left(self.now);
            if !left.is_zero() {
                self.requeue_after(left.max(crate::controllers::job::BATCH_PERIOD));
                // While it backs off, the controller reports no active Pods.
                self.active_count = 0;
                return Ok(());
            }
        }
        self.create(missing.min(MAX_PODS_PER_SYNC)).await;
        Ok(())
    }

    /// Returns the Pods to delete: those whose index is not wanted or has another Pod, then those that have made
    /// the least progress.
    fn surplus(&self, count: i64) -> Vec<Arc<Value>> {
        let mut chosen: Vec<Arc<Value>> = Vec::new();
        let mut rest = self.active.clone();
        rest.sort_by_key(|pod| {
            (
                !text(&pod["spec"]["nodeName"]).is_empty(),
                pod["status"]["phase"] == "Running",
                ready(pod),
                Reverse(ready_since(pod).unwrap_or_default().to_owned()),
                Reverse(restarts(pod)),
                Reverse(text(&pod["metadata"]["creationTimestamp"]).to_owned()),
            )
        });
        if indexed(&self.job) {
            let mut seen = Vec::new();
            // The best Pod of an index keeps it.
            let (keep, give): (Vec<_>, Vec<_>) = rest.into_iter().rev().partition(|pod| {
                let own = index(pod).filter(|_| self.fits(pod));
                let first = own.is_some_and(|own| !seen.contains(&own));
                seen.extend(own);
                first
            });
            chosen = give;
            rest = keep.into_iter().rev().collect();
        }
        let more = usize::try_from(count).unwrap_or(0).saturating_sub(chosen.len());
        chosen.extend(rest.into_iter().take(more));
        chosen
    }

    /// Deletes Pods. With `release`, their finalizers are removed first: they do not count.
    pub(super) async fn delete(&mut self, pods: &[Arc<Value>], released: bool) -> Result<(), StoreError> {
        if pods.is_empty() {
            return Ok(());
        }
        if released {
            controllers::request().await;
            for pod in pods {
                release(self.cluster, &Key::of(&PODS, pod)?, TRACKING)?;
                self.pods
                    .retain(|other| other["metadata"]["uid"] != pod["metadata"]["uid"]);
            }
        }
        controllers::request().await;
        for pod in pods {
            let name = text(&pod["metadata"]["name"]);
            match delete_object(self.cluster, &Key::of(&PODS, pod)?, "Background", None) {
                Ok(_) => {
                    self.event("Normal", "SuccessfulDelete", &format!("Deleted pod: {name}"));
                    self.active_count -= 1;
                    self.ready_count -= i64::from(ready(pod));
                    self.terminating += 1;
                }
                Err(refused) if refused.code == 404 => self.active_count -= 1,
                Err(refused) => {
                    self.event(
                        "Warning",
                        "FailedDelete",
                        &format!("Error deleting: {}", refused.message),
                    );
                    self.outcome.refused = true;
                }
            }
        }
        Ok(())
    }

    /// Creates Pods: one, then two, four, … until a request is refused.
    async fn create(&mut self, missing: i64) {
        let places: Vec<(Option<i64>, Option<Arc<Value>>)> = if indexed(&self.job) {
            let indexes = self.free_indexes(missing);
            let places = self.ready_indexes(&indexes);
            if places.is_empty() && !indexes.is_empty() {
                // While all of them back off, the controller reports no active Pods.
                self.active_count = 0;
            }
            places
        } else {
            (0..missing).map(|_| (None, None)).collect()
        };
        let mut rest = places.as_slice();
        let mut batch = 1;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(batch.min(rest.len()));
            let mut refused = false;
            controllers::request().await;
            for (index, before) in now {
                refused |= !self.create_one(*index, before.as_deref());
            }
            if refused {
                self.outcome.refused = true;
                break;
            }
            rest = later;
            batch *= 2;
        }
    }

    fn create_one(&mut self, index: Option<i64>, before: Option<&Value>) -> bool {
        let pod = template::pod(&self.job, index, before);
        let namespace = text(&self.job["metadata"]["namespace"]).to_owned();
        match create_object(self.cluster, &PODS, &namespace, pod, false) {
            Ok(pod) => {
                self.active_count += 1;
                let name = text(&pod["metadata"]["name"]);
                self.event("Normal", "SuccessfulCreate", &format!("Created pod: {name}"));
                true
            }
            Err(refused) => {
                let ends = refused
                    .details
                    .as_ref()
                    .is_some_and(|details| details["causes"][0]["reason"] == "NamespaceTerminating");
                if !ends {
                    let why = format!("Error creating: {}", refused.message);
                    self.event("Warning", "FailedCreate", &why);
                }
                ends
            }
        }
    }

    /// Returns the first indexes that are neither active nor finished.
    fn free_indexes(&self, max: i64) -> Vec<i64> {
        let taken = |pod: &&Arc<Value>| {
            crate::controllers::job::facts::active(pod)
                || (replaces_only_failed(&self.job) && terminating(pod))
        };
        let busy: Vec<i64> = self
            .pods
            .iter()
            .filter(taken)
            .filter_map(|pod| index(pod))
            .collect();
        let is_finished = |index: i64| {
            self.done.has(index)
                || self
                    .failed_indexes
                    .as_ref()
                    .is_some_and(|failed| failed.has(index))
        };
        (0..self.completions().unwrap_or(0))
            .filter(|index| !busy.contains(index) && !is_finished(*index))
            .take(usize::try_from(max).unwrap_or(0))
            .collect()
    }

    /// Returns the indexes whose own back-off has expired, each with its previous failed Pod; schedules a sync for
    /// when the next one expires.
    fn ready_indexes(&mut self, indexes: &[i64]) -> Vec<(Option<i64>, Option<Arc<Value>>)> {
        let waiting = self.waiting_for_replacement();
        let mut places = Vec::new();
        let mut shortest: Option<Duration> = None;
        for index in indexes {
            let before = waiting
                .iter()
                .find(|(other, _)| other == index)
                .map(|(_, pod)| Arc::clone(pod));
            let left = before.as_deref().map_or(Duration::ZERO, |pod| {
                let tries = counted(pod, INDEX_FAILURES) + counted(pod, INDEX_IGNORED) + 1;
                backoff::left(
                    u32::try_from(tries).unwrap_or(u32::MAX),
                    finish_time(pod),
                    self.now,
                )
            });
            if left.is_zero() {
                places.push((Some(*index), before));
            } else {
                shortest = Some(shortest.map_or(left, |shortest| shortest.min(left)));
            }
        }
        if let Some(wait) = shortest {
            self.requeue_after(wait.max(crate::controllers::job::BATCH_PERIOD));
        }
        places
    }
}

fn restarts(pod: &Value) -> i64 {
    let all = items(&pod["status"]["containerStatuses"]).iter();
    all.filter_map(|one| one["restartCount"].as_i64())
        .max()
        .unwrap_or(0)
}
