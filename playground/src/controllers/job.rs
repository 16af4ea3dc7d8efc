//! The Job controller (<https://kubernetes.io/docs/concepts/workloads/controllers/job/>).
//!
//! Pods carry the finalizer `batch.kubernetes.io/job-tracking` until they are counted. Counting is safe against a
//! crash: a finished Pod's uid is first written into `status.uncountedTerminatedPods`, then its finalizer is taken
//! off, and only then does the counter rise and the uid go (KEP-2307).

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::events;
use super::garbage::release;
use crate::cluster::Cluster;
use crate::http::status::Status;
use crate::http::{create_object, delete_object, is_over, random_suffix};
use crate::resource::{JOBS, PODS};
use crate::store::{Key, StoreError};

const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const COMPONENT: &str = "job-controller";
/// Most Pods that are created in one round.
const BATCH: usize = 500;

/// Runs until the playground ends: a round at each change of a Job or Pod, and twice a second for what time brings.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        let since = cluster.store.version();
        if let Err(error) = round(&cluster) {
            tracing::warn!(%error, "the Job controller");
        }
        let changed = async {
            let watches = [&JOBS, &PODS].map(|resource| cluster.store.watch(resource, None, since));
            let [Ok(mut jobs), Ok(mut pods)] = watches else {
                return;
            };
            tokio::select! {
                _ = jobs.next() => {}
                _ = pods.next() => {}
            }
        };
        // The round's own writes wake it once more; then it sleeps.
        if tokio::time::timeout(Duration::from_millis(500), changed)
            .await
            .is_ok()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn round(cluster: &Cluster) -> Result<(), StoreError> {
    let (jobs, _) = cluster.store.list(&JOBS, None)?;
    let (pods, _) = cluster.store.list(&PODS, None)?;
    for job in jobs {
        let uid = &job["metadata"]["uid"];
        let own = pods.iter().filter(|pod| {
            let owners = pod["metadata"]["ownerReferences"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            owners.iter().any(|owner| owner["uid"] == *uid)
        });
        let own: Vec<_> = own.cloned().collect();
        Sync {
            cluster,
            job: &job,
            pods: own,
        }
        .run()?;
    }
    Ok(())
}

fn condition<'a>(job: &'a Value, kind: &str) -> Option<&'a Value> {
    let all = job["status"]["conditions"].as_array()?;
    all.iter()
        .find(|condition| condition["type"] == kind && condition["status"] == "True")
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// One Job with its Pods, at one moment.
struct Sync<'a> {
    cluster: &'a Cluster,
    job: &'a Value,
    pods: Vec<Arc<Value>>,
}

impl Sync<'_> {
    fn run(&self) -> Result<(), StoreError> {
        if !self.job["metadata"]["deletionTimestamp"].is_null() {
            return Ok(());
        }
        if condition(self.job, "Complete")
            .or_else(|| condition(self.job, "Failed"))
            .is_some()
        {
            for pod in &self.pods {
                release(self.cluster, &Key::of(&PODS, pod)?, TRACKING)?;
            }
            return self.expire();
        }
        let mut status = self.job["status"].clone();
        if !status.is_object() {
            status = json!({});
        }
        let suspended = self.job["spec"]["suspend"] == true;
        if !suspended && status["startTime"].is_null() {
            status["startTime"] = self.cluster.clock.now_text().into();
        }
        self.count(&mut status)?;
        let ending = ["FailureTarget", "SuccessCriteriaMet"]
            .into_iter()
            .find_map(|kind| Some((kind, condition(self.job, kind)?)));
        match ending {
            Some((kind, target)) => self.end(&mut status, kind, target)?,
            None if suspended => self.suspend(&mut status)?,
            None => self.progress(&mut status)?,
        }
        self.write(status)
    }

    /// Removes a finished Job after its `ttlSecondsAfterFinished`.
    fn expire(&self) -> Result<(), StoreError> {
        let Some(ttl) = self.job["spec"]["ttlSecondsAfterFinished"].as_i64() else {
            return Ok(());
        };
        let ended = condition(self.job, "Complete").or_else(|| condition(self.job, "Failed"));
        let Some(ended) = ended.and_then(|condition| time(&condition["lastTransitionTime"])) else {
            return Ok(());
        };
        if self.cluster.clock.now().as_second() - ended.as_second() >= ttl {
            match delete_object(self.cluster, &Key::of(&JOBS, self.job)?, "Foreground", None) {
                Err(status) if status.code != 404 => {
                    tracing::warn!(message = status.message, "a Job's time is over")
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Moves finished Pods into the counters, in the three steps that a crash cannot double.
    fn count(&self, status: &mut Value) -> Result<(), StoreError> {
        for (list, counter) in [("succeeded", "succeeded"), ("failed", "failed")] {
            let listed = status["uncountedTerminatedPods"][list]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let mut still = Vec::new();
            let mut counted = 0;
            for uid in listed {
                let tracked = self
                    .pods
                    .iter()
                    .find(|pod| pod["metadata"]["uid"] == uid && is_tracked(pod));
                match tracked {
                    Some(pod) => {
                        release(self.cluster, &Key::of(&PODS, pod)?, TRACKING)?;
                        still.push(uid);
                    }
                    None => counted += 1,
                }
            }
            if counted > 0 {
                status[counter] = (status[counter].as_i64().unwrap_or(0) + counted).into();
            }
            let phase = if list == "succeeded" {
                "Succeeded"
            } else {
                "Failed"
            };
            // A Pod that is deleted before it had a node never ends; it counts as failed.
            let never_ran = |pod: &Value| {
                phase == "Failed"
                    && !pod["metadata"]["deletionTimestamp"].is_null()
                    && pod["spec"]["nodeName"].is_null()
            };
            let ended = |pod: &Value| is_tracked(pod) && (pod["status"]["phase"] == phase || never_ran(pod));
            for pod in self.pods.iter().filter(|pod| ended(pod)) {
                let uid = pod["metadata"]["uid"].clone();
                if !still.contains(&uid) {
                    if phase == "Succeeded" {
                        self.count_index(status, pod);
                    }
                    still.push(uid);
                }
            }
            status["uncountedTerminatedPods"][list] = if still.is_empty() {
                Value::Null
            } else {
                still.into()
            };
        }
        Ok(())
    }

    /// Notes the index of a Pod of an Indexed Job that succeeded.
    fn count_index(&self, status: &mut Value, pod: &Value) {
        let Some(index) = index_of(pod) else { return };
        let mut done = parse_indexes(status["completedIndexes"].as_str().unwrap_or_default());
        if !done.contains(&index) {
            done.push(index);
            done.sort_unstable();
            status["completedIndexes"] = write_indexes(&done).into();
        }
    }

    fn active(&self) -> Vec<&Arc<Value>> {
        self.pods
            .iter()
            .filter(|pod| !is_over(pod) && pod["metadata"]["deletionTimestamp"].is_null())
            .collect()
    }

    fn terminating(&self) -> usize {
        self.pods
            .iter()
            .filter(|pod| !is_over(pod) && !pod["metadata"]["deletionTimestamp"].is_null())
            .count()
    }

    fn succeeded(status: &Value) -> i64 {
        let uncounted = status["uncountedTerminatedPods"]["succeeded"]
            .as_array()
            .map_or(0, Vec::len);
        status["succeeded"].as_i64().unwrap_or(0) + i64::try_from(uncounted).unwrap_or(0)
    }

    fn failed(&self, status: &Value) -> i64 {
        let uncounted = status["uncountedTerminatedPods"]["failed"]
            .as_array()
            .map_or(0, Vec::len);
        status["failed"].as_i64().unwrap_or(0) + i64::try_from(uncounted).unwrap_or(0)
    }

    fn suspend(&self, status: &mut Value) -> Result<(), StoreError> {
        for pod in self.active() {
            self.delete_pod(pod)?;
        }
        status["active"] = 0.into();
        status["ready"] = 0.into();
        if condition(self.job, "Suspended").is_none() {
            self.set_condition(status, "Suspended", true, "JobSuspended", "Job suspended");
            status["startTime"] = Value::Null;
            self.event("Normal", "Suspended", "Job suspended");
        }
        Ok(())
    }

    /// The Job goes on: looks whether it has failed or is done, else makes the Pods that are missing.
    fn progress(&self, status: &mut Value) -> Result<(), StoreError> {
        if condition(self.job, "Suspended").is_some() {
            self.set_condition(status, "Suspended", false, "JobResumed", "Job resumed");
            status["startTime"] = self.cluster.clock.now_text().into();
            self.event("Normal", "Resumed", "Job resumed");
        }
        if let Some((reason, message)) = self.failure(status) {
            self.set_condition(status, "FailureTarget", true, reason, &message);
            return Ok(());
        }
        let spec = &self.job["spec"];
        let succeeded = Self::succeeded(status);
        let active = self.active().len();
        let done = match spec["completions"].as_i64() {
            Some(completions) => succeeded >= completions,
            // A work queue is done after its first success, once nothing runs any more.
            None => succeeded > 0 && active == 0,
        };
        if done {
            let message = "Reached expected number of succeeded pods";
            self.set_condition(status, "SuccessCriteriaMet", true, "CompletionsReached", message);
            return Ok(());
        }
        let created = self.fill(status, succeeded, active)?;
        let all = self.active().len() + created;
        status["active"] = all.into();
        status["ready"] = self.ready().into();
        status["terminating"] = self.terminating().into();
        Ok(())
    }

    fn ready(&self) -> usize {
        let ready = |pod: &Value| {
            let all = pod["status"]["conditions"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            all.iter()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        };
        self.active().into_iter().filter(|pod| ready(pod)).count()
    }

    /// Why the Job has failed. The deadline beats the back-off limit.
    fn failure(&self, status: &Value) -> Option<(&'static str, String)> {
        let spec = &self.job["spec"];
        let started = time(&status["startTime"]);
        if let (Some(deadline), Some(started)) = (spec["activeDeadlineSeconds"].as_i64(), started)
            && self.cluster.clock.now().as_second() - started.as_second() >= deadline
        {
            return Some((
                "DeadlineExceeded",
                "Job was active longer than specified deadline".to_owned(),
            ));
        }
        let limit = spec["backoffLimit"].as_i64().unwrap_or(6);
        let restarts: i64 = if spec["template"]["spec"]["restartPolicy"] == "OnFailure" {
            let active = self.active();
            let containers = active.iter().flat_map(|pod| {
                ["initContainerStatuses", "containerStatuses"]
                    .into_iter()
                    .flat_map(|list| pod["status"][list].as_array().map_or(&[][..], Vec::as_slice))
            });
            containers
                .filter_map(|container| container["restartCount"].as_i64())
                .sum()
        } else {
            0
        };
        let exceeded = self.failed(status) > limit || (restarts > 0 && restarts >= limit);
        exceeded.then(|| {
            (
                "BackoffLimitExceeded",
                "Job has reached the specified backoff limit".to_owned(),
            )
        })
    }

    /// Creates missing Pods; gives how many.
    fn fill(&self, status: &Value, succeeded: i64, active: usize) -> Result<usize, StoreError> {
        let spec = &self.job["spec"];
        let parallelism = usize::try_from(spec["parallelism"].as_i64().unwrap_or(1)).unwrap_or(0);
        let left = match spec["completions"].as_i64() {
            Some(completions) => usize::try_from(completions - succeeded).unwrap_or(0),
            None if succeeded > 0 => active,
            None => parallelism,
        };
        let wanted = parallelism.min(left);
        if active > wanted {
            for pod in self.active().into_iter().take(active - wanted) {
                self.delete_pod(pod)?;
            }
            return Ok(0);
        }
        let missing = wanted.saturating_sub(active + self.terminating()).min(BATCH);
        if missing == 0 || self.must_wait(status) {
            return Ok(0);
        }
        let mut indexes = self.free_indexes(status);
        let mut created = 0;
        for _ in 0..missing {
            let index = if indexes.is_empty() {
                None
            } else {
                Some(indexes.remove(0))
            };
            if spec["completionMode"] == "Indexed" && index.is_none() {
                break;
            }
            match self.create_pod(index) {
                Ok(pod) => {
                    created += 1;
                    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
                    self.event("Normal", "SuccessfulCreate", &format!("Created pod: {name}"));
                }
                Err(refused) => {
                    self.event(
                        "Warning",
                        "FailedCreate",
                        &format!("Error creating: {}", refused.message),
                    );
                    break;
                }
            }
        }
        Ok(created)
    }

    /// After a failure the next Pod waits 10 s, 20 s, … at most 6 minutes.
    fn must_wait(&self, status: &Value) -> bool {
        let failures = self.failed(status);
        if failures == 0 {
            return false;
        }
        let last = self
            .pods
            .iter()
            .filter(|pod| pod["status"]["phase"] == "Failed")
            .filter_map(|pod| finished(pod))
            .max();
        // A success since the last failure ends the back-off.
        let since = self
            .pods
            .iter()
            .filter(|pod| pod["status"]["phase"] == "Succeeded")
            .filter_map(|pod| finished(pod))
            .max();
        let Some(last) = last else { return false };
        if since.is_some_and(|since| since > last) {
            return false;
        }
        let wait = 10_i64.saturating_mul(1 << (failures - 1).clamp(0, 10)).min(360);
        self.cluster.clock.now().as_second() - last.as_second() < wait
    }

    /// Indexes of an Indexed Job that no Pod works on and that are not done, lowest first.
    fn free_indexes(&self, status: &Value) -> Vec<i64> {
        let spec = &self.job["spec"];
        if spec["completionMode"] != "Indexed" {
            return Vec::new();
        }
        let done = parse_indexes(status["completedIndexes"].as_str().unwrap_or_default());
        let busy: Vec<_> = self
            .pods
            .iter()
            .filter(|pod| !is_over(pod))
            .filter_map(|pod| index_of(pod))
            .collect();
        (0..spec["completions"].as_i64().unwrap_or(0))
            .filter(|index| !done.contains(index) && !busy.contains(index))
            .collect()
    }

    fn create_pod(&self, index: Option<i64>) -> Result<Arc<Value>, Status> {
        let metadata = &self.job["metadata"];
        let name = metadata["name"].as_str().unwrap_or_default();
        let template = &self.job["spec"]["template"];
        let mut pod = json!({"metadata": template["metadata"], "spec": template["spec"]});
        // Names of Pods are labels too: 63 bytes with index and suffix.
        let prefix = index.map_or_else(|| format!("{name}-"), |index| format!("{name}-{index}-"));
        let short: String = prefix.chars().take(58).collect();
        pod["metadata"]["name"] = format!("{short}{}", random_suffix()).into();
        pod["metadata"]["generateName"] = prefix.into();
        pod["metadata"]["finalizers"] = json!([TRACKING]);
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": metadata["uid"],
            "controller": true, "blockOwnerDeletion": true,
        }]);
        if let Some(index) = index {
            pod["metadata"]["annotations"][INDEX] = index.to_string().into();
            pod["metadata"]["labels"][INDEX] = index.to_string().into();
            pod["spec"]["hostname"] = format!("{name}-{index}").into();
            let variable = json!({
                "name": "JOB_COMPLETION_INDEX",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": format!("metadata.labels['{INDEX}']")}},
            });
            for list in ["initContainers", "containers"] {
                for container in pod["spec"][list]
                    .as_array_mut()
                    .map_or(&mut [][..], Vec::as_mut_slice)
                {
                    let mut env = container["env"].as_array().cloned().unwrap_or_default();
                    env.push(variable.clone());
                    container["env"] = env.into();
                }
            }
        }
        create_object(
            self.cluster,
            &PODS,
            metadata["namespace"].as_str().unwrap_or_default(),
            pod,
            false,
        )
    }

    /// What was decided is carried out: running Pods end first, then the Job is called what it is.
    fn end(&self, status: &mut Value, kind: &str, target: &Value) -> Result<(), StoreError> {
        let active = self.active();
        for pod in &active {
            self.delete_pod(pod)?;
        }
        status["active"] = 0.into();
        status["ready"] = 0.into();
        status["terminating"] = self.terminating().into();
        let uncounted = ["succeeded", "failed"]
            .iter()
            .any(|list| !status["uncountedTerminatedPods"][*list].is_null());
        if !active.is_empty() || self.terminating() > 0 || uncounted {
            return Ok(());
        }
        let (reason, message) = (
            target["reason"].as_str().unwrap_or_default(),
            target["message"].as_str().unwrap_or_default(),
        );
        if kind == "SuccessCriteriaMet" {
            self.set_condition(status, "Complete", true, reason, message);
            status["completionTime"] = self.cluster.clock.now_text().into();
            self.event("Normal", "Completed", "Job completed");
        } else {
            self.set_condition(status, "Failed", true, reason, message);
            self.event("Warning", reason, message);
        }
        Ok(())
    }

    fn delete_pod(&self, pod: &Value) -> Result<(), StoreError> {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        match delete_object(self.cluster, &Key::of(&PODS, pod)?, "Background", None) {
            Ok(_) => self.event("Normal", "SuccessfulDelete", &format!("Deleted pod: {name}")),
            Err(status) if status.code == 404 => {}
            Err(status) => tracing::warn!(message = status.message, "a Pod of a Job stays"),
        }
        Ok(())
    }

    fn set_condition(&self, status: &mut Value, kind: &str, value: bool, reason: &str, message: &str) {
        let now = self.cluster.clock.now_text();
        let mut all = status["conditions"].as_array().cloned().unwrap_or_default();
        all.retain(|condition| condition["type"] != kind);
        all.push(json!({
            "type": kind, "status": if value { "True" } else { "False" }, "reason": reason, "message": message,
            "lastProbeTime": now, "lastTransitionTime": now,
        }));
        status["conditions"] = all.into();
    }

    fn event(&self, kind: &str, reason: &str, message: &str) {
        events::record(self.cluster, self.job, COMPONENT, kind, reason, message);
    }

    fn write(&self, status: Value) -> Result<(), StoreError> {
        let mut status = crate::api::without_nulls(status);
        if let Some(map) = status.as_object_mut() {
            // The API server keeps this field while Pods are counted.
            map.entry("uncountedTerminatedPods").or_insert_with(|| json!({}));
            if map.get("active") == Some(&json!(0)) {
                map.shift_remove("active");
            }
        }
        if self.job["status"] == status {
            return Ok(());
        }
        let written = self.cluster.store.modify(&Key::of(&JOBS, self.job)?, |job| {
            job["status"] = status.clone();
            Ok::<_, StoreError>(())
        });
        match written {
            Err(StoreError::NotFound(_)) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn is_tracked(pod: &Value) -> bool {
    pod["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|list| list.iter().any(|name| name == TRACKING))
}

/// When the last container of a Pod ended.
fn finished(pod: &Value) -> Option<Timestamp> {
    let all = pod["status"]["containerStatuses"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    all.iter()
        .filter_map(|one| time(&one["state"]["terminated"]["finishedAt"]))
        .max()
        .or_else(|| time(&pod["metadata"]["creationTimestamp"]))
}

fn index_of(pod: &Value) -> Option<i64> {
    pod["metadata"]["annotations"][INDEX].as_str()?.parse().ok()
}

/// `0,2-4` as a list.
fn parse_indexes(text: &str) -> Vec<i64> {
    text.split(',')
        .filter_map(|part| match part.split_once('-') {
            Some((from, to)) => Some((from.parse().ok()?..=to.parse().ok()?).collect::<Vec<i64>>()),
            None => part.parse().ok().map(|one| vec![one]),
        })
        .flatten()
        .collect()
}

/// A sorted list as `0,1` or `0-2`: runs of three and more become intervals.
fn write_indexes(indexes: &[i64]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < indexes.len() {
        let mut end = at;
        while end + 1 < indexes.len() && indexes[end + 1] == indexes[end] + 1 {
            end += 1;
        }
        if end - at >= 2 {
            parts.push(format!("{}-{}", indexes[at], indexes[end]));
        } else {
            parts.extend(indexes[at..=end].iter().map(ToString::to_string));
        }
        at = end + 1;
    }
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Clock, seconds};
    use crate::store::Store;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn cluster() -> (Cluster, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("db")).unwrap();
        let cluster = Cluster::new(
            store,
            Clock::manual(at("2026-01-01T00:00:00Z")),
            folder.path().into(),
        );
        crate::bootstrap::run(&cluster).unwrap();
        (cluster, folder)
    }

    fn job(cluster: &Cluster, spec: &Value) -> Key {
        let mut object = json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "x:1"}],
        }}}});
        for (key, value) in spec.as_object().unwrap() {
            object["spec"][key] = value.clone();
        }
        create_object(cluster, &JOBS, "demo", object, false).unwrap();
        Key::new(&JOBS, "demo", "j")
    }

    fn pods(cluster: &Cluster) -> Vec<Arc<Value>> {
        cluster.store.list(&PODS, Some("demo")).unwrap().0
    }

    fn finish(cluster: &Cluster, pod: &Value, phase: &str) {
        let now = seconds(cluster.clock.now());
        cluster.store.modify(&Key::of(&PODS, pod).unwrap(), |pod| {
            pod["status"] = json!({"phase": phase, "containerStatuses": [{"state": {"terminated": {"finishedAt": now}}}]});
            Ok::<_, StoreError>(())
        }).unwrap();
    }

    fn rounds(cluster: &Cluster) {
        for _ in 0..6 {
            round(cluster).unwrap();
        }
    }

    #[test]
    fn a_job_completes_when_enough_pods_have_succeeded() {
        let (cluster, _folder) = cluster();
        let key = job(&cluster, &json!({"completions": 3, "parallelism": 2}));
        rounds(&cluster);
        assert_eq!(pods(&cluster).len(), 2);
        for _ in 0..3 {
            let next = pods(&cluster).into_iter().find(|pod| !is_over(pod)).unwrap();
            finish(&cluster, &next, "Succeeded");
            rounds(&cluster);
        }
        let job = cluster.store.get(&key).unwrap().unwrap();
        assert_eq!(job["status"]["succeeded"], 3);
        assert_eq!(
            condition(&job, "Complete").unwrap()["reason"],
            "CompletionsReached"
        );
        assert!(condition(&job, "SuccessCriteriaMet").is_some());
        assert_eq!(pods(&cluster).len(), 3);
    }

    #[test]
    fn retries_wait_longer_each_time_and_the_limit_ends_the_job() {
        let (cluster, _folder) = cluster();
        let key = job(&cluster, &json!({"backoffLimit": 1}));
        rounds(&cluster);
        finish(&cluster, &pods(&cluster)[0], "Failed");
        rounds(&cluster);
        assert_eq!(pods(&cluster).len(), 1, "waits 10 s");
        cluster.clock.set(at("2026-01-01T00:00:10Z"));
        rounds(&cluster);
        assert_eq!(pods(&cluster).len(), 2);
        let next = pods(&cluster).into_iter().find(|pod| !is_over(pod)).unwrap();
        finish(&cluster, &next, "Failed");
        rounds(&cluster);
        let job = cluster.store.get(&key).unwrap().unwrap();
        assert_eq!(
            condition(&job, "Failed").unwrap()["reason"],
            "BackoffLimitExceeded"
        );
        assert_eq!(job["status"]["failed"], 2);
    }

    #[test]
    fn the_deadline_beats_the_back_off_limit() {
        let (cluster, _folder) = cluster();
        let key = job(&cluster, &json!({"activeDeadlineSeconds": 5}));
        rounds(&cluster);
        cluster.clock.set(at("2026-01-01T00:00:05Z"));
        rounds(&cluster);
        let job = cluster.store.get(&key).unwrap().unwrap();
        assert_eq!(condition(&job, "Failed").unwrap()["reason"], "DeadlineExceeded");
        assert_eq!(pods(&cluster).len(), 0, "the Pod was on no node yet and is gone");
    }

    #[test]
    fn an_indexed_job_has_one_pod_per_index() {
        let (cluster, _folder) = cluster();
        let key = job(
            &cluster,
            &json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed"}),
        );
        rounds(&cluster);
        let mut indexes: Vec<_> = pods(&cluster).iter().filter_map(|pod| index_of(pod)).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2]);
        for pod in pods(&cluster) {
            finish(&cluster, &pod, "Succeeded");
        }
        rounds(&cluster);
        assert_eq!(
            cluster.store.get(&key).unwrap().unwrap()["status"]["completedIndexes"],
            "0-2"
        );
    }

    #[test]
    fn a_suspended_job_runs_nothing_until_it_is_resumed() {
        let (cluster, _folder) = cluster();
        let key = job(&cluster, &json!({"suspend": true}));
        rounds(&cluster);
        assert_eq!(pods(&cluster).len(), 0);
        cluster
            .store
            .modify(&key, |job| {
                job["spec"]["suspend"] = false.into();
                Ok::<_, StoreError>(())
            })
            .unwrap();
        rounds(&cluster);
        assert_eq!(pods(&cluster).len(), 1);
    }

    #[test]
    fn indexes_are_written_as_kubernetes_writes_them() {
        assert_eq!(write_indexes(&[0, 1]), "0,1");
        assert_eq!(write_indexes(&[0, 1, 2, 5, 7, 8, 9]), "0-2,5,7-9");
        assert_eq!(parse_indexes("0-2,5"), [0, 1, 2, 5]);
        assert!(parse_indexes("").is_empty());
    }
}
