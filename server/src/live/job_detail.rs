//! `GET /stream/job?project=P&name=N`: live updates of a Job's page.

use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use axum::Extension;
use axum::extract::Query;
use axum::response::Response;
use axum::response::sse::Event;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use tokio_stream::StreamMap;

use app::api::error::ApiError;
use app::api::job::JobDetail;

use crate::contexts::extract::ClusterExtractor;
use crate::jobs::pods::owner;
use crate::kubernetes::watch::{Change, Selection, follow};
use crate::kubernetes::{Cluster, Kind};
use crate::live::outage::Outage;
use crate::live::{DENIAL_GRACE, event, is_final, is_replaced, respond, retry_until_available};
use crate::operations::job_detail::OpenJob;
use crate::operations::job_objects::{job_events, pod_events, pods_of};
use crate::operations::{RERUN_OF, job_detail, origin};
use crate::refusal::refuse;
use crate::session::Session;

/// Changes within this time are sent as one event; longer if reading the Job takes long, so that a page takes up at most
/// a fifth of a connection.
const BATCH_INTERVAL: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Delay before a Job that could not be read is read again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Query parameters: which Job.
#[derive(Deserialize)]
pub struct Params {
    project: String,
    name: String,
    /// `uid` of the Job that the page shows: a re-created Job of the same name is another one.
    uid: Option<String>,
}

/// Data of a `gone` event.
#[derive(Serialize)]
struct Gone {
    /// Whether another Job has the name now.
    replaced: bool,
}

/// Sends a `detail` event with a `JobDetail` at the start and after each change; `stale` with the time since when
/// the cluster is disconnected, until the next `detail`; `gone` when the Job is deleted, also if another one has
/// its name by now; and `refused` with the error, as the last event, when the user may no longer read it.
pub async fn stream(
    ClusterExtractor(cluster): ClusterExtractor,
    Extension(session): Extension<Session>,
    Query(params): Query<Params>,
) -> Response {
    match cluster.job(&params.project, &params.name).await {
        Ok(job) => respond(session, events_of(cluster, params, &job)),
        // Deleted between the page and its stream: reported as an event, not as a failure.
        Err(ApiError::NotFound { .. }) => respond(session, gone_then_replaced(cluster, params)),
        Err(error) if is_final(&error) => refuse(error),
        Err(_) => {
            let which = (params.project.clone(), params.name.clone());
            let later = cluster.clone();
            let events =
                retry_until_available(cluster, which, |job| events_of(later, params, job), gone(false));
            respond(session, events)
        }
    }
}

fn gone(replaced: bool) -> Option<Event> {
    event("gone", &Gone { replaced })
}

/// Sends `gone`, and again once another Job has the name, for a page that says which Job it showed.
fn gone_then_replaced(cluster: Cluster, params: Params) -> BoxStream<'static, Event> {
    stream! {
        if let Some(event) = gone(false) {
            yield event;
        }
        let Some(uid) = params.uid else { return };
        let this = Selection {
            fields: Some(format!("metadata.name={}", params.name)),
            labels: None,
        };
        let mut jobs = follow(&cluster, Kind::JOBS, &params.project, this);
        while let Some(change) = jobs.next().await {
            let replaced = match change {
                Change::Reset(jobs) => jobs.iter().any(|job| is_replaced(job, Some(&uid))),
                Change::Applied(job) => is_replaced(&job, Some(&uid)),
                Change::Deleted(_) | Change::Disconnected | Change::Denied => false,
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

/// Returns the events of the Job that the page shows, which `job` may have replaced.
fn events_of(cluster: Cluster, params: Params, job: &Value) -> BoxStream<'static, Event> {
    if is_replaced(job, params.uid.as_deref()) {
        futures::stream::iter(gone(true)).boxed()
    } else {
        changes(cluster, params, job).boxed()
    }
}

/// The collections that the page depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    This,
    Runs,
    FirstRun,
    Pods,
    /// About the Job.
    Events,
    /// About the Pods of this name.
    PodEvents(String),
}

/// What the page depends on, which changes with its Pods.
struct Feed {
    cluster: Cluster,
    project: String,
    changes: StreamMap<Source, BoxStream<'static, Change>>,
}

impl Feed {
    fn new(cluster: &Cluster, params: &Params, job: &Value) -> Self {
        let select = |fields: Option<String>, labels: Option<String>| Selection { fields, labels };
        let origin = origin(job);
        let uid = job["metadata"]["uid"].as_str().unwrap_or_default();
        let mut feed = Self {
            cluster: cluster.clone(),
            project: params.project.clone(),
            changes: StreamMap::new(),
        };
        let this = select(Some(format!("metadata.name={}", params.name)), None);
        feed.follow(Source::This, Kind::JOBS, this);
        let runs = select(None, Some(format!("{RERUN_OF}={origin}")));
        feed.follow(Source::Runs, Kind::JOBS, runs);
        // The first run has no label.
        let first = select(Some(format!("metadata.name={origin}")), None);
        feed.follow(Source::FirstRun, Kind::JOBS, first);
        feed.follow(Source::Pods, Kind::PODS, pods_of(job));
        feed.follow(Source::Events, Kind::EVENTS, job_events(uid));
        feed
    }

    fn follow(&mut self, source: Source, kind: Kind, selection: Selection) {
        let changes = follow(&self.cluster, kind, &self.project, selection);
        self.changes.insert(source, changes);
    }

    /// Follows the events of these Pods, and of no others.
    fn follow_events_of(&mut self, pods: Vec<String>) {
        let sources: Vec<_> = pods.into_iter().map(Source::PodEvents).collect();
        let unused: Vec<_> = self
            .changes
            .keys()
            .filter(|source| matches!(source, Source::PodEvents(_)))
            .filter(|source| !sources.contains(source))
            .cloned()
            .collect();
        for source in unused {
            self.changes.remove(&source);
        }
        for source in sources {
            if let Source::PodEvents(pod) = &source
                && !self.changes.contains_key(&source)
            {
                let selection = pod_events(pod);
                self.follow(source, Kind::EVENTS, selection);
            }
        }
    }

    async fn next(&mut self) -> Option<(Source, Change)> {
        self.changes.next().await
    }
}

#[allow(clippy::too_many_lines, reason = "one loop over all events")]
fn changes(cluster: Cluster, params: Params, job: &Value) -> impl Stream<Item = Event> + Send + use<> {
    let uid = job["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let mut feed = Feed::new(&cluster, &params, job);
    stream! {
        let mut sent: Option<JobDetail> = None;
        let mut denied_at: Option<Instant> = None;
        let mut last = LastState { uid, deleted: None };
        let mut outage = Outage::default();
        loop {
            let read_at = Instant::now();
            let read = job_detail::read(&cluster, &params.project, &params.name).await;
            let took = read_at.elapsed();
            match read {
                // Deleted and re-created between two reads.
                Ok(open) if open.detail.row.uid != last.uid => {
                    if let Some(event) = last.unsent(&cluster, &params.project, sent.as_ref()).await {
                        yield event;
                    }
                    if let Some(event) = gone(true) {
                        yield event;
                    }
                    return;
                }
                Ok(_) if outage.is_disconnected() => {}
                Ok(OpenJob { detail, event_pods }) => {
                    feed.follow_events_of(event_pods);
                    denied_at = None;
                    outage.read_succeeded();
                    // Ends the page's note of an outage.
                    if outage.take_recovered() || sent.as_ref() != Some(&detail) {
                        if let Some(event) = event("detail", &detail) {
                            yield event;
                        }
                        sent = Some(detail);
                    }
                }
                Err(ApiError::NotFound { .. }) => {
                    // The watch may be behind the read.
                    let end = tokio::time::sleep(RETRY_DELAY);
                    tokio::pin!(end);
                    while last.deleted.is_none() {
                        tokio::select! {
                            () = &mut end => break,
                            Some((source, change)) = feed.next() => last.apply(&source, &change),
                        }
                    }
                    if let Some(event) = last.unsent(&cluster, &params.project, sent.as_ref()).await {
                        yield event;
                    }
                    let mut events = gone_then_replaced(cluster, params);
                    while let Some(event) = events.next().await {
                        yield event;
                    }
                    return;
                }
                Err(error @ ApiError::Forbidden { .. })
                    if denied_at.get_or_insert_with(Instant::now).elapsed() >= DENIAL_GRACE =>
                {
                    if let Some(event) = event("refused", &error) {
                        yield event;
                    }
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "cannot read the Job for its stream");
                    outage.read_failed(Timestamp::now().as_millisecond());
                }
            }
            loop {
                if let Some(stale) = outage.take_stale()
                    && let Some(event) = event("stale", &stale)
                {
                    yield event;
                }
                let change = tokio::select! {
                    change = feed.next() => change,
                    () = tokio::time::sleep(RETRY_DELAY), if outage.needs_read() => break,
                };
                let Some((source, change)) = change else { return };
                last.apply(&source, &change);
                note(&mut outage, &source, &change);
                if concerns(&source, &change, &last.uid) {
                    break;
                }
            }
            // Changes usually come in groups.
            let end = tokio::time::sleep((took * 4).clamp(BATCH_INTERVAL.0, BATCH_INTERVAL.1));
            tokio::pin!(end);
            loop {
                tokio::select! {
                    () = &mut end => break,
                    Some((source, change)) = feed.next() => {
                        last.apply(&source, &change);
                        note(&mut outage, &source, &change);
                    }
                }
            }
        }
    }
}

/// How the Job shown ended. A Job may change and be deleted before it is read again: its last state is then only in
/// the watch.
struct LastState {
    /// `uid` of the Job shown.
    uid: String,
    /// The Job as it was when it was deleted.
    deleted: Option<Arc<Value>>,
}

impl LastState {
    fn apply(&mut self, source: &Source, change: &Change) {
        if let (Source::This, Change::Deleted(job)) = (source, change)
            && job["metadata"]["uid"] == self.uid.as_str()
        {
            self.deleted = Some(job.clone());
        }
    }

    /// Returns a `detail` event with the last state of the Job, which does not exist any more, unless it is what was
    /// `sent`.
    async fn unsent(&self, cluster: &Cluster, project: &str, sent: Option<&JobDetail>) -> Option<Event> {
        let (job, sent) = (self.deleted.as_deref()?, sent?);
        let detail = job_detail::last_state(cluster, project, job, sent).await.ok()?;
        (detail != *sent).then(|| event("detail", &detail)).flatten()
    }
}

/// Records whether a source is connected. Those of events of Pods come and go, and share the fate of the others.
fn note(outage: &mut Outage<Source>, source: &Source, change: &Change) {
    if !matches!(source, Source::PodEvents(_)) {
        let needed = *source == Source::This;
        outage.apply(source.clone(), change, needed, Timestamp::now().as_millisecond());
    }
}

/// Whether a change may affect the Job's page.
fn concerns(source: &Source, change: &Change, uid: &str) -> bool {
    let object = match change {
        // An empty one is that of Pods whose events have just begun to be followed, or that there are none of.
        Change::Reset(objects) => return !objects.is_empty() || !matches!(source, Source::PodEvents(_)),
        // Whether the Job itself may still be read.
        Change::Denied => return *source == Source::This,
        Change::Disconnected => return false,
        Change::Applied(object) | Change::Deleted(object) => object,
    };
    match source {
        Source::This | Source::Runs | Source::FirstRun | Source::PodEvents(_) => true,
        Source::Pods => owner(object) == Some(uid),
        Source::Events => object["involvedObject"]["uid"] == uid,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn only_changes_shown_on_the_page_are_relevant() {
        let pod = |uid: &str| {
            Change::Applied(Arc::new(
                json!({"metadata": {"ownerReferences": [{"uid": uid, "controller": true}]}}),
            ))
        };
        let event = |about: &str| Change::Applied(Arc::new(json!({"involvedObject": {"uid": about}})));
        assert!(concerns(&Source::Pods, &pod("u1"), "u1"));
        assert!(!concerns(&Source::Pods, &pod("u2"), "u1"));
        assert!(concerns(&Source::Events, &event("u1"), "u1"));
        assert!(!concerns(&Source::Events, &event("u2"), "u1"));
        assert!(concerns(&Source::Events, &Change::Reset(Vec::new()), "u1"));
        assert!(!concerns(&Source::Events, &Change::Disconnected, "u1"));
    }
}
