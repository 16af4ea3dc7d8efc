//! The logs to read: the containers of a Job's Pods, and the progress of each.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::jobs::pods::is_owned_by;
use crate::kubernetes::watch::Change;
use crate::live::logs::line::Line;
use crate::live::logs::line_position::{Position, Positions};
use crate::live::logs::reader::{Chunk, End};
use crate::live::logs::resume::Identity;

/// Initial delay before an interrupted log is requested again; doubles with each failure, up to
/// [`MAX_RETRY_DELAY`].
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Number of consecutive failures before the delay grows: after a short outage, logs resume quickly.
const BACKOFF_AFTER: u32 = 4;

/// Number of consecutive failures from which on the page is notified: fewer are transient.
const REPORT_AFTER: u32 = 3;

/// Maximum delay.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(16);

/// How often the log of an existing container is requested while the node reports that there is none: a kubelet
/// that has just started does not know its Pods yet. With the delays above this takes a little more than a minute.
const MAX_NOT_FOUND: u32 = 8;

/// Initial and maximum idle timeout of a followed log, after which it is requested again: its connection may be
/// dead.
const IDLE_TIMEOUT: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(32));

/// How long lines are held back whose run is uncertain. A container may have restarted before its status is reported;
/// a kubelet reports it within seconds.
const UNCERTAIN: Duration = Duration::from_secs(10);

/// Maximum number of lines of a container that are held back, and of their bytes.
const MAX_HELD: (usize, usize) = (10_000, 1 << 20);

/// Selects containers.
#[derive(Debug, Clone, Default)]
pub struct LogFilter {
    /// `uid` of the Job.
    pub job: String,
    /// Only this Pod.
    pub pod: Option<String>,
    /// Only containers of this name.
    pub container: Option<String>,
    /// The logs of the previous runs; they are read once.
    pub previous: bool,
}

/// The log of one container.
#[derive(Debug)]
struct Entry {
    pod: String,
    container: String,
    state: State,
    /// The current run: each restart starts another log.
    run: Run,
    reading: Option<Reading>,
    /// Lines that may be of a run whose status is not known yet.
    held: Option<Held>,
    /// Whether the followed log of the current run has ended, although the cluster reports it as running: what is
    /// read next may be the log of another run.
    follow_ended: bool,
    /// The run whose log was read completely.
    drained: Option<Run>,
    /// The run whose lines were sent last on this connection.
    sent: Option<Run>,
    /// Number of consecutive failures to read the log.
    failures: u32,
    /// Number of consecutive responses that there is no such log.
    not_found: u32,
    not_before: Option<Instant>,
    /// Current idle timeout.
    idle_timeout: Duration,
}

/// State of a container, as the cluster reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Ended,
}

/// One run of a container.
///
/// `restartCount` alone does not identify a run: a container that waits for its next start still has the log of its
/// last run, and runtimes differ in whether the count is that of the last start or of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    /// `containerID` of the run, or a substitute.
    id: String,
    /// `restartCount` when it was last seen.
    restarts: i64,
    /// When it started, to the second; no line of it is older.
    started: Option<Timestamp>,
}

impl Run {
    fn of(status: &Value) -> Self {
        let restarts = status["restartCount"].as_i64().unwrap_or(0);
        let waits = status["state"]["running"].is_null() && status["state"]["terminated"].is_null();
        let (candidates, states) = if waits {
            let last = &status["lastState"]["terminated"];
            ([&last["containerID"], &Value::Null], [last, &Value::Null])
        } else {
            let (running, terminated) = (&status["state"]["running"], &status["state"]["terminated"]);
            (
                [&status["containerID"], &terminated["containerID"]],
                [running, terminated],
            )
        };
        let started = states
            .into_iter()
            .find_map(|state| state["startedAt"].as_str()?.parse().ok());
        let id = candidates
            .into_iter()
            .find_map(|id| id.as_str().filter(|id| !id.is_empty()))
            .map_or_else(|| format!("restart {restarts}"), str::to_owned);
        Self {
            id,
            restarts,
            started,
        }
    }

    /// Whether a line written at `at` can be one of this run.
    fn can_have_written(&self, at: Option<Timestamp>) -> bool {
        match (self.started, at) {
            (Some(started), Some(at)) => at >= started,
            _ => true,
        }
    }
}

/// Lines that are held back until it is known which run wrote them.
#[derive(Debug, Clone)]
struct Held {
    chunk: Chunk,
    /// The run whose log was requested.
    run: Run,
    until: Instant,
}

impl Held {
    fn is_full(&self) -> bool {
        let bytes = || self.chunk.lines.iter().map(|line| line.text.len()).sum::<usize>();
        self.chunk.lines.len() >= MAX_HELD.0 || bytes() >= MAX_HELD.1
    }
}

/// Lines to send, and the position after them.
#[derive(Debug, PartialEq, Eq)]
pub struct Ready {
    /// With their timestamps.
    pub lines: Vec<(Option<Timestamp>, Line)>,
    /// Position after the lines.
    pub position: Option<Position>,
}

/// A read in progress.
#[derive(Debug, Clone)]
struct Reading {
    follow: bool,
    run: Run,
    /// Whether its lines were held back long enough.
    is_settled: bool,
}

/// A log to read now.
#[derive(Debug, PartialEq, Eq)]
pub struct ReadTask {
    /// Key of its reports.
    pub key: String,
    /// Name of the Pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// Whether to stream until the container ends, or to read only the existing lines.
    pub follow: bool,
    /// Idle timeout, if it is followed.
    pub idle_timeout: Duration,
    /// Whether it is another run than the one whose lines were sent last.
    pub new_run: bool,
    /// When that run started.
    pub started: Option<Timestamp>,
}

impl ReadTask {
    /// Whether the log is to be read from `position` on, and not from its start. Lines of a run may have been sent
    /// before its status was known.
    pub fn resumes_at(&self, position: &Position) -> bool {
        !self.new_run || self.started.is_some_and(|started| position.newest() >= started)
    }
}

/// Why a log cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Name of the Pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// The cluster's message.
    pub message: String,
    /// Whether it will be requested again.
    pub retries: bool,
}

/// The containers of a Job's Pods, as the cluster last reported them.
#[derive(Debug, Default)]
pub struct LogSources {
    filter: LogFilter,
    entries: HashMap<String, Entry>,
    /// Whether the Pods are known.
    listed: bool,
    /// Whether the Pods may not be listed.
    denied: bool,
    /// Whether the selected Pod has ended.
    pod_ended: bool,
}

impl LogSources {
    /// Creates a tracker without any containers.
    pub fn new(filter: LogFilter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }

    /// Applies a change of the Pods.
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
            // What could be read has been read; a deleted Pod has no log.
            Change::Deleted(pod) => {
                self.put(&pod);
                let name = pod["metadata"]["name"].as_str().unwrap_or_default();
                for entry in self.entries.values_mut().filter(|entry| entry.pod == name) {
                    entry.state = State::Ended;
                    entry.not_found = MAX_NOT_FOUND;
                }
            }
            Change::Denied => {
                self.listed = true;
                self.denied = true;
            }
            Change::Disconnected => {}
        }
    }

    fn put(&mut self, pod: &Value) {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let chosen = self.filter.pod.as_deref().is_none_or(|selected| selected == name);
        if !chosen || !is_owned_by(pod, &self.filter.job) {
            return;
        }
        let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        self.pod_ended = ended && self.filter.pod.is_some();
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
        for field in [
            "initContainerStatuses",
            "containerStatuses",
            "ephemeralContainerStatuses",
        ] {
            for status in pod["status"][field].as_array().into_iter().flatten() {
                let container = status["name"].as_str().unwrap_or_default();
                if self
                    .filter
                    .container
                    .as_deref()
                    .is_some_and(|selected| selected != container)
                {
                    continue;
                }
                let restarts = status["restartCount"].as_i64().unwrap_or(0);
                if self.filter.previous && restarts == 0 {
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
                        held: None,
                        follow_ended: false,
                        drained: None,
                        sent: None,
                        failures: 0,
                        not_found: 0,
                        not_before: None,
                        idle_timeout: IDLE_TIMEOUT.0,
                    });
                if entry.state != state {
                    entry.follow_ended = false;
                }
                if entry.run.id != run.id {
                    // The delays applied to the log of another run.
                    entry.not_before = None;
                    entry.failures = 0;
                    entry.not_found = 0;
                }
                entry.state = state;
                entry.run = run;
            }
        }
    }

    /// Returns the logs to read now, and marks them as being read.
    pub fn tasks(&mut self, now: Instant) -> Vec<ReadTask> {
        let previous = self.filter.previous;
        let mut tasks = Vec::new();
        for (key, entry) in &mut self.entries {
            let Some(follow) = entry.follow_if_unread(previous) else {
                continue;
            };
            if entry.not_before.is_some_and(|time| time > now) {
                continue;
            }
            entry.not_before = None;
            entry.reading = Some(Reading {
                follow,
                run: entry.run.clone(),
                is_settled: false,
            });
            tasks.push(ReadTask {
                key: key.clone(),
                pod: entry.pod.clone(),
                container: entry.container.clone(),
                follow,
                idle_timeout: entry.idle_timeout,
                new_run: entry.sent.as_ref().is_some_and(|sent| sent.id != entry.run.id),
                started: entry.run.started,
            });
        }
        tasks.sort_by(|a, b| (&a.pod, &a.container).cmp(&(&b.pod, &b.container)));
        tasks
    }

    /// Records new lines of a log; [`take_ready`](Self::take_ready) returns them once it is known which run wrote
    /// them.
    pub fn lines_received(&mut self, key: &str, chunk: Chunk, now: Instant) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        entry.idle_timeout = IDLE_TIMEOUT.0;
        entry.failures = 0;
        entry.not_found = 0;
        if let Some(held) = &mut entry.held {
            held.chunk.lines.extend(chunk.lines);
            held.chunk.position = chunk.position;
            return;
        }
        let Some(reading) = &entry.reading else {
            return;
        };
        let may_be_another_run = match chunk.identity {
            Identity::Same => false,
            Identity::Other => true,
            Identity::Unknown => entry.follow_ended && reading.follow,
        };
        let is_uncertain = may_be_another_run && !reading.is_settled && reading.run.id == entry.run.id;
        let wait = if is_uncertain { UNCERTAIN } else { Duration::ZERO };
        entry.held = Some(Held {
            chunk,
            run: reading.run.clone(),
            until: now + wait,
        });
    }

    /// Returns the lines that can be sent, with the number of the restart that wrote them.
    pub fn take_ready(&mut self, now: Instant) -> Vec<(String, Ready)> {
        let mut ready = Vec::new();
        for (key, entry) in &mut self.entries {
            let is_due = entry
                .held
                .as_ref()
                .is_some_and(|held| held.until <= now || held.run.id != entry.run.id || held.is_full());
            if let Some(held) = entry.held.take_if(|_| is_due) {
                if let Some(reading) = &mut entry.reading {
                    reading.is_settled = true;
                }
                ready.push((key.clone(), entry.label(held)));
            }
        }
        ready
    }

    /// Records the end of a reader; returns what the page has to be notified of.
    pub fn ended(&mut self, key: &str, end: End, now: Instant) -> Option<Trouble> {
        let previous = self.filter.previous;
        let entry = self.entries.get_mut(key)?;
        let reading = entry.reading.take()?;
        match end {
            // A log read after its container ended is complete.
            End::Complete if !reading.follow => {
                entry.drained = Some(reading.run);
                None
            }
            End::Unchecked => None,
            // A log with little output is requested less and less often.
            End::IdleTimeout => {
                entry.idle_timeout = (entry.idle_timeout * 2).min(IDLE_TIMEOUT.1);
                None
            }
            // A followed log ends with its container, which the cluster may not have reported yet.
            End::Complete => {
                entry.follow_ended = reading.run.id == entry.run.id;
                entry.failures = 0;
                entry.not_before = Some(now + RETRY_DELAY);
                None
            }
            End::Refused => {
                entry.drained = Some(reading.run);
                None
            }
            End::None(message) => {
                entry.not_found = entry.not_found.saturating_add(1);
                let over = entry.state == State::Ended && (previous || entry.not_found > MAX_NOT_FOUND);
                if over {
                    entry.drained = Some(reading.run);
                } else {
                    entry.delay(now, entry.not_found - 1);
                }
                (over || entry.not_found >= REPORT_AFTER).then(|| entry.trouble(message, !over))
            }
            End::Broken(message) => {
                entry.failures = entry.failures.saturating_add(1);
                entry.delay(now, entry.failures.saturating_sub(BACKOFF_AFTER));
                let message = message.filter(|_| entry.failures >= REPORT_AFTER)?;
                Some(entry.trouble(message, true))
            }
        }
    }

    /// Returns when the next log may be read or held lines are due; never what [`tasks`](Self::tasks) and
    /// [`take_ready`](Self::take_ready) return already.
    pub fn next_wake(&self) -> Option<Instant> {
        let previous = self.filter.previous;
        let retries = self
            .entries
            .values()
            .filter(|entry| entry.follow_if_unread(previous).is_some())
            .filter_map(|entry| entry.not_before);
        let held = self
            .entries
            .values()
            .filter_map(|entry| entry.held.as_ref().map(|held| held.until));
        retries.chain(held).min()
    }

    /// Whether the Pods may not be listed, so that no log can be found.
    pub fn is_denied(&self) -> bool {
        self.denied
    }

    /// Whether nothing more can come: the Job (or the selected Pod) has ended, and every log was read completely.
    pub fn is_drained(&self, job_finished: bool) -> bool {
        let over = self.listed && (job_finished || self.pod_ended || self.filter.previous);
        over && self.entries.values().all(|entry| {
            let unread = !entry.is_drained() || entry.reading.is_some() || entry.held.is_some();
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

    /// Returns whether to follow the log, if it is to be read and is not being read; `None` otherwise.
    fn follow_if_unread(&self, previous: bool) -> Option<bool> {
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

    /// Assigns lines to the run that wrote them.
    fn label(&mut self, held: Held) -> Ready {
        let Held { chunk, run, .. } = held;
        let may_be_another_run = chunk.identity != Identity::Same && run.id != self.run.id;
        let mut last = run;
        let lines = chunk.lines.into_iter().map(|line| {
            if may_be_another_run && self.run.can_have_written(line.at) {
                last.clone_from(&self.run);
            }
            let labelled = Line {
                pod: self.pod.clone(),
                container: self.container.clone(),
                time: line.time,
                text: line.text,
                restart: last.restarts,
            };
            (line.at, labelled)
        });
        let lines = lines.collect();
        self.sent = Some(last);
        Ready {
            lines,
            position: chunk.position,
        }
    }

    fn delay(&mut self, now: Instant, doublings: u32) {
        let delay = RETRY_DELAY
            .saturating_mul(1 << doublings.min(8))
            .min(MAX_RETRY_DELAY);
        self.not_before = Some(now + delay);
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

/// Reads the state of a container. One that waits for its next start still has the log of its last run.
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
    use crate::live::logs::line::TimestampedLine;

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
        LogSources::new(LogFilter {
            job: "job-1".to_owned(),
            ..LogFilter::default()
        })
    }

    fn follows(tasks: &[ReadTask]) -> Vec<bool> {
        tasks.iter().map(|task| task.follow).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn container_is_followed_and_then_read_completely() {
        let mut sources = sources();
        let key = "pod-1/pi";
        sources.take(reset(vec![pod("Pending", json!({"waiting": {}}), 0)]));
        assert_eq!(sources.tasks(Instant::now()), []);
        sources.take(applied(pod("Running", json!({"running": {}}), 0)));
        assert_eq!(follows(&sources.tasks(Instant::now())), [true]);
        assert_eq!(sources.tasks(Instant::now()), [], "it is already being read");
        sources.ended(key, End::Complete, Instant::now());
        sources.take(applied(pod("Succeeded", json!({"terminated": {}}), 0)));
        assert!(!sources.is_drained(true));
        tokio::time::advance(RETRY_DELAY).await;
        assert_eq!(follows(&sources.tasks(Instant::now())), [false]);
        sources.ended(key, End::Complete, Instant::now());
        assert!(sources.is_drained(true));
        assert!(!sources.is_drained(false), "a running Job may create another Pod");
    }

    #[tokio::test(start_paused = true)]
    async fn restart_starts_a_new_log() {
        let mut sources = sources();
        sources.take(reset(vec![pod("Running", json!({"terminated": {}}), 0)]));
        assert_eq!(follows(&sources.tasks(Instant::now())), [false]);
        sources.ended("pod-1/pi", End::Complete, Instant::now());
        assert_eq!(sources.tasks(Instant::now()), []);
        sources.take(applied(pod("Running", json!({"running": {}}), 1)));
        assert_eq!(follows(&sources.tasks(Instant::now())), [true]);
    }

    #[tokio::test(start_paused = true)]
    async fn interrupted_log_is_retried_after_a_delay() {
        let mut sources = sources();
        sources.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        sources.tasks(Instant::now());
        sources.ended("pod-1/pi", End::Broken(None), Instant::now());
        assert_eq!(sources.tasks(Instant::now()), []);
        tokio::time::sleep_until(sources.next_wake().unwrap()).await;
        assert_eq!(follows(&sources.tasks(Instant::now())), [true]);
    }

    /// Containers end at different times, and the stream must not busy-wait.
    #[tokio::test(start_paused = true)]
    async fn next_wake_is_never_in_the_past() {
        let mut sources = sources();
        let states = [
            json!({"waiting": {}}),
            json!({"running": {}}),
            json!({"terminated": {}}),
        ];
        let ends = [
            End::Complete,
            End::IdleTimeout,
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
            sources.tasks(Instant::now());
            if pick(2, 30) == 0 {
                sources.ended("pod-1/pi", ends[pick(5, 40)].clone(), Instant::now());
                sources.tasks(Instant::now());
            }
            let next = sources.next_wake();
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

    /// Seconds are those after the first run's start.
    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_764_000_000 + seconds).unwrap()
    }

    fn chunk(seconds: &[i64], identity: Identity) -> Chunk {
        let line = |second: &i64| TimestampedLine {
            at: Some(at(*second)),
            time: at(*second).to_string(),
            text: second.to_string(),
        };
        let lines: Vec<_> = seconds.iter().map(line).collect();
        let position = lines.last().map(|last| Position::at(last, last.at.unwrap()));
        Chunk {
            lines,
            position,
            identity,
        }
    }

    /// Returns second and restart of the lines that can be sent.
    fn labels(sources: &mut LogSources) -> Vec<(i64, i64)> {
        let ready = sources.take_ready(Instant::now());
        let lines = ready.into_iter().flat_map(|(_, ready)| ready.lines);
        lines
            .map(|(_, line)| (line.text.parse().unwrap(), line.restart))
            .collect()
    }

    fn running(id: &str, restarts: i64, started: i64) -> Change {
        let state = json!({"running": {"startedAt": at(started).to_string()}});
        status(state, json!({}), id, restarts)
    }

    /// Whatever the order in which the log of a second run and its status arrive, its lines are sent once, as those
    /// of the second run.
    #[tokio::test(start_paused = true)]
    async fn log_that_arrives_before_the_status_of_its_run_is_sent_once() {
        const KEY: &str = "pod-1/pi";
        // Whether the first run wrote something, and whether its end was noticed as the end of its log.
        for (wrote, noticed) in [(true, true), (true, false), (false, true)] {
            let mut sources = sources();
            sources.take(running("run-0", 0, 0));
            assert_eq!(follows(&sources.tasks(Instant::now())), [true]);
            if wrote {
                sources.lines_received(KEY, chunk(&[1, 2], Identity::Unknown), Instant::now());
                assert_eq!(labels(&mut sources), [(1, 0), (2, 0)]);
            }
            let end = if noticed { End::Complete } else { End::Broken(None) };
            sources.ended(KEY, end, Instant::now());
            tokio::time::advance(RETRY_DELAY).await;
            let tasks = sources.tasks(Instant::now());
            assert!(!tasks[0].new_run, "the status is still that of the first run");
            let identity = if wrote { Identity::Other } else { Identity::Unknown };
            let second_run = chunk(&[5, 6], identity);
            sources.lines_received(KEY, second_run.clone(), Instant::now());
            assert_eq!(labels(&mut sources), []);
            assert!(!sources.is_drained(true));
            sources.take(running("run-1", 1, 5));
            assert_eq!(labels(&mut sources), [(5, 1), (6, 1)]);
            sources.lines_received(KEY, chunk(&[7], identity), Instant::now());
            assert_eq!(labels(&mut sources), [(7, 1)]);
            sources.ended(KEY, End::Broken(None), Instant::now());
            tokio::time::advance(RETRY_DELAY).await;
            let tasks = sources.tasks(Instant::now());
            assert!(
                tasks[0].resumes_at(&second_run.position.unwrap()),
                "not from its start"
            );
        }
    }

    /// If the first request is answered with the log of a run that is not reported yet, its lines are not repeated.
    #[tokio::test(start_paused = true)]
    async fn log_that_was_sent_before_the_status_of_its_run_is_not_repeated() {
        let mut sources = sources();
        sources.take(running("run-0", 0, 0));
        sources.tasks(Instant::now());
        let (first, second) = (chunk(&[2], Identity::Unknown), chunk(&[5], Identity::Unknown));
        sources.lines_received("pod-1/pi", second.clone(), Instant::now());
        assert_eq!(labels(&mut sources), [(5, 0)]);
        sources.ended("pod-1/pi", End::IdleTimeout, Instant::now());
        sources.take(running("run-1", 1, 5));
        let tasks = sources.tasks(Instant::now());
        assert!(tasks[0].resumes_at(&second.position.unwrap()));
        assert!(
            !tasks[0].resumes_at(&first.position.unwrap()),
            "that is a line of the first run"
        );
    }

    /// A rotated log is another one as well, and its container goes on.
    #[tokio::test(start_paused = true)]
    async fn lines_of_a_rotated_log_are_held_back_for_a_limited_time() {
        let mut sources = sources();
        sources.take(running("run-0", 0, 0));
        sources.tasks(Instant::now());
        sources.lines_received("pod-1/pi", chunk(&[1], Identity::Other), Instant::now());
        assert_eq!(labels(&mut sources), []);
        assert_eq!(sources.next_wake(), Some(Instant::now() + UNCERTAIN));
        tokio::time::advance(UNCERTAIN).await;
        assert_eq!(labels(&mut sources), [(1, 0)]);
        sources.lines_received("pod-1/pi", chunk(&[2], Identity::Other), Instant::now());
        assert_eq!(labels(&mut sources), [(2, 0)], "once is enough");
        let long = TimestampedLine {
            at: Some(at(3)),
            time: String::new(),
            text: "3".repeat(MAX_HELD.1),
        };
        sources.ended("pod-1/pi", End::IdleTimeout, Instant::now());
        sources.tasks(Instant::now());
        let full = Chunk {
            lines: vec![long],
            position: None,
            identity: Identity::Other,
        };
        sources.lines_received("pod-1/pi", full, Instant::now());
        assert_eq!(sources.take_ready(Instant::now()).len(), 1, "memory is bounded");
    }

    /// A runtime may increment `restartCount` when a container ends or when it starts again; each run has one log
    /// either way.
    #[tokio::test(start_paused = true)]
    async fn each_run_is_read_whenever_its_restart_is_counted() {
        for counted_at_the_end in [false, true] {
            let mut sources = sources();
            let ended = json!({"terminated": {"containerID": "run-0"}});
            sources.take(status(json!({"running": {}}), json!({}), "run-0", 0));
            assert_eq!(follows(&sources.tasks(Instant::now())), [true]);
            sources.ended("pod-1/pi", End::Complete, Instant::now());
            tokio::time::advance(RETRY_DELAY).await;
            let count = i64::from(counted_at_the_end);
            sources.take(status(json!({"waiting": {}}), ended.clone(), "run-0", count));
            assert_eq!(follows(&sources.tasks(Instant::now())), [false]);
            sources.lines_received("pod-1/pi", chunk(&[0], Identity::Unknown), Instant::now());
            assert_eq!(labels(&mut sources), [(0, count)]);
            sources.ended("pod-1/pi", End::Complete, Instant::now());
            assert_eq!(sources.tasks(Instant::now()), [], "its log was read completely");
            sources.take(status(json!({"running": {}}), ended, "run-1", 1));
            let tasks = sources.tasks(Instant::now());
            assert_eq!(follows(&tasks), [true]);
            assert!(tasks[0].new_run);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn missing_log_is_given_up_after_several_retries() {
        let mut sources = sources();
        sources.take(reset(vec![pod("Succeeded", json!({"terminated": {}}), 0)]));
        let mut delays = Vec::new();
        loop {
            assert!(!sources.is_drained(true));
            assert_eq!(follows(&sources.tasks(Instant::now())), [false]);
            let none = End::None("no such container".to_owned());
            let trouble = sources.ended("pod-1/pi", none, Instant::now());
            let Some(next) = sources.next_wake() else {
                assert!(trouble.is_some_and(|trouble| !trouble.retries));
                break;
            };
            let reported = delays.len() >= 2;
            assert_eq!(trouble.map(|trouble| trouble.retries), reported.then_some(true));
            delays.push((next - Instant::now()).as_secs());
            tokio::time::sleep_until(next).await;
        }
        assert_eq!(delays, [1, 2, 4, 8, 16, 16, 16, 16]);
        assert!(sources.is_drained(true));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_log_is_retried_with_growing_timeouts() {
        let mut sources = sources();
        sources.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        let mut seconds = Vec::new();
        for _ in 0..5 {
            let tasks = sources.tasks(Instant::now());
            seconds.push(tasks[0].idle_timeout.as_secs());
            sources.ended("pod-1/pi", End::IdleTimeout, Instant::now());
        }
        assert_eq!(seconds, [4, 8, 16, 32, 32]);
        sources.lines_received("pod-1/pi", chunk(&[0], Identity::Same), Instant::now());
        sources.ended("pod-1/pi", End::IdleTimeout, Instant::now());
        assert_eq!(sources.tasks(Instant::now())[0].idle_timeout, IDLE_TIMEOUT.0);
    }

    #[test]
    fn pods_of_another_job_are_ignored() {
        let mut sources = LogSources::new(LogFilter {
            job: "job-2".to_owned(),
            ..LogFilter::default()
        });
        sources.take(reset(vec![pod("Running", json!({"running": {}}), 0)]));
        assert!(sources.is_drained(true));
    }

    #[tokio::test(start_paused = true)]
    async fn previous_logs_are_read_once() {
        let filter = LogFilter {
            job: "job-1".to_owned(),
            previous: true,
            ..LogFilter::default()
        };
        let mut sources = LogSources::new(filter);
        sources.take(reset(vec![pod("Running", json!({"running": {}}), 2)]));
        assert_eq!(follows(&sources.tasks(Instant::now())), [false]);
        sources.ended("pod-1/pi", End::Complete, Instant::now());
        assert!(sources.is_drained(false));
    }
}
