//! The kubelet of all nodes: takes each Pod that is on a node through its life, and writes what happens into its
//! status.
//!
//! Processes die with the playground. A Pod that was running when it ended is treated as by a node that restarts:
//! its container has ended with an unknown code (255, `ContainerStatusUnknown`), and the Pod's restart policy says
//! what comes next.

mod command;
mod container;
mod start;
mod status;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::environment::list;
use super::logs;
use super::node::Node;
use super::sandbox::Sandbox;
use super::volumes;
use crate::cluster::Cluster;
use crate::controllers::events;
use crate::http::is_over;
use crate::resource::{PERSISTENT_VOLUME_CLAIMS, PODS};
use crate::store::{Key, StoreError};
pub(super) use command::ROOT_BYTES;
use status::set_conditions;

const COMPONENT: &str = "kubelet";
/// How long a status waits for a disk that takes nothing.
const STATUS_RETRY: Duration = Duration::from_millis(250);

/// Runs Pods until the playground ends.
pub(crate) async fn run(cluster: Cluster, stop: CancellationToken, tasks: TaskTracker) {
    let sandbox = Sandbox::find().map(Arc::new).map_err(|error| error.to_string());
    match &sandbox {
        Ok(sandbox) => {
            tracing::debug!(limits = ?sandbox.limit_method(), "commands run in a bubblewrap sandbox");
        }
        Err(error) => tracing::error!(error, "no command can run"),
    }
    // As after a restart of a node: what was in memory is gone.
    volumes::unmount_all(&cluster);
    sweep(&cluster);
    let node: Arc<Node> = Arc::default();
    tasks.spawn(super::eviction::run(
        cluster.clone(),
        Arc::clone(&node),
        stop.clone(),
    ));
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
                node: Arc::clone(&node),
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

/// Removes the folders of Pods and claims that are gone: the process may have ended before it could.
fn sweep(cluster: &Cluster) {
    for (kind, resource) in [
        ("pods", &PODS),
        ("logs", &PODS),
        ("volumes", &PERSISTENT_VOLUME_CLAIMS),
    ] {
        let Ok((objects, _)) = cluster.store.list(resource, None) else {
            continue;
        };
        let known: HashSet<&str> = objects
            .iter()
            .filter_map(|object| object["metadata"]["uid"].as_str())
            .collect();
        let entries = std::fs::read_dir(cluster.data_dir.join(kind))
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let name = entry.file_name();
            // The logs' folders are named NAMESPACE_NAME_UID.
            let uid = name.to_str().and_then(|name| name.rsplit('_').next());
            if uid.is_some_and(|uid| known.contains(uid)) {
                continue;
            }
            if let Err(error) = volumes::remove(&entry.path()) {
                tracing::warn!(%error, folder = %entry.path().display(), "a folder of what is gone stays");
            }
        }
    }
}

/// The life of one Pod on its node.
struct Life {
    cluster: Cluster,
    key: Key,
    uid: String,
    sandbox: Result<Arc<Sandbox>, String>,
    node: Arc<Node>,
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

    /// Changes the Pod's status. While the disk takes nothing it is tried again: what runs is not run twice because
    /// its status could not be kept.
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
            self.begin(&pod).await?;
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
            self.clear(&pod, eviction.pressure);
            let evicted = self.evicted(&eviction.message).await;
            self.node.forget(&self.uid);
            evicted?;
            return self.wait_for_removal().await;
        }
        if let End::Stopped = end {
            // The playground's own end leaves the Pod as it is; the next start takes it up.
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
        self.clear(&pod, false);
        self.wait_for_removal().await
    }

    /// Removes what the Pod's containers wrote, but for their logs; of those the ends are left if `all`.
    fn clear(&self, pod: &Value, all: bool) {
        let folder = volumes::pod_folder(&self.cluster, pod);
        if let Err(error) = crate::store::blocking(|| volumes::remove(&folder)) {
            tracing::warn!(%error, folder = %folder.display(), "a Pod's folder stays");
        }
        if all && let Err(error) = crate::store::blocking(|| logs::shrink(&self.cluster, pod)) {
            tracing::warn!(%error, "a Pod's logs stay");
        }
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
            if self.is_deleted().unwrap_or(true) || self.node.evicted(&self.uid).is_some() {
                return false;
            }
        }
        true
    }

    /// A Pod that is over stays until somebody deletes it.
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

    /// Its containers have ended: the Pod may go, as far as its finalizers let it.
    async fn remove(&self) -> Result<(), StoreError> {
        let Some(pod) = self.pod()? else { return Ok(()) };
        if !is_over(&pod) {
            self.change(|status| status["phase"] = "Failed".into()).await?;
        }
        self.clear(&pod, false);
        let logs = logs::folder(&self.cluster, &pod);
        if let Err(error) = tokio::fs::remove_dir_all(&logs).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, folder = %logs.display(), "a Pod's logs stay");
        }
        match crate::http::delete_object(&self.cluster, &self.key, "Background", Some(0)) {
            Err(status) if status.code != 404 => tracing::warn!(message = status.message, "a Pod stays"),
            _ => {}
        }
        Ok(())
    }
}
