//! Running a Job again: the new run is created under a new name, and the old one stays with its Pods and logs.

use serde_json::{Value, json};

use app::api::error::ApiError;
use app::api::job::{JobRef, JobRow};

use crate::jobs::events::EventIndex;
use crate::jobs::{export, row};
use crate::kubernetes::{Cluster, Kind};
use crate::operations::change::check;

/// Label of a run: the name of the Job that it repeats.
pub const RERUN_OF: &str = "jobwright.io/rerun-of";

/// Longest name of a Job: it is the value of a label on its Pods.
const LONGEST: usize = 63;

/// How many names are tried when others take them at the same time.
const TRIES: u32 = 20;

/// The name of the first Job of all runs that `job` belongs to.
pub fn origin(job: &Value) -> &str {
    job["metadata"]["labels"][RERUN_OF]
        .as_str()
        .or_else(|| job["metadata"]["name"].as_str())
        .unwrap_or_default()
}

/// Every Job that is a run of `origin`, itself included if it still exists.
pub async fn runs(cluster: &Cluster, project: &str, origin: &str) -> Result<Vec<Value>, ApiError> {
    let selector = format!("{RERUN_OF}={origin}");
    let collection = Kind::JOBS.collection(project)?;
    let query = [("labelSelector", selector.as_str())];
    let (reruns, first) = futures::join!(cluster.list(&collection, &query), cluster.job(project, origin));
    let mut runs = reruns?;
    match first {
        Ok(first) => runs.push(first),
        Err(ApiError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(runs)
}

/// Creates a new run of a Job.
pub async fn run(cluster: &Cluster, session: &str, project: &str, job: &JobRef) -> Result<JobRow, ApiError> {
    let old = cluster.job(project, &job.name).await?;
    check(&old, job)?;
    let origin = origin(&old).to_owned();
    let runs = runs(cluster, project, &origin).await?;
    let longest = longest(&old);
    let mut number = 1 + runs
        .iter()
        .filter_map(|run| number_of(run, &origin))
        .max()
        .unwrap_or(1);
    let mut new = prepare(old, &origin);
    let collection = Kind::JOBS.collection(project)?;
    let last = number + TRIES;
    // Whatever number it would get: asked for again after a lost answer, it is the same run.
    let idempotency_key = format!("{session} rerun of {}", job.uid);
    loop {
        new["metadata"]["name"] = name_of(&origin, number, longest).into();
        match cluster.create(&collection, &new, &idempotency_key).await {
            Ok(answer) => return Ok(row::row(&answer.object, [], &EventIndex::default())),
            // A Job of this name that is no run of ours: the next number.
            Err(ApiError::AlreadyExists { .. }) if number < last => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The manifest of a new run, without a name.
fn prepare(old: Value, origin: &str) -> Value {
    let mut new = export::job(old);
    if !new["metadata"]["labels"].is_object() {
        new["metadata"]["labels"] = json!({});
    }
    new["metadata"]["labels"][RERUN_OF] = origin.into();
    if let Some(spec) = new["spec"].as_object_mut() {
        // A selector written by hand would take over the old run's Pods.
        spec.shift_remove("manualSelector");
        spec.shift_remove("selector");
        // Who asks for a run wants it to run.
        spec.shift_remove("suspend");
    }
    new
}

/// An Indexed Job's Pods have the host name `NAME-INDEX`, which is bounded too.
fn longest(job: &Value) -> usize {
    if job["spec"]["completionMode"] != "Indexed" {
        return LONGEST;
    }
    let last_index = job["spec"]["completions"].as_u64().unwrap_or(1).saturating_sub(1);
    LONGEST - 1 - last_index.to_string().len()
}

/// `ORIGIN-NUMBER`, shortened where it would be too long.
fn name_of(origin: &str, number: u32, longest: usize) -> String {
    let suffix = format!("-{number}");
    // Names are ASCII, so any byte is a place to cut; what remains may not end in a separator.
    let kept = origin
        .get(..longest.saturating_sub(suffix.len()))
        .unwrap_or(origin);
    format!("{}{suffix}", kept.trim_end_matches(['-', '.']))
}

/// The number in a run's name.
fn number_of(run: &Value, origin: &str) -> Option<u32> {
    let name = run["metadata"]["name"].as_str()?;
    if name == origin {
        return Some(1);
    }
    name.rsplit_once('-')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runs_name_is_never_too_long() {
        let long = "x".repeat(63);
        assert_eq!(name_of("pi", 2, 63), "pi-2");
        assert_eq!(name_of(&long, 2, 63), format!("{}-2", "x".repeat(61)));
        assert_eq!(name_of(&long, 10, 63).len(), 63);
        assert_eq!(name_of("ab--", 2, 5), "ab-2");
        let indexed = json!({"spec": {"completionMode": "Indexed", "completions": 1000}});
        assert_eq!(name_of(&long, 2, longest(&indexed)).len() + "-999".len(), 63);
    }

    #[test]
    fn a_run_is_the_same_job_linked_to_its_origin() {
        let old = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "pi", "uid": "u1", "labels": {"job-name": "pi"}, "annotations": {"a": "b"}},
            "spec": {
                "suspend": true, "backoffLimit": 5, "selector": {"matchLabels": {"controller-uid": "u1"}},
                "template": {
                    "metadata": {"labels": {"controller-uid": "u1", "app": "pi"}}, "spec": {"containers": []},
                },
            },
            "status": {"succeeded": 1},
        });
        let expected = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "pi", "annotations": {"a": "b"}, "labels": {"jobwright.io/rerun-of": "pi"}},
            "spec": {
                "backoffLimit": 5,
                "template": {"metadata": {"labels": {"app": "pi"}}, "spec": {"containers": []}},
            },
        });
        assert_eq!(prepare(old, "pi"), expected);
    }

    #[test]
    fn a_run_of_a_run_counts_from_the_origin() {
        let run = json!({"metadata": {"name": "pi-7", "labels": {"jobwright.io/rerun-of": "pi"}}});
        assert_eq!((origin(&run), number_of(&run, "pi")), ("pi", Some(7)));
    }
}
