//! The state shared by all parts of the cluster: the store, the clock and the data directory.

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
    /// Minor version of Kubernetes 1 whose rules objects are held to; the newest if `None`.
    pub minor: Option<u16>,
    /// The directory of logs, volumes and running Pods.
    pub data_dir: Arc<Path>,
    /// Held while admission checks a quota and stores the admitted object, so that two creations cannot both use up
    /// the last of it.
    pub(crate) admission: Arc<Mutex<()>>,
    /// Recent events.
    pub(crate) events: Arc<Recorders>,
    /// The limit of the data directory, and whether it is exceeded.
    pub(crate) disk: Arc<DiskState>,
}

/// Why the cluster is degraded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unhealthy {
    /// The last write failed; writes are retried until one succeeds.
    #[error("{0}")]
    Store(String),
    /// The data directory exceeds its limits, and Pods are evicted.
    #[error("the disk is nearly full: {0}")]
    Disk(String),
}

/// The data directory's limit and state.
#[derive(Debug, Default)]
pub(crate) struct DiskState {
    /// Maximum bytes in the directory; 0 for the default.
    pub limit: AtomicU64,
    /// The threshold that is exceeded, as a message.
    pub pressure: Mutex<Option<String>>,
}

/// The memory of the event recorders.
#[derive(Debug, Default)]
pub(crate) struct Recorders {
    pub correlator: Mutex<Correlator>,
    pub series: Mutex<Series>,
}

impl Cluster {
    /// Creates a cluster on an open store.
    pub fn new(store: Store, clock: Clock, data_dir: PathBuf) -> Self {
        Self {
            store,
            clock,
            minor: None,
            data_dir: data_dir.into(),
            admission: Arc::default(),
            events: Arc::default(),
            disk: Arc::default(),
        }
    }

    /// Returns whether writes succeed and the data directory is within its limits.
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
