//! Create requests with an unknown outcome, remembered so that a retry looks for the object before creating it
//! again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time after which an idempotency key counts as new.
const MAX_AGE: Duration = Duration::from_mins(10);

/// Maximum number of attempts that are remembered.
const MAX_ENTRIES: usize = 1000;

/// A create request that may have been processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingAttempt {
    /// The object's name.
    pub name: String,
    /// The `fieldManager` of this attempt; no other request uses it.
    pub field_manager: String,
    /// The collection's resource version before the attempt, for an object that the cluster may have deleted since.
    pub version: Option<String>,
}

/// Attempts without a response, by idempotency key.
#[derive(Debug, Default)]
pub struct PendingAttempts(Mutex<HashMap<String, (PendingAttempt, Instant)>>);

impl PendingAttempts {
    /// Removes and returns the attempt of this idempotency key.
    pub fn take(&self, idempotency_key: &str) -> Option<PendingAttempt> {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.retain(|_, (_, since)| since.elapsed() < MAX_AGE);
        attempts.remove(idempotency_key).map(|(attempt, _)| attempt)
    }

    /// Remembers an attempt; evicts the oldest one if there are too many.
    pub fn put(&self, idempotency_key: String, attempt: PendingAttempt) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() >= MAX_ENTRIES {
            let oldest = attempts.iter().min_by_key(|(_, (_, since))| *since);
            if let Some(oldest) = oldest.map(|(idempotency_key, _)| idempotency_key.clone()) {
                attempts.remove(&oldest);
            }
        }
        attempts.insert(idempotency_key, (attempt, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempt_is_taken_once_and_the_oldest_is_evicted() {
        let pending_attempts = PendingAttempts::default();
        let attempt = |name: &str| PendingAttempt {
            name: name.to_owned(),
            field_manager: "m".to_owned(),
            version: None,
        };
        for number in 0..=MAX_ENTRIES {
            pending_attempts.put(number.to_string(), attempt(&number.to_string()));
        }
        assert_eq!(pending_attempts.take("0"), None);
        assert_eq!(pending_attempts.take("1"), Some(attempt("1")));
        assert_eq!(pending_attempts.take("1"), None);
    }
}
