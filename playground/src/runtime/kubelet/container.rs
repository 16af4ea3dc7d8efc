//! Runs a container with its restarts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::runtime::environment::list;
use crate::runtime::kubelet::status::begin_run;
use crate::runtime::kubelet::{End, PodLifecycle};
use crate::runtime::logs;
use crate::runtime::sandbox::{Exit, SandboxError};
use crate::store::StoreError;

/// Back-off before a container's second restart; doubled each time, up to five minutes.
const BACK_OFF: Duration = Duration::from_secs(10);
/// A container that has run this long starts with a fresh back-off.
const BACK_OFF_RESET: Duration = Duration::from_mins(10);
/// Grace period of commands when the playground itself stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

impl PodLifecycle {
    /// Runs one container with its restarts.
    pub(super) async fn container(
        &self,
        pod: &Arc<Value>,
        container: &Value,
        statuses: &str,
    ) -> Result<End, StoreError> {
        let name = container["name"].as_str().unwrap_or_default();
        let stored = self.pod()?;
        let own = stored.as_ref().and_then(|pod| {
            list(&pod["status"][statuses])
                .iter()
                .find(|one| one["name"] == name)
                .cloned()
        });
        let policy = pod["spec"]["restartPolicy"].as_str().unwrap_or("Always");
        let end = |code: i64| match (policy, code) {
            ("Always", _) if statuses == "containerStatuses" => None,
            (_, 0) => Some(End::Succeeded),
            ("Never", _) => Some(End::Failed),
            _ => None,
        };
        // After a restart of the playground a container may have finished already.
        let own = own.unwrap_or_default();
        let code = |state: &str| own[state]["terminated"]["exitCode"].as_i64();
        if let Some(end) = code("state").and_then(end) {
            return Ok(end);
        }
        let has_run = code("state").or(code("lastState")).is_some();
        let mut attempt = own["restartCount"].as_i64().unwrap_or(0) + i64::from(has_run);
        let mut failures = 0;
        loop {
            if self.is_deleted()? || self.stop.is_cancelled() || self.node.evicted(&self.uid).is_some() {
                return Ok(End::Stopped);
            }
            let started_at = Instant::now();
            let Some(code) = self.attempt(pod, container, statuses, attempt).await? else {
                return Ok(End::Stopped);
            };
            if self.node.evicted(&self.uid).is_some() {
                return Ok(End::Stopped);
            }
            if let Some(end) = end(code.into()) {
                return Ok(end);
            }
            attempt += 1;
            failures = if started_at.elapsed() < BACK_OFF_RESET {
                failures + 1
            } else {
                1
            };
            let wait = back_off(failures);
            if !wait.is_zero() {
                self.back_off_begins(pod, statuses, name, wait).await?;
            }
            if !self.pause(wait).await {
                return Ok(End::Stopped);
            }
        }
    }

    /// Puts the container into `CrashLoopBackOff`. The restart is counted when it happens.
    async fn back_off_begins(
        &self,
        pod: &Arc<Value>,
        statuses: &str,
        name: &str,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
        let full = format!("{}_{namespace}({})", self.key.name, self.uid);
        let event = format!("Back-off restarting failed container {name} in pod {full}");
        self.event(pod, "Warning", "BackOff", &event);
        let seconds = wait.as_secs();
        // Formatted like a Go duration.
        let length = match (seconds / 60, seconds % 60) {
            (0, seconds) => format!("{seconds}s"),
            (minutes, seconds) => format!("{minutes}m{seconds}s"),
        };
        let message = format!("back-off {length} restarting failed container={name} pod={full}");
        self.container_status(statuses, name, |own| {
            own["lastState"] = own["state"].take();
            own["state"] = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
            own["ready"] = false.into();
        })
        .await
    }

    /// Starts a container once; returns its exit code, or `None` if it was stopped from outside.
    #[allow(clippy::too_many_lines, reason = "one start, step by step")]
    pub(super) async fn attempt(
        &self,
        pod: &Arc<Value>,
        container: &Value,
        statuses: &str,
        attempt: i64,
    ) -> Result<Option<i32>, StoreError> {
        let name = container["name"].as_str().unwrap_or_default();
        let image = container["image"].as_str().unwrap_or_default();
        let spec = loop {
            match self.spec(pod, container, attempt) {
                Ok(spec) => break spec,
                Err(message) => {
                    self.event(pod, "Warning", "Failed", &format!("Error: {message}"));
                    self.container_status(statuses, name, |own| {
                        if own["state"]["terminated"].is_object() {
                            own["lastState"] = own["state"].take();
                        }
                        own["state"] =
                            json!({"waiting": {"reason": "CreateContainerConfigError", "message": message}});
                    })
                    .await?;
                    if !self.pause(Duration::from_secs(5)).await {
                        return Ok(None);
                    }
                }
            }
        };
        if attempt == 0 {
            self.event(
                pod,
                "Normal",
                "Pulled",
                &format!("Container image \"{image}\" already present on machine"),
            );
        }
        self.event(pod, "Normal", "Created", &format!("Created container: {name}"));
        let started = match &self.sandbox {
            Ok(sandbox) => sandbox.start(&spec).await,
            Err(message) => Err(SandboxError::Refused(message.clone())),
        };
        let mut process = match started {
            Ok(process) => process,
            Err(error) => {
                let message = error.to_string();
                self.event(pod, "Warning", "Failed", &format!("Error: {message}"));
                self.container_status(statuses, name, |own| begin_run(own, attempt))
                    .await?;
                self.ended(
                    statuses,
                    name,
                    Exit {
                        code: 128,
                        started: false,
                        oom_killed: false,
                    },
                    "StartError",
                    &message,
                    None,
                )
                .await?;
                return Ok(Some(128));
            }
        };
        self.event(pod, "Normal", "Started", &format!("Started container {name}"));
        let started_at = self.cluster.clock.now_text();
        if let Some(number) = process.number {
            self.node.started(&self.uid, name, number);
        }
        // Before the status is written: a client that sees the container running finds its log.
        let log = self.log(pod, name, attempt);
        self.container_status(statuses, name, |own| {
            begin_run(own, attempt);
            own["state"] = json!({"running": {"startedAt": started_at}});
            own["containerID"] = format!("playground://{}-{name}-{attempt}", self.uid).into();
            own["imageID"] = "playground://this-machine".into();
            own["ready"] = (statuses == "containerStatuses").into();
            own["started"] = true.into();
        })
        .await?;
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let copying = async {
            tokio::join!(
                async {
                    if let Some(stream) = stdout {
                        logs::copy_output(stream, "stdout", log.as_ref()).await;
                    }
                },
                async {
                    if let Some(stream) = stderr {
                        logs::copy_output(stream, "stderr", log.as_ref()).await;
                    }
                },
            );
        };
        let killer = process.killer();
        let finished = async { tokio::join!(process.wait(), copying).0 };
        tokio::pin!(finished);
        let exit = tokio::select! {
            exit = &mut finished => exit,
            grace = self.stop_requested() => {
                self.event(pod, "Normal", "Killing", &format!("Stopping container {name}"));
                killer.terminate();
                if let Ok(exit) = tokio::time::timeout(grace, &mut finished).await { exit } else {
                    killer.kill();
                    finished.await
                }
            }
        };
        self.node.ended(&self.uid, name);
        if self.stop.is_cancelled() {
            // Left as running: the next start of the playground handles it.
            return Ok(None);
        }
        let (reason, message) = match (exit.oom_killed, exit.started, exit.code) {
            (true, ..) => ("OOMKilled", ""),
            (_, false, _) => ("StartError", "the sandbox cannot be made; the log says why"),
            (_, _, 0) => ("Completed", ""),
            _ => ("Error", ""),
        };
        self.ended(statuses, name, exit, reason, message, Some(&started_at))
            .await?;
        Ok(if self.is_deleted()? { None } else { Some(exit.code) })
    }

    /// Waits until the Pod has to stop; returns its grace period.
    pub(super) async fn stop_requested(&self) -> Duration {
        loop {
            let pause = tokio::time::sleep(Duration::from_millis(100));
            tokio::select! {
                () = self.stop.cancelled() => return SHUTDOWN_GRACE,
                () = pause => {}
            }
            if self.node.evicted(&self.uid).is_some() {
                return Duration::ZERO;
            }
            match self.pod() {
                Ok(Some(pod)) if pod["metadata"]["deletionTimestamp"].is_null() => {
                    if let Some(deadline) = pod["spec"]["activeDeadlineSeconds"].as_i64()
                        && pod["status"]["startTime"]
                            .as_str()
                            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
                            .is_some_and(|start| {
                                self.cluster.clock.now().as_second() - start.as_second() >= deadline
                            })
                    {
                        return grace(&pod);
                    }
                }
                Ok(Some(pod)) => {
                    let seconds = pod["metadata"]["deletionGracePeriodSeconds"]
                        .as_u64()
                        .unwrap_or(0);
                    return Duration::from_secs(seconds);
                }
                _ => return Duration::ZERO,
            }
        }
    }

    /// Opens the log of an attempt; `None` where it cannot be written.
    fn log(&self, pod: &Value, name: &str, attempt: i64) -> Option<Arc<Mutex<logs::Writer>>> {
        logs::Writer::open(&self.cluster, pod, name, attempt)
            .inspect_err(|error| tracing::error!(%error, "cannot open a container's log"))
            .ok()
            .map(|log| Arc::new(Mutex::new(log)))
    }
}

/// Returns the delay before the next start after this many consecutive failures: the first restart is immediate, as
/// with a kubelet.
fn back_off(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        more => BACK_OFF
            .saturating_mul(1 << (more - 2).min(5))
            .min(Duration::from_mins(5)),
    }
}

fn grace(pod: &Value) -> Duration {
    Duration::from_secs(
        pod["spec"]["terminationGracePeriodSeconds"]
            .as_u64()
            .unwrap_or(30),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashing_container_backs_off_like_kubelet() {
        let waits: Vec<_> = (1..=9).map(|failures| back_off(failures).as_secs()).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300, 300]);
    }
}
