//! Reruns a Job: creates a new run under a new name, and keeps the old one with its Pods and logs.

use serde_json::{Value, json};

use app::api::error::ApiError;
use app::api::job::{JobRef, JobRow};

use crate::jobs::events::EventIndex;
use crate::jobs::export::RERUN_OF;
use crate::jobs::{export, row};
use crate::kubernetes::{Cluster, Kind};
use crate::operations::change::check;

/// Maximum length of a Job's name: it is the value of a label on its Pods.
const MAX_NAME: usize = 63;

/// Maximum number of names that are tried when others take them concurrently.
const MAX_ATTEMPTS: u32 = 20;

/// Returns the name of the first of the runs that `job` belongs to.
pub fn origin(job: &Value) -> &str {
    job["metadata"]["labels"][RERUN_OF]
        .as_str()
        .or_else(|| job["metadata"]["name"].as_str())
        .unwrap_or_default()
}

/// Lists all runs of `origin`, including the Job itself if it still exists.
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
    let max_length = max_length(&old);
    let mut number = 1 + runs
        .iter()
        .filter_map(|run| number_of(run, &origin))
        .max()
        .unwrap_or(1);
    let mut new = prepare(old, &origin);
    let collection = Kind::JOBS.collection(project)?;
    let last = number + MAX_ATTEMPTS;
    // Independent of the number: a retry after a lost response is the same run.
    let idempotency_key = format!("{session} rerun of {}", job.uid);
    loop {
        new["metadata"]["name"] = name_of(&origin, number, max_length).into();
        match cluster.create(&collection, &new, &idempotency_key).await {
            Ok(response) => return Ok(row::row(&response.object, [], &EventIndex::default())),
            // Another Job has this name: try the next number.
            Err(ApiError::AlreadyExists { .. }) if number < last => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Returns the manifest of a new run, without a name.
fn prepare(old: Value, origin: &str) -> Value {
    let mut new = export::job(old);
    if !new["metadata"]["labels"].is_object() {
        new["metadata"]["labels"] = json!({});
    }
    new["metadata"]["labels"][RERUN_OF] = origin.into();
    if let Some(spec) = new["spec"].as_object_mut() {
        // A user-defined selector would adopt the old run's Pods.
        spec.shift_remove("manualSelector");
        spec.shift_remove("selector");
        // A rerun is meant to run.
        spec.shift_remove("suspend");
    }
    new
}

/// Returns the maximum length of a run's name. The Pods of an Indexed Job have the host name `NAME-INDEX`, which is
/// limited too.
fn max_length(job: &Value) -> usize {
    if job["spec"]["completionMode"] != "Indexed" {
        return MAX_NAME;
    }
    let last_index = job["spec"]["completions"].as_u64().unwrap_or(1).saturating_sub(1);
    MAX_NAME - 1 - last_index.to_string().len()
}

/// Formats `ORIGIN-NUMBER`, truncated if it would be too long.
fn name_of(origin: &str, number: u32, max_length: usize) -> String {
    let suffix = format!("-{number}");
    // Names are ASCII, so any byte is a character boundary; what remains must not end in a separator.
    let kept = origin
        .get(..max_length.saturating_sub(suffix.len()))
        .unwrap_or(origin);
    format!("{}{suffix}", kept.trim_end_matches(['-', '.']))
}

/// Parses the number of a run's name.
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
    fn run_name_is_never_too_long() {
        let long = "x".repeat(63);
        assert_eq!(name_of("pi", 2, 63), "pi-2");
        assert_eq!(name_of(&long, 2, 63), format!("{}-2", "x".repeat(61)));
        assert_eq!(name_of(&long, 10, 63).len(), 63);
        assert_eq!(name_of("ab--", 2, 5), "ab-2");
        let indexed = json!({"spec": {"completionMode": "Indexed", "completions": 1000}});
        assert_eq!(name_of(&long, 2, max_length(&indexed)).len() + "-999".len(), 63);
    }

    #[test]
    fn run_is_a_copy_labelled_with_its_origin() {
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
    fn run_of_a_run_is_numbered_from_the_origin() {
        let run = json!({"metadata": {"name": "pi-7", "labels": {"jobwright.io/rerun-of": "pi"}}});
        assert_eq!((origin(&run), number_of(&run, "pi")), ("pi", Some(7)));
    }
}
