//! The object store of the cluster: everything is in memory, and each change is on disk before it is acknowledged.
//!
//! Objects are JSON values. One counter, the resourceVersion, numbers every change ([API
//! concepts](https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions)). A write is prepared
//! in memory under one lock, waits until a redb transaction has committed it, and is visible to readers and watches
//! only then; concurrent writers share a transaction ([`disk`]). If the transaction fails, as on a full disk, none
//! of its changes has happened: each writer gets the error, and the next write tries the disk again. Watches read a
//! bounded history ([`watch`]); one that falls behind ends with [`StoreError::Gone`].

mod disk;
mod meta;
mod state;
#[cfg(test)]
mod tests;
mod watch;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::resource::Resource;
use crate::store::disk::Failure;
pub use crate::store::meta::Preconditions;
use crate::store::state::{Outcome, State};
pub use crate::store::watch::{Event, EventKind, Watch};

/// Why a store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The object does not exist.
    #[error("{0} not found")]
    NotFound(String),
    /// An object with this name exists.
    #[error("{0} already exists")]
    AlreadyExists(String),
    /// The object was changed after the caller read it (its resourceVersion differs).
    #[error("{0} has been modified")]
    Conflict(String),
    /// The object's uid or resourceVersion is not the one that the caller required; the text says which.
    #[error("{0}")]
    Precondition(String),
    /// The start of the watch is older than the retained history: relist.
    #[error("too old resource version: {requested} ({oldest})")]
    Gone {
        /// The version from which the watch was to resume.
        requested: u64,
        /// The oldest resourceVersion from which a watch can resume.
        oldest: u64,
    },
    /// The object lacks what the store needs (a name, or metadata that is an object).
    #[error("object cannot be stored: {0}")]
    Malformed(&'static str),
    /// Writing to disk failed, and nothing was changed. Later writes try again.
    #[error("the store cannot write to disk: {0}")]
    Disk(String),
    /// The disk is full, and nothing was changed. Later writes try again.
    #[error("the store cannot write to disk: no space left on the device")]
    Full,
}

/// Identifies one stored object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The resource type.
    pub resource: &'static Resource,
    /// The namespace; empty for cluster-scoped types.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Key {
    /// Creates the key of a namespaced object.
    pub fn new(resource: &'static Resource, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            resource,
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Returns the key named by `object`'s metadata.
    pub fn of(resource: &'static Resource, object: &Value) -> Result<Self, StoreError> {
        let metadata = object
            .get("metadata")
            .ok_or(StoreError::Malformed("no metadata"))?;
        let text = |field: &str| metadata.get(field).and_then(Value::as_str).unwrap_or_default();
        if text("name").is_empty() {
            return Err(StoreError::Malformed("no name"));
        }
        let namespace = if resource.namespaced {
            text("namespace")
        } else {
            ""
        };
        Ok(Self::new(resource, namespace, text("name")))
    }

    /// Formats the object's name for error messages: `jobs.batch "pi"`.
    fn quoted(&self) -> String {
        format!("{} \"{}\"", self.resource.group_resource(), self.name)
    }
}

/// The store; clones share it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    disk: disk::Disk,
}

impl Shared {
    /// Locks the state. A panic elsewhere cannot leave it half-changed: changes are applied as a whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Opens (or creates) the database file at `path` and reads every object into memory.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::new(disk::Disk::open(path)?))
    }

    /// Creates a store whose database is opened by `open`, for tests.
    #[cfg(test)]
    fn open_with(open: disk::Open) -> Result<Self, StoreError> {
        Ok(Self::new(disk::Disk::open_with(open)?))
    }

    fn new((disk, objects, version): (disk::Disk, Vec<(Key, Value)>, u64)) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State::new(objects, version)),
                disk,
            }),
        }
    }

    /// Creates a store that writes nothing to disk, for tests.
    pub fn in_memory() -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State::new(Vec::new(), 1)),
                disk: disk::Disk::ephemeral(),
            }),
        }
    }

    /// Returns the newest resourceVersion.
    pub fn version(&self) -> u64 {
        self.shared.state().version()
    }

    /// Returns one object, if it exists.
    pub fn get(&self, key: &Key) -> Result<Option<Arc<Value>>, StoreError> {
        Ok(self.shared.state().get(key))
    }

    /// Lists the objects of a type, of one namespace or all, ordered by namespace and name; returns the
    /// resourceVersion of the list too.
    pub fn list(
        &self,
        resource: &'static Resource,
        namespace: Option<&str>,
    ) -> Result<(Vec<Arc<Value>>, u64), StoreError> {
        let state = self.shared.state();
        Ok((state.list(resource, namespace), state.version()))
    }

    /// Lists the objects of a type as they were at an earlier version.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`] if that version has been compacted.
    pub fn list_at(
        &self,
        resource: &'static Resource,
        namespace: Option<&str>,
        version: u64,
    ) -> Result<Vec<Arc<Value>>, StoreError> {
        let state = self.shared.state();
        state
            .list_at(resource, namespace, version)
            .map_err(|oldest| StoreError::Gone {
                requested: version,
                oldest,
            })
    }

    /// Compacts the history before this version for lists. Watches can still resume from older versions as long as
    /// the changes are retained.
    pub fn compact(&self, version: u64) {
        self.shared.state().compact(version);
    }

    /// Returns why the last write failed, if it did.
    pub fn failure(&self) -> Option<String> {
        self.shared
            .disk
            .failure()
            .map(|failure| StoreError::from(failure).to_string())
    }

    /// Tests the disk if the last write failed; returns whether writes succeed.
    pub fn probe(&self) -> Result<(), StoreError> {
        match self.shared.disk.failure() {
            Some(_) => blocking(|| self.shared.disk.probe()).map_err(StoreError::from),
            None => Ok(()),
        }
    }

    /// Stores a new object. Sets resourceVersion, and uid and creationTimestamp where missing.
    pub fn create(&self, resource: &'static Resource, mut object: Value) -> Result<Arc<Value>, StoreError> {
        let key = Key::of(resource, &object)?;
        meta::complete(&mut object)?;
        self.write(|state| {
            if state.newest(&key).is_some() {
                return Err(StoreError::AlreadyExists(key.quoted()));
            }
            state.put(&key, object)
        })
    }

    /// Replaces an object. A resourceVersion in it must be the stored one. A write that changes nothing keeps the
    /// resourceVersion. An object that is being deleted is removed when the write removes its last finalizer, as in
    /// Kubernetes.
    pub fn update(&self, resource: &'static Resource, object: Value) -> Result<Arc<Value>, StoreError> {
        let key = Key::of(resource, &object)?;
        self.write(|state| {
            let stored = state
                .newest(&key)
                .ok_or_else(|| StoreError::NotFound(key.quoted()))?;
            let given = meta::text(&object, "resourceVersion");
            if !given.is_empty() && given != meta::text(&stored, "resourceVersion") {
                return Err(StoreError::Conflict(key.quoted()));
            }
            state.replace(&key, &stored, object)
        })
    }

    /// Reads, changes and writes an object under the lock, so it never conflicts. `change` must be quick. The rules
    /// of [`Store::update`] for unchanged objects and completed deletions apply here too.
    pub fn modify<E: From<StoreError>>(
        &self,
        key: &Key,
        mut change: impl FnMut(&mut Value) -> Result<(), E>,
    ) -> Result<Arc<Value>, E> {
        self.write(|state| {
            let stored = state
                .newest(key)
                .ok_or_else(|| StoreError::NotFound(key.quoted()))?;
            let mut object = Value::clone(&stored);
            change(&mut object)?;
            Ok(state.replace(key, &stored, object)?)
        })
    }

    /// Removes an object, whatever its finalizers. Returns its last state.
    pub fn remove(&self, key: &Key, preconditions: Option<&Preconditions>) -> Result<Arc<Value>, StoreError> {
        self.write(|state| {
            let stored = state
                .newest(key)
                .ok_or_else(|| StoreError::NotFound(key.quoted()))?;
            if let Some(preconditions) = preconditions {
                preconditions.check(&stored)?;
            }
            state.delete(key, &stored)
        })
    }

    /// Watches every change after the resourceVersion `since` (of a list, or of the last event seen), of one
    /// namespace or all.
    pub fn watch(
        &self,
        resource: &'static Resource,
        namespace: Option<&str>,
        since: u64,
    ) -> Result<Watch, StoreError> {
        let (oldest, notice) = self.shared.state().subscribe(resource);
        if since < oldest {
            return Err(StoreError::Gone {
                requested: since,
                oldest,
            });
        }
        Ok(Watch::new(self.clone(), resource, namespace, since, notice))
    }

    /// Prepares a change, then waits for the disk.
    fn write<T, E: From<StoreError>>(&self, change: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        let (result, outcome) = {
            let mut state = self.shared.state();
            let result = change(&mut state)?;
            (result, state.outcome())
        };
        // The state that it is based on, or is equal to, may be waiting for the disk even if it changes nothing
        // itself.
        if let Some(outcome) = outcome {
            self.commit(&outcome).map_err(StoreError::from)?;
        }
        Ok(result)
    }

    /// Returns when the changes with this outcome are on disk or have failed. The first writer writes everything
    /// that is pending; the others find their changes written when they get the lock.
    fn commit(&self, outcome: &Outcome) -> Result<(), Failure> {
        let shared = &self.shared;
        shared.disk.exclusively(|disk| {
            if let Some(decided) = outcome.get() {
                return decided.clone();
            }
            // Without pending changes, the state that it was based on is on disk by now.
            let Some((changes, reaches, outcome)) = shared.state().begin_write() else {
                return Ok(());
            };
            let written = disk.write(&changes, reaches);
            let mut state = shared.state();
            match &written {
                Ok(()) => state.end_write(reaches),
                Err(failure) => {
                    state.undo_write(failure);
                    let acknowledged = changes.iter().map(|change| disk::Change {
                        key: change.key.clone(),
                        object: state.get(&change.key),
                    });
                    disk.restore_later(acknowledged.collect());
                }
            }
            // Set only here, as no other writer has taken this batch.
            let _ = outcome.set(written.clone());
            written
        })
    }
}

/// Runs work that blocks on the disk, letting other tasks continue meanwhile.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};

    match Handle::try_current() {
        Ok(runtime) if runtime.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(work)
        }
        // A single-threaded runtime cannot move other tasks elsewhere, and outside of a runtime there are none.
        _ => work(),
    }
}
