//! Exports a manifest without the fields that the API server and its controllers wrote, so that it can be created
//! again.

use manifest::generated;
use serde_json::{Map, Value};

/// Label of a run: the name of the Job that it repeats. A copy that is changed is no run of that Job.
pub const RERUN_OF: &str = "jobwright.io/rerun-of";

/// Removes only `managedFields`: the rest is the object as stored.
pub fn without_managed_fields(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.shift_remove("managedFields");
    }
    object
}

/// Removes everything from a Job that prevents it from being created again.
pub fn job(mut job: Value) -> Value {
    if let Some(top) = job.as_object_mut() {
        top.shift_remove("status");
    }
    if let Some(metadata) = job["metadata"].as_object_mut() {
        for field in generated::METADATA.iter().chain(&generated::TIES) {
            metadata.shift_remove(*field);
        }
        remove_keys(metadata, "annotations", &generated::ANNOTATIONS);
        remove_keys(metadata, "labels", &generated::LABELS);
        remove_keys(metadata, "labels", &[RERUN_OF]);
    }
    // A user-defined selector (`manualSelector: true`) belongs to the Job; a generated one must not be sent.
    let manual = job["spec"]["manualSelector"] == true;
    if !manual && let Some(spec) = job["spec"].as_object_mut() {
        spec.shift_remove("selector");
    }
    if let Some(metadata) = job
        .pointer_mut("/spec/template/metadata")
        .and_then(Value::as_object_mut)
    {
        metadata.shift_remove("creationTimestamp");
        remove_keys(metadata, "labels", &generated::LABELS);
    }
    if job
        .pointer("/spec/template/metadata")
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
        && let Some(template) = job["spec"]["template"].as_object_mut()
    {
        template.shift_remove("metadata");
    }
    job
}

/// Removes `keys` from the map `field`, and the map itself if it becomes empty.
fn remove_keys(parent: &mut Map<String, Value>, field: &str, keys: &[&str]) {
    let Some(map) = parent.get_mut(field).and_then(Value::as_object_mut) else {
        return;
    };
    for key in keys {
        map.shift_remove(*key);
    }
    if map.is_empty() {
        parent.shift_remove(field);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn exported_job_has_only_user_defined_fields() {
        let stored = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": "pi", "namespace": "demo", "uid": "u1", "resourceVersion": "7", "generation": 1,
                "creationTimestamp": "2026-11-23T10:00:00Z", "managedFields": [{}],
                "labels": {"app": "pi", "job-name": "pi", "jobwright.io/rerun-of": "pi"},
                "annotations": {"batch.kubernetes.io/job-tracking": "", "note": "kept"},
            },
            "spec": {
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u1"}},
                "someday": {"new": true},
                "template": {
                    "metadata": {
                        "creationTimestamp": null,
                        "labels": {
                            "controller-uid": "u1", "job-name": "pi",
                            "batch.kubernetes.io/controller-uid": "u1", "batch.kubernetes.io/job-name": "pi",
                        },
                    },
                    "spec": {"restartPolicy": "Never"},
                },
            },
            "status": {"succeeded": 1},
        });
        let expected = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": "pi", "namespace": "demo", "labels": {"app": "pi"}, "annotations": {"note": "kept"},
            },
            "spec": {"someday": {"new": true}, "template": {"spec": {"restartPolicy": "Never"}}},
        });
        assert_eq!(job(stored), expected);
    }

    /// What the editor removes from an imported object, an exported one does not have.
    #[test]
    fn exported_job_has_nothing_that_the_editor_would_remove() {
        let all = |keys: &[&str]| {
            keys.iter()
                .map(|key| ((*key).to_owned(), json!("x")))
                .collect::<Map<_, _>>()
        };
        let mut metadata = all(&[&generated::METADATA[..], &generated::TIES].concat());
        metadata.insert("name".to_owned(), json!("pi"));
        metadata.insert("annotations".to_owned(), all(&generated::ANNOTATIONS).into());
        metadata.insert("labels".to_owned(), all(&generated::LABELS).into());
        let template = json!({"metadata": {"labels": all(&generated::LABELS)}});
        let stored = json!({"kind": "Job", "metadata": metadata, "spec": {"template": template}});
        assert_eq!(
            job(stored),
            json!({"kind": "Job", "metadata": {"name": "pi"}, "spec": {"template": {}}})
        );
    }

    #[test]
    fn manual_selector_is_kept() {
        let manual = json!({
            "metadata": {"name": "pi"},
            "spec": {"manualSelector": true, "selector": {"matchLabels": {"mine": "1"}}},
        });
        assert_eq!(job(manual.clone()), manual);
    }
}
