//! One sync of a Job: reads its Pods, decides what follows, writes the status.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::write;
use crate::api::write::{Part, WriteOptions};
use crate::cluster::Cluster;
use crate::controllers::job::backoff::Record;
use crate::controllers::job::facts::{
    active, deleting, failed, has_ended, index, indexed, ready, replaces_only_failed, succeeded, suspended,
    terminating, time, tracked,
};
use crate::controllers::job::indexes::Indexes;
use crate::controllers::job::policy;
use crate::controllers::job::policy::Verdict;
use crate::controllers::job::{claim, items, status, text};
use crate::resource::JOBS;
use crate::store::{Key, StoreError};
use crate::{controllers, events};

const COMPONENT: &str = "job-controller";
const MANAGER: &str = "kube-controller-manager";

/// The result of a sync.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Failures since the last success.
    pub record: Record,
    /// When to sync again, if something depends on time.
    pub requeue_after: Option<Duration>,
    /// Whether a request was refused and has to be retried.
    pub refused: bool,
}

/// How a Job ends: the condition that comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// `SuccessCriteriaMet` or `FailureTarget`.
    pub kind: &'static str,
    /// The reason.
    pub reason: String,
    /// The message.
    pub message: String,
}

impl Ending {
    fn failure(reason: &str, message: impl Into<String>) -> Self {
        Self {
            kind: "FailureTarget",
            reason: reason.to_owned(),
            message: message.into(),
        }
    }

    fn success(reason: &str, message: impl Into<String>) -> Self {
        Self {
            kind: "SuccessCriteriaMet",
            reason: reason.to_owned(),
            message: message.into(),
        }
    }

    /// Whether the Job succeeds.
    pub(super) fn is_success(&self) -> bool {
        self.kind == "SuccessCriteriaMet"
    }
}

/// A Job with its Pods at one moment.
pub(super) struct Sync<'a> {
    pub cluster: &'a Cluster,
    pub job: Arc<Value>,
    /// The status to be written.
    pub status: Value,
    pub pods: Vec<Arc<Value>>,
    pub active: Vec<Arc<Value>>,
    /// Counts of the status to be written.
    pub active_count: i64,
    pub ready_count: i64,
    pub terminating: i64,
    /// Pods that have succeeded and failed, including those that are not in the counters yet.
    pub succeeded: i64,
    pub failed: i64,
    /// Indexes that were completed before this sync.
    pub done_before: Indexes,
    pub done: Indexes,
    pub failed_indexes: Option<Indexes>,
    pub ending: Option<Ending>,
    pub outcome: Outcome,
    /// Failures before this sync.
    record_before: Record,
    pub now: Timestamp,
}

impl<'a> Sync<'a> {
    /// Reads the Job's Pods and status.
    pub(super) fn begin(cluster: &'a Cluster, job: &Arc<Value>, record: Record) -> Result<Self, StoreError> {
        let pods = claim::pods(cluster, job)?;
        let active: Vec<Arc<Value>> = pods.iter().filter(|pod| active(pod)).cloned().collect();
        let mut status = job["status"].clone();
        if !status.is_object() {
            status = json!({});
        }
        if !status["uncountedTerminatedPods"].is_object() {
            status["uncountedTerminatedPods"] = json!({});
        }
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let mut sync = Self {
            cluster,
            job: Arc::clone(job),
            active_count: count(active.len()),
            ready_count: count(active.iter().filter(|pod| ready(pod)).count()),
            terminating: count(pods.iter().filter(|pod| terminating(pod)).count()),
            succeeded: 0,
            failed: 0,
            done_before: Indexes::default(),
            done: Indexes::default(),
            failed_indexes: None,
            ending: None,
            outcome: Outcome {
                record,
                ..Outcome::default()
            },
            record_before: record,
            now: cluster.clock.now(),
            status,
            pods,
            active,
        };
        sync.tally();
        Ok(sync)
    }

    pub(super) fn spec(&self) -> &Value {
        &self.job["spec"]
    }

    pub(super) fn completions(&self) -> Option<i64> {
        self.spec()["completions"].as_i64()
    }

    /// Returns the uids that are listed and not in the counters yet.
    pub(super) fn uncounted(&self, list: &str) -> Vec<Value> {
        items(&self.status["uncountedTerminatedPods"][list]).to_vec()
    }

    pub(super) fn now_text(&self) -> String {
        crate::clock::seconds(self.now)
    }

    pub(super) fn event(&self, kind: &str, reason: &str, message: &str) {
        events::record(self.cluster, &self.job, COMPONENT, kind, reason, message);
    }

    /// Whether the Pod's index is one of the Job's; always true for a Job without indexes.
    pub(super) fn fits(&self, pod: &Value) -> bool {
        !indexed(&self.job) || index(pod).is_some_and(|index| index < self.completions().unwrap_or(0))
    }

    /// Returns Pods that have ended this way and are neither listed nor counted.
    fn new_ended(&self, list: &str, ended: impl Fn(&Value) -> bool) -> Vec<Arc<Value>> {
        let listed = self.uncounted(list);
        let fresh = |pod: &&Arc<Value>| {
            tracked(pod) && !listed.contains(&pod["metadata"]["uid"]) && self.fits(pod) && ended(pod)
        };
        self.pods.iter().filter(fresh).cloned().collect()
    }

    /// Whether a failed Pod counts.
    pub(super) fn counts(&self, pod: &Value) -> bool {
        policy::verdict(&self.job, pod) != Verdict::Ignore
    }

    /// Counts the Pods that have ended.
    fn tally(&mut self) {
        let succeeded_pods = self.new_ended("succeeded", succeeded);
        let failed_pods = self.new_ended("failed", |pod| failed(pod, &self.job));
        let number = |value: &Value| value.as_i64().unwrap_or(0);
        let (won, lost) = (self.uncounted("succeeded").len(), self.uncounted("failed").len());
        let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let counted = failed_pods.iter().filter(|pod| self.counts(pod)).count();
        self.succeeded = number(&self.status["succeeded"]) + whole(won + succeeded_pods.len());
        self.failed = number(&self.status["failed"]) + whole(lost + counted);
        self.outcome.record = self.outcome.record.with(&succeeded_pods, &failed_pods);
        if !indexed(&self.job) {
            return;
        }
        let completions = self.completions().unwrap_or(0);
        self.done_before = Indexes::parse(text(&self.status["completedIndexes"]), completions);
        let mut done = self.done_before.clone();
        for pod in self
            .pods
            .iter()
            .filter(|pod| tracked(pod) && succeeded(pod) && self.fits(pod))
        {
            if let Some(index) = index(pod) {
                done.insert(index);
            }
        }
        self.done = done;
        self.succeeded = self.done.len();
        if self.spec()["backoffLimitPerIndex"].is_i64() {
            self.failed_indexes = Some(self.indexes_failed(completions));
        }
    }

    /// Runs the sync: decides what follows, adjusts the Pods, writes the status.
    pub(super) async fn run(mut self) -> Result<Outcome, StoreError> {
        let starts = self.status["startTime"].is_null() && !suspended(&self.job);
        if starts {
            self.status["startTime"] = self.now_text().into();
        }
        self.ending = self.decide();
        let mut conditions_changed = false;
        if self.ending.is_some() {
            let all = self.active.clone();
            // The Pods stay tracked until the status says how the Job ends.
            self.delete(&all, false).await?;
        } else {
            let managed = !deleting(&self.job);
            if managed {
                self.manage().await?;
            }
            if self.is_complete() {
                let message = "Reached expected number of succeeded pods";
                self.ending = Some(Ending::success("CompletionsReached", message));
            } else if managed {
                conditions_changed = self.suspend_or_resume();
            }
        }
        let old = &self.job["status"];
        let counts_changed = old["active"].as_i64().unwrap_or(0) != self.active_count
            || old["ready"].as_i64() != Some(self.ready_count)
            || old["terminating"].as_i64() != Some(self.terminating);
        self.status["active"] = self.active_count.into();
        self.status["ready"] = self.ready_count.into();
        self.status["terminating"] = self.terminating.into();
        self.track(conditions_changed || counts_changed).await?;
        Ok(self.outcome)
    }

    fn is_complete(&self) -> bool {
        self.active_count == 0
            && match self.completions() {
                Some(completions) => self.succeeded >= completions,
                // A work queue Job is done after its first success, once no Pod runs any more.
                None => self.succeeded > 0,
            }
    }

    /// Updates the condition `Suspended`; returns whether it changed.
    fn suspend_or_resume(&mut self) -> bool {
        let now = self.now_text();
        if suspended(&self.job) {
            let wanted = status::new("Suspended", true, "JobSuspended", "Job suspended", &now);
            if !status::ensure(&mut self.status, wanted) {
                return false;
            }
            self.status["startTime"] = Value::Null;
            self.event("Normal", "Suspended", "Job suspended");
            return true;
        }
        let wanted = status::new("Suspended", false, "JobResumed", "Job resumed", &now);
        if !status::ensure(&mut self.status, wanted) {
            return false;
        }
        self.status["startTime"] = now.into();
        self.event("Normal", "Resumed", "Job resumed");
        true
    }

    /// Decides whether and how the Job ends: as decided earlier, else by the first of the reasons in their order.
    fn decide(&mut self) -> Option<Ending> {
        for kind in ["SuccessCriteriaMet", "FailureTarget"] {
            if let Some(decided) = status::condition(&self.status, kind) {
                return Some(Ending {
                    kind,
                    reason: text(&decided["reason"]).to_owned(),
                    message: text(&decided["message"]).to_owned(),
                });
            }
        }
        self.by_policy()
            .or_else(|| self.by_limits())
            .or_else(|| self.by_indexes())
    }

    /// Returns the failure by a Pod that the Pod failure policy matches with `FailJob`.
    fn by_policy(&self) -> Option<Ending> {
        let failures = self.pods.iter().filter(|pod| failed(pod, &self.job));
        let mut verdicts = failures.map(|pod| policy::verdict(&self.job, pod));
        verdicts.find_map(|verdict| match verdict {
            Verdict::FailJob(why) => Some(Ending::failure("PodFailurePolicy", why)),
            _ => None,
        })
    }

    fn by_limits(&mut self) -> Option<Ending> {
        let limit = self.spec()["backoffLimit"].as_i64().unwrap_or(6);
        if self.failed > limit || self.restarted_too_often(limit) {
            return Some(Ending::failure(
                "BackoffLimitExceeded",
                "Job has reached the specified backoff limit",
            ));
        }
        let deadline = self.spec()["activeDeadlineSeconds"].as_i64()?;
        if suspended(&self.job) {
            return None;
        }
        let passed = self.now.duration_since(time(&self.status["startTime"])?);
        let left = jiff::SignedDuration::from_secs(deadline).saturating_sub(passed);
        match Duration::try_from(left) {
            Ok(left) if !left.is_zero() => {
                self.requeue_after(left);
                None
            }
            _ => Some(Ending::failure(
                "DeadlineExceeded",
                "Job was active longer than specified deadline",
            )),
        }
    }

    /// Whether container restarts exceed the limit, which counts them as failures where Pods do not end.
    fn restarted_too_often(&self, limit: i64) -> bool {
        if self.spec()["template"]["spec"]["restartPolicy"] != "OnFailure" {
            return false;
        }
        let restarts: i64 = self
            .pods
            .iter()
            .filter(|pod| !has_ended(pod))
            .flat_map(|pod| {
                ["initContainerStatuses", "containerStatuses"]
                    .into_iter()
                    .flat_map(|list| items(&pod["status"][list]))
            })
            .filter_map(|own| own["restartCount"].as_i64())
            .sum();
        if limit == 0 {
            restarts > 0
        } else {
            restarts >= limit
        }
    }

    fn by_indexes(&self) -> Option<Ending> {
        if !indexed(&self.job) {
            return None;
        }
        let completions = self.completions().unwrap_or(0);
        if let Some(failed) = &self.failed_indexes {
            let max = self.spec()["maxFailedIndexes"].as_i64();
            if max.is_some_and(|max| failed.len() > max) {
                return Some(Ending::failure(
                    "MaxFailedIndexesExceeded",
                    "Job has exceeded the specified maximal number of failed indexes",
                ));
            }
            if failed.len() > 0 && failed.len() + self.done.len() >= completions {
                return Some(Ending::failure("FailedIndexes", "Job has failed indexes"));
            }
        }
        policy::success(&self.job, &self.done).map(|message| Ending::success("SuccessPolicy", message))
    }

    /// Schedules the next sync after this delay, or earlier.
    pub(super) fn requeue_after(&mut self, wait: Duration) {
        let before = self.outcome.requeue_after;
        self.outcome.requeue_after = Some(before.map_or(wait, |before| before.min(wait)));
    }

    /// Returns how many terminating Pods take up places, if only failed ones are replaced.
    pub(super) fn held_by_terminating(&self) -> i64 {
        if replaces_only_failed(&self.job) {
            self.terminating
        } else {
            0
        }
    }

    /// Writes the status; returns false if the Job is gone or was changed by another client.
    pub(super) async fn write(&mut self) -> Result<bool, StoreError> {
        let mut wanted = crate::api::without_nulls(self.status.clone());
        if let Some(members) = wanted.as_object_mut() {
            for name in ["active", "succeeded", "failed"] {
                if members.get(name) == Some(&json!(0)) {
                    members.remove(name);
                }
            }
            if members.get("completedIndexes") == Some(&json!("")) {
                members.remove("completedIndexes");
            }
        }
        let seen = self.job["metadata"].clone();
        let key = Key::of(&JOBS, &self.job)?;
        controllers::request().await;
        let written = write::update(
            self.cluster,
            &key,
            Part::Status,
            &WriteOptions::system(MANAGER),
            |old| {
                if old["metadata"]["uid"] != seen["uid"] {
                    return Err(crate::api::error::ApiError::not_found(&JOBS, &key.name));
                }
                let mut new = old.clone();
                new["metadata"]["resourceVersion"] = seen["resourceVersion"].clone();
                new["status"] = wanted.clone();
                Ok(new)
            },
        );
        match written {
            Ok(job) => {
                self.job = job;
                Ok(true)
            }
            Err(refused) => {
                tracing::debug!(message = refused.message, "cannot update a Job's status");
                // What was counted is not written: it counts in the next sync.
                self.outcome.record = self.record_before;
                self.outcome.refused = true;
                Ok(false)
            }
        }
    }
}
