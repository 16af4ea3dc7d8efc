//! Shared watches: one per collection and selection, however many pages are open.
//!
//! A snapshot of each collection is kept for late subscribers. Changes go through a ring buffer: a lagging
//! subscriber does not block others; it receives a fresh snapshot.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_stream::stream;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::Value;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::kubernetes::watch::collection::Source;
use crate::kubernetes::watch::strip::reduction;
use crate::kubernetes::watch::{Change, Selection};
use crate::kubernetes::{Cluster, Kind};
use crate::metrics::METRICS;

/// Capacity of the ring buffer: the number of changes a subscriber may lag behind.
const CAPACITY: usize = 512;

/// Interval of the check for subscribers; a watch ends at the second check without any.
const UNUSED_CHECK: Duration = Duration::from_secs(2);

/// The watches of one cluster, by collection and selection.
#[derive(Default, Clone)]
pub struct SharedWatches(Arc<Mutex<HashMap<Key, Arc<Shared>>>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    plural: &'static str,
    project: String,
    selection: Selection,
}

/// One collection and its subscribers.
struct Shared {
    changes: broadcast::Sender<Change>,
    snapshot: Mutex<Snapshot>,
}

/// The current state of a collection.
#[derive(Default)]
struct Snapshot {
    state: State,
    /// Objects by name.
    objects: HashMap<String, Arc<Value>>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not listed yet.
    #[default]
    Unknown,
    Live,
    Disconnected,
    Denied,
}

impl SharedWatches {
    /// Subscribes to a collection; the first subscriber starts its watch.
    pub fn follow(
        &self,
        cluster: &Cluster,
        kind: Kind,
        project: &str,
        selection: Selection,
    ) -> BoxStream<'static, Change> {
        let key = Key {
            plural: kind.plural(),
            project: project.to_owned(),
            selection,
        };
        // Entries are removed only under this lock, so the new subscriber keeps the watch alive.
        let mut watches = lock(&self.0);
        let shared = watches.get(&key).map_or_else(Shared::new, Arc::clone);
        let (first, receiver) = shared.subscribe();
        if watches.insert(key.clone(), Arc::clone(&shared)).is_none() {
            let source = Source::new(
                cluster,
                kind,
                Some(project),
                key.selection.clone(),
                reduction(kind),
            );
            let (shared_watches, shared) = (self.clone(), Arc::clone(&shared));
            tokio::spawn(async move {
                let _counted = METRICS.watch();
                tokio::select! {
                    never = source.run(|change| shared.publish(change), |_| {}) => match never {},
                    () = shared_watches.wait_until_unused(&key, &shared) => {}
                }
            });
        }
        drop(watches);
        changes(shared, first, receiver)
    }

    /// Waits until there has been no subscriber for a while, then removes the collection.
    async fn wait_until_unused(&self, key: &Key, shared: &Shared) {
        let mut before = false;
        loop {
            tokio::time::sleep(UNUSED_CHECK).await;
            let mut watches = lock(&self.0);
            let unused = shared.changes.receiver_count() == 0;
            if unused && before {
                watches.remove(key);
                return;
            }
            before = unused;
        }
    }
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            changes: broadcast::Sender::new(CAPACITY),
            snapshot: Mutex::default(),
        })
    }

    fn publish(&self, change: Change) {
        let mut snapshot = lock(&self.snapshot);
        snapshot.apply(&change);
        // Fails if there are no subscribers.
        let _ = self.changes.send(change);
    }

    /// Returns the snapshot, and the changes from now on.
    fn subscribe(&self) -> (Option<Change>, broadcast::Receiver<Change>) {
        let snapshot = lock(&self.snapshot);
        (snapshot.as_change(), self.changes.subscribe())
    }
}

impl Snapshot {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Reset(objects) => {
                self.state = State::Live;
                self.objects = objects
                    .iter()
                    .map(|object| (name(object), Arc::clone(object)))
                    .collect();
            }
            Change::Applied(object) => {
                self.objects.insert(name(object), Arc::clone(object));
            }
            Change::Deleted(object) => {
                self.objects.remove(&name(object));
            }
            // Late subscribers must not receive data that may be out of date or forbidden.
            Change::Disconnected | Change::Denied => {
                let denied = matches!(change, Change::Denied);
                self.state = if denied {
                    State::Denied
                } else {
                    State::Disconnected
                };
                self.objects = HashMap::new();
            }
        }
    }

    fn as_change(&self) -> Option<Change> {
        match self.state {
            State::Unknown => None,
            State::Live => Some(Change::Reset(self.objects.values().cloned().collect())),
            State::Disconnected => Some(Change::Disconnected),
            State::Denied => Some(Change::Denied),
        }
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

fn changes(
    shared: Arc<Shared>,
    mut snapshot: Option<Change>,
    mut receiver: broadcast::Receiver<Change>,
) -> BoxStream<'static, Change> {
    stream! {
        loop {
            if let Some(change) = snapshot.take() {
                yield change;
            }
            match receiver.recv().await {
                Ok(change) => yield change,
                Err(RecvError::Lagged(_)) => (snapshot, receiver) = shared.subscribe(),
                // The sender lives as long as its subscribers.
                Err(RecvError::Closed) => return,
            }
        }
    }
    .boxed()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, phase: usize) -> Arc<Value> {
        Arc::new(json!({"metadata": {"name": name}, "phase": phase}))
    }

    fn subscribe(shared: &Arc<Shared>) -> BoxStream<'static, Change> {
        let (first, receiver) = shared.subscribe();
        changes(Arc::clone(shared), first, receiver)
    }

    async fn next(feed: &mut BoxStream<'static, Change>) -> String {
        match feed.next().await.unwrap() {
            Change::Reset(mut objects) => {
                objects.sort_by_key(|object| name(object));
                format!("reset {}", json!(objects))
            }
            change => format!("{change:?}"),
        }
    }

    #[tokio::test]
    async fn late_subscriber_starts_with_snapshot() {
        let shared = Shared::new();
        let mut early = subscribe(&shared);
        shared.publish(Change::Reset(vec![pod("a", 0), pod("b", 0)]));
        shared.publish(Change::Applied(pod("c", 1)));
        shared.publish(Change::Deleted(pod("a", 0)));
        let mut late = subscribe(&shared);
        let snapshot = format!("reset {}", json!([pod("b", 0), pod("c", 1)]));
        assert_eq!(next(&mut late).await, snapshot);
        assert!(next(&mut early).await.starts_with("reset"));
        shared.publish(Change::Disconnected);
        assert_eq!(next(&mut late).await, "Disconnected");
        assert_eq!(
            next(&mut subscribe(&shared)).await,
            "Disconnected",
            "no stale snapshot is sent"
        );
        shared.publish(Change::Denied);
        assert_eq!(next(&mut subscribe(&shared)).await, "Denied");
    }

    #[tokio::test]
    async fn lagging_subscriber_gets_a_snapshot_and_blocks_nobody() {
        let shared = Shared::new();
        let mut slow = subscribe(&shared);
        let mut quick = subscribe(&shared);
        shared.publish(Change::Reset(vec![pod("a", 0)]));
        assert!(next(&mut quick).await.starts_with("reset"));
        for phase in 1..=10 * CAPACITY {
            shared.publish(Change::Applied(pod("a", phase)));
            assert!(next(&mut quick).await.starts_with("Applied"));
        }
        assert_eq!(shared.changes.len(), CAPACITY, "the buffer is bounded");
        let snapshot = format!("reset {}", json!([pod("a", 10 * CAPACITY)]));
        assert_eq!(next(&mut slow).await, snapshot);
        shared.publish(Change::Disconnected);
        assert_eq!(next(&mut slow).await, "Disconnected");
    }
}
