//! Whose logs are to be read: the containers of a Job's Pods, and how far each is.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::jobs::pods::is_owned_by;
use crate::kubernetes::watch::Change;
use crate::live::logs::line_position::Positions;
use crate::live::logs::reader::End;

/// How long to wait before a log that broke off is asked for again, at first; then twice as long each time, up to
/// [`MAX_PAUSE`].
const AGAIN: Duration = Duration::from_secs(1);

/// How often a connection may break in a row before the pauses grow: whoever is away for a moment is missed for a
/// moment only.
const PATIENT: u32 = 4;

/// From how many failures in a row on the page is told: fewer are hiccups.
const TOLD: u32 = 3;

/// The longest of these pauses.
const MAX_PAUSE: Duration = Duration::from_secs(16);

/// How often the log of a container that exists is asked for while the node says that there is none: a kubelet that
/// has just started does not know its Pods yet. With the pauses above that is a little more than a minute.
const MAX_DENIALS: u32 = 8;

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
    /// The run whose log there is: each restart begins another.
    run: Run,
    reading: Option<Reading>,
    /// The run whose log was read to its end.
    drained: Option<Run>,
    /// The run whose lines were sent last on this connection.
    sent: Option<Run>,
    /// How often in a row the log could not be read.
    failures: u32,
    /// How often in a row there was no such log.
    denials: u32,
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

/// One run of a container.
///
/// `restartCount` alone does not tell runs apart: a container that waits for its next start still has the log of its
/// last run, and runtimes differ in whether the count is that of the last start or of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    /// `containerID` of the run, or what stands in for it.
    id: String,
    /// `restartCount` when it was last seen.
    restarts: i64,
}

impl Run {
    fn of(status: &Value) -> Self {
        let restarts = status["restartCount"].as_i64().unwrap_or(0);
        let waits = status["state"]["running"].is_null() && status["state"]["terminated"].is_null();
        let candidates = if waits {
            [&status["lastState"]["terminated"]["containerID"], &Value::Null]
        } else {
            [
                &status["containerID"],
                &status["state"]["terminated"]["containerID"],
            ]
        };
        let id = candidates
            .into_iter()
            .find_map(|id| id.as_str().filter(|id| !id.is_empty()))
            .map_or_else(|| format!("restart {restarts}"), str::to_owned);
        Self { id, restarts }
    }
}

/// What is being read.
#[derive(Debug, Clone)]
struct Reading {
    follow: bool,
    run: Run,
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
    /// It is another run than the one whose lines were sent last: no line of it was sent yet.
    pub new_run: bool,
}

/// Why a log does not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Pod.
    pub pod: String,
    /// Container.
    pub container: String,
    /// The cluster's sentence.
    pub message: String,
    /// It will be asked for again.
    pub retries: bool,
}

/// All containers of a Job's Pods, as the cluster last reported them.
#[derive(Debug, Default)]
pub struct LogSources {
    wanted: Wanted,
    entries: HashMap<String, Entry>,
    /// The Pods are known.
    listed: bool,
    /// The Pods may not be listed.
    denied: bool,
    /// The chosen Pod has ended.
    pod_ended: bool,
}

impl LogSources {
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
                self.denied = false;
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
                    entry.denials = MAX_DENIALS;
                }
            }
            Change::Denied => {
                self.listed = true;
                self.denied = true;
            }
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
        for field in [
            "initContainerStatuses",
            "containerStatuses",
            "ephemeralContainerStatuses",
        ] {
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
                let (state, run) = (state(status, ended), Run::of(status));
                let entry = self
                    .entries
                    .entry(Positions::key(uid, container))
                    .or_insert_with(|| Entry {
                        pod: name.to_owned(),
                        container: container.to_owned(),
                        state,
                        run: run.clone(),
                        reading: None,
                        drained: None,
                        sent: None,
                        failures: 0,
                        denials: 0,
                        not_before: None,
                        silence: SILENCE.0,
                    });
                if entry.run.id != run.id {
                    // The pauses were for the log of another run.
                    entry.not_before = None;
                    entry.failures = 0;
                    entry.denials = 0;
                }
                entry.state = state;
                entry.run = run;
            }
        }
    }

    /// The logs to read now; they count as being read from here on.
    pub fn orders(&mut self, now: Instant) -> Vec<Order> {
        let previous = self.wanted.previous;
        let mut orders = Vec::new();
        for (key, entry) in &mut self.entries {
            let Some(follow) = entry.wants(previous) else {
                continue;
            };
            if entry.not_before.is_some_and(|time| time > now) {
                continue;
            }
            entry.not_before = None;
            entry.reading = Some(Reading {
                follow,
                run: entry.run.clone(),
            });
            orders.push(Order {
                key: key.clone(),
                pod: entry.pod.clone(),
                container: entry.container.clone(),
                follow,
                silence: entry.silence,
                new_run: entry.sent.as_ref().is_some_and(|sent| sent.id != entry.run.id),
            });
        }
        orders.sort_by(|a, b| (&a.pod, &a.container).cmp(&(&b.pod, &b.container)));
        orders
    }

    /// A log has new lines; says of which restart of its container.
    pub fn heard(&mut self, key: &str) -> i64 {
        let Some(entry) = self.entries.get_mut(key) else {
            return 0;
        };
        entry.silence = SILENCE.0;
        entry.failures = 0;
        entry.denials = 0;
        let run = entry.reading.as_ref().map_or(&entry.run, |reading| &reading.run);
        let restarts = run.restarts;
        entry.sent = Some(run.clone());
        restarts
    }

    /// A reader ended; says what the page has to know about it.
    pub fn ended(&mut self, key: &str, end: End, now: Instant) -> Option<Trouble> {
        let previous = self.wanted.previous;
        let entry = self.entries.get_mut(key)?;
        let reading = entry.reading.take()?;
        match end {
            // What is read after the container has ended is all there is.
            End::Complete if !reading.follow => {
                entry.drained = Some(reading.run);
                None
            }
            // One that says little is asked for again less and less often.
            End::Silent => {
                entry.silence = (entry.silence * 2).min(SILENCE.1);
                None
            }
            // A followed log ends when its container does, which the cluster may not have reported yet.
            End::Complete => {
                entry.failures = 0;
                entry.not_before = Some(now + AGAIN);
                None
            }
            End::Refused => {
                entry.drained = Some(reading.run);
                None
            }
            End::None(message) => {
                entry.denials = entry.denials.saturating_add(1);
                let over = entry.state == State::Ended && (previous || entry.denials > MAX_DENIALS);
                if over {
                    entry.drained = Some(reading.run);
                } else {
                    entry.pause(now, entry.denials - 1);
                }
                (over || entry.denials >= TOLD).then(|| entry.trouble(message, !over))
            }
            End::Broken(message) => {
                entry.failures = entry.failures.saturating_add(1);
                entry.pause(now, entry.failures.saturating_sub(PATIENT));
                let message = message.filter(|_| entry.failures >= TOLD)?;
                Some(entry.trouble(message, true))
            }
        }
    }

    /// When the next log may be read that is not being read yet; never one that [`orders`](Self::orders) gives already.
    pub fn next_try(&self) -> Option<Instant> {
        let previous = self.wanted.previous;
        self.entries
            .values()
            .filter(|entry| entry.wants(previous).is_some())
            .filter_map(|entry| entry.not_before)
            .min()
    }

    /// The Pods may not be listed, so no log can be found.
    pub fn is_denied(&self) -> bool {
        self.denied
    }

    /// Nothing more can come: the Job (or the chosen Pod) has ended, and every log was read to its end.
    pub fn is_drained(&self, job_finished: bool) -> bool {
        let over = self.listed && (job_finished || self.pod_ended || self.wanted.previous);
        over && self.entries.values().all(|entry| {
            let unread = !entry.is_drained() || entry.reading.is_some();
            !unread || (entry.state == State::Waiting && entry.reading.is_none())
        })
    }
}

impl Entry {
    fn is_drained(&self) -> bool {
        self.drained
            .as_ref()
            .is_some_and(|drained| drained.id == self.run.id)
    }

    /// Whether there is a log to read that is not being read, and if so whether it is to be followed.
    fn wants(&self, previous: bool) -> Option<bool> {
        if self.reading.is_some() || self.is_drained() {
            return None;
        }
        match self.state {
            _ if previous => Some(false),
            State::Waiting => None,
            State::Running => Some(true),
            State::Ended => Some(false),
        }
    }

    fn pause(&mut self, now: Instant, doublings: u32) {
        let pause = AGAIN.saturating_mul(1 << doublings.min(8)).min(MAX_PAUSE);
        self.not_before = Some(now + pause);
    }

    fn trouble(&self, message: String, retries: bool) -> Trouble {
        Trouble {
            pod: self.pod.clone(),
            container: self.container.clone(),
            message,
            retries,
        }
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

    fn sources() -> LogSources {
        LogSources::new(Wanted {
            job: "job-1".to_owned(),
            ..Wanted::default()
        })
    }

    fn follows(orders: &[Order]) -> Vec<bool> {
        orders.iter().map(|order| order.follow).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_container_is_followed_and_then_read_to_its_end() {
        let mut sources = sources();
        let key = "pod-1/pi";
        sources.take(reset(vec![pod("Pending", json!({"waiting": {}}), 0)]));
        assert_eq!(sources.orders(Instant::now()), []);
        sources.take(applied(pod("Running", json!({"running": {}}), 0)));
        assert_eq!(follows(&sources.orders(Instant::now())), [true]);
        assert_eq!(sources.orders(Instant::now()), [], "it is read once at a time");
        sources.ended(key, End::Complete, Instant::now());
        sources.take(applied(pod("Succeeded", json!({"terminated": {}}), 0)));
        assert!(!sources.is_drained(true));
        tokio::time::advance(AGAIN).await;
        assert_eq!(follows(&sources.orders(Instant::now())), [false]);
        sources.ended(key, End::Complete, Instant::now());
        assert!(sources.is_drained(true));
        assert!(!sources.is_drained(false), "a Job that runs may make another Pod");
    }

    #[tokio::test(start_paused = true)]
    async fn a_restart_begins_a_new_log() {
        let mut sources = sources();
        sources.take(reset(vec![pod("Running", json!({"terminated": {}}), 0)]));
        assert_eq!(follows(&sources.orders(Instant::now())), [false]);
        sources.ended("pod-1/pi", End::Complete, Instant::now());
        assert_eq!(sources.orders(Instant::now()), []);
        sources.take(applied(pod("Running", json!({"running": {}}), 1)));
        assert_eq!(follows(&sources.orders(Instant::now())), [true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_log_is_asked_for_again_after_a_pause() {
        let mut sources = sources();
        sources.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        sources.orders(Instant::now());
        sources.ended("pod-1/pi", End::Broken(None), Instant::now());
        assert_eq!(sources.orders(Instant::now()), []);
        tokio::time::sleep_until(sources.next_try().unwrap()).await;
        assert_eq!(follows(&sources.orders(Instant::now())), [true]);
    }

    /// Containers that end at different times: the stream has to rest between what there is to do.
    #[tokio::test(start_paused = true)]
    async fn the_next_try_is_never_in_the_past() {
        let mut sources = sources();
        let states = [
            json!({"waiting": {}}),
            json!({"running": {}}),
            json!({"terminated": {}}),
        ];
        let ends = [
            End::Complete,
            End::Silent,
            End::Broken(None),
            End::None("no log".to_owned()),
            End::Refused,
        ];
        let mut random = 7_usize;
        for round in 0..2_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let pick = |bound: usize, shift: u32| (random >> shift) % bound;
            let restarts = i64::from(round / 100);
            sources.take(applied(pod("Running", states[pick(3, 20)].clone(), restarts)));
            sources.orders(Instant::now());
            if pick(2, 30) == 0 {
                sources.ended("pod-1/pi", ends[pick(5, 40)].clone(), Instant::now());
                sources.orders(Instant::now());
            }
            let next = sources.next_try();
            assert!(
                next.is_none_or(|time| time > Instant::now()),
                "round {round}: {next:?}"
            );
            tokio::time::advance(Duration::from_millis(100)).await;
        }
    }

    fn status(state: Value, last: Value, id: &str, restarts: i64) -> Change {
        let mut pod = pod("Running", state, restarts);
        pod["status"]["containerStatuses"][0]["containerID"] = id.into();
        pod["status"]["containerStatuses"][0]["lastState"] = last;
        applied(pod)
    }

    /// A runtime may raise `restartCount` when a container ends or when it starts again; the log is one run's either way.
    #[tokio::test(start_paused = true)]
    async fn each_run_is_read_whenever_its_restart_is_counted() {
        for counted_at_the_end in [false, true] {
            let mut sources = sources();
            let ended = json!({"terminated": {"containerID": "run-0"}});
            sources.take(status(json!({"running": {}}), json!({}), "run-0", 0));
            assert_eq!(follows(&sources.orders(Instant::now())), [true]);
            sources.ended("pod-1/pi", End::Complete, Instant::now());
            tokio::time::advance(AGAIN).await;
            let count = i64::from(counted_at_the_end);
            sources.take(status(json!({"waiting": {}}), ended.clone(), "run-0", count));
            assert_eq!(follows(&sources.orders(Instant::now())), [false]);
            sources.heard("pod-1/pi");
            sources.ended("pod-1/pi", End::Complete, Instant::now());
            assert_eq!(sources.orders(Instant::now()), [], "its log was read to its end");
            sources.take(status(json!({"running": {}}), ended, "run-1", 1));
            let orders = sources.orders(Instant::now());
            assert_eq!(follows(&orders), [true]);
            assert!(orders[0].new_run);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_log_that_does_not_exist_is_given_up_after_a_while() {
        let mut sources = sources();
        sources.take(reset(vec![pod("Succeeded", json!({"terminated": {}}), 0)]));
        let mut pauses = Vec::new();
        loop {
            assert!(!sources.is_drained(true));
            assert_eq!(follows(&sources.orders(Instant::now())), [false]);
            let none = End::None("no such container".to_owned());
            let trouble = sources.ended("pod-1/pi", none, Instant::now());
            let Some(next) = sources.next_try() else {
                assert!(trouble.is_some_and(|trouble| !trouble.retries));
                break;
            };
            let told = pauses.len() >= 2;
            assert_eq!(trouble.map(|trouble| trouble.retries), told.then_some(true));
            pauses.push((next - Instant::now()).as_secs());
            tokio::time::sleep_until(next).await;
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 16, 16, 16]);
        assert!(sources.is_drained(true));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_log_is_asked_for_again_at_once_and_ever_less_often() {
        let mut sources = sources();
        sources.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        let mut seconds = Vec::new();
        for _ in 0..5 {
            let orders = sources.orders(Instant::now());
            seconds.push(orders[0].silence.as_secs());
            sources.ended("pod-1/pi", End::Silent, Instant::now());
        }
        assert_eq!(seconds, [4, 8, 16, 32, 32]);
        sources.heard("pod-1/pi");
        assert_eq!(sources.orders(Instant::now())[0].silence, SILENCE.0);
    }

    #[test]
    fn another_jobs_pods_are_left_alone() {
        let mut sources = LogSources::new(Wanted {
            job: "job-2".to_owned(),
            ..Wanted::default()
        });
        sources.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        assert!(sources.is_drained(true));
    }

    #[tokio::test(start_paused = true)]
    async fn previous_logs_are_read_once() {
        let wanted = Wanted {
            job: "job-1".to_owned(),
            previous: true,
            ..Wanted::default()
        };
        let mut sources = LogSources::new(wanted);
        sources.take(reset(vec![pod("Running", json!({"running": {}}), 2)]));
        assert_eq!(follows(&sources.orders(Instant::now())), [false]);
        sources.ended("pod-1/pi", End::Complete, Instant::now());
        assert!(sources.is_drained(false));
    }
}
