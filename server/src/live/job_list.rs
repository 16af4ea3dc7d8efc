//! `GET /stream/jobs?project=P&q=…&sort=…&page=…`: live updates of a page of the Job list.

use std::collections::HashMap;
use std::time::Duration;

use async_stream::stream;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use axum::response::sse::Event;
use futures::Stream;
use http::HeaderMap;
use tokio::time::Instant;

use app::api::error::ApiError;
use app::api::job_filter::Filter;
use app::api::job_query::{JobQuery, PageChange};

use crate::contexts::extract::ClusterExtractor;
use crate::job_table::{Phase, Window};
use crate::live::{DENIAL_GRACE, at, event, respond};
use crate::operations::job_list::{JobLists, OpenList};
use crate::refusal::refuse;
use crate::session::Session;

/// Sends `change` events with a `PageChange` each, and `refused` with the error, as the last event, when the user may
/// no longer list the Jobs. Without `project`, the list is that of all projects. The `id` of an event is the version of
/// the page after it; a stream that is opened with the current one as `Last-Event-ID`, or `?last=`, starts with an empty
/// difference.
///
/// A slow browser is never behind by more than what it has not read yet: differences are computed when it reads on.
pub async fn stream(
    ClusterExtractor(cluster): ClusterExtractor,
    Extension(lists): Extension<JobLists>,
    Extension(session): Extension<Session>,
    Query(params): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let param = |name: &str| params.get(name).filter(|value| !value.is_empty()).cloned();
    let query = JobQuery::from_params(param);
    let project = param("project");
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned)
        .or_else(|| param("last"));
    let list = match lists.open(&cluster, project.as_deref()).await {
        Ok(list) => list,
        Err(error) => return refuse(error),
    };
    // A disconnected cluster may come back; a forbidden list stays forbidden.
    if let Err(error @ (ApiError::Forbidden { .. } | ApiError::NotFound { .. })) = list.check().await {
        return refuse(error);
    }
    respond(session, changes(list, query, last))
}

fn changes(list: OpenList, query: JobQuery, last: Option<String>) -> impl Stream<Item = Event> + Send {
    stream! {
        let mut revision = list.revision.clone();
        let is_timed = Filter::new(&query.text).depends_on_time();
        let mut page = Sent { version: last, ..Sent::default() };
        let mut denied_at: Option<Instant> = None;
        loop {
            let phase = list.table.phase();
            match phase {
                Phase::Denied { .. } => {
                    denied_at.get_or_insert_with(Instant::now);
                }
                _ => denied_at = None,
            }
            if let Some(change) = page.next(phase, &list, &query)
                && let Some(event) = event("change", &change)
            {
                yield match &page.version {
                    Some(version) => event.id(version),
                    None => event,
                };
            }
            tokio::select! {
                changed = revision.changed() => {
                    // The sender lives as long as the table.
                    if changed.is_err() {
                        return;
                    }
                }
                // What matches changes as time passes.
                () = tokio::time::sleep(TIME_STEP), if is_timed => {}
                () = at(denied_at.map(|at| at + DENIAL_GRACE)) => {
                    // Unless only watching is denied.
                    if let Err(error @ ApiError::Forbidden { .. }) = list.check().await {
                        if let Some(event) = event("refused", &error) {
                            yield event;
                        }
                        return;
                    }
                    denied_at = Some(Instant::now());
                }
            }
        }
    }
}

/// Interval at which a page is computed again whose filter depends on the time.
const TIME_STEP: Duration = Duration::from_secs(20);

/// Number of Jobs from which the progress of reading the list is told.
const WORTH_TELLING: u32 = 500;

/// What the browser has.
#[derive(Default)]
struct Sent {
    /// Page that was sent last.
    window: Option<Window>,
    /// Version of the page that the browser has, if it has one.
    version: Option<String>,
    /// Number of Jobs that it knows of while the list is being read.
    read: u32,
    /// Whether the browser knows that its page may be out of date.
    is_told_stale: bool,
}

impl Sent {
    /// Returns the next change to send, if the browser does not know everything.
    fn next(&mut self, phase: Phase, list: &OpenList, query: &JobQuery) -> Option<PageChange> {
        match phase {
            Phase::Loading { read } => {
                let is_news = read > self.read && read >= WORTH_TELLING;
                self.read = read;
                is_news.then_some(PageChange::Loading { read })
            }
            Phase::Stale { since } | Phase::Denied { since } => {
                self.window = None;
                self.version = None;
                let is_first = !std::mem::replace(&mut self.is_told_stale, true);
                is_first.then_some(PageChange::Stale { since })
            }
            Phase::Live => {
                let window = list.table.window(query);
                let version = window.version();
                let change = match &self.window {
                    Some(before) => window.changes_since(before, |uid| list.table.contains(uid)),
                    // Says that the page is current.
                    None if self.version.as_ref() == Some(&version) => Some(window.unchanged()),
                    None => Some(PageChange::Page { page: window.page() }),
                };
                self.window = Some(window);
                self.version = Some(version);
                self.is_told_stale = false;
                change
            }
        }
    }
}
