//! A container with its restarts.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::environment::list;
use super::super::logs;
use super::super::sandbox::{Exit, SandboxError};
use super::{End, Life};
use crate::store::StoreError;

/// First wait before a container is restarted; doubled each time, at most five minutes.
const BACK_OFF: Duration = Duration::from_secs(10);
/// How long commands get when the playground itself ends.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

impl Life {
    /// One container with its restarts.
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
        // After a restart of the playground a container may be over already.
        if let Some(code) = own
            .as_ref()
            .and_then(|own| own["state"]["terminated"]["exitCode"].as_i64())
        {
            return Ok(if code == 0 { End::Succeeded } else { End::Failed });
        }
        let mut attempt = own.and_then(|own| own["restartCount"].as_i64()).unwrap_or(0);
        loop {
            if self.is_deleted()? || self.stop.is_cancelled() {
                return Ok(End::Stopped);
            }
            let Some(code) = self.attempt(pod, container, statuses, attempt).await? else {
                return Ok(End::Stopped);
            };
            let policy = pod["spec"]["restartPolicy"].as_str().unwrap_or("Always");
            match (policy, code) {
                ("Always", _) if statuses == "containerStatuses" => {}
                (_, 0) => return Ok(End::Succeeded),
                ("Never", _) => return Ok(End::Failed),
                _ => {}
            }
            let wait = BACK_OFF
                .saturating_mul(1 << attempt.clamp(0, 5))
                .min(Duration::from_mins(5));
            attempt += 1;
            let image = container["name"].as_str().unwrap_or_default();
            let message = format!(
                "back-off {}s restarting failed container={image} pod={}",
                wait.as_secs(),
                self.key.name
            );
            self.event(
                pod,
                "Warning",
                "BackOff",
                &format!(
                    "Back-off restarting failed container {image} in pod {}",
                    self.key.name
                ),
            );
            self.container_status(statuses, name, |own| {
                own["lastState"] = own["state"].take();
                own["state"] = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
                own["ready"] = false.into();
            })?;
            if !self.pause(wait).await {
                return Ok(End::Stopped);
            }
            self.container_status(statuses, name, |own| own["restartCount"] = attempt.into())?;
        }
    }

    /// One start of a container: its exit code, or none if it was stopped from outside.
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
                        own["state"] =
                            json!({"waiting": {"reason": "CreateContainerConfigError", "message": message}});
                    })?;
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
                self.ended(
                    statuses,
                    name,
                    Exit {
                        code: 128,
                        oom_killed: false,
                    },
                    "StartError",
                    &message,
                    None,
                )?;
                return Ok(Some(128));
            }
        };
        self.event(pod, "Normal", "Started", &format!("Started container {name}"));
        let began = self.cluster.clock.now_text();
        self.container_status(statuses, name, |own| {
            own["state"] = json!({"running": {"startedAt": began}});
            own["containerID"] = format!("playground://{}-{name}-{attempt}", self.uid).into();
            own["imageID"] = "playground://this-machine".into();
            own["ready"] = (statuses == "containerStatuses").into();
            own["started"] = true.into();
        })?;
        let file = self.log_file(pod, name, attempt).await;
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let copying = async {
            let Some(file) = file else { return };
            let file = tokio::sync::Mutex::new(file);
            tokio::join!(
                async {
                    if let Some(stream) = stdout {
                        logs::keep(stream, "stdout", &file).await;
                    }
                },
                async {
                    if let Some(stream) = stderr {
                        logs::keep(stream, "stderr", &file).await;
                    }
                },
            );
        };
        let killer = process.killer();
        let finished = async { tokio::join!(process.wait(), copying).0 };
        tokio::pin!(finished);
        let exit = tokio::select! {
            exit = &mut finished => exit,
            grace = self.asked_to_end() => {
                self.event(pod, "Normal", "Killing", &format!("Stopping container {name}"));
                killer.terminate();
                if let Ok(exit) = tokio::time::timeout(grace, &mut finished).await { exit } else {
                    killer.kill();
                    finished.await
                }
            }
        };
        if self.stop.is_cancelled() {
            // Left as running: the next start knows what to do with it.
            return Ok(None);
        }
        let reason = match (exit.oom_killed, exit.code) {
            (true, _) => "OOMKilled",
            (_, 0) => "Completed",
            _ => "Error",
        };
        self.ended(statuses, name, exit, reason, "", Some(&began))?;
        Ok(if self.is_deleted()? { None } else { Some(exit.code) })
    }

    /// Until the Pod is to end: its grace.
    pub(super) async fn asked_to_end(&self) -> Duration {
        loop {
            let pause = tokio::time::sleep(Duration::from_millis(100));
            tokio::select! {
                () = self.stop.cancelled() => return SHUTDOWN_GRACE,
                () = pause => {}
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

    pub(super) async fn log_file(&self, pod: &Value, name: &str, attempt: i64) -> Option<tokio::fs::File> {
        let path = logs::file(&self.cluster, pod, name, attempt);
        let made = async {
            if let Some(parent) = path.parent() {
                tokio::fs::create_dir_all(parent).await?;
            }
            tokio::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path)
                .await
        };
        made.await
            .inspect_err(|error| tracing::error!(%error, "a container's log cannot be kept"))
            .ok()
    }
}

fn grace(pod: &Value) -> Duration {
    Duration::from_secs(
        pod["spec"]["terminationGracePeriodSeconds"]
            .as_u64()
            .unwrap_or(30),
    )
}
