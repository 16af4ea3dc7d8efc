//! The kubelet of all nodes: takes each Pod that is on a node through its life, and writes what happens into its
//! status.
//!
//! Processes die with the playground. A Pod that was running when it ended is treated as by a node that restarts:
//! its container has ended with an unknown code (255, `ContainerStatusUnknown`), and the Pod's restart policy says
//! what comes next.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::environment::{self, expand, list};
use super::sandbox::{Exit, Sandbox, SandboxError, Spec, write_etc};
use super::{logs, volumes};
use crate::cluster::Cluster;
use crate::controllers::events;
use crate::http::is_over;
use crate::resource::PODS;
use crate::store::{Key, StoreError};

const COMPONENT: &str = "kubelet";
/// First wait before a container is restarted; doubled each time, at most five minutes.
const BACK_OFF: Duration = Duration::from_secs(10);
/// How long commands get when the playground itself ends.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Runs Pods until the playground ends.
pub(crate) async fn run(cluster: Cluster, stop: CancellationToken, tasks: TaskTracker) {
    let sandbox = Sandbox::find().map(Arc::new).map_err(|error| error.to_string());
    match &sandbox {
        Ok(sandbox) => {
            tracing::debug!(limits = ?sandbox.limit_method(), "commands run in a bubblewrap sandbox");
        }
        Err(error) => tracing::error!(error, "no command can run"),
    }
    let known: Arc<Mutex<HashSet<String>>> = Arc::default();
    let mut first = true;
    loop {
        let since = cluster.store.version();
        let pods = match cluster.store.list(&PODS, None) {
            Ok((pods, _)) => pods,
            Err(error) => {
                tracing::error!(%error, "the kubelet cannot read Pods");
                return;
            }
        };
        for pod in pods.iter().filter(|pod| pod["spec"]["nodeName"].is_string()) {
            let uid = pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
            let mut taken = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if !taken.insert(uid.clone()) {
                continue;
            }
            drop(taken);
            let Ok(key) = Key::of(&PODS, pod) else { continue };
            let life = Life {
                cluster: cluster.clone(),
                key,
                uid: uid.clone(),
                sandbox: sandbox.clone(),
                stop: stop.clone(),
            };
            let (known, restarted) = (known.clone(), first);
            tasks.spawn(async move {
                if let Err(error) = life.run(restarted).await {
                    tracing::warn!(%error, "a Pod");
                }
                known
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .remove(&uid);
            });
        }
        first = false;
        let Ok(mut changes) = cluster.store.watch(&PODS, None, since) else {
            continue;
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), changes.next()).await;
        // A burst of changes is one round.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The life of one Pod on its node.
struct Life {
    cluster: Cluster,
    key: Key,
    uid: String,
    sandbox: Result<Arc<Sandbox>, String>,
    stop: CancellationToken,
}

/// How a container's attempts ended.
enum End {
    Succeeded,
    Failed,
    /// The Pod is being deleted, or the playground ends.
    Stopped,
}

impl Life {
    fn pod(&self) -> Result<Option<Arc<Value>>, StoreError> {
        let pod = self.cluster.store.get(&self.key)?;
        Ok(pod.filter(|pod| pod["metadata"]["uid"] == self.uid.as_str()))
    }

    fn change(&self, change: impl Fn(&mut Value)) -> Result<(), StoreError> {
        let written = self.cluster.store.modify(&self.key, |pod| {
            if pod["metadata"]["uid"] == self.uid.as_str() {
                change(&mut pod["status"]);
                let status = crate::api::without_nulls(pod["status"].take());
                pod["status"] = status;
            }
            Ok::<_, StoreError>(())
        });
        match written {
            Ok(_) | Err(StoreError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn event(&self, pod: &Value, kind: &str, reason: &str, message: &str) {
        events::record(&self.cluster, pod, COMPONENT, kind, reason, message);
    }

    async fn run(&self, restarted: bool) -> Result<(), StoreError> {
        let Some(pod) = self.pod()? else { return Ok(()) };
        if is_over(&pod) {
            return self.wait_for_removal().await;
        }
        let lost = restarted && pod["status"]["startTime"].is_string();
        if !lost {
            self.begin(&pod)?;
        } else if !self.after_restart(&pod)? {
            return self.wait_for_removal().await;
        }
        loop {
            if self.is_deleted()? {
                return self.remove();
            }
            let Some(pod) = self.pod()? else { return Ok(()) };
            match volumes::prepare(&self.cluster, &pod) {
                Ok(()) => break,
                Err(message) => {
                    self.event(&pod, "Warning", "FailedMount", &message);
                    self.pause(Duration::from_secs(3)).await;
                }
            }
            if self.stop.is_cancelled() {
                return Ok(());
            }
        }
        let end = self.containers(&pod).await?;
        if let End::Stopped = end {
            // The playground's own end leaves the Pod as it is; the next start takes it up.
            return if self.is_deleted()? { self.remove() } else { Ok(()) };
        }
        let phase = if matches!(end, End::Succeeded) {
            "Succeeded"
        } else {
            "Failed"
        };
        let now = self.cluster.clock.now_text();
        self.change(|status| {
            status["phase"] = phase.into();
            set_conditions(status, false, "PodCompleted", &now);
        })?;
        let folder = volumes::pod_folder(&self.cluster, &pod);
        if let Err(error) = tokio::fs::remove_dir_all(&folder).await {
            tracing::debug!(%error, folder = %folder.display(), "a Pod's folder stays");
        }
        self.wait_for_removal().await
    }

    /// The Pod has come to its node.
    fn begin(&self, pod: &Value) -> Result<(), StoreError> {
        let now = self.cluster.clock.now_text();
        let number = u64::from_str_radix(&self.uid.replace('-', "")[..8], 16).unwrap_or(0);
        let ip = format!("10.244.{}.{}", number / 250 % 250, number % 250 + 1);
        self.change(|status| {
            status["phase"] = "Pending".into();
            status["startTime"] = now.clone().into();
            status["podIP"] = ip.clone().into();
            status["podIPs"] = json!([{"ip": ip}]);
            status["hostIP"] = "127.0.0.1".into();
            status["qosClass"] = "Burstable".into();
            for (list, statuses) in [("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")] {
                let all: Vec<_> = self::list(&pod["spec"][list]).iter().map(|container| json!({
                    "name": container["name"], "image": container["image"], "imageID": "", "ready": false,
                    "started": false, "restartCount": 0,
                    "state": {"waiting": {"reason": if list == "containers" && !self::list(&pod["spec"]["initContainers"]).is_empty() { "PodInitializing" } else { "ContainerCreating" }}},
                })).collect();
                if !all.is_empty() {
                    status[statuses] = all.into();
                }
            }
            set_conditions(status, false, "ContainersNotReady", &now);
        })
    }

    /// The playground was restarted under a Pod: what ran is gone. True if the Pod goes on.
    fn after_restart(&self, pod: &Value) -> Result<bool, StoreError> {
        let now = self.cluster.clock.now_text();
        let never = pod["spec"]["restartPolicy"] == "Never";
        let mut lost = false;
        for statuses in ["initContainerStatuses", "containerStatuses"] {
            lost |= list(&pod["status"][statuses])
                .iter()
                .any(|one| one["state"]["running"].is_object());
        }
        self.change(|status| {
            for statuses in ["initContainerStatuses", "containerStatuses"] {
                for one in status[statuses]
                    .as_array_mut()
                    .map_or(&mut [][..], Vec::as_mut_slice)
                {
                    if !one["state"]["running"].is_object() {
                        continue;
                    }
                    let ended = json!({"terminated": {
                        "exitCode": 255, "reason": "Unknown",
                        "message": "The container could not be located when the node was restarted",
                        "startedAt": one["state"]["running"]["startedAt"], "finishedAt": now,
                    }});
                    one["ready"] = false.into();
                    one["started"] = false.into();
                    if never {
                        one["state"] = ended;
                    } else {
                        one["lastState"] = ended;
                        one["restartCount"] = (one["restartCount"].as_i64().unwrap_or(0) + 1).into();
                        one["state"] = json!({"waiting": {"reason": "ContainerCreating"}});
                    }
                }
            }
            if never && lost {
                status["phase"] = "Failed".into();
                set_conditions(status, false, "PodFailed", &now);
            }
        })?;
        Ok(!(never && lost))
    }

    /// Init containers one after the other, then all containers at once.
    async fn containers(&self, pod: &Arc<Value>) -> Result<End, StoreError> {
        for container in list(&pod["spec"]["initContainers"]) {
            match self.container(pod, container, "initContainerStatuses").await? {
                End::Succeeded => {}
                other => return Ok(other),
            }
        }
        let all = list(&pod["spec"]["containers"])
            .iter()
            .map(|container| self.container(pod, container, "containerStatuses"));
        let mut end = End::Succeeded;
        for one in futures::future::join_all(all).await {
            match (one?, &end) {
                (End::Stopped, _) => end = End::Stopped,
                (End::Failed, End::Succeeded) => end = End::Failed,
                _ => {}
            }
        }
        Ok(end)
    }

    /// One container with its restarts.
    async fn container(
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
    async fn attempt(
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
    async fn asked_to_end(&self) -> Duration {
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

    async fn log_file(&self, pod: &Value, name: &str, attempt: i64) -> Option<tokio::fs::File> {
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

    /// What to run, with everything resolved.
    fn spec(&self, pod: &Value, container: &Value, attempt: i64) -> Result<Spec, String> {
        let env = environment::of(&self.cluster, pod, container)?;
        let words = |field: &str| -> Vec<String> {
            list(&container[field])
                .iter()
                .map(|word| expand(word.as_str().unwrap_or_default(), &env))
                .collect()
        };
        let mut argv = words("command");
        argv.extend(words("args"));
        if argv.is_empty() {
            return Err(format!(
                "no command: the playground pulls no image, so \"{}\" brings none; name a command",
                container["image"].as_str().unwrap_or_default()
            ));
        }
        let etc = volumes::pod_folder(&self.cluster, pod).join("etc");
        let hostname = environment::hostname(pod);
        let ip = pod["status"]["podIP"].as_str().and_then(|ip| ip.parse().ok());
        write_etc(&etc, &hostname, ip, &[]).map_err(|error| error.to_string())?;
        let name = container["name"].as_str().unwrap_or_default();
        let limit = |resource: &str| {
            Some(crate::scheduler::amount(
                &container["resources"]["limits"][resource],
            ))
            .filter(|amount| *amount > 0.0)
        };
        let user = |field: &str| {
            let value = container["securityContext"][field]
                .as_u64()
                .or_else(|| pod["spec"]["securityContext"][field].as_u64());
            value.and_then(|id| u32::try_from(id).ok()).unwrap_or(0)
        };
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "amounts above 0, far below 2^53"
        )]
        Ok(Spec {
            id: format!("{}-{name}-{attempt}", self.uid),
            argv,
            env,
            working_dir: container["workingDir"].as_str().unwrap_or("/").into(),
            hostname,
            uid: user("runAsUser"),
            gid: user("runAsGroup"),
            read_only_root: container["securityContext"]["readOnlyRootFilesystem"] == true,
            etc,
            mounts: volumes::mounts(
                &self.cluster,
                pod,
                container,
                self.sandbox
                    .as_ref()
                    .is_ok_and(|sandbox| sandbox.binds_descriptors()),
            )?,
            memory_bytes: limit("memory").map(|bytes| bytes as u64),
            cpu_millis: limit("cpu").map(|cpus| (cpus * 1000.0) as u64),
        })
    }

    fn container_status(
        &self,
        statuses: &str,
        name: &str,
        change: impl Fn(&mut Value),
    ) -> Result<(), StoreError> {
        let now = self.cluster.clock.now_text();
        self.change(|status| {
            for own in status[statuses]
                .as_array_mut()
                .map_or(&mut [][..], Vec::as_mut_slice)
            {
                if own["name"] == name {
                    change(own);
                }
            }
            let all = status["containerStatuses"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            let ready = !all.is_empty() && all.iter().all(|one| one["ready"] == true);
            let running = all.iter().any(|one| one["state"]["running"].is_object());
            if running {
                status["phase"] = "Running".into();
            }
            set_conditions(status, ready, "ContainersNotReady", &now);
        })
    }

    fn ended(
        &self,
        statuses: &str,
        name: &str,
        exit: Exit,
        reason: &str,
        message: &str,
        began: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = self.cluster.clock.now_text();
        self.container_status(statuses, name, |own| {
            let mut ended = json!({
                "exitCode": exit.code, "reason": reason, "startedAt": began.unwrap_or(&now), "finishedAt": now,
            });
            if !message.is_empty() {
                ended["message"] = message.into();
            }
            if !own["containerID"].is_null() {
                ended["containerID"] = own["containerID"].clone();
            }
            own["state"] = json!({"terminated": ended});
            own["ready"] = (statuses == "initContainerStatuses" && exit.code == 0).into();
            own["started"] = false.into();
        })
    }

    fn is_deleted(&self) -> Result<bool, StoreError> {
        Ok(self
            .pod()?
            .is_none_or(|pod| !pod["metadata"]["deletionTimestamp"].is_null()))
    }

    /// Waits; false if the Pod or the playground is to end.
    async fn pause(&self, wait: Duration) -> bool {
        let until = tokio::time::Instant::now() + wait;
        while tokio::time::Instant::now() < until {
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = tokio::time::sleep(Duration::from_millis(200).min(wait)) => {}
            }
            if self.is_deleted().unwrap_or(true) {
                return false;
            }
        }
        true
    }

    /// A Pod that is over stays until somebody deletes it.
    async fn wait_for_removal(&self) -> Result<(), StoreError> {
        loop {
            if self.is_deleted()? {
                return self.remove();
            }
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
        }
    }

    /// Its containers have ended: the Pod may go, as far as its finalizers let it.
    fn remove(&self) -> Result<(), StoreError> {
        let Some(pod) = self.pod()? else { return Ok(()) };
        if !is_over(&pod) {
            self.change(|status| status["phase"] = "Failed".into())?;
        }
        match crate::http::delete_object(&self.cluster, &self.key, "Background", Some(0)) {
            Err(status) if status.code != 404 => tracing::warn!(message = status.message, "a Pod stays"),
            _ => {}
        }
        Ok(())
    }
}

fn grace(pod: &Value) -> Duration {
    Duration::from_secs(
        pod["spec"]["terminationGracePeriodSeconds"]
            .as_u64()
            .unwrap_or(30),
    )
}

fn set_conditions(status: &mut Value, ready: bool, reason: &str, now: &str) {
    let mut all = status["conditions"].as_array().cloned().unwrap_or_default();
    for kind in ["Initialized", "Ready", "ContainersReady"] {
        let value = if kind == "Initialized" || ready {
            "True"
        } else {
            "False"
        };
        let same = all
            .iter()
            .any(|condition| condition["type"] == kind && condition["status"] == value);
        if same {
            continue;
        }
        all.retain(|condition| condition["type"] != kind);
        let mut condition =
            json!({"type": kind, "status": value, "lastProbeTime": null, "lastTransitionTime": now});
        if value == "False" {
            condition["reason"] = reason.into();
        }
        all.push(condition);
    }
    status["conditions"] = all.into();
}
