//! `GET /stream/jobs?project=P`: live updates of the Job list.

use std::time::Duration;

use async_stream::stream;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use axum::response::sse::Event;
use futures::stream::select_all;
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::contexts::extract::ClusterExtractor;
use crate::kubernetes::watch::{Change, Selection, follow};
use crate::kubernetes::{Cluster, Kind};
use crate::live::list_table::{ListTable, Source};
use crate::live::{DENIAL_GRACE, at, event, respond};
use crate::refusal::refuse;
use crate::session::Session;

/// Changes within this time are sent as one event.
const BATCH_INTERVAL: Duration = Duration::from_millis(150);

/// Query parameters: which list.
#[derive(Deserialize)]
pub struct Params {
    project: String,
}

/// Sends `change` events with a `ListChange` each, and `refused` with the error, as the last event, when the user may
/// no longer list the Jobs. `Last-Event-ID` is ignored: every connection starts with a
/// snapshot.
pub async fn stream(
    ClusterExtractor(cluster): ClusterExtractor,
    Extension(session): Extension<Session>,
    Query(params): Query<Params>,
) -> Response {
    // A disconnected cluster may come back; a forbidden list stays forbidden.
    if let Err(error @ (ApiError::Forbidden { .. } | ApiError::NotFound { .. })) =
        cluster.may_list_jobs(&params.project).await
    {
        return refuse(error);
    }
    let changes = changes(cluster, params.project);
    respond(session, changes)
}

fn changes(cluster: Cluster, project: String) -> impl Stream<Item = Event> + Send + 'static {
    let mut feed = select_all(Source::ALL.map(|source| {
        let kind = match source {
            Source::Jobs => Kind::JOBS,
            Source::Pods => Kind::PODS,
            Source::Events => Kind::EVENTS,
            Source::Quotas => Kind::QUOTAS,
        };
        follow(&cluster, kind, &project, Selection::default())
            .map(move |change| (source, change))
            .boxed()
    }));
    stream! {
        let mut table = ListTable::default();
        let mut denied_at: Option<Instant> = None;
        loop {
            let next = tokio::select! {
                next = feed.next() => next,
                () = at(denied_at.map(|at| at + DENIAL_GRACE)) => {
                    denied_at = None;
                    // Unless only watching is denied.
                    if let Err(error @ ApiError::Forbidden { .. }) = cluster.may_list_jobs(&project).await {
                        if let Some(event) = event("refused", &error) {
                            yield event;
                        }
                        return;
                    }
                    continue;
                }
            };
            let Some((source, change)) = next else { return };
            let mut apply = |source, change: Change| {
                match change {
                    Change::Denied if source == Source::Jobs => denied_at = Some(Instant::now()),
                    Change::Reset(_) if source == Source::Jobs => denied_at = None,
                    _ => {}
                }
                table.apply_change(source, change, Timestamp::now().as_millisecond());
            };
            apply(source, change);
            let end = tokio::time::sleep(BATCH_INTERVAL);
            tokio::pin!(end);
            loop {
                tokio::select! {
                    () = &mut end => break,
                    Some((source, change)) = feed.next() => apply(source, change),
                }
            }
            if let Some(event) = table.flush().and_then(|change| event("change", &change)) {
                yield event;
            }
        }
    }
}
