//! The clock, which tests control.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{Timestamp, Unit};
use tokio::time::Instant;

/// A source of the current time.
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
    /// Returns the system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// Returns a clock that stands still until [`Clock::set`] moves it.
    pub fn manual(at: Timestamp) -> Self {
        Self(Source::Set(Arc::new(Mutex::new(at))))
    }

    /// Returns a clock that follows the tokio runtime's time from now on: where that is paused, it jumps to the
    /// next timer whenever nothing else is to do.
    pub fn of_runtime() -> Self {
        Self(Source::Runtime(Timestamp::now(), Instant::now()))
    }

    /// Sets a manual clock; has no effect on others.
    pub fn set(&self, at: Timestamp) {
        if let Source::Set(set) = &self.0 {
            *set.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// Returns the current time.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Set(set) => *set.lock().unwrap_or_else(PoisonError::into_inner),
            Source::Runtime(start, since) => start.checked_add(since.elapsed()).unwrap_or(*start),
        }
    }

    /// Returns the current time in whole seconds, in the format of `metav1.Time`.
    pub fn now_text(&self) -> String {
        seconds(self.now())
    }
}

/// Formats an instant as `metav1.Time`: RFC 3339, UTC, whole seconds.
pub fn seconds(at: Timestamp) -> String {
    let round = jiff::TimestampRound::new()
        .smallest(Unit::Second)
        .mode(jiff::RoundMode::Trunc);
    at.round(round).unwrap_or(at).to_string()
}
