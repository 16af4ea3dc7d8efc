//! Local storage as the kubelet's eviction manager keeps it: Pods above their own limits go, and when the disk is
//! nearly full the Pod that uses most of it
//! ([node-pressure eviction](https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/)).

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::environment::list;
use super::kubelet::ROOT_BYTES;
use super::node::{Eviction, Node};
use super::{disk, logs, resources, volumes};
use crate::cluster::Cluster;
use crate::controllers::events;
use crate::http::is_over;
use crate::resource::PODS;

/// How often the free space is looked at, which costs nothing.
const LOOK: Duration = Duration::from_millis(250);
/// How often files are counted.
const COUNT: Duration = Duration::from_secs(1);
/// How long an eviction gets before another Pod is looked for.
const EFFECT: Duration = Duration::from_secs(5);
/// What stays free at most; a tenth of a small disk.
const FREE: u64 = 1 << 30;
/// What the data folder may hold, unless it is said; half of a small disk.
const LIMIT: u64 = 10 << 30;

/// Watches the disk until the playground ends.
pub(super) async fn run(cluster: Cluster, node: Arc<Node>, stop: CancellationToken) {
    let mut manager = Manager {
        cluster,
        node,
        counted: None,
        total: 0,
        evicted: None,
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let looked = tokio::task::spawn_blocking(move || {
            manager.look();
            manager
        });
        match looked.await {
            Ok(back) => manager = back,
            Err(error) => {
                tracing::error!(%error, "the disk is not looked at any more");
                return;
            }
        }
    }
}

/// What a Pod uses of the disk.
struct Usage {
    pod: Arc<Value>,
    /// The containers' logs and what they write outside of volumes; only the first are on disk.
    containers: Vec<(String, u64, u64)>,
    /// Volumes that go with the Pod: name, bytes, limit.
    volumes: Vec<(String, u64, Option<String>)>,
    /// Volumes that stay.
    claims: u64,
}

impl Usage {
    /// What counts for the Pod's own limits.
    fn local(&self) -> u64 {
        let containers: u64 = self.containers.iter().map(|(_, logs, root)| logs + root).sum();
        containers + self.volumes.iter().map(|(_, bytes, _)| bytes).sum::<u64>()
    }

    /// What the Pod fills the disk with.
    fn on_disk(&self) -> u64 {
        let logs: u64 = self.containers.iter().map(|(_, logs, _)| logs).sum();
        logs + self.claims + self.volumes.iter().map(|(_, bytes, _)| bytes).sum::<u64>()
    }
}

struct Manager {
    cluster: Cluster,
    node: Arc<Node>,
    /// When files were counted.
    counted: Option<Instant>,
    /// Bytes of the data folder.
    total: u64,
    /// When a Pod was evicted for the disk.
    evicted: Option<Instant>,
}

/// A bound that is passed.
struct Pressure {
    threshold: u64,
    available: u64,
    what: String,
}

impl Manager {
    fn look(&mut self) {
        let due = self.counted.is_none_or(|counted| counted.elapsed() >= COUNT);
        let mut pressure = self.pressure();
        if due || pressure.is_some() {
            self.total = disk::usage(&self.cluster.data_dir);
            self.counted = Some(Instant::now());
            pressure = self.pressure();
            self.pods(pressure.as_ref());
        }
        let text = pressure.map(|pressure| pressure.what);
        let mut known = self
            .cluster
            .disk
            .pressure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match (&*known, &text) {
            (None, Some(text)) => tracing::warn!("the disk is nearly full: {text}"),
            (Some(_), None) => tracing::info!("the disk has space again"),
            _ => {}
        }
        *known = text;
        drop(known);
        // Where the store has failed, nobody but this may write for a long time.
        if let Err(error) = self.cluster.store.probe() {
            tracing::debug!(%error, "the store does not write yet");
        }
    }

    /// The bound that the data folder has passed.
    fn pressure(&self) -> Option<Pressure> {
        let space = disk::space(&self.cluster.data_dir).ok()?;
        let free = FREE.min(space.size / 10);
        if space.free < free {
            return Some(Pressure {
                threshold: free,
                available: space.free,
                what: format!(
                    "{} free, {} are to stay free",
                    mebibytes(space.free),
                    mebibytes(free)
                ),
            });
        }
        if space.files > 0 && space.free_files < space.files / 100 {
            return Some(Pressure {
                threshold: free,
                available: space.free,
                what: format!("{} more files can be made", space.free_files),
            });
        }
        let limit = match self.cluster.disk.limit.load(Ordering::Relaxed) {
            0 => LIMIT.min(space.size / 2),
            limit => limit,
        };
        (self.total > limit).then(|| Pressure {
            threshold: 0,
            available: 0,
            what: format!(
                "the data folder holds {}, and may hold {}",
                mebibytes(self.total),
                mebibytes(limit)
            ),
        })
    }

    fn pods(&mut self, pressure: Option<&Pressure>) {
        let Ok((pods, _)) = self.cluster.store.list(&PODS, None) else {
            return;
        };
        let (over, live): (Vec<_>, Vec<_>) = pods
            .into_iter()
            .filter(|pod| pod["spec"]["nodeName"].is_string())
            .partition(|pod| is_over(pod));
        self.node.retain(|uid| live.iter().any(|pod| uid_of(pod) == uid));
        let mut usages: Vec<Usage> = live.into_iter().map(|pod| self.usage(pod)).collect();
        usages.retain(|usage| match exceeded(usage) {
            Some(message) => {
                self.evict(&usage.pod, &message, false);
                false
            }
            None => true,
        });
        let Some(pressure) = pressure else { return };
        if self
            .evicted
            .is_some_and(|evicted| evicted.elapsed() < EFFECT && self.node.is_evicting())
        {
            return;
        }
        let heaviest = usages.iter().max_by_key(|usage| usage.on_disk());
        // A Pod that uses next to nothing would go for nothing.
        match heaviest.filter(|usage| usage.on_disk() > (self.total / 100).max(64 << 10)) {
            Some(usage) => {
                let message = low(usage, pressure);
                self.evicted = Some(Instant::now());
                self.evict(&usage.pod, &message, true);
            }
            None => self.reclaim(&over),
        }
    }

    /// Makes space with the logs of the Pod that has ended and left most.
    fn reclaim(&self, over: &[Arc<Value>]) {
        let size = |pod: &Value| disk::usage(&logs::folder(&self.cluster, pod));
        let largest = over
            .iter()
            .map(|pod| (size(pod), pod))
            .max_by_key(|(size, _)| *size);
        if let Some((size, pod)) = largest
            && size > 1 << 20
            && let Err(error) = logs::shrink(&self.cluster, pod)
        {
            tracing::warn!(%error, "logs cannot be made smaller");
        }
    }

    fn usage(&self, pod: Arc<Value>) -> Usage {
        let uid = uid_of(&pod).to_owned();
        let logs = logs::folder(&self.cluster, &pod);
        let both = ["initContainers", "containers"].into_iter();
        let containers = both.flat_map(|field| list(&pod["spec"][field])).map(|container| {
            let name = container["name"].as_str().unwrap_or_default();
            let root = self
                .node
                .process(&uid, name)
                .map_or(0, |process| root_usage(process, container));
            (name.to_owned(), disk::usage(&logs.join(name)), root)
        });
        let containers = containers.collect();
        let mut volumes = Vec::new();
        let mut claims = 0;
        for volume in list(&pod["spec"]["volumes"]) {
            let Ok(folder) = volumes::folder(&self.cluster, &pod, volume) else {
                continue;
            };
            if volume["persistentVolumeClaim"].is_object() {
                claims += disk::usage(&folder);
            } else if volume["emptyDir"].is_object() && !volumes::is_mounted(&folder) {
                let limit = &volume["emptyDir"]["sizeLimit"];
                let limit = resources::bytes(limit).map(|_| resources::text(limit));
                let name = volume["name"].as_str().unwrap_or_default().to_owned();
                volumes.push((name, disk::usage(&folder), limit));
            }
        }
        Usage {
            pod,
            containers,
            volumes,
            claims,
        }
    }

    fn evict(&self, pod: &Value, message: &str, pressure: bool) {
        let eviction = Eviction {
            message: message.to_owned(),
            pressure,
        };
        if self.node.evict(uid_of(pod), eviction) {
            tracing::info!(
                pod = pod["metadata"]["name"].as_str(),
                message,
                "a Pod is evicted"
            );
            events::record(&self.cluster, pod, "kubelet", "Warning", "Evicted", message);
        }
    }
}

fn uid_of(pod: &Value) -> &str {
    pod["metadata"]["uid"].as_str().unwrap_or_default()
}

/// Bytes that a running container has written outside of its volumes.
fn root_usage(process: i32, container: &Value) -> u64 {
    // A volume in place of the root is not the container's own.
    let covered = list(&container["volumeMounts"]).iter().any(|mount| {
        mount["mountPath"]
            .as_str()
            .is_some_and(|path| Path::new(path) == Path::new("/"))
    });
    if covered {
        return 0;
    }
    let root = format!("/proc/{process}/root");
    match disk::space(Path::new(&root)) {
        // Whatever it is, a root of the sandbox is small.
        Ok(space) if space.size <= 1 << 31 => {
            // Its size bounds what files hold, and not how many there are.
            let files = space.files.saturating_sub(space.free_files);
            space.used.saturating_add(files.saturating_mul(4 * disk::INODE))
        }
        _ => 0,
    }
}

/// Which limit of its own a Pod has passed, in the kubelet's words and order.
fn exceeded(usage: &Usage) -> Option<String> {
    for (name, bytes, limit) in &usage.volumes {
        if let Some(limit) = limit
            && resources::bytes(&limit.as_str().into()).is_some_and(|limit| *bytes > limit)
        {
            return Some(format!(
                "Usage of EmptyDir volume \"{name}\" exceeds the limit \"{limit}\". "
            ));
        }
    }
    let containers = list(&usage.pod["spec"]["containers"]);
    let limit_of = |container: &Value| {
        let limit = &container["resources"]["limits"]["ephemeral-storage"];
        resources::quantity(limit).filter(|limit| !limit.is_zero())
    };
    let limits: Vec<_> = containers.iter().filter_map(limit_of).collect();
    if let Some(all) = limits.into_iter().reduce(k8s_rules::Quantity::plus)
        && usage.local() > all.units(1)
    {
        return Some(format!(
            "Pod ephemeral local storage usage exceeds the total limit of containers {all}. "
        ));
    }
    containers.iter().find_map(|container| {
        let limit = limit_of(container).unwrap_or_else(|| resources::from_bytes(ROOT_BYTES));
        let name = container["name"].as_str()?;
        let (_, logs, root) = usage.containers.iter().find(|(one, ..)| one == name)?;
        // Without a limit of its own, its logs are bounded by their rotation.
        let used = if limit_of(container).is_some() {
            logs + root
        } else {
            *root
        };
        (used > limit.units(1))
            .then(|| format!("Container {name} exceeded its local ephemeral storage limit \"{limit}\". "))
    })
}

/// The kubelet's message of an eviction for want of space.
fn low(usage: &Usage, pressure: &Pressure) -> String {
    use std::fmt::Write as _;

    let mut text = format!(
        "The node was low on resource: ephemeral-storage. Threshold quantity: {}, available: {}. ",
        kibibytes(pressure.threshold),
        kibibytes(pressure.available),
    );
    for container in list(&usage.pod["spec"]["containers"]) {
        let name = container["name"].as_str().unwrap_or_default();
        let request = &container["resources"]["requests"]["ephemeral-storage"];
        let used = usage.containers.iter().find(|(one, ..)| one == name);
        let used = used.map_or(0, |(_, logs, root)| logs + root);
        if used > resources::bytes(request).unwrap_or(0) {
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "Container {name} was using {}, request is {}, has larger consumption of ephemeral-storage. ",
                kibibytes(used),
                resources::quantity(request).map_or("0".to_owned(), |request| request.to_string()),
            );
        }
    }
    text
}

fn kibibytes(bytes: u64) -> String {
    match bytes {
        0 => "0".to_owned(),
        bytes => format!("{}Ki", bytes.div_ceil(1024)),
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[allow(
        clippy::needless_pass_by_value,
        reason = "calls read better with `json!` in place"
    )]
    fn usage(limits: Value, size_limit: Option<&str>, logs: u64, root: u64, volume: u64) -> Usage {
        let pod = json!({"spec": {"containers": [
            {"name": "main", "resources": {"limits": limits}},
            {"name": "other"},
        ]}});
        Usage {
            pod: Arc::new(pod),
            containers: vec![("main".into(), logs, root), ("other".into(), 0, 0)],
            volumes: vec![("work".into(), volume, size_limit.map(str::to_owned))],
            claims: 0,
        }
    }

    #[test]
    fn a_pod_above_a_limit_of_its_own_is_evicted_in_the_kubelets_words() {
        let mebi = 1 << 20;
        let limits = json!({"ephemeral-storage": "2Mi"});
        for (limits, size_limit, logs, root, volume, expected) in [
            (json!({}), None, 9 * mebi, 9 * mebi, 9 * mebi, None),
            (json!({}), Some("1Mi"), 0, 0, mebi, None),
            (
                json!({}),
                Some("1Mi"),
                0,
                0,
                mebi + 1,
                Some("Usage of EmptyDir volume \"work\" exceeds the limit \"1Mi\". "),
            ),
            (limits.clone(), None, mebi, mebi, 0, None),
            (
                limits.clone(),
                None,
                mebi,
                0,
                mebi + 1,
                Some("Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. "),
            ),
            (json!({"ephemeral-storage": "0"}), None, mebi, mebi, mebi, None),
        ] {
            let found = exceeded(&usage(limits, size_limit, logs, root, volume));
            assert_eq!(found.as_deref(), expected);
        }
    }

    #[test]
    fn a_container_without_a_limit_is_bounded_outside_of_volumes() {
        assert_eq!(
            exceeded(&usage(json!({}), None, 2 * ROOT_BYTES, ROOT_BYTES, 0)),
            None
        );
        assert_eq!(
            exceeded(&usage(json!({}), None, 0, ROOT_BYTES + 1, 0)).as_deref(),
            Some("Container main exceeded its local ephemeral storage limit \"1Gi\". ")
        );
    }

    #[test]
    fn a_container_above_its_limit_is_named_where_the_pod_is_not_above_the_sum() {
        let pod = json!({"spec": {"containers": [
            {"name": "main", "resources": {"limits": {"ephemeral-storage": "1Mi"}}},
            {"name": "other", "resources": {"limits": {"ephemeral-storage": "1Gi"}}},
        ]}});
        let usage = Usage {
            pod: Arc::new(pod),
            containers: vec![("main".into(), 1 << 20, 1), ("other".into(), 0, 0)],
            volumes: Vec::new(),
            claims: 0,
        };
        assert_eq!(
            exceeded(&usage).as_deref(),
            Some("Container main exceeded its local ephemeral storage limit \"1Mi\". ")
        );
    }
}
