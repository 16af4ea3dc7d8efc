//! What every part of the cluster shares: the store, the clock and the data folder.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::{Timestamp, Unit};

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
}

impl Cluster {
    /// A cluster on an open store.
    pub fn new(store: Store, clock: Clock, data_dir: PathBuf) -> Self {
        Self {
            store,
            clock,
            data_dir: data_dir.into(),
            admission: Arc::default(),
        }
    }
}

/// Where the time comes from: the system, or a test that sets it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    set: Option<Arc<Mutex<Timestamp>>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until [`Clock::set`] moves it.
    pub fn manual(at: Timestamp) -> Self {
        Self {
            set: Some(Arc::new(Mutex::new(at))),
        }
    }

    /// Moves a manual clock; the system's clock is left alone.
    pub fn set(&self, at: Timestamp) {
        if let Some(set) = &self.set {
            *set.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = at;
        }
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.set.as_ref().map_or_else(Timestamp::now, |set| {
            *set.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        })
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
