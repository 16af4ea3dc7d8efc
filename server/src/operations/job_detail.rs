//! The data of a Job's page.

use std::collections::HashSet;

use futures::future::join_all;
use serde_json::Value;

use app::api::error::ApiError;
use app::api::event::EventRow;
use app::api::job::{Indexes, JobDetail, Record};
use app::api::pod::PodRow;
use app::foreign_text::visible;

use crate::jobs::environment;
use crate::jobs::environment::ConfigMaps;
use crate::jobs::events;
use crate::jobs::events::EventIndex;
use crate::jobs::{export, pods, row};
use crate::kubernetes::{Cluster, Kind};
use crate::operations::rerun::origin;
use crate::operations::{optional, rerun};

/// Reads a Job with everything that its page shows.
pub async fn read(cluster: &Cluster, project: &str, name: &str) -> Result<JobDetail, ApiError> {
    let job = cluster.job(project, name).await?;
    let spec = &job["spec"]["template"]["spec"];
    let (all_pods, all_events, runs, config_maps) = futures::join!(
        optional(cluster, Kind::PODS, project),
        optional(cluster, Kind::EVENTS, project),
        rerun::runs(cluster, project, origin(&job)),
        config_maps(cluster, project, spec),
    );
    let (all_pods, all_events) = (all_pods?, all_events?);
    let may_read_pods = all_pods.is_some();
    let all_pods = all_pods.unwrap_or_default();
    let may_read_events = all_events.is_some();
    let all_events = all_events.unwrap_or_default();
    let index: EventIndex = all_events.iter().collect();
    let own = of_job(&all_pods, uid(&job));
    let mut records: Vec<(i64, Record)> = runs?
        .iter()
        .map(|run| row::row(run, of_job(&all_pods, self::uid(run)), &index))
        .map(|row| (row.created, row::record(&row)))
        .collect();
    records.sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| second.name.cmp(&first.name)));

    let number = |field: &str| job["spec"][field].as_i64();
    let text = |value: &Value, default: &str| visible(value.as_str().unwrap_or(default)).into_owned();
    let mut annotations = row::pairs(&job["metadata"]["annotations"]);
    annotations.retain(|(key, _)| key != "kubectl.kubernetes.io/last-applied-configuration");
    Ok(JobDetail {
        row: row::row(&job, own.iter().copied(), &index),
        backoff_limit: number("backoffLimit").unwrap_or(6),
        active_deadline_seconds: number("activeDeadlineSeconds"),
        ttl_seconds_after_finished: number("ttlSecondsAfterFinished"),
        completion_mode: text(&job["spec"]["completionMode"], "NonIndexed"),
        indexes: indexes(&job),
        restart_policy: text(&spec["restartPolicy"], "Never"),
        annotations,
        node_selector: row::pairs(&spec["nodeSelector"]),
        pods: may_read_pods.then(|| pod_rows(&own)),
        events: may_read_events.then(|| event_rows(&all_events, &job, &own)),
        environment: environment::of(spec, &config_maps),
        records: records.into_iter().map(|(_, record)| record).collect(),
        manifest: manifest::to_yaml(&export::job(job.clone())),
    })
}

/// Returns what the page of a deleted Job shows: the parts of `job`, its last state, that a watch keeps, its Pods as
/// far as they still exist, and everything else as it was `known`.
pub async fn last_state(
    cluster: &Cluster,
    project: &str,
    job: &Value,
    known: &JobDetail,
) -> Result<JobDetail, ApiError> {
    let (all_pods, all_events) = futures::join!(
        optional(cluster, Kind::PODS, project),
        optional(cluster, Kind::EVENTS, project),
    );
    let (all_pods, all_events) = (all_pods?.unwrap_or_default(), all_events?.unwrap_or_default());
    let own = of_job(&all_pods, uid(job));
    let mut detail = JobDetail {
        row: row::row(job, own.iter().copied(), &all_events.iter().collect()),
        indexes: indexes(job),
        ..known.clone()
    };
    if !own.is_empty() {
        detail.pods = Some(pod_rows(&own));
        detail.events = known.events.as_ref().map(|_| event_rows(&all_events, job, &own));
    }
    for record in &mut detail.records {
        if record.name == detail.row.name {
            *record = row::record(&detail.row);
        }
    }
    Ok(detail)
}

/// Returns the rows of a Job's own Pods, newest first.
fn pod_rows(own: &[&Value]) -> Vec<PodRow> {
    let mut rows: Vec<_> = own.iter().map(|pod| pods::row(pod)).collect();
    rows.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.name.cmp(&b.name)));
    rows
}

/// Returns the rows of the events about a Job and its `own` Pods, newest first.
fn event_rows(all: &[Value], job: &Value, own: &[&Value]) -> Vec<EventRow> {
    let about: HashSet<&str> = own.iter().map(|pod| uid(pod)).chain([uid(job)]).collect();
    let is_about = |event: &&Value| {
        event["involvedObject"]["uid"]
            .as_str()
            .is_some_and(|uid| about.contains(uid))
    };
    let mut rows: Vec<_> = all.iter().filter(is_about).map(events::row).collect();
    rows.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.uid.cmp(&b.uid)));
    rows
}

/// Returns the completion indexes of an Indexed Job.
fn indexes(job: &Value) -> Option<Indexes> {
    let spec = &job["spec"];
    if spec["completionMode"] != "Indexed" {
        return None;
    }
    let text_of = |field: &str| job["status"][field].as_str().unwrap_or_default().to_owned();
    Some(Indexes {
        count: spec["completions"].as_i64()?,
        completed: text_of("completedIndexes"),
        failed: text_of("failedIndexes"),
    })
}

/// Reads the `ConfigMap`s that containers take values from, as far as the user may read them.
async fn config_maps(cluster: &Cluster, project: &str, spec: &Value) -> ConfigMaps {
    let reads = environment::config_maps(spec).into_iter().map(|name| async move {
        let path = Kind::CONFIG_MAPS.object(project, name).ok()?;
        match cluster.get(&path).await {
            Ok(object) => Some((name.to_owned(), row::pairs(&object["data"]))),
            Err(error) => {
                tracing::debug!(name, %error, "cannot read a ConfigMap; its values are not shown");
                None
            }
        }
    });
    join_all(reads).await.into_iter().flatten().collect()
}

fn of_job<'a>(pods: &'a [Value], uid: &str) -> Vec<&'a Value> {
    pods.iter().filter(|pod| pods::is_owned_by(pod, uid)).collect()
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}
