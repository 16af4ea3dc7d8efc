//! State shared by the parts of the runtime: which processes run, and which Pods are being evicted.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why a Pod is evicted.
#[derive(Debug, Clone)]
pub(super) struct Eviction {
    /// The message of the Pod's status.
    pub message: String,
    /// The disk is full: what the Pod has written is removed too.
    pub pressure: bool,
}

/// The in-memory state of the node.
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
    /// Registers a running container.
    pub fn started(&self, uid: &str, container: &str, process: i32) {
        lock(&self.running).insert((uid.to_owned(), container.to_owned()), process);
    }

    /// Unregisters a container that has ended.
    pub fn ended(&self, uid: &str, container: &str) {
        lock(&self.running).remove(&(uid.to_owned(), container.to_owned()));
    }

    /// Returns the first process of a container while it runs.
    pub fn process(&self, uid: &str, container: &str) -> Option<i32> {
        lock(&self.running)
            .get(&(uid.to_owned(), container.to_owned()))
            .copied()
    }

    /// Requests the eviction of a Pod; returns false if it was requested before.
    pub fn evict(&self, uid: &str, eviction: Eviction) -> bool {
        lock(&self.evicted).insert(uid.to_owned(), eviction).is_none()
    }

    /// Returns why this Pod is being evicted.
    pub fn evicted(&self, uid: &str) -> Option<Eviction> {
        lock(&self.evicted).get(uid).cloned()
    }

    /// Forgets a Pod whose containers are gone.
    pub fn forget(&self, uid: &str) {
        lock(&self.evicted).remove(uid);
    }

    /// Forgets evictions of Pods that have ended on their own.
    pub fn retain(&self, lives: impl Fn(&str) -> bool) {
        lock(&self.evicted).retain(|uid, _| lives(uid));
    }

    /// Whether an eviction is still in progress.
    pub fn is_evicting(&self) -> bool {
        !lock(&self.evicted).is_empty()
    }
}
