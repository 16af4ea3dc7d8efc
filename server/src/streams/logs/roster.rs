//! Whose logs are to be read: the containers of a Job's Pods, and how far each is.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::position::Positions;
use super::reader::End;
use crate::cluster::feed::Change;
use crate::cluster::pods::is_owned_by;

/// How long to wait before a log that broke off is asked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// How long a followed log is silent before it is asked for again, at first and in the end: its connection may be dead.
const SILENCE: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(32));

/// Which containers are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// `uid` of the Job.
    pub job: String,
    /// Only this Pod.
    pub pod: Option<String>,
    /// Only containers of this name.
    pub container: Option<String>,
    /// The logs of the last runs but one; they are read once.
    pub previous: bool,
}

/// One container's log.
#[derive(Debug)]
struct Entry {
    pod: String,
    container: String,
    state: State,
    /// How often the container was restarted: each time begins a new log.
    restarts: i64,
    reading: Option<Reading>,
    /// The restart whose log was read to its end.
    drained: Option<i64>,
    not_before: Option<Instant>,
    /// How long it may be silent.
    silence: Duration,
}

/// What the cluster says of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Ended,
}

/// What is being read.
#[derive(Debug, Clone, Copy)]
struct Reading {
    follow: bool,
    restarts: i64,
}

/// A log that is to be read now.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// Key of its reports.
    pub key: String,
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// Until the container ends, or only what is there.
    pub follow: bool,
    /// How long it may be silent while it is followed.
    pub silence: Duration,
}

/// All containers of a Job's Pods, as the cluster last reported them.
#[derive(Debug, Default)]
pub struct Roster {
    wanted: Wanted,
    entries: HashMap<String, Entry>,
    /// The Pods are known.
    listed: bool,
    /// The chosen Pod has ended.
    pod_ended: bool,
}

impl Roster {
    /// Nothing is known yet.
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            ..Self::default()
        }
    }

    /// Pod and container of a key.
    pub fn names(&self, key: &str) -> Option<(&str, &str)> {
        self.entries
            .get(key)
            .map(|entry| (entry.pod.as_str(), entry.container.as_str()))
    }

    /// Takes a change of the Pods in.
    pub fn take(&mut self, change: Change) {
        match change {
            Change::Reset(pods) => {
                self.listed = true;
                for pod in &pods {
                    self.put(pod);
                }
            }
            Change::Applied(pod) => self.put(&pod),
            // What could be read was read; a deleted Pod has no log.
            Change::Deleted(pod) => {
                self.put(&pod);
                let name = pod["metadata"]["name"].as_str().unwrap_or_default();
                for entry in self.entries.values_mut().filter(|entry| entry.pod == name) {
                    entry.state = State::Ended;
                }
            }
            Change::Denied => self.listed = true,
            Change::Lost => {}
        }
    }

    fn put(&mut self, pod: &Value) {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let chosen = self.wanted.pod.as_deref().is_none_or(|wanted| wanted == name);
        if !chosen || !is_owned_by(pod, &self.wanted.job) {
            return;
        }
        let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        self.pod_ended = ended && self.wanted.pod.is_some();
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
        for field in ["initContainerStatuses", "containerStatuses"] {
            for status in pod["status"][field].as_array().into_iter().flatten() {
                let container = status["name"].as_str().unwrap_or_default();
                if self
                    .wanted
                    .container
                    .as_deref()
                    .is_some_and(|wanted| wanted != container)
                {
                    continue;
                }
                let restarts = status["restartCount"].as_i64().unwrap_or(0);
                if self.wanted.previous && restarts == 0 {
                    continue;
                }
                let state = state(status, ended);
                let entry = self
                    .entries
                    .entry(Positions::key(uid, container))
                    .or_insert_with(|| Entry {
                        pod: name.to_owned(),
                        container: container.to_owned(),
                        state,
                        restarts,
                        reading: None,
                        drained: None,
                        not_before: None,
                        silence: SILENCE.0,
                    });
                entry.state = state;
                entry.restarts = restarts;
            }
        }
    }

    /// The logs to read now; they count as being read from here on.
    pub fn orders(&mut self, now: Instant) -> Vec<Order> {
        let previous = self.wanted.previous;
        let mut orders = Vec::new();
        for (key, entry) in &mut self.entries {
            let follow = match entry.state {
                _ if previous => false,
                State::Waiting => continue,
                State::Running => true,
                State::Ended => false,
            };
            let waits = entry.not_before.is_some_and(|time| time > now);
            if entry.reading.is_some() || entry.drained == Some(entry.restarts) || waits {
                continue;
            }
            entry.reading = Some(Reading {
                follow,
                restarts: entry.restarts,
            });
            orders.push(Order {
                key: key.clone(),
                pod: entry.pod.clone(),
                container: entry.container.clone(),
                follow,
                silence: entry.silence,
            });
        }
        orders.sort_by(|a, b| (&a.pod, &a.container).cmp(&(&b.pod, &b.container)));
        orders
    }

    /// A log has new lines.
    pub fn heard(&mut self, key: &str) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.silence = SILENCE.0;
        }
    }

    /// A reader ended.
    pub fn ended(&mut self, key: &str, end: End, now: Instant) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let Some(reading) = entry.reading.take() else {
            return;
        };
        match end {
            // What is read after the container has ended is all there is.
            End::Complete if !reading.follow => entry.drained = Some(reading.restarts),
            // One that says little is asked for again less and less often.
            End::Silent => entry.silence = (entry.silence * 2).min(SILENCE.1),
            End::None if entry.state == State::Ended => entry.drained = Some(reading.restarts),
            // A followed log ends when its container does, which the cluster may not have reported yet.
            End::Complete | End::Broken | End::None => entry.not_before = Some(now + AGAIN),
        }
    }

    /// When a log that broke off is to be asked for again.
    pub fn next_try(&self) -> Option<Instant> {
        self.entries
            .values()
            .filter(|entry| entry.reading.is_none())
            .filter_map(|entry| entry.not_before)
            .min()
    }

    /// Nothing more can come: the Job (or the chosen Pod) has ended, and every log was read to its end.
    pub fn is_drained(&self, job_finished: bool) -> bool {
        let over = self.listed && (job_finished || self.pod_ended || self.wanted.previous);
        over && self.entries.values().all(|entry| {
            let unread = entry.drained != Some(entry.restarts) || entry.reading.is_some();
            !unread || (entry.state == State::Waiting && entry.reading.is_none())
        })
    }
}

/// A container that waits for its next start still has the log of its last one.
fn state(status: &Value, pod_ended: bool) -> State {
    if !status["state"]["terminated"].is_null() || pod_ended {
        State::Ended
    } else if !status["state"]["running"].is_null() {
        State::Running
    } else if !status["lastState"]["terminated"].is_null() {
        State::Ended
    } else {
        State::Waiting
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::needless_pass_by_value,
        reason = "calls read better with `json!` in place"
    )]

    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn reset(objects: Vec<Value>) -> Change {
        Change::Reset(objects.into_iter().map(Arc::new).collect())
    }

    fn applied(object: Value) -> Change {
        Change::Applied(Arc::new(object))
    }

    fn pod(phase: &str, state: Value, restarts: i64) -> Value {
        json!({
            "metadata": {
                "name": "pi-x", "uid": "pod-1", "ownerReferences": [{"uid": "job-1", "controller": true}],
            },
            "status": {
                "phase": phase,
                "containerStatuses": [{"name": "pi", "state": state, "restartCount": restarts}],
            },
        })
    }

    fn roster() -> Roster {
        Roster::new(Wanted {
            job: "job-1".to_owned(),
            ..Wanted::default()
        })
    }

    fn follows(orders: &[Order]) -> Vec<bool> {
        orders.iter().map(|order| order.follow).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_container_is_followed_and_then_read_to_its_end() {
        let mut roster = roster();
        let key = "pod-1/pi";
        roster.take(reset(vec![pod("Pending", json!({"waiting": {}}), 0)]));
        assert_eq!(roster.orders(Instant::now()), []);
        roster.take(applied(pod("Running", json!({"running": {}}), 0)));
        assert_eq!(follows(&roster.orders(Instant::now())), [true]);
        assert_eq!(roster.orders(Instant::now()), [], "it is read once at a time");
        roster.ended(key, End::Complete, Instant::now());
        roster.take(applied(pod("Succeeded", json!({"terminated": {}}), 0)));
        assert!(!roster.is_drained(true));
        tokio::time::advance(AGAIN).await;
        assert_eq!(follows(&roster.orders(Instant::now())), [false]);
        roster.ended(key, End::Complete, Instant::now());
        assert!(roster.is_drained(true));
        assert!(!roster.is_drained(false), "a Job that runs may make another Pod");
    }

    #[tokio::test(start_paused = true)]
    async fn a_restart_begins_a_new_log() {
        let mut roster = roster();
        roster.take(reset(vec![pod("Running", json!({"terminated": {}}), 0)]));
        assert_eq!(follows(&roster.orders(Instant::now())), [false]);
        roster.ended("pod-1/pi", End::Complete, Instant::now());
        assert_eq!(roster.orders(Instant::now()), []);
        roster.take(applied(pod("Running", json!({"running": {}}), 1)));
        assert_eq!(follows(&roster.orders(Instant::now())), [true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_log_is_asked_for_again_after_a_pause() {
        let mut roster = roster();
        roster.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        roster.orders(Instant::now());
        roster.ended("pod-1/pi", End::Broken, Instant::now());
        assert_eq!(roster.orders(Instant::now()), []);
        tokio::time::sleep_until(roster.next_try().unwrap()).await;
        assert_eq!(follows(&roster.orders(Instant::now())), [true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_log_is_asked_for_again_at_once_and_ever_less_often() {
        let mut roster = roster();
        roster.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        let mut seconds = Vec::new();
        for _ in 0..5 {
            let orders = roster.orders(Instant::now());
            seconds.push(orders[0].silence.as_secs());
            roster.ended("pod-1/pi", End::Silent, Instant::now());
        }
        assert_eq!(seconds, [4, 8, 16, 32, 32]);
        roster.heard("pod-1/pi");
        assert_eq!(roster.orders(Instant::now())[0].silence, SILENCE.0);
    }

    #[test]
    fn another_jobs_pods_are_left_alone() {
        let mut roster = Roster::new(Wanted {
            job: "job-2".to_owned(),
            ..Wanted::default()
        });
        roster.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        assert!(roster.is_drained(true));
    }

    #[tokio::test(start_paused = true)]
    async fn previous_logs_are_read_once() {
        let wanted = Wanted {
            job: "job-1".to_owned(),
            previous: true,
            ..Wanted::default()
        };
        let mut roster = Roster::new(wanted);
        roster.take(reset(vec![pod("Running", json!({"running": {}}), 2)]));
        assert_eq!(follows(&roster.orders(Instant::now())), [false]);
        roster.ended("pod-1/pi", End::Complete, Instant::now());
        assert!(roster.is_drained(false));
    }
}
