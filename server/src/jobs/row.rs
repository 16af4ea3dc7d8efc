//! Jobs as rows of the list.

use serde_json::{Map, Value};

use app::api::job::{JobRow, JobStatus, Millis, Record};
use app::foreign_text::visible;

use crate::jobs::events::EventIndex;
use crate::jobs::status;
use crate::jobs::timestamps::millis;

/// Annotations with a Job's alias: KubeSphere's current key, then its older one.
pub const ALIAS: [&str; 2] = ["kubesphere.io/alias-name", "displayName"];

/// Annotations with a Job's description: KubeSphere's current key, then its older one.
pub const DESCRIPTION: [&str; 2] = ["kubesphere.io/description", "desc"];

/// Builds the row of a Job.
pub fn row<'a>(job: &Value, pods: impl IntoIterator<Item = &'a Value>, events: &EventIndex) -> JobRow {
    let (metadata, spec, status) = (&job["metadata"], &job["spec"], &job["status"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let count = |field: &str| status[field].as_i64().unwrap_or(0);
    let created = millis(&metadata["creationTimestamp"]).unwrap_or_default();
    let times = Times::of(job, created);
    JobRow {
        project: text(&metadata["namespace"]),
        name: text(&metadata["name"]),
        uid: text(&metadata["uid"]),
        alias: annotation(job, ALIAS),
        description: annotation(job, DESCRIPTION),
        status: status::derive(job, pods, events),
        succeeded: count("succeeded"),
        failed: count("failed"),
        active: count("active"),
        completions: spec["completions"].as_i64(),
        parallelism: spec["parallelism"].as_i64().unwrap_or(1),
        images: images(&spec["template"]["spec"]),
        owner: controller(metadata),
        labels: pairs(&metadata["labels"]),
        created,
        started: millis(&status["startTime"]),
        finished: times.finished,
        updated: times.updated,
        suspended: spec["suspend"] == true,
    }
}

/// Converts a row to an execution record.
pub fn record(row: &JobRow) -> Record {
    Record {
        name: row.name.clone(),
        status: JobStatus::clone(&row.status),
        succeeded: row.succeeded,
        wanted: row.wanted(),
        started: row.started,
        finished: row.finished,
    }
}

/// Returns the entries of a map of strings, in order.
pub fn pairs(map: &Value) -> Vec<(String, String)> {
    let entries = map.as_object().into_iter().flat_map(Map::iter);
    entries
        .map(|(key, value)| {
            let value = visible(value.as_str().unwrap_or_default());
            (visible(key).into_owned(), value.into_owned())
        })
        .collect()
}

struct Times {
    finished: Option<Millis>,
    updated: Millis,
}

impl Times {
    /// Reads the times of a Job: a completed one has a `completionTime`, a failed one only its condition's
    /// transition time.
    fn of(job: &Value, created: Millis) -> Self {
        let conditions = || job["status"]["conditions"].as_array().into_iter().flatten();
        let changed = |condition: &Value| millis(&condition["lastTransitionTime"]);
        let failed = conditions()
            .find(|condition| condition["type"] == "Failed" && condition["status"] == "True")
            .and_then(changed);
        Self {
            finished: millis(&job["status"]["completionTime"]).or(failed),
            updated: conditions().filter_map(changed).max().unwrap_or(created),
        }
    }
}

/// Returns the first of these annotations that exists and is not empty.
pub fn annotation(job: &Value, keys: [&str; 2]) -> Option<String> {
    let annotations = &job["metadata"]["annotations"];
    keys.into_iter()
        .find_map(|key| annotations[key].as_str().filter(|text| !text.is_empty()))
        .map(str::to_owned)
}

fn images(spec: &Value) -> Vec<String> {
    let mut images: Vec<String> = Vec::new();
    for field in ["containers", "initContainers"] {
        for container in spec[field].as_array().into_iter().flatten() {
            if let Some(image) = container["image"].as_str().map(visible)
                && !images.iter().any(|known| *known == image)
            {
                images.push(image.into_owned());
            }
        }
    }
    images
}

fn controller(metadata: &Value) -> Option<String> {
    let owners = metadata["ownerReferences"].as_array()?;
    let owner = owners.iter().find(|owner| owner["controller"] == true)?;
    let owner = format!("{}/{}", owner["kind"].as_str()?, owner["name"].as_str()?);
    Some(visible(&owner).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn row_has_all_columns_of_the_list() {
        let job = json!({
            "metadata": {
                "name": "pi", "namespace": "demo", "uid": "u1", "creationTimestamp": "2026-11-23T10:00:00Z",
                "labels": {"b": "2", "a": "1"},
                "annotations": {"displayName": "old", "kubesphere.io/alias-name": "任务示例", "desc": "older text"},
                "ownerReferences": [{"kind": "CronJob", "name": "nightly", "controller": true, "uid": "c1"}],
            },
            "spec": {
                "completions": 4, "parallelism": 2,
                "template": {"spec": {
                    "initContainers": [{"image": "curl"}, {"image": "perl"}], "containers": [{"image": "perl"}],
                }},
            },
            "status": {
                "succeeded": 4, "startTime": "2026-11-23T10:00:01Z", "completionTime": "2026-11-23T10:00:09Z",
                "conditions": [
                    {"type": "SuccessCriteriaMet", "status": "True", "lastTransitionTime": "2026-11-23T10:00:08Z"},
                    {"type": "Complete", "status": "True", "lastTransitionTime": "2026-11-23T10:00:09Z"},
                ],
            },
        });
        insta::assert_json_snapshot!(row(&job, [], &EventIndex::default()));
    }
}
