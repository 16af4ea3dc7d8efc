//! The database file: one redb table of objects, one of counters.
//!
//! A database that has failed to write is unusable, so it is reopened before the next write. As long as reopening
//! fails, for example on a full disk, nothing is written.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde_json::Value;

use crate::resource::Resource;
use crate::store::{Key, StoreError};

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

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Full,
    Other(String),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::Full,
            Failure::Other(why) => Self::Disk(why),
        }
    }
}

impl From<redb::Error> for Failure {
    fn from(error: redb::Error) -> Self {
        match &error {
            redb::Error::Io(cause)
                if matches!(
                    cause.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
                ) =>
            {
                Self::Full
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

/// Opens the database; called again after each failure.
pub(super) type Open = Box<dyn Fn() -> Result<Database, redb::Error> + Send>;

pub(super) struct Disk {
    /// Locked by the current writer. `None` stores nothing.
    file: Mutex<Option<DatabaseFile>>,
    /// Whether writes wait for a disk.
    is_durable: bool,
    /// Why the last write failed, until one succeeds.
    failure: Mutex<Option<Failure>>,
}

/// The database, owned by one writer at a time.
pub(super) struct DatabaseFile {
    open: Open,
    /// `None` after a failure.
    database: Option<Database>,
    /// The acknowledged states of the objects whose changes have failed. A commit that reports a failure may be on disk
    /// all the same, so the next write puts these back.
    unconfirmed: Vec<Change>,
}

/// Exclusive access of one writer.
pub(super) struct DiskAccess<'a> {
    file: &'a mut Option<DatabaseFile>,
    failure: &'a Mutex<Option<Failure>>,
}

/// The content of a file.
type Objects = Vec<(Key, Value)>;

fn disk(error: impl Into<redb::Error>) -> StoreError {
    Failure::from(error.into()).into()
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
        let file = file.to_owned();
        Self::open_with(Box::new(move || Ok(Database::create(&file)?)))
    }

    pub(super) fn open_with(open: Open) -> Result<(Self, Objects, u64), StoreError> {
        let database = open().map_err(disk)?;
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
                tracing::warn!(path, "ignoring an object of a type that is no longer served");
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
            file: Mutex::new(Some(DatabaseFile {
                open,
                database: Some(database),
                unconfirmed: Vec::new(),
            })),
            is_durable: true,
            failure: Mutex::default(),
        };
        Ok((opened, objects, version))
    }

    /// Creates a disk that stores nothing: everything is gone with the process.
    pub(super) fn ephemeral() -> Self {
        Self {
            file: Mutex::default(),
            is_durable: false,
            failure: Mutex::default(),
        }
    }

    /// Returns why the last write failed, if it did.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for exclusive access to the database, and runs `work` with it.
    pub(super) fn exclusively<T>(&self, work: impl FnOnce(&mut DiskAccess<'_>) -> T) -> T {
        let run = || {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut DiskAccess {
                file: &mut file,
                failure: &self.failure,
            })
        };
        if self.is_durable {
            crate::store::blocking(run)
        } else {
            run()
        }
    }

    /// Writes an unchanged value to test whether writes succeed.
    pub(super) fn probe(&self) -> Result<(), Failure> {
        self.exclusively(|access| access.attempt(&[], None))
    }
}

impl DiskAccess<'_> {
    /// Writes changes together with the version that they reach.
    pub(super) fn write(&mut self, changes: &[Change], version: u64) -> Result<(), Failure> {
        self.attempt(changes, Some(version))
    }

    /// Takes the acknowledged states of the objects whose changes have just failed.
    pub(super) fn restore_later(&mut self, acknowledged: Vec<Change>) {
        if let Some(file) = self.file.as_mut() {
            file.unconfirmed.extend(acknowledged);
        }
    }

    fn attempt(&mut self, changes: &[Change], version: Option<u64>) -> Result<(), Failure> {
        let Some(file) = self.file.as_mut() else {
            return Ok(());
        };
        let written = file.write(changes, version);
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match (&written, &*failure) {
            (Err(failure), None) => tracing::error!(?failure, "the store cannot write"),
            (Ok(()), Some(_)) => tracing::info!("the store can write again"),
            _ => {}
        }
        if written.is_err() {
            file.database = None;
        }
        *failure = written.clone().err();
        written
    }
}

impl DatabaseFile {
    fn write(&mut self, changes: &[Change], version: Option<u64>) -> Result<(), Failure> {
        let database = match &self.database {
            Some(database) => database,
            None => self.database.insert((self.open)()?),
        };
        let transaction = database.begin_write().map_err(redb::Error::from)?;
        {
            let mut objects = transaction.open_table(OBJECTS).map_err(redb::Error::from)?;
            for change in self.unconfirmed.iter().chain(changes) {
                let path = path(&change.key);
                if let Some(object) = &change.object {
                    let bytes = serde_json::to_vec(object.as_ref())
                        .map_err(|error| Failure::Other(error.to_string()))?;
                    objects
                        .insert(path.as_str(), bytes.as_slice())
                        .map_err(redb::Error::from)?;
                } else {
                    objects.remove(path.as_str()).map_err(redb::Error::from)?;
                }
            }
            let mut counters = transaction.open_table(COUNTERS).map_err(redb::Error::from)?;
            let last = counters
                .get(VERSION)
                .map_err(redb::Error::from)?
                .map_or(1, |last| last.value());
            counters
                .insert(VERSION, version.unwrap_or(last))
                .map_err(redb::Error::from)?;
        }
        transaction.commit().map_err(redb::Error::from)?;
        self.unconfirmed.clear();
        Ok(())
    }
}
