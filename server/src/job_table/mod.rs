//! The Job lists that are open, each kept once in memory and updated from its watches.
//!
//! A table belongs to the connection of one user: nobody sees rows that were read with another's credentials. It is
//! shared by the user's pages, which receive windows of it, and kept for a while after the last one is closed.

mod contents;
mod objects;
mod order;
mod view;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use app::api::error::ApiError;
use app::api::job::JobRow;
use app::api::job_query::{JobPage, JobQuery};

use crate::job_table::contents::{Contents, Update};
use crate::job_table::objects::Collection;
use crate::kubernetes::Cluster;

pub use crate::job_table::contents::Phase;
pub use crate::job_table::view::Window;

/// Changes within this time are applied together.
const BATCH_INTERVAL: Duration = Duration::from_millis(100);

/// How long a table is kept without a reader: reading tens of thousands of Jobs anew takes a while.
const KEEP: Duration = Duration::from_mins(5);

/// Interval of the check for readers.
const UNUSED_CHECK: Duration = Duration::from_secs(2);

/// Maximum number of tables without a reader, of all users, and of the Jobs in them; more end those that were used
/// longest ago.
const MAX_UNUSED: (usize, usize) = (32, 100_000);

/// Reads a page of the list without a table, for users who may list Jobs but not watch them.
pub async fn read_once(
    cluster: &Cluster,
    partitions: &Partitions,
    query: &JobQuery,
) -> Result<JobPage, ApiError> {
    let mut contents = Contents::new(partitions);
    for (partition, project) in partitions.iter().enumerate() {
        for collection in Collection::ALL {
            let update = collection.read(cluster, project.as_deref(), partition).await?;
            contents.apply(vec![update], now());
        }
    }
    Ok(contents.window(query, now()).page())
}

/// Where a table's Jobs are read: in one project each, or in all of them.
pub type Partitions = Vec<Option<String>>;

/// The open tables.
#[derive(Default, Clone)]
pub struct JobTables(Arc<Mutex<HashMap<Key, Entry>>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// [`Cluster::id`], which differs between users.
    cluster: u64,
    partitions: Partitions,
}

struct Entry {
    table: Arc<JobTable>,
    task: AbortHandle,
}

impl JobTables {
    /// Returns the table of these Jobs, and what notifies of its changes and keeps it open; the first reader starts its
    /// watches.
    pub fn open(&self, cluster: &Cluster, partitions: Partitions) -> (Arc<JobTable>, watch::Receiver<u64>) {
        let key = Key {
            cluster: cluster.id(),
            partitions,
        };
        let mut tables = lock(&self.0);
        if let Some(entry) = tables.get(&key) {
            entry.table.touch();
            return (Arc::clone(&entry.table), entry.table.revision.subscribe());
        }
        end_unused(&mut tables);
        let table = Arc::new(JobTable::new(&key.partitions));
        // Before the lock is released: a table without a reader may be ended.
        let revision = table.revision.subscribe();
        let (this, cluster) = (self.clone(), cluster.clone());
        let (followed, reader) = (key.clone(), Arc::clone(&table));
        let task = tokio::spawn(async move {
            tokio::select! {
                () = reader.follow(&cluster, &followed.partitions) => {}
                () = this.wait_until_unused(&followed, &reader) => {}
            }
        });
        let entry = Entry {
            table: Arc::clone(&table),
            task: task.abort_handle(),
        };
        tables.insert(key, entry);
        (table, revision)
    }

    /// Waits until the table has had no reader for a while, then removes it.
    async fn wait_until_unused(&self, key: &Key, table: &JobTable) {
        loop {
            tokio::time::sleep(UNUSED_CHECK).await;
            // Readers are added only under this lock.
            let mut tables = lock(&self.0);
            if !tables
                .get(key)
                .is_some_and(|entry| std::ptr::eq(&raw const *entry.table, table))
            {
                return;
            }
            if table.is_in_use() {
                table.touch();
            } else if table.used_at().elapsed() > KEEP {
                tables.remove(key);
                return;
            }
            end_unused(&mut tables);
        }
    }
}

/// Ends tables that nobody reads, if there are too many.
fn end_unused(tables: &mut HashMap<Key, Entry>) {
    let mut unused: Vec<(Instant, usize, Key)> = tables
        .iter()
        .filter(|(_, entry)| !entry.table.is_in_use())
        .map(|(key, entry)| (entry.table.used_at(), entry.table.len(), key.clone()))
        .collect();
    unused.sort_by_key(|(at, ..)| Reverse(*at));
    let (mut count, mut jobs) = (0, 0);
    for (_, len, key) in unused {
        // The newest is kept however large it is.
        if count == 0 || (count < MAX_UNUSED.0 && jobs + len <= MAX_UNUSED.1) {
            count += 1;
            jobs += len;
        } else if let Some(entry) = tables.remove(&key) {
            entry.task.abort();
        }
    }
}

/// The Jobs of one or all projects, as one user sees them.
pub struct JobTable {
    contents: Mutex<Contents>,
    /// Number of changes so far.
    revision: watch::Sender<u64>,
    used_at: Mutex<Instant>,
    /// Number of Jobs, known without waiting for changes that are being applied.
    len: AtomicUsize,
}

impl JobTable {
    fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    fn new(partitions: &Partitions) -> Self {
        Self {
            contents: Mutex::new(Contents::new(partitions)),
            revision: watch::Sender::new(0),
            used_at: Mutex::new(Instant::now()),
            len: AtomicUsize::new(0),
        }
    }

    /// Whether its rows are current.
    pub fn phase(&self) -> Phase {
        lock(&self.contents).phase()
    }

    /// Returns the part of the list that `query` selects.
    pub fn window(&self, query: &JobQuery) -> Window {
        self.touch();
        lock(&self.contents).window(query, now())
    }

    /// Returns the first `max` rows that match `query`, in its order.
    pub fn matching(&self, query: &JobQuery, max: usize) -> Vec<JobRow> {
        self.touch();
        lock(&self.contents).matching(query, max, now())
    }

    /// Whether a Job exists.
    pub fn contains(&self, uid: &str) -> bool {
        lock(&self.contents).contains(uid)
    }

    fn touch(&self) {
        *lock(&self.used_at) = Instant::now();
    }

    fn used_at(&self) -> Instant {
        *lock(&self.used_at)
    }

    fn is_in_use(&self) -> bool {
        self.revision.receiver_count() > 0
    }

    /// Applies the changes of all collections until it is dropped.
    async fn follow(&self, cluster: &Cluster, partitions: &Partitions) {
        let (sender, mut updates) = mpsc::unbounded_channel();
        let sources = partitions.iter().enumerate().flat_map(|(partition, project)| {
            let sender = sender.clone();
            Collection::ALL.map(move |collection| {
                collection.follow(cluster, project.as_deref(), partition, sender.clone())
            })
        });
        let sources = join_all(sources);
        let apply = async {
            let mut batch = Vec::new();
            while updates.recv_many(&mut batch, usize::MAX).await > 0 {
                self.apply(std::mem::take(&mut batch));
                tokio::time::sleep(BATCH_INTERVAL).await;
            }
        };
        futures::join!(sources, apply);
    }

    fn apply(&self, updates: Vec<Update>) {
        let mut contents = lock(&self.contents);
        contents.apply(updates, now());
        self.len.store(contents.len(), Ordering::Relaxed);
        drop(contents);
        self.revision.send_modify(|revision| *revision += 1);
    }
}

fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
