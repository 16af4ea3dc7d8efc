//! What every part of the cluster shares: the store, the clock and the data folder.

pub mod event_correlator;
pub mod event_series;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::cluster::event_correlator::Correlator;
use crate::cluster::event_series::Series;
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
