//! The watches that are shared: one for all who follow the same objects, however many pages are open.
//!
//! What is known of a collection is kept for those who come later. Changes go through a ring of a fixed length: a
//! listener that does not keep up misses some, holds nobody up, and is given the whole collection anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_stream::stream;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::Value;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::kubernetes::watch::collection::Source;
use crate::kubernetes::watch::{Change, Selection};
use crate::kubernetes::{Cluster, Kind};

/// How many changes a listener may be behind.
const BEHIND: usize = 512;

/// How often it is looked whether anybody listens; a watch ends the second time that nobody does.
const UNUSED: Duration = Duration::from_secs(2);

/// The watches of one cluster, by what is watched.
#[derive(Default, Clone)]
pub struct SharedWatches(Arc<Mutex<HashMap<Key, Arc<Shared>>>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    plural: &'static str,
    project: String,
    selection: Selection,
}

/// One collection, and those who follow it.
struct Shared {
    changes: broadcast::Sender<Change>,
    now: Mutex<Now>,
}

/// What is known of a collection.
#[derive(Default)]
struct Now {
    state: State,
    /// By name.
    objects: HashMap<String, Arc<Value>>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It was not listed yet.
    #[default]
    Unknown,
    Live,
    Lost,
    Denied,
}

impl SharedWatches {
    /// Follows a collection; its watch begins with the first who does.
    pub fn follow(
        &self,
        cluster: &Cluster,
        known: Kind,
        project: &str,
        selection: Selection,
    ) -> BoxStream<'static, Change> {
        let key = Key {
            plural: known.plural(),
            project: project.to_owned(),
            selection,
        };
        // Nothing is removed while this is locked: who listens now keeps the watch alive.
        let mut feeds = lock(&self.0);
        let shared = feeds.get(&key).map_or_else(Shared::new, Arc::clone);
        let (first, receiver) = shared.listen();
        if feeds.insert(key.clone(), Arc::clone(&shared)).is_none() {
            let source = Source::new(cluster, known, project, key.selection.clone());
            let (shared_watches, shared) = (self.clone(), Arc::clone(&shared));
            tokio::spawn(async move {
                tokio::select! {
                    never = source.run(|change| shared.tell(change)) => match never {},
                    () = shared_watches.unused(&key, &shared) => {}
                }
            });
        }
        drop(feeds);
        changes(shared, first, receiver)
    }

    /// Waits until nobody has listened for a while; then the collection is forgotten.
    async fn unused(&self, key: &Key, shared: &Shared) {
        let mut before = false;
        loop {
            tokio::time::sleep(UNUSED).await;
            let mut feeds = lock(&self.0);
            let unused = shared.changes.receiver_count() == 0;
            if unused && before {
                feeds.remove(key);
                return;
            }
            before = unused;
        }
    }
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            changes: broadcast::Sender::new(BEHIND),
            now: Mutex::default(),
        })
    }

    fn tell(&self, change: Change) {
        let mut now = lock(&self.now);
        now.take(&change);
        // Where nobody listens nobody has to be told.
        let _ = self.changes.send(change);
    }

    /// What is known now, and the changes from now on.
    fn listen(&self) -> (Option<Change>, broadcast::Receiver<Change>) {
        let now = lock(&self.now);
        (now.as_change(), self.changes.subscribe())
    }
}

impl Now {
    fn take(&mut self, change: &Change) {
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
            // Nobody is told what may be out of date, or may not be known.
            Change::Lost | Change::Denied => {
                let denied = matches!(change, Change::Denied);
                self.state = if denied { State::Denied } else { State::Lost };
                self.objects = HashMap::new();
            }
        }
    }

    fn as_change(&self) -> Option<Change> {
        match self.state {
            State::Unknown => None,
            State::Live => Some(Change::Reset(self.objects.values().cloned().collect())),
            State::Lost => Some(Change::Lost),
            State::Denied => Some(Change::Denied),
        }
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

fn changes(
    shared: Arc<Shared>,
    mut known: Option<Change>,
    mut receiver: broadcast::Receiver<Change>,
) -> BoxStream<'static, Change> {
    stream! {
        loop {
            if let Some(change) = known.take() {
                yield change;
            }
            match receiver.recv().await {
                Ok(change) => yield change,
                Err(RecvError::Lagged(_)) => (known, receiver) = shared.listen(),
                // The collection outlives those who follow it.
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

    fn listen(shared: &Arc<Shared>) -> BoxStream<'static, Change> {
        let (first, receiver) = shared.listen();
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
    async fn who_comes_later_begins_with_what_is_known() {
        let shared = Shared::new();
        let mut early = listen(&shared);
        shared.tell(Change::Reset(vec![pod("a", 0), pod("b", 0)]));
        shared.tell(Change::Applied(pod("c", 1)));
        shared.tell(Change::Deleted(pod("a", 0)));
        let mut late = listen(&shared);
        let known = format!("reset {}", json!([pod("b", 0), pod("c", 1)]));
        assert_eq!(next(&mut late).await, known);
        assert!(next(&mut early).await.starts_with("reset"));
        shared.tell(Change::Lost);
        assert_eq!(next(&mut late).await, "Lost");
        assert_eq!(next(&mut listen(&shared)).await, "Lost", "nothing stale is given");
        shared.tell(Change::Denied);
        assert_eq!(next(&mut listen(&shared)).await, "Denied");
    }

    #[tokio::test]
    async fn who_does_not_keep_up_is_given_the_whole_anew_and_holds_nobody_up() {
        let shared = Shared::new();
        let mut slow = listen(&shared);
        let mut quick = listen(&shared);
        shared.tell(Change::Reset(vec![pod("a", 0)]));
        assert!(next(&mut quick).await.starts_with("reset"));
        for phase in 1..=10 * BEHIND {
            shared.tell(Change::Applied(pod("a", phase)));
            assert!(next(&mut quick).await.starts_with("Applied"));
        }
        assert_eq!(shared.changes.len(), BEHIND, "no more is kept");
        let known = format!("reset {}", json!([pod("a", 10 * BEHIND)]));
        assert_eq!(next(&mut slow).await, known);
        shared.tell(Change::Lost);
        assert_eq!(next(&mut slow).await, "Lost");
    }
}
