//! The rows of a table and the objects they are derived from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;

use app::api::job::{JobRow, Millis};
use app::api::job_query::{JobQuery, SortColumn, Summary};

use crate::job_table::Partitions;
use crate::job_table::objects::{Collection, Job};
use crate::job_table::order::compare;
use crate::job_table::view::{TableRow, View, ViewKey, Window, number};
use crate::jobs::events::EventIndex;
use crate::jobs::pods::owner;
use crate::jobs::{quota, row};
use crate::kubernetes::watch::Change;

/// Maximum number of views that are kept; another one replaces the one that was used longest ago.
const MAX_VIEWS: usize = 64;

/// Number of changed rows from which views are built anew rather than updated.
const MANY: usize = 1_000;

/// Change of a collection in a partition.
#[derive(Debug)]
pub enum Update {
    /// Jobs.
    Jobs(usize, Change<Job>),
    /// Pods; `None` for those without a Job.
    Pods(usize, Change<Option<Value>>),
    /// Events; `None` for those that do not matter.
    Events(usize, Change<Option<Value>>),
    /// Quotas.
    Quotas(usize, Change<Arc<Value>>),
    /// So many Jobs have been received of a list that is being read.
    Listed(usize, usize),
}

/// Whether a table's rows are current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The list is being read; so many Jobs have been received.
    Loading {
        /// Number of Jobs.
        read: u32,
    },
    /// They are.
    Live,
    /// The cluster has been disconnected since this time.
    Stale {
        /// Milliseconds since the Unix epoch.
        since: Millis,
    },
    /// The Jobs may not be read, or not any more.
    Denied {
        /// Since when, in milliseconds since the Unix epoch.
        since: Millis,
    },
}

/// A collection in a partition.
type Origin = (Collection, usize);

/// Pods by `uid`, with their partitions.
type Pods = HashMap<Arc<str>, (usize, Value)>;

/// The state of a table.
pub struct Contents {
    partitions: Partitions,
    jobs: HashMap<Arc<str>, (usize, Job)>,
    /// Pods by the `uid` of the Job that controls them, then by their own `uid`.
    pods: HashMap<Arc<str>, Pods>,
    /// The Job of each Pod, by `uid`, to find the Job that an event is about.
    job_of_pod: HashMap<Arc<str>, Arc<str>>,
    /// By partition.
    events: Vec<EventIndex>,
    quotas: HashMap<String, Arc<Value>>,
    rows: HashMap<Arc<str>, Arc<TableRow>>,
    /// The rows in the order of their names, from which views are built; `None` until the next one is needed.
    by_name: Option<Vec<Arc<TableRow>>>,
    dirty: HashSet<Arc<str>>,
    /// The last one was used last.
    views: Vec<View>,
    ready: HashSet<Origin>,
    disconnected: HashSet<Origin>,
    denied: HashSet<usize>,
    since: Option<Millis>,
    /// Number of Jobs received of lists that are being read, by partition.
    listing: HashMap<usize, usize>,
}

impl Contents {
    /// Creates an empty table.
    pub fn new(partitions: &Partitions) -> Self {
        Self {
            partitions: partitions.clone(),
            jobs: HashMap::new(),
            pods: HashMap::new(),
            job_of_pod: HashMap::new(),
            events: partitions.iter().map(|_| EventIndex::default()).collect(),
            quotas: HashMap::new(),
            rows: HashMap::new(),
            by_name: None,
            dirty: HashSet::new(),
            views: Vec::new(),
            ready: HashSet::new(),
            disconnected: HashSet::new(),
            denied: HashSet::new(),
            since: None,
            listing: HashMap::new(),
        }
    }

    /// Whether the rows are current.
    pub fn phase(&self) -> Phase {
        if let Some(since) = self.since {
            if self.denied.len() == self.partitions.len() {
                return Phase::Denied { since };
            }
            if !self.disconnected.is_empty() {
                return Phase::Stale { since };
            }
        }
        if self.ready.len() < self.partitions.len() * Collection::ALL.len() {
            return Phase::Loading {
                read: number(self.jobs.len() + self.listing.values().sum::<usize>()),
            };
        }
        Phase::Live
    }

    /// Applies changes that were received at `now`.
    pub fn apply(&mut self, updates: Vec<Update>, now: Millis) {
        for update in updates {
            match update {
                Update::Listed(partition, count) => {
                    self.listing.insert(partition, count);
                }
                Update::Jobs(partition, change) => self.apply_to_jobs(partition, change, now),
                Update::Pods(partition, change) => {
                    let origin = (Collection::Pods, partition);
                    self.apply_change(origin, change, now, Self::put_pod, Self::remove_pod);
                }
                Update::Events(partition, change) => {
                    let origin = (Collection::Events, partition);
                    // A deleted event leaves the state it reported, which has ended long before.
                    self.apply_change(origin, change, now, Self::put_event, Self::remove_event);
                }
                Update::Quotas(partition, change) => {
                    let origin = (Collection::Quotas, partition);
                    self.apply_change(origin, change, now, Self::put_quota, Self::remove_quota);
                }
            }
        }
        if self.disconnected.is_empty() && self.denied.len() < self.partitions.len() {
            self.since = None;
        }
        self.update_rows();
    }

    fn apply_to_jobs(&mut self, partition: usize, change: Change<Job>, now: Millis) {
        let origin = (Collection::Jobs, partition);
        match &change {
            Change::Denied => {
                self.denied.insert(partition);
                self.since.get_or_insert(now);
            }
            Change::Reset(_) => {
                self.denied.remove(&partition);
            }
            Change::Applied(_) | Change::Deleted(_) | Change::Disconnected => {}
        }
        if !matches!(change, Change::Disconnected) {
            self.listing.remove(&partition);
        }
        self.apply_change(origin, change, now, Self::put_job, Self::remove_job);
    }

    fn apply_change<T>(
        &mut self,
        origin: Origin,
        change: Change<T>,
        now: Millis,
        put: fn(&mut Self, usize, T),
        remove: fn(&mut Self, usize, &T),
    ) {
        let (_, partition) = origin;
        match change {
            Change::Disconnected => {
                self.disconnected.insert(origin);
                self.since.get_or_insert(now);
            }
            // Rows work without the collections that may not be read, or may no longer be read.
            Change::Denied => {
                self.clear(origin);
                self.disconnected.remove(&origin);
                self.ready.insert(origin);
            }
            Change::Reset(objects) => {
                self.clear(origin);
                for object in objects {
                    put(self, partition, object);
                }
                self.disconnected.remove(&origin);
                self.ready.insert(origin);
            }
            Change::Applied(object) => put(self, partition, object),
            Change::Deleted(object) => remove(self, partition, &object),
        }
    }

    fn clear(&mut self, (collection, partition): Origin) {
        match collection {
            Collection::Jobs => {
                let dirty = &mut self.dirty;
                self.jobs.retain(|uid, (of, _)| {
                    let stays = *of != partition;
                    if !stays {
                        dirty.insert(Arc::clone(uid));
                    }
                    stays
                });
            }
            Collection::Pods => {
                let (dirty, job_of_pod) = (&mut self.dirty, &mut self.job_of_pod);
                self.pods.retain(|job, pods| {
                    pods.retain(|uid, (of, _)| {
                        let stays = *of != partition;
                        if !stays {
                            dirty.insert(Arc::clone(job));
                            job_of_pod.remove(uid);
                        }
                        stays
                    });
                    !pods.is_empty()
                });
            }
            Collection::Events => {
                self.events[partition] = EventIndex::default();
                let jobs = self.jobs.iter();
                self.dirty.extend(
                    jobs.filter(|(_, (of, job))| *of == partition && job.object.is_some())
                        .map(|(uid, _)| Arc::clone(uid)),
                );
            }
            // There is a banner only for a single partition.
            Collection::Quotas => self.quotas.clear(),
        }
    }

    fn put_job(&mut self, partition: usize, job: Job) {
        let uid: Arc<str> = job.row.row.uid.as_str().into();
        if uid.is_empty() {
            return;
        }
        self.dirty.insert(Arc::clone(&uid));
        self.jobs.insert(uid, (partition, job));
    }

    fn remove_job(&mut self, partition: usize, job: &Job) {
        let uid: Arc<str> = job.row.row.uid.as_str().into();
        self.jobs.remove(&uid);
        self.events[partition].forget(&job.row.row.project, &uid);
        self.dirty.insert(uid);
    }

    fn put_pod(&mut self, partition: usize, pod: Option<Value>) {
        let Some(pod) = pod else { return };
        let (Some(uid), Some(job)) = (uid(&pod), owner(&pod)) else {
            return;
        };
        let (uid, job): (Arc<str>, Arc<str>) = (uid.into(), job.into());
        self.dirty.insert(Arc::clone(&job));
        self.job_of_pod.insert(Arc::clone(&uid), Arc::clone(&job));
        self.pods.entry(job).or_default().insert(uid, (partition, pod));
    }

    #[allow(clippy::ref_option, reason = "what is received is an option")]
    fn remove_pod(&mut self, partition: usize, pod: &Option<Value>) {
        let Some(pod) = pod else { return };
        let Some(uid) = uid(pod) else { return };
        let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
        self.events[partition].forget(namespace, uid);
        let Some(job) = self.job_of_pod.remove(uid) else {
            return;
        };
        if let Some(pods) = self.pods.get_mut(&job) {
            pods.remove(uid);
            if pods.is_empty() {
                self.pods.remove(&job);
            }
        }
        self.dirty.insert(job);
    }

    fn put_event(&mut self, partition: usize, event: Option<Value>) {
        let Some(event) = event else { return };
        if let Some(about) = self.events[partition].add(&event) {
            let job = self.job_of_pod.get(about).cloned();
            self.dirty.insert(job.unwrap_or_else(|| about.into()));
        }
    }

    #[allow(clippy::ref_option, reason = "what is received is an option")]
    fn remove_event(&mut self, partition: usize, event: &Option<Value>) {
        if let Some(event) = event {
            self.events[partition].expire(event);
        }
    }

    fn put_quota(&mut self, _partition: usize, quota: Arc<Value>) {
        if let Some(uid) = uid(&quota).map(str::to_owned) {
            self.quotas.insert(uid, quota);
        }
    }

    fn remove_quota(&mut self, _partition: usize, quota: &Arc<Value>) {
        if let Some(uid) = uid(quota) {
            self.quotas.remove(uid);
        }
    }

    /// Derives the rows that may have changed, and moves them in the views.
    fn update_rows(&mut self) {
        let dirty = std::mem::take(&mut self.dirty);
        let many = dirty.len() >= MANY;
        if many {
            self.views.clear();
            self.by_name = None;
        }
        for uid in dirty {
            let after = self.row(&uid);
            let before = self.rows.get(&uid).cloned();
            if before.as_ref().map(|row| &row.row) == after.as_ref().map(|row| &row.row) {
                self.share(&uid, before);
                continue;
            }
            if let Some(rows) = &mut self.by_name {
                replace(rows, before.as_ref(), after.as_ref());
            }
            for view in &mut self.views {
                view.replace(before.as_ref(), after.as_ref());
            }
            match after {
                Some(row) => self.rows.insert(uid, row),
                None => self.rows.remove(&uid),
            };
        }
    }

    /// Lets a Job that was received again without a change keep the row that the views have.
    fn share(&mut self, uid: &str, row: Option<Arc<TableRow>>) {
        if let (Some((_, job)), Some(row)) = (self.jobs.get_mut(uid), row)
            && job.object.is_none()
        {
            job.row = row;
        }
    }

    /// Whether each completed Job shares its row with the views.
    #[cfg(test)]
    pub fn is_shared(&self) -> bool {
        let completed = self.jobs.iter().filter(|(_, (_, job))| job.object.is_none());
        completed
            .into_iter()
            .all(|(uid, (_, job))| Arc::ptr_eq(&job.row, &self.rows[uid]))
    }

    fn row(&self, uid: &str) -> Option<Arc<TableRow>> {
        let (partition, job) = self.jobs.get(uid)?;
        let Some(object) = &job.object else {
            return Some(Arc::clone(&job.row));
        };
        // Another project's Pod may claim any owner.
        let in_project = |pod: &&Value| {
            let namespace = &pod["metadata"]["namespace"];
            namespace.is_null() || *namespace == object["metadata"]["namespace"]
        };
        let pods = self.pods.get(uid).into_iter().flat_map(HashMap::values);
        Some(TableRow::new(row::row(
            object,
            pods.map(|(_, pod)| pod).filter(in_project),
            &self.events[*partition],
        )))
    }

    /// Returns the part of the list that `query` selects.
    pub fn window(&mut self, query: &JobQuery, now: Millis) -> Window {
        let summary = Summary {
            all: number(self.rows.len()),
            quota: matches!(self.partitions.as_slice(), [Some(_)])
                .then(|| quota::banner(self.quotas.values().map(Arc::as_ref), self.rows.len())),
            ..Summary::default()
        };
        self.view(query, now).window(query, summary)
    }

    /// Returns the first `max` rows that match `query`, in its order.
    pub fn matching(&mut self, query: &JobQuery, max: usize, now: Millis) -> Vec<JobRow> {
        let rows = self.view(query, now).rows(query.sort.descending);
        rows.take(max).map(|row| row.row.clone()).collect()
    }

    /// Returns the number of Jobs.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether a Job exists.
    pub fn contains(&self, uid: &str) -> bool {
        self.rows.contains_key(uid)
    }

    /// Returns the same as [`Self::window`], from a view that was not updated.
    #[cfg(test)]
    pub fn rebuilt(&mut self, query: &JobQuery, now: Millis) -> Window {
        let views = std::mem::take(&mut self.views);
        let by_name = self.by_name.take();
        let window = self.window(query, now);
        self.views = views;
        self.by_name = by_name;
        window
    }

    /// Returns the number of views that are kept.
    #[cfg(test)]
    pub fn views(&self) -> usize {
        self.views.len()
    }

    fn view(&mut self, query: &JobQuery, now: Millis) -> &View {
        let key = ViewKey::of(query);
        self.views.retain(|view| !view.is_outdated(now));
        let place = self.views.iter().position(|view| view.is(&key, now));
        let view = if let Some(place) = place {
            self.views.remove(place)
        } else {
            if self.views.len() >= MAX_VIEWS {
                self.views.remove(0);
            }
            let by_name = self.by_name.get_or_insert_with(|| {
                let mut rows: Vec<_> = self.rows.values().cloned().collect();
                rows.sort_unstable_by(|a, b| compare(SortColumn::Name, &a.row, &b.row));
                rows
            });
            View::build(key, by_name.iter(), now)
        };
        self.views.push(view);
        &self.views[self.views.len() - 1]
    }
}

/// Replaces a row in the order of names.
fn replace(rows: &mut Vec<Arc<TableRow>>, before: Option<&Arc<TableRow>>, after: Option<&Arc<TableRow>>) {
    let place = |rows: &[Arc<TableRow>], row: &TableRow| {
        rows.binary_search_by(|other| compare(SortColumn::Name, &other.row, &row.row))
    };
    if let Some(row) = before
        && let Ok(place) = place(rows, row)
    {
        rows.remove(place);
    }
    if let Some(row) = after
        && let Err(place) = place(rows, row)
    {
        rows.insert(place, Arc::clone(row));
    }
}

fn uid(object: &Value) -> Option<&str> {
    object["metadata"]["uid"].as_str()
}
