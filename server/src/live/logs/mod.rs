//! `GET /stream/logs?project=P&job=N`: the logs of all Pods of a Job in one, also of Pods that appear later.

mod line;
mod line_position;
mod reader;
mod resume;
mod sources;

use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use axum::response::sse::Event;
use futures::{Stream, StreamExt};
use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::live::logs::line::Line;
use crate::live::logs::line_position::Positions;
use crate::live::logs::reader::Report;
use crate::live::logs::sources::{LogSources, Order, Wanted};

use crate::contexts::extract::ClusterExtractor;
use crate::kubernetes::logs::LogRequest;
use crate::kubernetes::watch::{Change, Selection, follow};
use crate::kubernetes::{Cluster, Kind};
use crate::live::outage::Outage;
use crate::live::{event, is_another, is_final, once_it_answers, respond};
use crate::refusal::refuse;
use crate::session::Session;

/// Lines within this time are sent together, in the order of their times.
const TOGETHER: Duration = Duration::from_millis(100);

/// At most this many lines are sent together.
const AT_ONCE: usize = 1000;

/// At most this many logs of one Job are read at a time; the others wait for their turn.
const READERS: usize = 256;

/// Which logs.
#[derive(Deserialize)]
pub struct Of {
    project: String,
    job: String,
    pod: Option<String>,
    container: Option<String>,
    #[serde(default)]
    previous: bool,
    /// Only this many last lines of each log.
    tail: Option<u32>,
    /// `uid` of the Job that the page shows: one that was created again under its name is another.
    uid: Option<String>,
    /// `id` of the last event, from a page that opens the stream anew itself; a browser sends it as a header.
    last: Option<String>,
}

/// What the stream lives on.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Watched {
    Pods,
    Job,
}

/// Sends `lines` events with an array of lines each; `trouble` for a log that cannot be read now; `stale` when the
/// cluster is lost, with the time since when, and `live` when it is back; `refused` with an error where this person
/// may not list the Pods or read a log, or null when that has changed; `end` when nothing more can come, and `gone` when there is no such Job.
pub async fn stream(
    ClusterExtractor(cluster): ClusterExtractor,
    Extension(session): Extension<Session>,
    Query(of): Query<Of>,
    headers: HeaderMap,
) -> Response {
    let gone = || event("gone", &Value::Null);
    let job = match cluster.job(&of.project, &of.job).await {
        Ok(job) => Some(job),
        // A stream that is refused is never asked for again by a browser, and cannot say why.
        Err(ApiError::NotFound { .. }) => return respond(session, futures::stream::iter(gone())),
        Err(error) if is_final(&error) => return refuse(error),
        Err(_) => None,
    };
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .or(of.last.as_deref())
        .unwrap_or_default();
    let positions = Positions::from_id(last);
    let which = (of.project.clone(), of.job.clone());
    let uid = of.uid.clone();
    let source = Source { cluster, of };
    let events = move |job: &Value, source: Source, positions: Positions| {
        if is_another(job, uid.as_deref()) {
            futures::stream::iter(gone()).boxed()
        } else {
            lines(source, job, positions).boxed()
        }
    };
    if let Some(job) = job {
        return respond(session, events(&job, source, positions));
    }
    let cluster = source.cluster.clone();
    let lines = move |job: &Value| {
        let live = futures::stream::iter(event("live", &Value::Null));
        live.chain(events(job, source, positions))
    };
    respond(session, once_it_answers(cluster, which, lines, gone()))
}

/// Where the logs come from.
struct Source {
    cluster: Cluster,
    of: Of,
}

#[allow(clippy::too_many_lines, reason = "one loop over what can happen")]
fn lines(source: Source, job: &Value, mut positions: Positions) -> impl Stream<Item = Event> + Send + use<> {
    let mut sources = LogSources::new(Wanted {
        job: job["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
        pod: source.of.pod.clone(),
        container: source.of.container.clone(),
        previous: source.of.previous,
    });
    let project = &source.of.project;
    let this = Selection {
        fields: Some(format!("metadata.name={}", source.of.job)),
        labels: None,
    };
    let mut jobs = follow(&source.cluster, Kind::JOBS, project, this);
    let mut pods = follow(&source.cluster, Kind::PODS, project, Selection::default());
    let mut job_finished = is_finished(job);
    stream! {
        // Readers end with this stream: the set aborts them when it is dropped.
        let mut readers = JoinSet::new();
        let turns = Arc::new(Semaphore::new(READERS));
        let (send, mut reports) = mpsc::channel::<(String, Report)>(16);
        let mut pending: Vec<(Option<Timestamp>, Line)> = Vec::new();
        let mut flush_at: Option<Instant> = None;
        // What is pending was not sent yet: a browser that comes back must not believe so.
        let mut id = positions.id();
        let mut refused = false;
        let mut told_denied = false;
        let mut outage = Outage::default();
        loop {
            if let Some(event) = outage.news().and_then(|stale| event("stale", &stale)) {
                yield event.id(id.clone());
            }
            if outage.is_over() && let Some(event) = event("live", &Value::Null) {
                yield event.id(id.clone());
            }
            if sources.is_denied() != told_denied {
                told_denied = sources.is_denied();
                let message = "listing the Pods of this project is not allowed".to_owned();
                // Null takes the refusal back: the right has been given meanwhile.
                let denied = told_denied.then_some(ApiError::Forbidden { message });
                if let Some(event) = event("refused", &denied) {
                    yield event;
                }
            }
            for order in sources.orders(Instant::now()) {
                // What is known of the run before says nothing of this one's lines.
                let position = positions.get(&order.key).filter(|_| !order.new_run);
                let (reader, turns) = (source.reader(order, position, send.clone()), Arc::clone(&turns));
                readers.spawn(async move {
                    // The semaphore is never closed.
                    let _turn = turns.acquire_owned().await;
                    reader.await;
                });
            }
            let retry_at = sources.next_try();
            tokio::select! {
                Some(change) = pods.next() => {
                    // Pods that may not be listed are refused, not lost.
                    outage.take(Watched::Pods, &change, false, Timestamp::now().as_millisecond());
                    sources.take(change);
                }
                Some(change) = jobs.next() => {
                    outage.take(Watched::Job, &change, false, Timestamp::now().as_millisecond());
                    match change {
                    Change::Reset(jobs) => job_finished = jobs.first().is_none_or(|job| is_finished(job)),
                    Change::Applied(job) => job_finished = is_finished(&job),
                    Change::Deleted(_) => job_finished = true,
                    Change::Lost | Change::Denied => {}
                    }
                }
                // While much is pending nothing more is taken in: the readers wait, and so do the containers' logs.
                Some((key, report)) = reports.recv(), if pending.len() < AT_ONCE => match report {
                    Report::Lines(lines, position) => {
                        flush_at.get_or_insert_with(|| Instant::now() + TOGETHER);
                        let restart = sources.heard(&key);
                        if let Some((pod, container)) = sources.names(&key) {
                            if let Some(position) = position {
                                positions.set(&key, position);
                            }
                            for line in lines {
                                let (pod, container) = (pod.to_owned(), container.to_owned());
                                pending.push((line.at, Line { pod, container, time: line.time, text: line.text, restart }));
                            }
                        }
                    }
                    Report::Refused(error) => {
                        // Once is enough: who may not read one log may read none of them.
                        if !refused && let Some(event) = event("refused", &error) {
                            refused = true;
                            yield event;
                        }
                    }
                    Report::End(end) => {
                        let trouble = sources.ended(&key, end, Instant::now());
                        if let Some(event) = trouble.and_then(|trouble| event("trouble", &trouble)) {
                            yield event;
                        }
                    }
                },
                Some(_) = readers.join_next() => {}
                () = at(flush_at) => {}
                () = at(retry_at) => {}
            }
            if pending.len() >= AT_ONCE || flush_at.is_some_and(|time| time <= Instant::now()) {
                flush_at = None;
                // Stable: a container's lines of one time keep their order.
                pending.sort_by_key(|(at, _)| *at);
                let lines: Vec<Line> = pending.drain(..).map(|(_, line)| line).collect();
                id = positions.id();
                if let Some(event) = event("lines", &lines) {
                    yield event.id(id.clone());
                }
            }
            if pending.is_empty() && sources.is_drained(job_finished) {
                if let Some(event) = event("end", &Value::Null) {
                    yield event.id(id);
                }
                return;
            }
        }
    }
}

impl Source {
    fn reader(
        &self,
        order: Order,
        position: Option<line_position::Position>,
        send: mpsc::Sender<(String, Report)>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let log = LogRequest {
            pod: order.pod,
            container: order.container,
            follow: order.follow,
            previous: self.of.previous,
            timestamps: true,
            tail: if position.is_none() { self.of.tail } else { None },
            since: position.map(|position| position.since()),
        };
        reader::read(
            self.cluster.clone(),
            self.of.project.clone(),
            log,
            (position, order.silence),
            order.key,
            send,
        )
    }
}

/// Waits until `time`; forever if there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn is_finished(job: &Value) -> bool {
    job["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|condition| {
            condition["status"] == "True"
                && (condition["type"] == "Complete" || condition["type"] == "Failed")
        })
}
