//! `GET /stream/jobs?project=P`: the Job list, live.

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

use app::api::error::ApiError;

use crate::contexts::extract::ClusterExtractor;
use crate::kubernetes::watch::{Selection, follow};
use crate::kubernetes::{Cluster, Kind};
use crate::live::list_table::{ListTable, Source};
use crate::live::{event, respond};
use crate::refusal::refuse;
use crate::session::Session;

/// Changes within this time are sent together.
const TOGETHER: Duration = Duration::from_millis(150);

/// Which list.
#[derive(Deserialize)]
pub struct Of {
    project: String,
}

/// Sends `change` events with a `ListChange` each. `Last-Event-ID` needs no answer: every connection begins with a
/// snapshot.
pub async fn stream(
    ClusterExtractor(cluster): ClusterExtractor,
    Extension(session): Extension<Session>,
    Query(of): Query<Of>,
) -> Response {
    // A cluster that does not answer may come back; a list that may not be read stays so.
    if let Err(error @ (ApiError::Forbidden { .. } | ApiError::NotFound { .. })) =
        cluster.may_list_jobs(&of.project).await
    {
        return refuse(error);
    }
    let changes = changes(&cluster, &of.project);
    respond(session, changes)
}

fn changes(cluster: &Cluster, project: &str) -> impl Stream<Item = Event> + Send + 'static {
    let mut feed = select_all(Source::ALL.map(|source| {
        let known = match source {
            Source::Jobs => Kind::JOBS,
            Source::Pods => Kind::PODS,
            Source::Events => Kind::EVENTS,
            Source::Quotas => Kind::QUOTAS,
        };
        follow(cluster, known, project, Selection::default())
            .map(move |change| (source, change))
            .boxed()
    }));
    stream! {
        let mut table = ListTable::default();
        while let Some((source, change)) = feed.next().await {
            table.take(source, change, Timestamp::now().as_millisecond());
            let end = tokio::time::sleep(TOGETHER);
            tokio::pin!(end);
            loop {
                tokio::select! {
                    () = &mut end => break,
                    Some((source, change)) = feed.next() => {
                        table.take(source, change, Timestamp::now().as_millisecond());
                    }
                }
            }
            if let Some(event) = table.flush().and_then(|change| event("change", &change)) {
                yield event;
            }
        }
    }
}
