//! The collections that a table depends on, each object reduced to what its rows need.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use app::api::error::ApiError;
use app::api::job::StatusKind;

use crate::job_table::contents::Update;
use crate::job_table::view::TableRow;
use crate::jobs::events::EventIndex;
use crate::jobs::row;
use crate::kubernetes::watch::{Change, Selection, Source, strip_job, strip_pod};
use crate::kubernetes::{Cluster, Kind};

/// A collection that a table depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Collection {
    /// Jobs.
    Jobs,
    /// Pods: they explain why a Job is not running yet.
    Pods,
    /// Events: as for Pods.
    Events,
    /// `ResourceQuota`s, for the banner.
    Quotas,
}

impl Collection {
    /// All collections.
    pub const ALL: [Self; 4] = [Self::Jobs, Self::Pods, Self::Events, Self::Quotas];

    /// Sends all changes of the collection in `project`, or in all projects; never ends.
    pub fn follow(
        self,
        cluster: &Cluster,
        project: Option<&str>,
        partition: usize,
        updates: UnboundedSender<Update>,
    ) -> BoxFuture<'static, ()> {
        let all = Selection::default();
        match self {
            Self::Jobs => {
                let source = Source::new(cluster, Kind::JOBS, project, all, Job::read);
                let listed: Listed = Box::new(move |count| Update::Listed(partition, count));
                run(
                    source,
                    move |change| Update::Jobs(partition, change),
                    Some(listed),
                    updates,
                )
            }
            Self::Pods => {
                let source = Source::new(cluster, Kind::PODS, project, job_pods(), |object| pod(&object));
                run(
                    source,
                    move |change| Update::Pods(partition, change),
                    None,
                    updates,
                )
            }
            Self::Events => {
                let source = Source::new(cluster, Kind::EVENTS, project, all, |object| event(&object));
                run(
                    source,
                    move |change| Update::Events(partition, change),
                    None,
                    updates,
                )
            }
            Self::Quotas => {
                let source = Source::new(cluster, Kind::QUOTAS, project, all, Arc::new);
                run(
                    source,
                    move |change| Update::Quotas(partition, change),
                    None,
                    updates,
                )
            }
        }
    }
}

impl Collection {
    /// Reads the collection once. Of those that only explain the state of Jobs, one that may not be read is empty.
    pub async fn read(
        self,
        cluster: &Cluster,
        project: Option<&str>,
        partition: usize,
    ) -> Result<Update, ApiError> {
        let list = async |kind: Kind, selection: Selection| {
            let path = kind.collection_of(project)?;
            let fields = selection
                .fields
                .as_deref()
                .map(|fields| ("fieldSelector", fields));
            cluster.list(&path, fields.as_slice()).await
        };
        let explaining = async |kind, selection| match list(kind, selection).await {
            Err(ApiError::Forbidden { .. }) => Ok(Vec::new()),
            result => result,
        };
        let all = Selection::default();
        Ok(match self {
            Self::Jobs => {
                let jobs = list(Kind::JOBS, all).await?.into_iter().map(Job::read);
                Update::Jobs(partition, Change::Reset(jobs.collect()))
            }
            Self::Pods => {
                let pods = explaining(Kind::PODS, job_pods()).await?;
                Update::Pods(partition, Change::Reset(pods.iter().map(pod).collect()))
            }
            Self::Events => {
                let events = explaining(Kind::EVENTS, all).await?;
                Update::Events(partition, Change::Reset(events.iter().map(event).collect()))
            }
            Self::Quotas => {
                let quotas = explaining(Kind::QUOTAS, all).await?.into_iter().map(Arc::new);
                Update::Quotas(partition, Change::Reset(quotas.collect()))
            }
        })
    }
}

/// Reports how many objects of a list have been received.
type Listed = Box<dyn Fn(usize) -> Update + Send + Sync>;

fn run<T: Send + 'static>(
    source: Source<T>,
    update: impl Fn(Change<T>) -> Update + Send + Sync + 'static,
    listed: Option<Listed>,
    updates: UnboundedSender<Update>,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        // Sending fails if the table is gone, and with it this task.
        let emit = |change| drop(updates.send(update(change)));
        let listed = |count| drop(listed.as_ref().map(|listed| updates.send(listed(count))));
        match source.run(emit, listed).await {}
    })
}

/// Selects Pods that say something about their Job. A Job's Pods never have the restart policy `Always`, and those
/// that succeeded are counted in the Job's status: most Pods are not transferred at all.
fn job_pods() -> Selection {
    Selection {
        fields: Some("spec.restartPolicy!=Always,status.phase!=Succeeded".to_owned()),
        labels: None,
    }
}

/// A Job. Most Jobs have completed: their rows depend on nothing else, and the object is not kept.
#[derive(Debug, Clone)]
pub struct Job {
    /// The row without the influence of Pods and events.
    pub row: Arc<TableRow>,
    /// The object, for a row that depends on Pods and events.
    pub object: Option<Value>,
}

impl Job {
    /// Reduces a Job.
    pub fn read(object: Value) -> Self {
        let object = strip_job(object);
        let row = row::row(&object, [], &EventIndex::default());
        let is_settled = row.status.kind == StatusKind::Completed;
        Self {
            row: TableRow::new(row),
            object: (!is_settled).then_some(object),
        }
    }
}

/// Reduces a Pod; `None` if no Job controls it.
pub fn pod(object: &Value) -> Option<Value> {
    let owners = object["metadata"]["ownerReferences"].as_array()?;
    let is_of_job = owners
        .iter()
        .any(|owner| owner["controller"] == true && owner["kind"] == "Job");
    is_of_job.then(|| strip_pod(object))
}

/// Reduces an event; `None` if it does not concern the state of a Job.
pub fn event(object: &Value) -> Option<Value> {
    EventIndex::is_relevant(object).then(|| {
        json!({
            "metadata": {
                "namespace": object["metadata"]["namespace"],
                "creationTimestamp": object["metadata"]["creationTimestamp"],
            },
            "involvedObject": {
                "namespace": object["involvedObject"]["namespace"],
                "uid": object["involvedObject"]["uid"],
            },
            "reason": object["reason"],
            "message": object["message"],
            "series": object["series"],
            "lastTimestamp": object["lastTimestamp"],
            "eventTime": object["eventTime"],
            "firstTimestamp": object["firstTimestamp"],
        })
    })
}
