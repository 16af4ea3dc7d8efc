//! Creations of which nobody knows what became: when the same is asked for again, it is looked for first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After this time the same wish is a new one.
const KEPT: Duration = Duration::from_mins(10);

/// At most this many are remembered.
const MOST: usize = 1000;

/// A creation that may have been carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingAttempt {
    /// The object's name.
    pub name: String,
    /// Under which `fieldManager` it was sent; nothing else is.
    pub marker: String,
    /// The collection's version before it was sent, of an object that the cluster may have removed since.
    pub version: Option<String>,
}

/// Creations without an answer, by what was asked for.
#[derive(Debug, Default)]
pub struct PendingAttempts(Mutex<HashMap<String, (PendingAttempt, Instant)>>);

impl PendingAttempts {
    /// The trial of this wish, which is forgotten.
    pub fn take(&self, idempotency_key: &str) -> Option<PendingAttempt> {
        let mut trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        trials.retain(|_, (_, since)| since.elapsed() < KEPT);
        trials.remove(idempotency_key).map(|(attempt, _)| attempt)
    }

    /// Remembers a trial.
    pub fn put(&self, idempotency_key: String, attempt: PendingAttempt) {
        let mut trials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if trials.len() >= MOST {
            let oldest = trials.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(oldest) = oldest.map(|(idempotency_key, _)| idempotency_key.clone()) {
                trials.remove(&oldest);
            }
        }
        trials.insert(idempotency_key, (attempt, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_is_taken_once_and_the_oldest_makes_room() {
        let pending_attempts = PendingAttempts::default();
        let attempt = |name: &str| PendingAttempt {
            name: name.to_owned(),
            marker: "m".to_owned(),
            version: None,
        };
        for number in 0..=MOST {
            pending_attempts.put(number.to_string(), attempt(&number.to_string()));
        }
        assert_eq!(pending_attempts.take("0"), None);
        assert_eq!(pending_attempts.take("1"), Some(attempt("1")));
        assert_eq!(pending_attempts.take("1"), None);
    }
}
