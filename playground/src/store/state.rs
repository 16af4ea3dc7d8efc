//! The in-memory state: the current objects and the recent changes.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tokio::sync::watch::{Receiver, Sender};

use crate::resource::Resource;
use crate::store::disk::{Change, Failure};
use crate::store::watch::{Event, EventKind};
use crate::store::{Key, StoreError, meta};

/// Number of changes of one type kept for watches that resume from an older resourceVersion.
const HISTORY: usize = 8192;

type Objects = BTreeMap<(String, String), Arc<Value>>;

/// The objects of one type and their recent changes.
struct Table {
    objects: Objects,
    history: VecDeque<Arc<Event>>,
    /// The oldest version from which a watch can resume.
    oldest: u64,
    /// Wakes watches; holds the resourceVersion of the last change.
    notice: Sender<u64>,
}

/// The newest state of an object, and its version.
struct Latest {
    object: Option<Arc<Value>>,
    version: u64,
}

/// A change that is not on disk yet.
struct Pending {
    key: Key,
    event: Event,
}

/// The result of a batch of changes, shared by those who wait for it.
pub(super) type Outcome = Arc<OnceLock<Result<(), Failure>>>;

/// The state of the store. Readers and watches see what is on disk; writers also build on pending changes.
pub(super) struct State {
    tables: HashMap<(&'static str, &'static str), Table>,
    /// Version of the newest change that is on disk.
    version: u64,
    /// Version of the newest change.
    latest_version: u64,
    /// The newest states of objects with pending changes; `None` for removed objects.
    latest: HashMap<Key, Latest>,
    /// Changes that are being written, and those of the next batch.
    writing: Vec<Pending>,
    pending: Vec<Pending>,
    /// The outcome of the next batch.
    outcome: Outcome,
    /// The version at start: the history contains nothing before it.
    start: u64,
    /// Lists of older versions are refused.
    compacted: u64,
}

impl State {
    /// Creates the state from what was read from disk.
    pub(super) fn new(objects: Vec<(Key, Value)>, version: u64) -> Self {
        let mut state = Self {
            tables: HashMap::new(),
            version,
            latest_version: version,
            latest: HashMap::new(),
            writing: Vec::new(),
            pending: Vec::new(),
            outcome: Outcome::default(),
            start: version,
            compacted: version,
        };
        for (key, object) in objects {
            let table = state.table(key.resource);
            table.objects.insert((key.namespace, key.name), Arc::new(object));
        }
        state
    }

    fn table(&mut self, resource: &'static Resource) -> &mut Table {
        let start = self.start;
        self.tables
            .entry((resource.group, resource.plural))
            .or_insert_with(|| Table {
                objects: Objects::new(),
                history: VecDeque::new(),
                oldest: start,
                notice: Sender::new(start),
            })
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Returns the outcome to wait for after changing or reading the newest state; `None` if all of it is on disk.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let clean = self.pending.is_empty() && self.writing.is_empty();
        (!clean).then(|| Arc::clone(&self.outcome))
    }

    /// Takes the pending changes for writing: the changes, the version that they reach, and the outcome that
    /// waiters share.
    pub(super) fn begin_write(&mut self) -> Option<(Vec<Change>, u64, Outcome)> {
        if self.pending.is_empty() {
            return None;
        }
        self.writing = mem::take(&mut self.pending);
        let changes = self.writing.iter().map(|pending| Change {
            key: pending.key.clone(),
            object: match pending.event.kind {
                EventKind::Deleted => None,
                _ => Some(Arc::clone(&pending.event.object)),
            },
        });
        Some((
            changes.collect(),
            self.latest_version,
            mem::take(&mut self.outcome),
        ))
    }

    /// Publishes the batch that is on disk now.
    pub(super) fn end_write(&mut self, reaches: u64) {
        for Pending { key, event } in mem::take(&mut self.writing) {
            if self
                .latest
                .get(&key)
                .is_some_and(|latest| latest.version == event.resource_version)
            {
                self.latest.remove(&key);
            }
            self.publish(&key, event);
        }
        self.version = reaches;
    }

    /// Discards the batch that could not be written, and what builds on it.
    pub(super) fn undo_write(&mut self, failure: &Failure) {
        self.writing.clear();
        self.pending.clear();
        self.latest.clear();
        self.latest_version = self.version;
        // Set only here and after a write, and each is replaced then.
        let _ = mem::take(&mut self.outcome).set(Err(failure.clone()));
    }

    /// Returns the newest state of an object, for a writer.
    pub(super) fn newest(&self, key: &Key) -> Option<Arc<Value>> {
        match self.latest.get(key) {
            Some(latest) => latest.object.clone(),
            None => self.get(key),
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.tables
            .get(&(key.resource.group, key.resource.plural))?
            .objects
            .get(&(key.namespace.clone(), key.name.clone()))
            .cloned()
    }

    pub(super) fn list(&self, resource: &Resource, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let Some(table) = self.tables.get(&(resource.group, resource.plural)) else {
            return Vec::new();
        };
        match namespace {
            None => table.objects.values().cloned().collect(),
            Some(namespace) => table
                .objects
                .range((namespace.to_owned(), String::new())..)
                .take_while(|((of, _), _)| of == namespace)
                .map(|(_, object)| Arc::clone(object))
                .collect(),
        }
    }

    /// Refuses lists of versions before this one from now on.
    pub(super) fn compact(&mut self, version: u64) {
        self.compacted = self.compacted.max(version.min(self.version));
    }

    /// Returns the objects as they were at `version`, or the oldest retained version as the error.
    pub(super) fn list_at(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        version: u64,
    ) -> Result<Vec<Arc<Value>>, u64> {
        let Some(table) = self.tables.get(&(resource.group, resource.plural)) else {
            return Ok(Vec::new());
        };
        let oldest = table.oldest.max(self.compacted);
        if version < oldest {
            return Err(oldest);
        }
        let mut objects = table.objects.clone();
        for event in table
            .history
            .iter()
            .rev()
            .take_while(|event| event.resource_version > version)
        {
            let text = |field: &str| meta::text(&event.object, field).to_owned();
            let slot = (text("namespace"), text("name"));
            match &event.previous {
                Some(previous) => objects.insert(slot, Arc::clone(previous)),
                None => objects.remove(&slot),
            };
        }
        let all = objects
            .into_iter()
            .filter(|((of, _), _)| namespace.is_none_or(|one| one == of));
        Ok(all.map(|(_, object)| object).collect())
    }

    /// Returns the oldest version from which a watch of this type can resume, and the receiver that wakes it.
    pub(super) fn subscribe(&mut self, resource: &'static Resource) -> (u64, Receiver<u64>) {
        let table = self.table(resource);
        (table.oldest, table.notice.subscribe())
    }

    /// Returns the changes after `since`, at most `limit`, or the oldest version as the error if some are
    /// forgotten.
    pub(super) fn changes(
        &self,
        resource: &Resource,
        since: u64,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, u64> {
        let Some(table) = self.tables.get(&(resource.group, resource.plural)) else {
            return Ok(Vec::new());
        };
        if since < table.oldest {
            return Err(table.oldest);
        }
        let first = table
            .history
            .partition_point(|event| event.resource_version <= since);
        Ok(table.history.range(first..).take(limit).cloned().collect())
    }

    /// Stores an object under the next version.
    pub(super) fn put(&mut self, key: &Key, mut object: Value) -> Result<Arc<Value>, StoreError> {
        let version = self.latest_version + 1;
        meta::set_version(&mut object, version)?;
        let object = Arc::new(object);
        let previous = self.newest(key);
        let kind = if previous.is_some() {
            EventKind::Modified
        } else {
            EventKind::Added
        };
        let event = Event {
            kind,
            object: Arc::clone(&object),
            previous,
            resource_version: version,
        };
        self.record(key, event);
        Ok(object)
    }

    /// Stores `object` over `stored`, or nothing if they are equal, or removes it if this completes its deletion.
    pub(super) fn replace(
        &mut self,
        key: &Key,
        stored: &Arc<Value>,
        mut object: Value,
    ) -> Result<Arc<Value>, StoreError> {
        if meta::ends_deletion(stored, &object) {
            self.delete(key, stored)?;
            return Ok(Arc::new(object));
        }
        if !meta::differ(stored, &mut object)? {
            return Ok(Arc::clone(stored));
        }
        self.put(key, object)
    }

    /// Removes an object. Its last event carries the state it had, under the removal's version.
    pub(super) fn delete(&mut self, key: &Key, stored: &Arc<Value>) -> Result<Arc<Value>, StoreError> {
        let version = self.latest_version + 1;
        let mut last = Value::clone(stored);
        meta::set_version(&mut last, version)?;
        let event = Event {
            kind: EventKind::Deleted,
            object: Arc::new(last),
            previous: Some(Arc::clone(stored)),
            resource_version: version,
        };
        self.record(key, event);
        Ok(Arc::clone(stored))
    }

    fn record(&mut self, key: &Key, event: Event) {
        let version = event.resource_version;
        self.latest_version = version;
        let object = match event.kind {
            EventKind::Deleted => None,
            _ => Some(Arc::clone(&event.object)),
        };
        self.latest.insert(key.clone(), Latest { object, version });
        self.pending.push(Pending {
            key: key.clone(),
            event,
        });
    }

    fn publish(&mut self, key: &Key, event: Event) {
        let version = event.resource_version;
        let table = self.table(key.resource);
        let slot = (key.namespace.clone(), key.name.clone());
        match event.kind {
            EventKind::Deleted => table.objects.remove(&slot),
            _ => table.objects.insert(slot, Arc::clone(&event.object)),
        };
        if table.history.len() == HISTORY
            && let Some(forgotten) = table.history.pop_front()
        {
            table.oldest = forgotten.resource_version;
        }
        table.history.push_back(Arc::new(event));
        table.notice.send_replace(version);
    }
}
