//! `GET /stream/logs?project=P&job=N`: the merged logs of all Pods of a Job, including Pods created later.

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
use crate::live::logs::sources::{LogFilter, LogSources, ReadTask};

use crate::contexts::extract::ClusterExtractor;
use crate::kubernetes::logs::LogRequest;
use crate::kubernetes::watch::{Change, Selection, follow};
use crate::kubernetes::{Cluster, Kind};
use crate::live::outage::Outage;
use crate::live::{at, event, is_final, is_replaced, respond, retry_until_available};
use crate::operations::job_objects::pods_of;
use crate::refusal::refuse;
use crate::session::Session;

/// Lines within this time are sent as one event, sorted by timestamp.
const BATCH_INTERVAL: Duration = Duration::from_millis(100);

/// Maximum number of lines per event.
const MAX_BATCH: usize = 1000;

/// Maximum number of logs of a Job that are read concurrently; the others wait.
const MAX_READERS: usize = 256;

/// Query parameters: which logs.
#[derive(Deserialize)]
pub struct Params {
    project: String,
    job: String,
    pod: Option<String>,
    container: Option<String>,
    #[serde(default)]
    previous: bool,
    /// Only the last `tail` lines of each log.
    tail: Option<u32>,
    /// `uid` of the Job that the page shows: a re-created Job of the same name is another one.
    uid: Option<String>,
    /// `id` of the last event, from a page that reopens the stream itself; a browser sends it as a header.
    last: Option<String>,
}

/// The collections that the stream depends on.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Watched {
    Pods,
    Job,
}

/// Sends `lines` events with an array of lines each; `trouble` for a log that cannot be read at the moment; `stale`
/// with the time since when the cluster is disconnected, and `live` when it is back; `refused` with an error if the
/// user may not list the Pods or read a log, or null when that has changed; `end` when nothing more can come, and
/// `gone` when the Job does not exist.
pub async fn stream(
    ClusterExtractor(cluster): ClusterExtractor,
    Extension(session): Extension<Session>,
    Query(params): Query<Params>,
    headers: HeaderMap,
) -> Response {
    let gone = || event("gone", &Value::Null);
    let job = match cluster.job(&params.project, &params.job).await {
        Ok(job) => Some(job),
        // Answered as an event: a browser never reconnects a rejected stream, and cannot see the reason.
        Err(ApiError::NotFound { .. }) => return respond(session, futures::stream::iter(gone())),
        Err(error) if is_final(&error) => return refuse(error),
        Err(_) => None,
    };
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .or(params.last.as_deref())
        .unwrap_or_default();
    let positions = Positions::from_id(last);
    let which = (params.project.clone(), params.job.clone());
    let uid = params.uid.clone();
    let source = Source { cluster, params };
    let events = move |job: &Value, source: Source, positions: Positions| {
        if is_replaced(job, uid.as_deref()) {
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
    respond(session, retry_until_available(cluster, which, lines, gone()))
}

/// The source of the logs.
struct Source {
    cluster: Cluster,
    params: Params,
}

#[allow(clippy::too_many_lines, reason = "one loop over all events")]
fn lines(source: Source, job: &Value, mut positions: Positions) -> impl Stream<Item = Event> + Send + use<> {
    let mut sources = LogSources::new(LogFilter {
        job: job["metadata"]["uid"].as_str().unwrap_or_default().to_owned(),
        pod: source.params.pod.clone(),
        container: source.params.container.clone(),
        previous: source.params.previous,
    });
    let project = &source.params.project;
    let this = Selection {
        fields: Some(format!("metadata.name={}", source.params.job)),
        labels: None,
    };
    let mut jobs = follow(&source.cluster, Kind::JOBS, project, this);
    let mut pods = follow(&source.cluster, Kind::PODS, project, pods_of(job));
    let mut job_finished = is_finished(job);
    stream! {
        // Readers end with this stream: dropping the set aborts them.
        let mut readers = JoinSet::new();
        let permits = Arc::new(Semaphore::new(MAX_READERS));
        let (send, mut reports) = mpsc::channel::<(String, Report)>(16);
        let mut pending: Vec<(Option<Timestamp>, Line)> = Vec::new();
        let mut flush_at: Option<Instant> = None;
        // The `id` excludes pending lines: a browser that reconnects must still receive them.
        let mut id = positions.id();
        let mut refused = false;
        let mut denied_reported = false;
        let mut outage = Outage::default();
        loop {
            if let Some(event) = outage.take_stale().and_then(|stale| event("stale", &stale)) {
                yield event.id(id.clone());
            }
            if outage.take_recovered() && let Some(event) = event("live", &Value::Null) {
                yield event.id(id.clone());
            }
            if sources.is_denied() != denied_reported {
                denied_reported = sources.is_denied();
                let message = "listing the Pods of this project is not allowed".to_owned();
                // Null revokes the refusal: the permission has been granted since.
                let denied = denied_reported.then_some(ApiError::Forbidden { message });
                if let Some(event) = event("refused", &denied) {
                    yield event;
                }
            }
            for task in sources.tasks(Instant::now()) {
                let position = task.resumes_at(positions.get(&task.key));
                let (reader, permits) = (source.reader(task, position, send.clone()), Arc::clone(&permits));
                readers.spawn(async move {
                    // The semaphore is never closed.
                    let _permit = permits.acquire_owned().await;
                    reader.await;
                });
            }
            let wake_at = sources.next_wake();
            tokio::select! {
                Some(change) = pods.next() => {
                    // Pods that may not be listed are reported as refused, not as disconnected.
                    outage.apply(Watched::Pods, &change, false, Timestamp::now().as_millisecond());
                    sources.take(change);
                }
                Some(change) = jobs.next() => {
                    outage.apply(Watched::Job, &change, false, Timestamp::now().as_millisecond());
                    match change {
                    Change::Reset(jobs) => job_finished = jobs.first().is_none_or(|job| is_finished(job)),
                    Change::Applied(job) => job_finished = is_finished(&job),
                    Change::Deleted(_) => job_finished = true,
                    Change::Disconnected | Change::Denied => {}
                    }
                }
                // Back-pressure: while a full event is pending, no reports are received, so the readers wait, and
                // the logs too.
                Some((key, report)) = reports.recv(), if pending.len() < MAX_BATCH => match report {
                    Report::Lines(chunk) => sources.lines_received(&key, chunk, Instant::now()),
                    Report::Refused(error) => {
                        // Once is enough: a user who may not read one log may read none of them.
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
                () = at(wake_at) => {}
            }
            for (key, chunk) in sources.take_ready(Instant::now()) {
                flush_at.get_or_insert_with(|| Instant::now() + BATCH_INTERVAL);
                if let Some(position) = chunk.position {
                    positions.set(&key, position);
                }
                pending.extend(chunk.lines);
            }
            if pending.len() >= MAX_BATCH || flush_at.is_some_and(|time| time <= Instant::now()) {
                flush_at = None;
                // The sort is stable: lines of a container with equal timestamps keep their order.
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
        task: ReadTask,
        position: Option<line_position::Position>,
        send: mpsc::Sender<(String, Report)>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let log = LogRequest {
            pod: task.pod,
            container: task.container,
            follow: task.follow,
            previous: self.params.previous,
            timestamps: true,
            tail: if position.is_none() {
                self.params.tail
            } else {
                None
            },
            since: position.map(|position| position.since()),
        };
        reader::read(
            self.cluster.clone(),
            self.params.project.clone(),
            log,
            (position, task.idle_timeout),
            task.key,
            send,
        )
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
