//! `GET /stream/job?project=P&name=N`: one Job's page, live.

use std::time::Duration;

use async_stream::stream;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use axum::response::sse::Event;
use futures::stream::{BoxStream, select_all};
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use app::api::error::ApiError;
use app::api::job::JobDetail;

use crate::contexts::extract::ClusterExtractor;
use crate::jobs::pods::owner;
use crate::kubernetes::watch::{Change, Selection, follow};
use crate::kubernetes::{Cluster, Kind};
use crate::live::outage::Outage;
use crate::live::{event, is_another, is_final, once_it_answers, respond};
use crate::operations::{RERUN_OF, job_detail, origin};
use crate::refusal::refuse;
use crate::session::Session;

/// Changes within this time are sent together.
const TOGETHER: Duration = Duration::from_millis(250);

/// Pause before a Job that could not be read is read again.
const AGAIN: Duration = Duration::from_secs(1);

/// Which Job.
#[derive(Deserialize)]
pub struct Of {
    project: String,
    name: String,
    /// `uid` of the Job that the page shows: one that was created again under its name is another.
    uid: Option<String>,
}

/// Data of a `gone` event.
#[derive(Serialize)]
struct Gone {
    /// Another Job has the name now.
    replaced: bool,
}

/// Sends `detail` events with a `JobDetail` each, first what it is now; `stale` when the cluster is lost, with the
/// time since when, after which the next `detail` is live again; and `gone` when the Job is deleted, also when another
/// one has its name by now.
pub async fn stream(
    ClusterExtractor(cluster): ClusterExtractor,
    Extension(session): Extension<Session>,
    Query(of): Query<Of>,
) -> Response {
    match cluster.job(&of.project, &of.name).await {
        Ok(job) => respond(session, those(cluster, of, &job)),
        // Gone between the page and its stream: that is news, not a failure.
        Err(ApiError::NotFound { .. }) => respond(session, once_gone(cluster, of)),
        Err(error) if is_final(&error) => refuse(error),
        Err(_) => {
            let which = (of.project.clone(), of.name.clone());
            let later = cluster.clone();
            let events = once_it_answers(cluster, which, |job| those(later, of, job), gone(false));
            respond(session, events)
        }
    }
}

fn gone(replaced: bool) -> Option<Event> {
    event("gone", &Gone { replaced })
}

/// That the Job is gone; and then, for a page that says which Job it showed, when another one has its name.
fn once_gone(cluster: Cluster, of: Of) -> BoxStream<'static, Event> {
    stream! {
        if let Some(event) = gone(false) {
            yield event;
        }
        let Some(uid) = of.uid else { return };
        let this = Selection {
            fields: Some(format!("metadata.name={}", of.name)),
            labels: None,
        };
        let mut jobs = follow(&cluster, Kind::JOBS, &of.project, this);
        while let Some(change) = jobs.next().await {
            let replaced = match change {
                Change::Reset(jobs) => jobs.iter().any(|job| is_another(job, Some(&uid))),
                Change::Applied(job) => is_another(&job, Some(&uid)),
                Change::Deleted(_) | Change::Lost | Change::Denied => false,
            };
            if replaced {
                if let Some(event) = gone(true) {
                    yield event;
                }
                return;
            }
        }
    }
    .boxed()
}

/// The events of the Job that the page shows, which `job` may not be any more.
fn those(cluster: Cluster, of: Of, job: &Value) -> BoxStream<'static, Event> {
    if is_another(job, of.uid.as_deref()) {
        futures::stream::iter(gone(true)).boxed()
    } else {
        changes(cluster, of, job).boxed()
    }
}

/// What a change may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    This,
    Runs,
    Pods,
    Events,
}

fn changes(cluster: Cluster, of: Of, job: &Value) -> impl Stream<Item = Event> + Send + use<> {
    let uid = job["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let select = |fields: Option<String>, labels: Option<String>| Selection { fields, labels };
    let origin = origin(job);
    let this = select(Some(format!("metadata.name={}", of.name)), None);
    let runs = select(None, Some(format!("{RERUN_OF}={origin}")));
    let mut feed = select_all(
        [
            (Source::This, follow(&cluster, Kind::JOBS, &of.project, this)),
            (Source::Runs, follow(&cluster, Kind::JOBS, &of.project, runs)),
            (
                Source::Pods,
                follow(&cluster, Kind::PODS, &of.project, Selection::default()),
            ),
            (
                Source::Events,
                follow(&cluster, Kind::EVENTS, &of.project, Selection::default()),
            ),
        ]
        .map(|(source, changes)| changes.map(move |change| (source, change)).boxed()),
    );
    stream! {
        let mut sent: Option<JobDetail> = None;
        let mut outage = Outage::default();
        loop {
            match job_detail::read(&cluster, &of.project, &of.name).await {
                // Deleted and created again between two looks.
                Ok(detail) if detail.row.uid != uid => {
                    if let Some(event) = gone(true) {
                        yield event;
                    }
                    return;
                }
                Ok(_) if outage.is_on() => {}
                Ok(detail) => {
                    if sent.as_ref() != Some(&detail) {
                        if let Some(event) = event("detail", &detail) {
                            yield event;
                        }
                        sent = Some(detail);
                    }
                    outage.read();
                    outage.is_over();
                }
                Err(ApiError::NotFound { .. }) => {
                    let mut events = once_gone(cluster, of);
                    while let Some(event) = events.next().await {
                        yield event;
                    }
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "a Job cannot be read for its stream");
                    outage.unread(Timestamp::now().as_millisecond());
                }
            }
            loop {
                if let Some(stale) = outage.news() {
                    // Whatever the Job is afterwards, it is told.
                    sent = None;
                    if let Some(event) = event("stale", &stale) {
                        yield event;
                    }
                }
                let change = tokio::select! {
                    change = feed.next() => change,
                    () = tokio::time::sleep(AGAIN), if outage.is_unread() => break,
                };
                let Some((source, change)) = change else { return };
                outage.take(source, &change, source == Source::This, Timestamp::now().as_millisecond());
                if concerns(source, &change, &of.name, &uid) {
                    break;
                }
            }
            // More of the same is on its way as a rule.
            let end = tokio::time::sleep(TOGETHER);
            tokio::pin!(end);
            loop {
                tokio::select! {
                    () = &mut end => break,
                    Some((source, change)) = feed.next() => {
                        outage.take(source, &change, source == Source::This, Timestamp::now().as_millisecond());
                    }
                }
            }
        }
    }
}

/// Whether a change may be seen on the Job's page.
fn concerns(source: Source, change: &Change, name: &str, uid: &str) -> bool {
    let object = match change {
        Change::Reset(_) => return true,
        Change::Lost | Change::Denied => return false,
        Change::Applied(object) | Change::Deleted(object) => object,
    };
    match source {
        Source::This | Source::Runs => true,
        Source::Pods => owner(object) == Some(uid),
        // A Job's Pods are named after it.
        Source::Events => object["involvedObject"]["name"]
            .as_str()
            .is_some_and(|about| about.starts_with(cut(name))),
    }
}

/// The part of a Job's name that its Pods' names begin with: `generateName` keeps 58 characters.
fn cut(name: &str) -> &str {
    name.get(..57).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_page_shows_concerns_it() {
        let pod = |uid: &str| {
            Change::Applied(Arc::new(
                json!({"metadata": {"ownerReferences": [{"uid": uid, "controller": true}]}}),
            ))
        };
        let event = |about: &str| Change::Applied(Arc::new(json!({"involvedObject": {"name": about}})));
        assert!(concerns(Source::Pods, &pod("u1"), "pi", "u1"));
        assert!(!concerns(Source::Pods, &pod("u2"), "pi", "u1"));
        assert!(concerns(Source::Events, &event("pi-x7k2p"), "pi", "u1"));
        assert!(!concerns(Source::Events, &event("other"), "pi", "u1"));
        assert!(concerns(Source::Events, &Change::Reset(Vec::new()), "pi", "u1"));
        assert!(!concerns(Source::Events, &Change::Lost, "pi", "u1"));
    }
}
