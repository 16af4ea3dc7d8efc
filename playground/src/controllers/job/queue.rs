//! The work queue of the Job controller: which Job is synced next, and when.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::controllers::job::text;

/// Namespace and name of a Job.
pub(super) type Name = (String, String);

/// Maximum sleep without anything to do.
const MAX_IDLE: Duration = Duration::from_hours(1);

/// A queue with delays. A Job that waits is due at its earliest time. A Job that is being synced is not handed out
/// again before it is done.
#[derive(Default)]
pub(super) struct Queue {
    due: VecDeque<Name>,
    listed: HashSet<Name>,
    in_work: HashSet<Name>,
    waiting: HashMap<Name, Instant>,
}

impl Queue {
    /// Makes the Job due now.
    pub(super) fn now(&mut self, job: &Value) {
        self.named(name(job), Duration::ZERO);
    }

    /// Makes the Job due after a delay.
    pub(super) fn after(&mut self, job: &Value, wait: Duration) {
        self.named(name(job), wait);
    }

    /// Makes the Job with this name due after a delay.
    pub(super) fn named(&mut self, name: Name, wait: Duration) {
        if wait.is_zero() {
            self.list(name);
            return;
        }
        let at = Instant::now() + wait;
        let entry = self.waiting.entry(name).or_insert(at);
        *entry = at.min(*entry);
    }

    fn list(&mut self, name: Name) {
        if self.listed.insert(name.clone()) && !self.in_work.contains(&name) {
            self.due.push_back(name);
        }
    }

    /// Returns when the next Job is due.
    pub(super) fn next(&self) -> Instant {
        let now = Instant::now();
        if !self.due.is_empty() {
            return now;
        }
        self.waiting.values().min().copied().unwrap_or(now + MAX_IDLE)
    }

    /// Removes and returns the next Job that is due, and marks it as being synced.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Name> {
        let ripe: Vec<Name> = self
            .waiting
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(name, _)| name.clone())
            .collect();
        for name in ripe {
            self.waiting.remove(&name);
            self.list(name);
        }
        let name = self.due.pop_front()?;
        self.listed.remove(&name);
        self.in_work.insert(name.clone());
        Some(name)
    }

    /// Marks the sync of a Job as done; the Job is due if that was requested meanwhile.
    pub(super) fn done(&mut self, name: &Name) {
        self.in_work.remove(name);
        if self.listed.contains(name) {
            self.due.push_back(name.clone());
        }
    }
}

fn name(job: &Value) -> Name {
    let metadata = &job["metadata"];
    (
        text(&metadata["namespace"]).to_owned(),
        text(&metadata["name"]).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn job_is_due_once_at_earliest_time() {
        let job = json!({"metadata": {"namespace": "demo", "name": "j"}});
        let (mut queue, start) = (Queue::default(), Instant::now());
        queue.after(&job, Duration::from_mins(1));
        queue.after(&job, Duration::from_mins(2));
        assert_eq!(queue.pop(start), None);
        assert!(queue.next() <= start + Duration::from_secs(61));
        queue.now(&job);
        // The time that it waited for has been reached too: it is synced once.
        let name = queue.pop(start + Duration::from_secs(90)).unwrap();
        assert_eq!(queue.pop(start + Duration::from_secs(200)), None);
        queue.now(&job);
        assert_eq!(queue.pop(start), None, "it is being synced");
        queue.done(&name);
        assert_eq!(queue.pop(start), Some(name));
    }
}
