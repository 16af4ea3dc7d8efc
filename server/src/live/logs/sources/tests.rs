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
        assert_eq!(
            tasks[0].resumes_at(second_run.position),
            second_run.position,
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
    assert_eq!(tasks[0].resumes_at(second.position), second.position);
    assert_eq!(
        tasks[0].resumes_at(first.position),
        None,
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

/// A container that is started several times, its kubelet, which reports each change after a delay, and a browser
/// whose connection breaks.
mod simulation {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::live::logs::resume::Cursor;

    const KEY: &str = "pod-1/pi";
    const TICK: u64 = 100;

    /// Times are milliseconds after the start of the first run.
    #[derive(Debug, Clone)]
    struct Run {
        started: u64,
        ended: u64,
        /// How much later it is reported to have started.
        late: u64,
        /// When each line is written.
        lines: Vec<u64>,
    }

    #[derive(Debug, Clone)]
    struct Plan {
        runs: Vec<Run>,
        /// Delay of each status.
        lag: u64,
        /// When the browser reconnects.
        reconnects: Vec<u64>,
        /// When connections to the kubelet break.
        breaks: Vec<u64>,
    }

    /// Between two runs are at least 7 s, in which the log of the first can be read to its end: a kubelet serves the
    /// log of the latest run.
    fn plans() -> impl Strategy<Value = Plan> {
        let run = (
            200..40_000_u64,
            7_000..30_000_u64,
            vec(0..1_000_u64, 0..6),
            0..900_u64,
        );
        let times = || vec(0..120_000_u64, 0..6);
        (vec(run, 1..4), 0..2_500_u64, times(), times()).prop_map(|(runs, lag, reconnects, breaks)| {
            let mut start = 0;
            let runs = runs.into_iter().map(|(length, pause, lines, late)| {
                let started = start;
                start = started + length + pause;
                let mut lines: Vec<u64> = lines.iter().map(|part| started + length * part / 1_000).collect();
                lines.sort_unstable();
                let ended = started + length;
                Run {
                    started,
                    ended,
                    late,
                    lines,
                }
            });
            Plan {
                runs: runs.collect(),
                lag,
                reconnects,
                breaks,
            }
        })
    }

    fn time(millis: u64) -> Timestamp {
        Timestamp::from_millisecond(1_764_000_000_000 + i64::try_from(millis).unwrap()).unwrap()
    }

    /// To the second, as a kubelet reports it.
    fn seconds(millis: u64) -> String {
        time(millis / 1_000 * 1_000).to_string()
    }

    impl Plan {
        fn latest(&self, now: u64) -> Option<usize> {
            self.runs.iter().rposition(|run| run.started <= now)
        }

        fn status(&self, now: u64) -> Option<Change> {
            let now = now.checked_sub(self.lag)?;
            let number = self.latest(now)?;
            let run = &self.runs[number];
            let id = |number: usize| format!("run-{number}");
            let ended = |number: usize| {
                let run = &self.runs[number];
                json!({"terminated": {"containerID": id(number), "startedAt": seconds(run.started + run.late)}})
            };
            let previous = number.checked_sub(1).map_or(json!({}), ended);
            let count = i64::try_from(number).unwrap();
            let is_last = number + 1 == self.runs.len();
            Some(if now < run.ended {
                let state = json!({"running": {"startedAt": seconds(run.started + run.late)}});
                status(state, previous, &id(number), count)
            } else if is_last || now < run.ended + 1_000 {
                status(ended(number), previous, &id(number), count)
            } else {
                status(
                    json!({"waiting": {"reason": "CrashLoopBackOff"}}),
                    ended(number),
                    &id(number),
                    count,
                )
            })
        }

        fn line(&self, number: usize, index: usize) -> TimestampedLine {
            let at = time(self.runs[number].lines[index]);
            TimestampedLine {
                at: Some(at),
                time: at.to_string(),
                text: format!("{number}.{index}"),
            }
        }
    }

    /// A request for the log of a run.
    struct Reader {
        run: usize,
        /// Index of the next line.
        next: usize,
        since: Option<Timestamp>,
        follow: bool,
        cursor: Cursor,
        idle_timeout: Duration,
        idle_since: Instant,
    }

    impl Reader {
        /// Returns what the reader reports at `now`, and whether it ended.
        fn step(&mut self, plan: &Plan, now: u64) -> (Option<Chunk>, Option<End>) {
            let run = &plan.runs[self.run];
            let mut new = Vec::new();
            while run.lines.get(self.next).is_some_and(|at| *at <= now) {
                let line = plan.line(self.run, self.next);
                self.next += 1;
                self.idle_since = Instant::now();
                if self.since.is_none_or(|since| line.at.unwrap() >= since) {
                    self.cursor.take(line, &mut new);
                }
            }
            if self
                .cursor
                .holds_until()
                .is_some_and(|until| until <= Instant::now())
            {
                self.cursor.release_held(&mut new);
            }
            let end = if !self.follow {
                self.cursor.release_held(&mut new);
                Some(End::Complete)
            } else if run.ended <= now {
                Some(End::Complete)
            } else if self.idle_since + self.idle_timeout <= Instant::now() {
                Some(End::IdleTimeout)
            } else {
                None
            };
            let chunk = (!new.is_empty()).then(|| Chunk {
                lines: new,
                position: self.cursor.position(),
                identity: self.cursor.identity(),
            });
            (chunk, end)
        }
    }

    async fn received(plan: &Plan) -> Vec<String> {
        let mut received = Vec::new();
        let mut id = String::new();
        let end = plan.runs.last().unwrap().ended + 60_000;
        let mut now = 0;
        let is_in = |times: &[u64], now: u64| times.iter().any(|time| time / TICK == now / TICK);
        while now < end {
            // A connection.
            let mut positions = Positions::from_id(&id);
            let mut sources = sources();
            let mut reader: Option<Reader> = None;
            while now < end {
                if let Some(change) = plan.status(now) {
                    sources.take(change);
                }
                for task in sources.tasks(Instant::now()) {
                    let position = task.resumes_at(positions.get(KEY));
                    reader = plan.latest(now).map(|run| Reader {
                        run,
                        next: 0,
                        since: position.map(|position| position.since()),
                        follow: task.follow,
                        cursor: Cursor::new(position),
                        idle_timeout: task.idle_timeout,
                        idle_since: Instant::now(),
                    });
                }
                if let Some(open) = &mut reader {
                    let (chunk, end) = open.step(plan, now);
                    if let Some(chunk) = chunk {
                        sources.lines_received(KEY, chunk, Instant::now());
                    }
                    let broken = is_in(&plan.breaks, now).then_some(End::Broken(None));
                    if let Some(end) = end.or(broken) {
                        reader = None;
                        sources.ended(KEY, end, Instant::now());
                    }
                }
                for (key, ready) in sources.take_ready(Instant::now()) {
                    positions.set(&key, ready.position.unwrap());
                    received.extend(ready.lines.into_iter().map(|(_, line)| line.text));
                }
                id = positions.id();
                now += TICK;
                tokio::time::advance(Duration::from_millis(TICK)).await;
                if is_in(&plan.reconnects, now) {
                    break;
                }
            }
        }
        received
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// Whatever the delays of statuses, and whenever connections break, each line of each run is sent once.
        #[test]
        fn each_line_of_each_run_is_sent_once(plan in plans()) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let received = runtime.block_on(received(&plan));
            let written: Vec<_> = plan
                .runs
                .iter()
                .enumerate()
                .flat_map(|(number, run)| (0..run.lines.len()).map(move |index| format!("{number}.{index}")))
                .collect();
            prop_assert_eq!(received, written);
        }
    }
}
