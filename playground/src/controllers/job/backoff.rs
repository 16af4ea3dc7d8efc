//! Computes the back-off after failed Pods: 10 s, 20 s, 40 s, … up to ten minutes; a success resets it ([Pod
//! backoff failure
//! policy](https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy)).

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::controllers::job::facts::finish_time;

const FIRST_DELAY: Duration = Duration::from_secs(10);
const MAX_DELAY: Duration = Duration::from_mins(10);

/// Failures of one Job since its last success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    failures: u32,
    last: Option<Timestamp>,
}

impl Record {
    /// Returns the record updated with Pods that have ended since.
    pub(super) fn with(mut self, succeeded: &[Arc<Value>], failed: &[Arc<Value>]) -> Self {
        let success = succeeded.iter().filter_map(|pod| finish_time(pod)).max();
        if !succeeded.is_empty() {
            self = Self::default();
        }
        for ended in failed.iter().filter_map(|pod| finish_time(pod)) {
            if success.is_none_or(|success| ended > success) {
                self.failures += 1;
                self.last = self.last.max(Some(ended));
            }
        }
        self
    }

    /// Returns the remaining back-off.
    pub(super) fn left(&self, now: Timestamp) -> Duration {
        left(self.failures, self.last, now)
    }
}

/// Returns the remaining back-off after this many failures, the last one at `last`.
pub(super) fn left(failures: u32, last: Option<Timestamp>, now: Timestamp) -> Duration {
    let Some(last) = last.filter(|_| failures > 0) else {
        return Duration::ZERO;
    };
    let wait = FIRST_DELAY
        .saturating_mul(1 << (failures - 1).min(10))
        .min(MAX_DELAY);
    let passed = Duration::try_from(now.duration_since(last)).unwrap_or(Duration::ZERO);
    wait.saturating_sub(passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ended(at: &str) -> Arc<Value> {
        Arc::new(json!({"status": {"containerStatuses": [{"state": {"terminated": {"finishedAt": at}}}]}}))
    }

    #[test]
    fn back_off_doubles_until_success() {
        let now: Timestamp = "2026-01-01T00:00:05Z".parse().unwrap();
        let one = Record::default().with(&[], &[ended("2026-01-01T00:00:00Z")]);
        assert_eq!(one.left(now), Duration::from_secs(5));
        let two = one.with(&[], &[ended("2026-01-01T00:00:01Z")]);
        assert_eq!(two.left(now), Duration::from_secs(16));
        let won = two.with(&[ended("2026-01-01T00:00:02Z")], &[]);
        assert_eq!(won.left(now), Duration::ZERO);
    }
}
