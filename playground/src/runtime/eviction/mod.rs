//! Manages local storage as the kubelet's eviction manager does: evicts Pods that exceed their own limits and, when
//! the disk is nearly full, the Pod that uses most of it ([node-pressure
//! eviction](https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/)).

mod condition;
mod limits;
mod usage;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::api::registry::is_finished;
use crate::cluster::Cluster;
use crate::events;
use crate::resource::PODS;
use crate::runtime::eviction::condition::Condition;
use crate::runtime::eviction::usage::Usage;
use crate::runtime::node::{Eviction, Node};
use crate::runtime::sandbox::ScanBudget;
use crate::runtime::{disk, logs};

/// How often the free space is checked, which costs nothing.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// How often disk usage is measured by counting files.
const USAGE_INTERVAL: Duration = Duration::from_secs(1);
/// How long an eviction may take to free space before another Pod is selected.
const EVICTION_TIMEOUT: Duration = Duration::from_secs(5);
/// Free space to keep, in bytes; a tenth of the disk where that is less.
const MIN_FREE: u64 = 1 << 30;
/// Default maximum size of the data directory, in bytes; half of the disk where that is less.
const DEFAULT_LIMIT: u64 = 10 << 30;

/// Monitors the disk until the playground stops.
pub(super) async fn run(cluster: Cluster, node: Arc<Node>, stop: CancellationToken) {
    let mut manager = Manager {
        cluster,
        node,
        counted_at: None,
        total: 0,
        evicted_at: None,
        condition: Condition::default(),
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(CHECK_INTERVAL) => {}
        }
        let checked = tokio::task::spawn_blocking(move || {
            manager.check();
            manager
        });
        match checked.await {
            Ok(returned) => manager = returned,
            Err(error) => {
                tracing::error!(%error, "the disk monitor has stopped");
                return;
            }
        }
    }
}

struct Manager {
    cluster: Cluster,
    node: Arc<Node>,
    /// When files were last counted.
    counted_at: Option<Instant>,
    /// Bytes used by the data directory.
    total: u64,
    /// When a Pod was last evicted for disk pressure.
    evicted_at: Option<Instant>,
    /// The condition that the nodes report.
    condition: Condition,
}

/// A threshold that is exceeded.
struct Pressure {
    threshold: u64,
    available: u64,
    what: String,
    /// The disk itself is nearly full, whatever has filled it.
    is_disk: bool,
}

impl Manager {
    fn check(&mut self) {
        let due = self
            .counted_at
            .is_none_or(|counted_at| counted_at.elapsed() >= USAGE_INTERVAL);
        let mut pressure = self.pressure();
        if due || pressure.is_some() {
            let (usages, finished) = self.usages();
            let unnamed: u64 = usages.iter().map(|usage| usage.unnamed).sum();
            self.total = disk::usage(&self.cluster.data_dir).saturating_add(unnamed);
            self.counted_at = Some(Instant::now());
            pressure = self.pressure();
            self.pods(usages, &finished, pressure.as_ref());
        }
        self.condition
            .observe(&self.cluster, pressure.is_some(), Instant::now());
        let text = pressure.map(|pressure| pressure.what);
        let mut known = self
            .cluster
            .disk
            .pressure
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match (&*known, &text) {
            (None, Some(text)) => tracing::warn!("the disk is nearly full: {text}"),
            (Some(_), None) => tracing::info!("the disk is no longer nearly full"),
            _ => {}
        }
        *known = text;
        drop(known);
        // After a failed write there may be no other write for a long time, so the store is probed here.
        if let Err(error) = self.cluster.store.probe() {
            tracing::debug!(%error, "the store still cannot write");
        }
    }

    /// Returns the threshold that the data directory or the disk has exceeded.
    fn pressure(&self) -> Option<Pressure> {
        let space = disk::space(&self.cluster.data_dir).ok()?;
        let free = MIN_FREE.min(space.size / 10);
        if space.free < free {
            return Some(Pressure {
                threshold: free,
                available: space.free,
                what: format!(
                    "{} free, less than the required {}",
                    mebibytes(space.free),
                    mebibytes(free)
                ),
                is_disk: true,
            });
        }
        if space.files > 0 && space.free_files < space.files / 100 {
            return Some(Pressure {
                threshold: free,
                available: space.free,
                what: format!("only {} more files can be created", space.free_files),
                is_disk: true,
            });
        }
        let limit = match self.cluster.disk.limit.load(Ordering::Relaxed) {
            0 => DEFAULT_LIMIT.min(space.size / 2),
            limit => limit,
        };
        (self.total > limit).then(|| Pressure {
            threshold: 0,
            available: 0,
            what: format!(
                "the data directory holds {}, above its limit of {}",
                mebibytes(self.total),
                mebibytes(limit)
            ),
            is_disk: false,
        })
    }

    /// Returns the usage of running Pods, and the Pods that have ended.
    fn usages(&self) -> (Vec<Usage>, Vec<Arc<Value>>) {
        let Ok((pods, _)) = self.cluster.store.list(&PODS, None) else {
            return Default::default();
        };
        let (finished, live): (Vec<_>, Vec<_>) = pods
            .into_iter()
            .filter(|pod| pod["spec"]["nodeName"].is_string())
            .partition(|pod| is_finished(pod));
        self.node.retain(|uid| live.iter().any(|pod| uid_of(pod) == uid));
        let mut budget = ScanBudget::new();
        let usages = live
            .iter()
            .map(|pod| Usage::of(&self.cluster, &self.node, pod, &mut budget));
        (usages.collect(), finished)
    }

    /// Evicts the Pods that exceed their own limits and, where a disk threshold is exceeded, the Pod that uses most
    /// of the disk.
    fn pods(&mut self, mut usages: Vec<Usage>, finished: &[Arc<Value>], pressure: Option<&Pressure>) {
        usages.retain(|usage| match limits::exceeded(usage) {
            Some(message) => {
                self.evict(&usage.pod, &message, false);
                false
            }
            None => true,
        });
        let Some(pressure) = pressure else { return };
        if self
            .evicted_at
            .is_some_and(|evicted_at| evicted_at.elapsed() < EVICTION_TIMEOUT && self.node.is_evicting())
        {
            return;
        }
        // Evicting a Pod that uses next to nothing would free nothing.
        let min_usage = (self.total / 100).max(64 << 10);
        let heaviest = usages
            .iter()
            .filter(|usage| usage.on_disk() > min_usage)
            .max_by_key(|usage| usage.on_disk());
        if let Some(usage) = heaviest {
            self.evict_for(usage, pressure);
        } else if !self.reclaim(finished) && pressure.is_disk {
            // Visible usage does not explain the pressure: evicts the Pod that has written most among those that
            // can hide files.
            let hiding = usages.iter().filter(|usage| usage.hidden.is_some());
            if let Some(usage) = hiding.max_by_key(|usage| usage.hidden) {
                self.evict_for(usage, pressure);
            }
        }
    }

    fn evict_for(&mut self, usage: &Usage, pressure: &Pressure) {
        self.evicted_at = Some(Instant::now());
        self.evict(&usage.pod, &limits::pressure_message(usage, pressure), true);
    }

    /// Frees space by truncating the logs of the ended Pod with the largest logs; returns false if no Pod has much
    /// to free.
    fn reclaim(&self, finished: &[Arc<Value>]) -> bool {
        let size = |pod: &Value| disk::usage(&logs::dir(&self.cluster, pod));
        let largest = finished
            .iter()
            .map(|pod| (size(pod), pod))
            .max_by_key(|(size, _)| *size);
        let Some((_, pod)) = largest.filter(|(size, _)| *size > 1 << 20) else {
            return false;
        };
        if let Err(error) = logs::truncate(&self.cluster, pod) {
            tracing::warn!(%error, "cannot truncate a Pod's logs");
            return false;
        }
        true
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

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
