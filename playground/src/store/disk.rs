//! The database file: one redb table of objects, one of counters.
//!
//! Group commit: whoever comes first writes everything that is pending, the others find theirs
//! already written when their turn comes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde_json::Value;

use super::{Key, StoreError};
use crate::resource::Resource;

/// `group/plural/namespace/name` to the object's JSON.
const OBJECTS: TableDefinition<&str, &[u8]> = TableDefinition::new("objects");
/// `resourceVersion` to the version of the last change.
const COUNTERS: TableDefinition<&str, u64> = TableDefinition::new("counters");
const VERSION: &str = "resourceVersion";

/// One object's new state; `None` if removed.
pub(super) struct Change {
    pub(super) key: Key,
    pub(super) object: Option<Arc<Value>>,
}

pub(super) struct Disk {
    /// None keeps nothing.
    database: Option<Database>,
    /// The version up to which everything is on disk.
    committed: Mutex<u64>,
    /// A commit failed: memory is ahead of the disk for good.
    broken: AtomicBool,
}

/// What a file holds.
type Objects = Vec<(Key, Value)>;

fn disk(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Disk(error.into().to_string())
}

fn path(key: &Key) -> String {
    format!(
        "{}/{}/{}/{}",
        key.resource.group, key.resource.plural, key.namespace, key.name
    )
}

fn parse(path: &str) -> Option<Key> {
    let mut parts = path.splitn(4, '/');
    let (group, plural) = (parts.next()?, parts.next()?);
    let resource = Resource::find_stored(group, plural)?;
    Some(Key::new(resource, parts.next()?, parts.next()?))
}

impl Disk {
    /// Opens the file; returns every object and the last version too.
    pub(super) fn open(file: &Path) -> Result<(Self, Objects, u64), StoreError> {
        let database = Database::create(file).map_err(disk)?;
        let setup = database.begin_write().map_err(disk)?;
        setup.open_table(OBJECTS).map_err(disk)?;
        setup.open_table(COUNTERS).map_err(disk)?;
        setup.commit().map_err(disk)?;

        let read = database.begin_read().map_err(disk)?;
        let mut objects = Vec::new();
        for entry in read.open_table(OBJECTS).map_err(disk)?.iter().map_err(disk)? {
            let (path, bytes) = entry.map_err(disk)?;
            let path = path.value();
            let Some(key) = parse(path) else {
                tracing::warn!(path, "an object of a type that is no longer served is left alone");
                continue;
            };
            let object = serde_json::from_slice(bytes.value())
                .map_err(|error| StoreError::Disk(format!("{path}: {error}")))?;
            objects.push((key, object));
        }
        let counters = read.open_table(COUNTERS).map_err(disk)?;
        let version = counters
            .get(VERSION)
            .map_err(disk)?
            .map_or(1, |version| version.value());
        drop(read);
        let opened = Self {
            database: Some(database),
            committed: Mutex::new(version),
            broken: AtomicBool::new(false),
        };
        Ok((opened, objects, version))
    }

    /// No disk at all: everything is gone with the process.
    pub(super) fn none() -> Self {
        Self {
            database: None,
            committed: Mutex::new(1),
            broken: AtomicBool::new(false),
        }
    }

    /// Refuses to go on after a failed commit.
    pub(super) fn usable(&self) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Acquire) {
            return Err(StoreError::Disk(
                "an earlier write failed; restart to go on".into(),
            ));
        }
        Ok(())
    }

    /// Returns when everything up to `version` is on disk. `pending` takes what is not yet
    /// written, with the version it reaches.
    pub(super) fn commit(
        &self,
        version: u64,
        pending: impl FnOnce() -> (Vec<Change>, u64),
    ) -> Result<(), StoreError> {
        let mut committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        if *committed >= version {
            return Ok(());
        }
        self.usable()?;
        let (changes, reaches) = pending();
        if let Err(error) = self.write(&changes, reaches) {
            self.broken.store(true, Ordering::Release);
            return Err(error);
        }
        *committed = reaches;
        Ok(())
    }

    fn write(&self, changes: &[Change], version: u64) -> Result<(), StoreError> {
        let Some(database) = &self.database else {
            return Ok(());
        };
        let transaction = database.begin_write().map_err(disk)?;
        {
            let mut objects = transaction.open_table(OBJECTS).map_err(disk)?;
            for change in changes {
                let path = path(&change.key);
                if let Some(object) = &change.object {
                    let bytes = serde_json::to_vec(object.as_ref())
                        .map_err(|error| StoreError::Disk(error.to_string()))?;
                    objects.insert(path.as_str(), bytes.as_slice()).map_err(disk)?;
                } else {
                    objects.remove(path.as_str()).map_err(disk)?;
                }
            }
            let mut counters = transaction.open_table(COUNTERS).map_err(disk)?;
            counters.insert(VERSION, version).map_err(disk)?;
        }
        transaction.commit().map_err(disk)
    }
}
