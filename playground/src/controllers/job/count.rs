//! Counts Pods that have ended, safely across crashes: a Pod's uid is first written into
//! `status.uncountedTerminatedPods`, then its finalizer is removed, and only then is the counter incremented and
//! the uid removed ([job tracking with
//! finalizers](https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-tracking-with-finalizers)).

use std::sync::Arc;

use serde_json::Value;

use crate::controllers;
use crate::controllers::garbage::release;
use crate::controllers::job::facts::{
    INDEX_FAILURES, INDEX_IGNORED, active, counted, deleting, failed, finish_time, index, indexed, succeeded,
    tracked,
};
use crate::controllers::job::indexes::Indexes;
use crate::controllers::job::policy::{Verdict, verdict};
use crate::controllers::job::sync::Sync;
use crate::controllers::job::{TRACKING, status, text};
use crate::resource::PODS;
use crate::store::{Key, StoreError};

/// Maximum number of uids listed at a time.
const MAX_UNCOUNTED: usize = 500;

impl Sync<'_> {
    /// Lists, releases and counts Pods that have ended, then finishes the Job if nothing prevents it.
    pub(super) async fn track(&mut self, mut changed: bool) -> Result<(), StoreError> {
        let mut held: Vec<Value> = self
            .pods
            .iter()
            .filter(|pod| tracked(pod))
            .map(|pod| pod["metadata"]["uid"].clone())
            .collect();
        changed |= self.count_released(&held);
        let (release_now, listed, full) = self.list_ended();
        changed |= listed;
        changed |= self.write_indexes();
        changed |= self.write_target();
        if changed && !self.write().await? {
            return Ok(());
        }
        if !release_now.is_empty() {
            controllers::request().await;
        }
        for pod in &release_now {
            release(self.cluster, &Key::of(&PODS, pod)?, TRACKING)?;
            held.retain(|uid| *uid != pod["metadata"]["uid"]);
        }
        let counted = self.count_released(&held);
        let finished = !full && self.finish();
        if counted || finished {
            let written = self.write().await?;
            if written && finished {
                self.record_finished_event();
            }
        }
        Ok(())
    }

    /// Moves listed Pods whose finalizer is gone into the counters.
    fn count_released(&mut self, held: &[Value]) -> bool {
        let mut any = false;
        for list in ["succeeded", "failed"] {
            let (still, gone): (Vec<Value>, Vec<Value>) = self
                .uncounted(list)
                .into_iter()
                .partition(|uid| held.contains(uid));
            if gone.is_empty() {
                continue;
            }
            any = true;
            let before = self.status[list].as_i64().unwrap_or(0);
            self.status[list] = (before + i64::try_from(gone.len()).unwrap_or(0)).into();
            self.put_uncounted(list, still);
        }
        any
    }

    fn put_uncounted(&mut self, list: &str, uids: Vec<Value>) {
        self.status["uncountedTerminatedPods"][list] =
            if uids.is_empty() { Value::Null } else { uids.into() };
    }

    /// Lists Pods that have ended; returns those to release now, whether the status has changed, and whether there
    /// are more.
    fn list_ended(&mut self) -> (Vec<Arc<Value>>, bool, bool) {
        let waiting = self.waiting_for_replacement();
        let mut by_index = self.pods.clone();
        by_index.sort_by_key(|pod| index(pod));
        let (mut release_now, mut changed) = (Vec::new(), false);
        let (mut won, mut lost) = (self.uncounted("succeeded"), self.uncounted("failed"));
        let mut indexes = 0;
        let ends_in_failure = self.ending.as_ref().is_some_and(|ending| !ending.is_success());
        for pod in by_index.iter().filter(|pod| tracked(pod)) {
            if won.len() + lost.len() + indexes >= MAX_UNCOUNTED {
                self.put_uncounted("succeeded", won);
                self.put_uncounted("failed", lost);
                return (release_now, changed, true);
            }
            let has_failed = failed(pod, &self.job);
            if !self.may_release(pod, has_failed, &waiting) {
                continue;
            }
            release_now.push(Arc::clone(pod));
            let uid = pod["metadata"]["uid"].clone();
            if succeeded(pod) && !lost.contains(&uid) {
                if indexed(&self.job) {
                    let new = index(pod).filter(|index| self.fits(pod) && !self.done_before.has(*index));
                    if let Some(index) = new {
                        self.done_before.insert(index);
                        indexes += 1;
                        changed = true;
                    }
                } else if !won.contains(&uid) {
                    won.push(uid);
                    changed = true;
                }
            } else if (has_failed || ends_in_failure)
                && !lost.contains(&uid)
                && self.fits(pod)
                && self.counts(pod)
            {
                lost.push(uid);
                changed = true;
            }
        }
        self.put_uncounted("succeeded", won);
        self.put_uncounted("failed", lost);
        (release_now, changed, false)
    }

    /// Whether a Pod may be released. A failed Pod of an index that will be retried stays until its replacement
    /// exists, which takes over its count of failures.
    fn may_release(&self, pod: &Value, has_failed: bool, waiting: &[(i64, Arc<Value>)]) -> bool {
        if deleting(&self.job) || self.ending.is_some() || succeeded(pod) {
            return true;
        }
        has_failed
            && !waiting
                .iter()
                .any(|(_, other)| other["metadata"]["uid"] == pod["metadata"]["uid"])
    }

    /// Returns the last failed Pod of each index that is neither completed nor active, for Jobs with a limit per
    /// index.
    pub(super) fn waiting_for_replacement(&self) -> Vec<(i64, Arc<Value>)> {
        let mut last: Vec<(i64, Arc<Value>)> = Vec::new();
        let Some(failed_for_good) = &self.failed_indexes else {
            return last;
        };
        let busy: Vec<i64> = self
            .pods
            .iter()
            .filter(|pod| active(pod))
            .filter_map(|pod| index(pod))
            .collect();
        let tries = |pod: &Value| counted(pod, INDEX_FAILURES) + counted(pod, INDEX_IGNORED);
        for pod in self
            .pods
            .iter()
            .filter(|pod| tracked(pod) && self.fits(pod) && failed(pod, &self.job))
        {
            let Some(index) = index(pod) else { continue };
            if self.done.has(index) || failed_for_good.has(index) || busy.contains(&index) {
                continue;
            }
            match last.iter_mut().find(|(other, _)| *other == index) {
                Some((_, kept)) => {
                    if (tries(kept), finish_time(kept)) <= (tries(pod), finish_time(pod)) {
                        *kept = Arc::clone(pod);
                    }
                }
                None => last.push((index, Arc::clone(pod))),
            }
        }
        last
    }

    /// Returns the indexes that have failed for good.
    pub(super) fn indexes_failed(&self, completions: i64) -> Indexes {
        let limit = self.spec()["backoffLimitPerIndex"].as_i64().unwrap_or(0);
        let mut set = Indexes::parse(text(&self.status["failedIndexes"]), completions);
        for pod in self
            .pods
            .iter()
            .filter(|pod| self.fits(pod) && failed(pod, &self.job))
        {
            let is_finished = match verdict(&self.job, pod) {
                Verdict::FailIndex => true,
                Verdict::Ignore => false,
                Verdict::Count | Verdict::FailJob(_) => counted(pod, INDEX_FAILURES) >= limit,
            };
            if let Some(index) = index(pod).filter(|_| is_finished) {
                set.insert(index);
            }
        }
        set
    }

    /// Writes the completed and failed indexes into the status.
    fn write_indexes(&mut self) -> bool {
        if !indexed(&self.job) {
            return false;
        }
        let mut changed = false;
        let done = self.done_before.write();
        if text(&self.status["completedIndexes"]) != done {
            self.status["completedIndexes"] = done.into();
            changed = true;
        }
        self.status["succeeded"] = self.done_before.len().into();
        if let Some(failed) = &self.failed_indexes {
            let failed = failed.write();
            if self.status["failedIndexes"].as_str() != Some(failed.as_str()) {
                self.status["failedIndexes"] = failed.into();
                changed = true;
            }
        }
        changed
    }

    /// Records how the Job will end, before its Pods are released.
    fn write_target(&mut self) -> bool {
        let Some(ending) = self.ending.clone() else {
            return false;
        };
        if status::condition(&self.status, ending.kind).is_some() {
            return false;
        }
        let now = self.now_text();
        status::ensure(
            &mut self.status,
            status::new(ending.kind, true, &ending.reason, &ending.message, &now),
        )
    }

    /// Adds the final condition once every Pod is counted and has ended.
    fn finish(&mut self) -> bool {
        let Some(ending) = self.ending.clone() else {
            return false;
        };
        let uncounted = ["succeeded", "failed"]
            .iter()
            .any(|list| !self.uncounted(list).is_empty());
        if uncounted || self.terminating > 0 || self.active_count > 0 {
            return false;
        }
        let now = self.now_text();
        let kind = if ending.is_success() { "Complete" } else { "Failed" };
        status::ensure(
            &mut self.status,
            status::new(kind, true, &ending.reason, &ending.message, &now),
        );
        if ending.is_success() {
            self.status["completionTime"] = now.into();
        }
        true
    }

    /// Records the event of a Job that has finished.
    fn record_finished_event(&self) {
        match &self.ending {
            Some(ending) if ending.is_success() => {
                let completions = self.completions().unwrap_or(i64::MAX);
                if self.status["succeeded"]
                    .as_i64()
                    .is_some_and(|succeeded| succeeded > completions)
                {
                    let message = "Too many succeeded pods running after completion count reached";
                    self.event("Warning", "TooManySucceededPods", message);
                }
                self.event("Normal", "Completed", "Job completed");
            }
            Some(ending) => self.event("Warning", &ending.reason, &ending.message),
            None => {}
        }
    }
}
