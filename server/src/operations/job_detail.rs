//! The data of a Job's page.

use std::cmp::Reverse;

use futures::future::join_all;
use serde_json::Value;

use app::api::error::ApiError;
use app::api::event::EventRow;
use app::api::job::{Indexes, JobDetail, JobRow, Record};
use app::api::pod::PodRow;
use app::foreign_text::visible;

use crate::jobs::environment;
use crate::jobs::environment::ConfigMaps;
use crate::jobs::events;
use crate::jobs::events::EventIndex;
use crate::jobs::{export, pods, row};
use crate::kubernetes::{Cluster, Kind};
use crate::operations::job_objects::{JobObjects, importance};
use crate::operations::rerun::origin;
use crate::operations::{job_objects, rerun};

/// A Job's page, and what else has to be watched for it.
pub struct OpenJob {
    /// What the page shows.
    pub detail: JobDetail,
    /// Names of the Pods whose events it shows.
    pub event_pods: Vec<String>,
}

/// Reads a Job with everything that its page shows.
pub async fn read(cluster: &Cluster, project: &str, name: &str) -> Result<OpenJob, ApiError> {
    let job = cluster.job(project, name).await?;
    let spec = &job["spec"]["template"]["spec"];
    let (objects, records, config_maps) = futures::join!(
        job_objects::read(cluster, project, &job),
        records(cluster, project, &job),
        config_maps(cluster, project, spec),
    );
    let objects = objects?;
    let row = own_row(&job, &objects);
    let mut records = records?;
    records.push((row.created, row::record(&row)));
    records.sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| second.name.cmp(&first.name)));

    let number = |field: &str| job["spec"][field].as_i64();
    let text = |value: &Value, default: &str| visible(value.as_str().unwrap_or(default)).into_owned();
    let mut annotations = row::pairs(&job["metadata"]["annotations"]);
    annotations.retain(|(key, _)| key != "kubectl.kubernetes.io/last-applied-configuration");
    let detail = JobDetail {
        row,
        backoff_limit: number("backoffLimit").unwrap_or(6),
        active_deadline_seconds: number("activeDeadlineSeconds"),
        ttl_seconds_after_finished: number("ttlSecondsAfterFinished"),
        completion_mode: text(&job["spec"]["completionMode"], "NonIndexed"),
        indexes: indexes(&job),
        restart_policy: text(&spec["restartPolicy"], "Never"),
        annotations,
        node_selector: row::pairs(&spec["nodeSelector"]),
        pods: objects.pods.as_deref().map(pod_rows),
        pods_left_out: pods_left_out(&objects),
        events: objects.events.as_deref().map(event_rows),
        events_left_out: events_left_out(&objects),
        environment: environment::of(&job, &config_maps),
        records: records.into_iter().map(|(_, record)| record).collect(),
        manifest: manifest::to_yaml(&export::job(job.clone())),
    };
    Ok(OpenJob {
        detail,
        event_pods: objects.event_pods,
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
    let objects = job_objects::read(cluster, project, job).await?;
    let mut detail = JobDetail {
        row: own_row(job, &objects),
        indexes: indexes(job),
        ..known.clone()
    };
    if objects.pods.as_ref().is_some_and(|pods| !pods.is_empty()) {
        detail.pods = objects.pods.as_deref().map(pod_rows);
        detail.pods_left_out = pods_left_out(&objects);
        if known.events.is_some() {
            detail.events = objects.events.as_deref().map(event_rows);
            detail.events_left_out = events_left_out(&objects);
        }
    }
    for record in &mut detail.records {
        if record.name == detail.row.name {
            *record = row::record(&detail.row);
        }
    }
    Ok(detail)
}

fn own_row(job: &Value, objects: &JobObjects) -> JobRow {
    let index: EventIndex = objects.events.as_deref().unwrap_or_default().iter().collect();
    row::row(job, objects.pods.as_deref().unwrap_or_default(), &index)
}

/// Maximum number of other runs whose Pods are read.
const MAX_RUNS_READ: usize = 10;

/// Returns the records of the other runs, with the time of their creation.
async fn records(cluster: &Cluster, project: &str, job: &Value) -> Result<Vec<(i64, Record)>, ApiError> {
    let mut runs = rerun::runs(cluster, project, origin(job)).await?;
    runs.retain(|run| uid(run) != uid(job));
    let mut active = Vec::new();
    let mut records = Vec::new();
    for run in &runs {
        let row = row::row(run, [], &EventIndex::default());
        // Pods and events say why a run that goes on is not running.
        if row.is_active() && active.len() < MAX_RUNS_READ {
            active.push(run);
        } else {
            records.push((row.created, row::record(&row)));
        }
    }
    let active = active.into_iter().map(|run| async move {
        let row = own_row(
            run,
            &job_objects::read_without_pod_events(cluster, project, run).await?,
        );
        Ok::<_, ApiError>((row.created, row::record(&row)))
    });
    for record in join_all(active).await {
        records.push(record?);
    }
    Ok(records)
}

/// Returns of how many Pods no events are shown.
fn events_left_out(objects: &JobObjects) -> usize {
    objects.known_pods - objects.event_pods.len()
}

/// Maximum number of Pods on a page, which is sent anew at each change.
const MAX_PODS: usize = 1_000;

/// Returns the rows of a Job's own Pods, newest first; of too many, those that have not ended, then the newest.
fn pod_rows(own: &[Value]) -> Vec<PodRow> {
    let mut own: Vec<&Value> = own.iter().collect();
    if own.len() > MAX_PODS {
        own.sort_by_cached_key(|pod| importance(pod));
        own.truncate(MAX_PODS);
    }
    let mut rows: Vec<_> = own.into_iter().map(pods::row).collect();
    rows.sort_by(|a, b| b.created.cmp(&a.created).then_with(|| a.name.cmp(&b.name)));
    rows
}

fn pods_left_out(objects: &JobObjects) -> usize {
    objects
        .pods
        .as_deref()
        .unwrap_or_default()
        .len()
        .saturating_sub(MAX_PODS)
}

/// Returns the rows of events, newest first. Most reporters write times to the second: of one second, the event that was
/// written last comes first.
fn event_rows(events: &[Value]) -> Vec<EventRow> {
    let mut rows: Vec<_> = events
        .iter()
        .map(|event| (events::version(event), events::row(event)))
        .collect();
    rows.sort_by(|(a_version, a), (b_version, b)| {
        let key = |version: &u64, row: &EventRow| (Reverse(row.last.div_euclid(1_000)), Reverse(*version));
        key(a_version, a)
            .cmp(&key(b_version, b))
            .then_with(|| a.uid.cmp(&b.uid))
    });
    rows.into_iter().map(|(_, row)| row).collect()
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

/// Maximum number of `ConfigMap`s that are read; the values of others are not shown.
const MAX_CONFIG_MAPS: usize = 50;

/// Reads the `ConfigMap`s that containers take values from, as far as the user may read them.
async fn config_maps(cluster: &Cluster, project: &str, spec: &Value) -> ConfigMaps {
    let names = environment::config_maps(spec).into_iter().take(MAX_CONFIG_MAPS);
    let reads = names.map(|name| async move {
        let path = Kind::CONFIG_MAPS.object(project, name).ok()?;
        match cluster.get(&path).await {
            Ok(object) => Some((name.to_owned(), Some(row::pairs(&object["data"])))),
            Err(ApiError::NotFound { .. }) => Some((name.to_owned(), None)),
            Err(error) => {
                tracing::debug!(name, %error, "cannot read a ConfigMap; its values are not shown");
                None
            }
        }
    });
    join_all(reads).await.into_iter().flatten().collect()
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn page_has_the_pods_that_matter_most() {
        let pod = |number: usize, phase: &str| {
            let created = format!("2026-01-01T{:02}:{:02}:00Z", number / 60, number % 60);
            json!({
                "metadata": {"name": format!("pi-{number}"), "uid": number.to_string(), "creationTimestamp": created},
                "status": {"phase": phase},
            })
        };
        let mut pods: Vec<_> = (0..MAX_PODS + 20)
            .map(|number| pod(number, "Succeeded"))
            .collect();
        pods[3] = pod(3, "Failed");
        pods[5] = pod(5, "Running");
        let rows = pod_rows(&pods);
        assert_eq!(rows.len(), MAX_PODS);
        assert_eq!(rows[0].name, format!("pi-{}", MAX_PODS + 19));
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert!(names.contains(&"pi-3") && names.contains(&"pi-5") && !names.contains(&"pi-4"));
    }

    #[test]
    fn events_of_one_second_are_in_the_order_in_which_they_were_written() {
        let event = |uid: &str, version: &str, time: &str| json!({"metadata": {"uid": uid, "resourceVersion": version}, "eventTime": time});
        let rows = event_rows(&[
            event("created", "10", "2026-01-01T00:00:01Z"),
            event("scheduled", "9", "2026-01-01T00:00:01.900Z"),
            event("started", "11", "2026-01-01T00:00:01Z"),
            event("killing", "2", "2026-01-01T00:00:02Z"),
        ]);
        let uids: Vec<&str> = rows.iter().map(|row| row.uid.as_str()).collect();
        assert_eq!(uids, ["killing", "started", "created", "scheduled"]);
    }
}
