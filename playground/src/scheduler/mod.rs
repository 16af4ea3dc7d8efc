//! The scheduler: assigns each Pod to a node that matches its constraints and has room for its requests.

mod hints;
mod nodes;
mod outcome;
#[cfg(test)]
mod tests;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use serde_json::Value;

use crate::api::registry::is_finished;
use crate::cluster::Cluster;
use crate::events;
use crate::resource::{NODES, PERSISTENT_VOLUME_CLAIMS, PODS};
use crate::scheduler::nodes::{Filter, Load, Rejection};
use crate::store::{Event, Key, StoreError};

const COMPONENT: &str = "default-scheduler";

/// How often pending Pods are checked when nothing happens.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Schedules until the playground stops.
pub(crate) async fn run(cluster: Cluster) {
    loop {
        let mut scheduler = Scheduler {
            cluster: cluster.clone(),
            unschedulable: HashMap::new(),
        };
        match scheduler.follow().await {
            Err(error @ StoreError::Gone { .. }) => tracing::debug!(%error, "the scheduler relists"),
            Err(error) => tracing::warn!(%error, "the scheduler failed; restarting"),
            Ok(()) => return,
        }
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
}

/// Assigns Pods to nodes, and remembers the unschedulable ones.
struct Scheduler {
    cluster: Cluster,
    unschedulable: HashMap<String, UnschedulablePod>,
}

/// An unschedulable Pod.
#[derive(Default)]
struct UnschedulablePod {
    pod: Arc<Value>,
    filters: Vec<Filter>,
    /// Whether something has happened since that may make it schedulable.
    retry: bool,
}

impl Scheduler {
    async fn follow(&mut self) -> Result<(), StoreError> {
        let since = self.cluster.store.version();
        let mut pods = self.cluster.store.watch(&PODS, None, since)?;
        let mut nodes = self.cluster.store.watch(&NODES, None, since)?;
        loop {
            self.round()?;
            tokio::select! {
                biased;
                change = pods.next() => match change {
                    Some(change) => self.pod_changed(&*change?),
                    None => return Ok(()),
                },
                change = nodes.next() => match change {
                    Some(change) => self.node_changed(&*change?),
                    None => return Ok(()),
                },
                // Claims are not watched.
                () = tokio::time::sleep(RETRY_INTERVAL) => {}
            }
            // Changes that are available already belong to the same round.
            while let Some(Some(change)) = pods.next().now_or_never() {
                self.pod_changed(&*change?);
            }
            while let Some(Some(change)) = nodes.next().now_or_never() {
                self.node_changed(&*change?);
            }
        }
    }

    fn pod_changed(&mut self, change: &Event) {
        if hints::frees_resources(change) {
            for unschedulable in self.unschedulable.values_mut() {
                unschedulable.retry |= unschedulable.filters.contains(&Filter::Resources);
            }
        }
        let uid = text(&change.object["metadata"]["uid"]);
        if let Some(unschedulable) = self.unschedulable.get_mut(uid) {
            unschedulable.retry |= unschedulable.pod["spec"] != change.object["spec"];
        }
    }

    fn node_changed(&mut self, change: &Event) {
        for unschedulable in self.unschedulable.values_mut() {
            unschedulable.retry |= hints::may_help(change, &unschedulable.pod, &unschedulable.filters);
        }
    }

    /// Tries to schedule every pending Pod.
    fn round(&mut self) -> Result<(), StoreError> {
        let (pods, _) = self.cluster.store.list(&PODS, None)?;
        let waiting: HashSet<&str> = pods
            .iter()
            .filter(|pod| waits(pod))
            .map(|pod| text(&pod["metadata"]["uid"]))
            .collect();
        self.unschedulable.retain(|uid, _| waiting.contains(uid.as_str()));
        if waiting.is_empty() {
            return Ok(());
        }
        let (nodes, _) = self.cluster.store.list(&NODES, None)?;
        let mut loads: HashMap<&str, Load> = HashMap::new();
        for pod in pods.iter().filter(|pod| !is_finished(pod)) {
            if let Some(node) = pod["spec"]["nodeName"].as_str() {
                loads.entry(node).or_default().add(pod);
            }
        }
        for pod in pods.iter().filter(|pod| waits(pod)) {
            if let Some(missing) = missing_claim(&self.cluster, pod)? {
                let count = nodes.len();
                let reason = format!("persistentvolumeclaim \"{missing}\" not found");
                let message = format!("0/{count} nodes are available: {reason}. not found");
                self.mark_unschedulable(pod, Vec::new(), &message)?;
                continue;
            }
            let mut rejections: Vec<Rejection> = Vec::new();
            let mut best: Option<(i64, &str)> = None;
            for node in &nodes {
                let name = text(&node["metadata"]["name"]);
                let load = loads.entry(name).or_default();
                let found = nodes::rejections(pod, node, load);
                if found.is_empty() && best.is_none_or(|(fewest, _)| load.pods < fewest) {
                    best = Some((load.pods, name));
                }
                rejections.extend(found);
            }
            if let Some((_, node)) = best {
                loads.entry(node).or_default().add(pod);
                outcome::bind(&self.cluster, pod, node)?;
                continue;
            }
            let message = outcome::message(nodes.len(), &rejections);
            let filters = rejections.into_iter().map(|rejection| rejection.filter).collect();
            self.mark_unschedulable(pod, filters, &message)?;
        }
        Ok(())
    }

    /// Remembers that a Pod is unschedulable, and reports it if that is new or the Pod was retried.
    fn mark_unschedulable(
        &mut self,
        pod: &Arc<Value>,
        filters: Vec<Filter>,
        message: &str,
    ) -> Result<(), StoreError> {
        let is_written = outcome::conditions(pod)
            .iter()
            .any(|condition| condition["message"] == message);
        let known = self.unschedulable.entry(text(&pod["metadata"]["uid"]).to_owned());
        let is_new = matches!(known, Entry::Vacant(_));
        let unschedulable = known.or_default();
        let report = is_new || unschedulable.retry || !is_written;
        *unschedulable = UnschedulablePod {
            pod: Arc::clone(pod),
            filters,
            retry: false,
        };
        if !is_written && !outcome::write_unschedulable(&self.cluster, pod, message)? {
            return Ok(());
        }
        if report {
            let what = ("Warning", "FailedScheduling", "Scheduling");
            events::record_action(&self.cluster, pod, COMPONENT, what, message);
        }
        Ok(())
    }
}

fn waits(pod: &Value) -> bool {
    let gates = pod["spec"]["schedulingGates"]
        .as_array()
        .is_some_and(|gates| !gates.is_empty());
    let scheduler = pod["spec"]["schedulerName"].as_str().unwrap_or(COMPONENT);
    !is_finished(pod)
        && !gates
        && scheduler == COMPONENT
        && pod["spec"]["nodeName"].is_null()
        && pod["metadata"]["deletionTimestamp"].is_null()
}

/// Returns a claim that a Pod names and that does not exist.
fn missing_claim(cluster: &Cluster, pod: &Value) -> Result<Option<String>, StoreError> {
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    for volume in pod["spec"]["volumes"].as_array().into_iter().flatten() {
        let Some(claim) = volume["persistentVolumeClaim"]["claimName"].as_str() else {
            continue;
        };
        let key = Key::new(&PERSISTENT_VOLUME_CLAIMS, namespace, claim);
        if cluster.store.get(&key)?.is_none() {
            return Ok(Some(claim.to_owned()));
        }
    }
    Ok(None)
}

/// Returns a text field; empty if missing.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
