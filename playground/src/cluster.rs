//! What every part of the cluster shares: the store, the clock and the data folder.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{Timestamp, Unit};
use tokio::time::Instant;

use crate::controllers::events::{Correlator, Series};
use crate::store::Store;

/// The cluster; clones share it.
#[derive(Clone)]
pub struct Cluster {
    /// The objects.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The folder of logs, volumes and running Pods.
    pub data_dir: Arc<Path>,
    /// Held while admission checks a quota and stores what it let in, so two creations cannot both
    /// take the last place.
    pub(crate) admission: Arc<Mutex<()>>,
    /// What was told lately.
    pub(crate) events: Arc<Recorders>,
    /// Minor version of Kubernetes 1 whose rules objects are held to; the newest if `None`.
    pub minor: Option<u16>,
    /// How much the data folder may hold, and whether it holds too much.
    pub(crate) disk: Arc<DiskState>,
}

/// Why the cluster does not work as it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unhealthy {
    /// The last write failed; it is tried again until it succeeds.
    #[error("{0}")]
    Store(String),
    /// The data folder is above its bounds, and Pods are evicted.
    #[error("the disk is nearly full: {0}")]
    Disk(String),
}

/// The data folder's bounds, and what is known of it.
#[derive(Debug, Default)]
pub(crate) struct DiskState {
    /// Bytes that the folder may hold; 0 for the default.
    pub limit: AtomicU64,
    /// What is wrong with it.
    pub pressure: Mutex<Option<String>>,
}

/// What the recorders of events remember.
#[derive(Debug, Default)]
pub(crate) struct Recorders {
    pub correlator: Mutex<Correlator>,
    pub series: Mutex<Series>,
}

impl Cluster {
    /// A cluster on an open store.
    pub fn new(store: Store, clock: Clock, data_dir: PathBuf) -> Self {
        Self {
            minor: None,
            store,
            clock,
            data_dir: data_dir.into(),
            admission: Arc::default(),
            events: Arc::default(),
            disk: Arc::default(),
        }
    }

    /// Whether writes succeed and the data folder is within its bounds.
    pub fn health(&self) -> Result<(), Unhealthy> {
        if let Some(failure) = self.store.failure() {
            return Err(Unhealthy::Store(failure));
        }
        match &*self.disk.pressure.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(pressure) => Err(Unhealthy::Disk(pressure.clone())),
            None => Ok(()),
        }
    }
}

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Set(Arc<Mutex<Timestamp>>),
    Runtime(Timestamp, Instant),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until [`Clock::set`] moves it.
    pub fn manual(at: Timestamp) -> Self {
        Self(Source::Set(Arc::new(Mutex::new(at))))
    }

    /// A clock that goes on from now as the tokio runtime's time does: where that is paused, it jumps to the next
    /// timer whenever nothing else is to do.
    pub fn of_runtime() -> Self {
        Self(Source::Runtime(Timestamp::now(), Instant::now()))
    }

    /// Moves a manual clock; others are left alone.
    pub fn set(&self, at: Timestamp) {
        if let Source::Set(set) = &self.0 {
            *set.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Set(set) => *set.lock().unwrap_or_else(PoisonError::into_inner),
            Source::Runtime(began, since) => began.checked_add(since.elapsed()).unwrap_or(*began),
        }
    }

    /// The present in whole seconds, as `metav1.Time` is written.
    pub fn now_text(&self) -> String {
        seconds(self.now())
    }
}

/// An instant as `metav1.Time` is written: RFC 3339, UTC, whole seconds.
pub fn seconds(at: Timestamp) -> String {
    let round = jiff::TimestampRound::new()
        .smallest(Unit::Second)
        .mode(jiff::RoundMode::Trunc);
    at.round(round).unwrap_or(at).to_string()
}
