//! Strips objects of everything that no stream needs: lists are long, manifests large, and all of them are cached.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::kubernetes::Kind;

/// Returns what reduces an object of this kind to what the streams use.
pub fn reduction(kind: Kind) -> fn(Value) -> Arc<Value> {
    if kind.plural() == Kind::JOBS.plural() {
        |object| Arc::new(job(object))
    } else if kind.plural() == Kind::PODS.plural() {
        |object| Arc::new(pod(&object))
    } else {
        |object| Arc::new(without_bookkeeping(object))
    }
}

/// Removes the copies of an object that it contains.
fn without_bookkeeping(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.shift_remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    object
}

/// Keeps only the images of a Job's template.
pub fn job(job: Value) -> Value {
    let mut job = without_bookkeeping(job);
    let spec = job["spec"]["template"]["spec"].take();
    let images = |field: &str| -> Value {
        let containers = spec[field].as_array().into_iter().flatten();
        containers
            .map(|container| json!({"image": container["image"]}))
            .collect()
    };
    job["spec"]["template"] =
        json!({"spec": {"containers": images("containers"), "initContainers": images("initContainers")}});
    job
}

/// Annotation with the completion index of a Pod.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Keeps the names of init containers, and which of them are sidecars.
fn init_containers(spec: &Value) -> Value {
    let containers = spec["initContainers"].as_array().into_iter().flatten();
    containers
        .map(|container| json!({"name": container["name"], "restartPolicy": container["restartPolicy"]}))
        .collect()
}

/// Keeps only what determines the state of a Pod's Job, and the owner of its logs.
pub fn pod(pod: &Value) -> Value {
    let (metadata, status) = (&pod["metadata"], &pod["status"]);
    json!({
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "annotations": {INDEX: metadata["annotations"][INDEX]},
            "ownerReferences": metadata["ownerReferences"],
            "creationTimestamp": metadata["creationTimestamp"],
            "deletionTimestamp": metadata["deletionTimestamp"],
        },
        "spec": {
            "nodeName": pod["spec"]["nodeName"],
            "schedulingGates": pod["spec"]["schedulingGates"],
            "initContainers": init_containers(&pod["spec"]),
        },
        "status": {
            "phase": status["phase"],
            "reason": status["reason"],
            "message": status["message"],
            "conditions": status["conditions"],
            "initContainerStatuses": status["initContainerStatuses"],
            "containerStatuses": status["containerStatuses"],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripped_job_keeps_images_and_status() {
        let whole = json!({
            "metadata": {"name": "pi", "managedFields": [1], "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}", "desc": "digits",
            }},
            "spec": {"completions": 2, "template": {"spec": {"containers": [{"image": "perl", "env": [1]}]}}},
            "status": {"succeeded": 1},
        });
        assert_eq!(
            job(whole),
            json!({
                "metadata": {"name": "pi", "annotations": {"desc": "digits"}},
                "spec": {
                    "completions": 2,
                    "template": {"spec": {"containers": [{"image": "perl"}], "initContainers": []}},
                },
                "status": {"succeeded": 1},
            })
        );
    }

    #[test]
    fn stripped_pod_keeps_its_owner() {
        let whole = json!({
            "metadata": {"name": "pi-x", "uid": "1", "ownerReferences": [{"uid": "2"}], "labels": {"a": "b"}},
            "spec": {"nodeName": "node-1", "containers": [1]},
            "status": {"phase": "Running", "hostIP": "10.0.0.1"},
        });
        let kept = pod(&whole);
        assert_eq!(kept["metadata"]["ownerReferences"], json!([{"uid": "2"}]));
        assert_eq!(kept["metadata"]["name"], "pi-x");
        assert_eq!(kept["status"]["phase"], "Running");
        assert!(kept["metadata"]["labels"].is_null() && kept["spec"]["containers"].is_null());
    }
}
