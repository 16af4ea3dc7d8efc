//! The logs to read: the containers of a Job's Pods, and the progress of each.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
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

/// How much later than its first lines a run may be reported to have started: a container runtime takes the time once
/// the process runs (containerd, `container_start.go`).
const LATE_START: SignedDuration = SignedDuration::from_secs(1);

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
    /// When it started, to the second; lines of it may be up to [`LATE_START`] older.
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
            (Some(started), Some(at)) => at >= started.saturating_sub(LATE_START).unwrap_or(started),
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
    /// Whether it is another run than the one whose lines were sent last.
    new_run: bool,
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
    /// Whether lines of this run have been sent on this connection.
    pub continues: bool,
    /// When that run started.
    pub started: Option<Timestamp>,
    /// Position after the lines that are held back.
    pub held: Option<Position>,
}

impl ReadTask {
    /// Returns the position from which the log is to be read, or `None` for its start; `sent` is the position after
    /// the lines that were sent, on this connection or an earlier one. Lines of a run may have been sent before its
    /// status was known, and a connection may begin when the lines of an earlier run were sent on the one before.
    pub fn resumes_at(&self, sent: Option<Position>) -> Option<Position> {
        let is_of_this_run = |position: &Position| match self.started {
            // Lines of a later run are newer than all that was sent, so resuming too early loses none.
            Some(started) => position.newest() >= started.saturating_sub(LATE_START * 2).unwrap_or(started),
            None => !self.new_run,
        };
        let sent = sent.filter(|position| self.continues || is_of_this_run(position));
        self.held.or(sent)
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
                    // What is known applies to the log of another run.
                    entry.follow_ended = false;
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
            let new_run = entry.sent.as_ref().is_some_and(|sent| sent.id != entry.run.id);
            entry.reading = Some(Reading {
                follow,
                run: entry.run.clone(),
                new_run,
                is_settled: false,
            });
            tasks.push(ReadTask {
                key: key.clone(),
                pod: entry.pod.clone(),
                container: entry.container.clone(),
                follow,
                idle_timeout: entry.idle_timeout,
                new_run,
                continues: entry.sent.is_some() && !new_run,
                // The previous run's lines are older.
                started: entry.run.started.filter(|_| !previous),
                held: entry.held.as_ref().and_then(|held| held.chunk.position),
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
            // Expected of a run that is read for the first time.
            Identity::Other => !reading.new_run,
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
mod tests;
