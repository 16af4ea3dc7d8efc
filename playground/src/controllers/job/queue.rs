//! When which Job is looked at next.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::controllers::job::text;

/// Namespace and name of a Job.
pub(super) type Name = (String, String);

/// Longest sleep without anything to do.
const IDLE: Duration = Duration::from_hours(1);

/// Jobs that are due, and those that will be. A Job that waits is due at its earliest time. One that is in work is
/// not handed out a second time before it is done.
#[derive(Default)]
pub(super) struct Queue {
    due: VecDeque<Name>,
    listed: HashSet<Name>,
    in_work: HashSet<Name>,
    waiting: HashMap<Name, Instant>,
}

impl Queue {
    /// The Job is due.
    pub(super) fn now(&mut self, job: &Value) {
        self.named(name(job), Duration::ZERO);
    }

    /// The Job is due after a while.
    pub(super) fn after(&mut self, job: &Value, wait: Duration) {
        self.named(name(job), wait);
    }

    /// The Job of this name is due after a while.
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

    /// When the next Job is due.
    pub(super) fn next(&self) -> Instant {
        let now = Instant::now();
        if !self.due.is_empty() {
            return now;
        }
        self.waiting.values().min().copied().unwrap_or(now + IDLE)
    }

    /// The next Job that is due, which is in work then.
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

    /// The Job is not in work any more; it is due if that was wanted meanwhile.
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
    fn a_job_is_due_at_its_earliest_time_and_once() {
        let job = json!({"metadata": {"namespace": "demo", "name": "j"}});
        let (mut queue, begin) = (Queue::default(), Instant::now());
        queue.after(&job, Duration::from_mins(1));
        queue.after(&job, Duration::from_mins(2));
        assert_eq!(queue.pop(begin), None);
        assert!(queue.next() <= begin + Duration::from_secs(61));
        queue.now(&job);
        // The time that it waited for passes, too: it is looked at once.
        let name = queue.pop(begin + Duration::from_secs(90)).unwrap();
        assert_eq!(queue.pop(begin + Duration::from_secs(200)), None);
        queue.now(&job);
        assert_eq!(queue.pop(begin), None, "it is in work");
        queue.done(&name);
        assert_eq!(queue.pop(begin), Some(name));
    }
}
