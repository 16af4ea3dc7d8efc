//! The kubelet of all nodes: runs the lifecycle of each Pod that is assigned to a node, and writes its status.
//!
//! Processes die with the playground. A Pod that was running at that time is treated as on a restarted node: its
//! container has ended with an unknown code (255, `ContainerStatusUnknown`), and the Pod's restart policy decides
//! what follows.

mod command;
mod container;
mod recorder;
mod start;
mod status;
mod sweep;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::registry::is_finished;
use crate::cluster::Cluster;
use crate::resource::PODS;
use crate::runtime::environment::list;
pub(super) use crate::runtime::kubelet::command::ROOT_BYTES;
use crate::runtime::kubelet::recorder::Recorder;
use crate::runtime::kubelet::status::set_conditions;
use crate::runtime::logs;
use crate::runtime::node::Node;
use crate::runtime::sandbox::Sandbox;
use crate::runtime::volumes;
use crate::store::{EventKind, Key, StoreError};

const COMPONENT: &str = "kubelet";
/// How often all Pods are relisted, independently of the watch.
const RELIST: Duration = Duration::from_secs(1);
/// How often a status update is retried while the disk accepts no writes.
const STATUS_RETRY: Duration = Duration::from_millis(250);

/// Runs Pods until the playground stops.
pub(crate) async fn run(cluster: Cluster, stop: CancellationToken, tasks: TaskTracker) {
    let sandbox = Sandbox::find().map(Arc::new).map_err(|error| error.to_string());
    match &sandbox {
        Ok(sandbox) => {
            tracing::debug!(limits = ?sandbox.limit_method(), "commands run in a bubblewrap sandbox");
        }
        Err(error) => tracing::error!(error, "cannot run containers: no usable sandbox"),
    }
    // As after a restart of a node: volumes in memory are gone.
    volumes::unmount_all(&cluster);
    sweep::sweep(&cluster);
    let node: Arc<Node> = Arc::default();
    tasks.spawn(crate::runtime::eviction::run(
        cluster.clone(),
        Arc::clone(&node),
        stop.clone(),
    ));
    let kubelet = Kubelet {
        recorder: Recorder::start(cluster.clone(), &tasks),
        cluster,
        sandbox,
        node,
        stop,
        tasks,
        known: Arc::default(),
    };
    kubelet.follow().await;
}

/// Starts the lifecycle of Pods.
struct Kubelet {
    cluster: Cluster,
    sandbox: Result<Arc<Sandbox>, String>,
    node: Arc<Node>,
    recorder: Recorder,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Uids of the Pods whose lifecycle is running.
    known: Arc<Mutex<HashSet<String>>>,
}

impl Kubelet {
    async fn follow(&self) {
        let mut first = true;
        // Also finds Pods whose lifecycle has ended with an error.
        let mut relist = tokio::time::interval(RELIST);
        loop {
            let since = self.cluster.store.version();
            let pods = match self.cluster.store.list(&PODS, None) {
                Ok((pods, _)) => pods,
                Err(error) => {
                    tracing::error!(%error, "the kubelet cannot list Pods");
                    return;
                }
            };
            for pod in &pods {
                self.take(pod, first);
            }
            first = false;
            relist.reset();
            let Ok(mut changes) = self.cluster.store.watch(&PODS, None, since) else {
                continue;
            };
            loop {
                tokio::select! {
                    change = changes.next() => match change {
                        Some(Ok(change)) if change.kind == EventKind::Deleted => {}
                        Some(Ok(change)) => self.take(&change.object, false),
                        // The watch has fallen behind.
                        Some(Err(_)) => break,
                        None => return,
                    },
                    _ = relist.tick() => break,
                }
            }
        }
    }

    /// Starts the lifecycle of a Pod that has a node, unless it is running already.
    fn take(&self, pod: &Value, restarted: bool) {
        if !pod["spec"]["nodeName"].is_string() {
            return;
        }
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        let Ok(key) = Key::of(&PODS, pod) else { return };
        if !lock(&self.known).insert(uid.clone()) {
            return;
        }
        let lifecycle = PodLifecycle {
            cluster: self.cluster.clone(),
            key,
            uid: uid.clone(),
            sandbox: self.sandbox.clone(),
            node: Arc::clone(&self.node),
            recorder: self.recorder.clone(),
            stop: self.stop.clone(),
        };
        let all = Arc::clone(&self.known);
        self.tasks.spawn(async move {
            if let Err(error) = lifecycle.run(restarted).await {
                tracing::warn!(%error, "the lifecycle of a Pod failed");
            }
            lock(&all).remove(&uid);
        });
    }
}

fn lock(known: &Mutex<HashSet<String>>) -> MutexGuard<'_, HashSet<String>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lifecycle of one Pod on its node.
struct PodLifecycle {
    cluster: Cluster,
    key: Key,
    uid: String,
    sandbox: Result<Arc<Sandbox>, String>,
    node: Arc<Node>,
    recorder: Recorder,
    stop: CancellationToken,
}

/// How a container's attempts ended.
enum End {
    Succeeded,
    Failed,
    /// The Pod is being deleted, or the playground stops.
    Stopped,
}

impl PodLifecycle {
    fn pod(&self) -> Result<Option<Arc<Value>>, StoreError> {
        let pod = self.cluster.store.get(&self.key)?;
        Ok(pod.filter(|pod| pod["metadata"]["uid"] == self.uid.as_str()))
    }

    /// Changes the Pod's status. Retries while the disk accepts no writes: a container must not run twice because
    /// its status could not be stored.
    async fn change(&self, change: impl Fn(&mut Value)) -> Result<(), StoreError> {
        loop {
            let written = self.cluster.store.modify(&self.key, |pod| {
                if pod["metadata"]["uid"] == self.uid.as_str() {
                    change(&mut pod["status"]);
                    let status = crate::api::without_nulls(pod["status"].take());
                    pod["status"] = status;
                }
                Ok::<_, StoreError>(())
            });
            match written {
                Ok(_) | Err(StoreError::NotFound(_)) => return Ok(()),
                Err(StoreError::Full | StoreError::Disk(_)) if !self.stop.is_cancelled() => {
                    tokio::time::sleep(STATUS_RETRY).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn event(&self, pod: &Arc<Value>, kind: &'static str, reason: &'static str, message: &str) {
        self.recorder.record(pod, kind, reason, message.to_owned());
    }

    async fn run(&self, restarted: bool) -> Result<(), StoreError> {
        let Some(pod) = self.pod()? else { return Ok(()) };
        if is_finished(&pod) {
            return self.wait_for_removal().await;
        }
        let lost = restarted && pod["status"]["startTime"].is_string();
        if !lost {
            self.prepare(&pod).await?;
        } else if !self.after_restart(&pod).await? {
            return self.wait_for_removal().await;
        }
        loop {
            if self.is_deleted()? {
                return self.remove().await;
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
        if let Some(eviction) = self.node.evicted(&self.uid) {
            self.remove_data(&pod, eviction.pressure);
            let evicted = self.evicted(&eviction.message).await;
            self.node.forget(&self.uid);
            evicted?;
            return self.wait_for_removal().await;
        }
        if let End::Stopped = end {
            // When the playground stops, the Pod is left as it is; the next start takes it over.
            return if self.is_deleted()? {
                self.remove().await
            } else {
                Ok(())
            };
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
        })
        .await?;
        self.remove_data(&pod, false);
        self.wait_for_removal().await
    }

    /// Removes what the Pod's containers wrote except for their logs; with `all`, truncates the logs too.
    fn remove_data(&self, pod: &Value, all: bool) {
        let dir = volumes::pod_dir(&self.cluster, pod);
        if let Err(error) = crate::store::blocking(|| volumes::remove(&dir)) {
            tracing::warn!(%error, dir = %dir.display(), "cannot remove a Pod's directory");
        }
        if all && let Err(error) = crate::store::blocking(|| logs::truncate(&self.cluster, pod)) {
            tracing::warn!(%error, "cannot remove a Pod's logs");
        }
    }

    /// Runs the init containers one after the other, then all containers at once.
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

    fn is_deleted(&self) -> Result<bool, StoreError> {
        Ok(self
            .pod()?
            .is_none_or(|pod| !pod["metadata"]["deletionTimestamp"].is_null()))
    }

    /// Sleeps; returns false if the Pod or the playground has to stop.
    async fn pause(&self, wait: Duration) -> bool {
        let until = tokio::time::Instant::now() + wait;
        while tokio::time::Instant::now() < until {
            tokio::select! {
                () = self.stop.cancelled() => return false,
                () = tokio::time::sleep(Duration::from_millis(200).min(wait)) => {}
            }
            if self.is_deleted().unwrap_or(true) || self.node.evicted(&self.uid).is_some() {
                return false;
            }
        }
        true
    }

    /// Waits for the deletion of a Pod that has finished.
    async fn wait_for_removal(&self) -> Result<(), StoreError> {
        loop {
            if self.is_deleted()? {
                return self.remove().await;
            }
            tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
            }
        }
    }

    /// Removes the Pod after its containers have ended, unless finalizers hold it.
    async fn remove(&self) -> Result<(), StoreError> {
        let Some(pod) = self.pod()? else { return Ok(()) };
        if !is_finished(&pod) {
            self.change(|status| status["phase"] = "Failed".into()).await?;
        }
        self.remove_data(&pod, false);
        let logs = logs::dir(&self.cluster, &pod);
        if let Err(error) = tokio::fs::remove_dir_all(&logs).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, dir = %logs.display(), "cannot remove a Pod's logs");
        }
        match crate::api::registry::delete_object(&self.cluster, &self.key, "Background", Some(0)) {
            Err(status) if status.code != 404 => {
                tracing::warn!(message = status.message, "cannot remove a Pod");
            }
            _ => {}
        }
        Ok(())
    }
}
