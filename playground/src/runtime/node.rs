//! What the parts of the runtime tell each other: which processes run, and which Pods have to go.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why a Pod is evicted.
#[derive(Debug, Clone)]
pub(super) struct Eviction {
    /// As in the Pod's status.
    pub message: String,
    /// The disk is full: what the Pod has written goes too.
    pub pressure: bool,
}

/// The node, in memory.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The first process of each running container, by the Pod's uid and the container's name.
    running: Mutex<HashMap<(String, String), i32>>,
    /// Pods that are being evicted, by uid.
    evicted: Mutex<HashMap<String, Eviction>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    /// A container runs.
    pub fn started(&self, uid: &str, container: &str, process: i32) {
        lock(&self.running).insert((uid.to_owned(), container.to_owned()), process);
    }

    /// A container has ended.
    pub fn ended(&self, uid: &str, container: &str) {
        lock(&self.running).remove(&(uid.to_owned(), container.to_owned()));
    }

    /// The first process of a container, while it runs.
    pub fn process(&self, uid: &str, container: &str) -> Option<i32> {
        lock(&self.running)
            .get(&(uid.to_owned(), container.to_owned()))
            .copied()
    }

    /// Asks the runtime to end a Pod; false if it was asked before.
    pub fn evict(&self, uid: &str, eviction: Eviction) -> bool {
        lock(&self.evicted).insert(uid.to_owned(), eviction).is_none()
    }

    /// Why this Pod has to go.
    pub fn evicted(&self, uid: &str) -> Option<Eviction> {
        lock(&self.evicted).get(uid).cloned()
    }

    /// The Pod's containers are gone.
    pub fn forget(&self, uid: &str) {
        lock(&self.evicted).remove(uid);
    }

    /// Forgets the Pods that have ended by themselves meanwhile.
    pub fn retain(&self, lives: impl Fn(&str) -> bool) {
        lock(&self.evicted).retain(|uid, _| lives(uid));
    }

    /// Whether a Pod is still on its way out.
    pub fn is_evicting(&self) -> bool {
        !lock(&self.evicted).is_empty()
    }
}
