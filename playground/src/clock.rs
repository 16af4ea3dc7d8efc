//! The time, which tests set.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{Timestamp, Unit};
use tokio::time::Instant;

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
