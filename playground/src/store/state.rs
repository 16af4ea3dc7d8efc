//! What is in memory: the current objects and the recent changes.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch::{Receiver, Sender};

use super::disk::Change;
use super::watch::{Event, EventKind};
use super::{Key, StoreError, meta};
use crate::resource::Resource;

/// How many changes of one type are kept for watches that go on from an older resourceVersion.
const HISTORY: usize = 8192;

type Objects = BTreeMap<(String, String), Arc<Value>>;

/// The objects of one type and their recent changes.
struct Table {
    objects: Objects,
    history: VecDeque<Arc<Event>>,
    /// A watch can go on from here, not from anything older.
    oldest: u64,
    /// Wakes watches; holds the resourceVersion of the last change.
    notice: Sender<u64>,
}

/// All of it.
pub(super) struct State {
    tables: HashMap<(&'static str, &'static str), Table>,
    version: u64,
    pending: Vec<Change>,
    /// The version at start: nothing before it is in the history.
    start: u64,
    /// Lists of older versions are refused.
    compacted: u64,
}

impl State {
    /// The state as read from disk.
    pub(super) fn new(objects: Vec<(Key, Value)>, version: u64) -> Self {
        let mut state = Self {
            tables: HashMap::new(),
            version,
            pending: Vec::new(),
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

    pub(super) fn take_pending(&mut self) -> (Vec<Change>, u64) {
        (mem::take(&mut self.pending), self.version)
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

    /// Lists of versions before this one are refused from now on.
    pub(super) fn compact(&mut self, version: u64) {
        self.compacted = self.compacted.max(version.min(self.version));
    }

    /// The objects as they were at `version`; or the oldest version that is remembered.
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

    /// The oldest version a watch of this type can go on from, and what wakes it.
    pub(super) fn subscribe(&mut self, resource: &'static Resource) -> (u64, Receiver<u64>) {
        let table = self.table(resource);
        (table.oldest, table.notice.subscribe())
    }

    /// The changes after `since`, at most `limit`; or the oldest version if some are forgotten.
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
        let version = self.version + 1;
        meta::set_version(&mut object, version)?;
        let object = Arc::new(object);
        self.version = version;
        let slot = (key.namespace.clone(), key.name.clone());
        let previous = self.table(key.resource).objects.insert(slot, Arc::clone(&object));
        let kind = if previous.is_some() {
            EventKind::Modified
        } else {
            EventKind::Added
        };
        self.record(key, Some(Arc::clone(&object)));
        self.publish(
            key,
            Event {
                kind,
                object: Arc::clone(&object),
                previous,
                resource_version: version,
            },
        );
        Ok(object)
    }

    /// Stores `object` over `stored`, or nothing if they are equal, or removes it if this ends its
    /// deletion.
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
        let version = self.version + 1;
        let mut last = Value::clone(stored);
        meta::set_version(&mut last, version)?;
        self.version = version;
        let slot = (key.namespace.clone(), key.name.clone());
        self.table(key.resource).objects.remove(&slot);
        self.record(key, None);
        self.publish(
            key,
            Event {
                kind: EventKind::Deleted,
                object: Arc::new(last),
                previous: Some(Arc::clone(stored)),
                resource_version: version,
            },
        );
        Ok(Arc::clone(stored))
    }

    fn record(&mut self, key: &Key, object: Option<Arc<Value>>) {
        self.pending.push(Change {
            key: key.clone(),
            object,
        });
    }

    fn publish(&mut self, key: &Key, event: Event) {
        let version = event.resource_version;
        let table = self.table(key.resource);
        if table.history.len() == HISTORY
            && let Some(forgotten) = table.history.pop_front()
        {
            table.oldest = forgotten.resource_version;
        }
        table.history.push_back(Arc::new(event));
        table.notice.send_replace(version);
    }
}
