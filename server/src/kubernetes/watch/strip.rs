//! Objects without what no stream needs of them: lists are long, manifests large, and all of them are kept.

use serde_json::{Value, json};

use crate::kubernetes::Kind;

/// `object` of the collection `of` with what the streams show of it.
pub fn trim(of: Kind, mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.shift_remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.shift_remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    if of.plural() == Kind::JOBS.plural() {
        job(object)
    } else if of.plural() == Kind::PODS.plural() {
        pod(&object)
    } else {
        object
    }
}

/// Of a Job's template only the images.
fn job(mut job: Value) -> Value {
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

/// A Pod with only what the state of its Job follows from, and whose logs it has.
fn pod(pod: &Value) -> Value {
    let (metadata, status) = (&pod["metadata"], &pod["status"]);
    json!({
        "metadata": {
            "name": metadata["name"],
            "uid": metadata["uid"],
            "ownerReferences": metadata["ownerReferences"],
            "creationTimestamp": metadata["creationTimestamp"],
            "deletionTimestamp": metadata["deletionTimestamp"],
        },
        "spec": {"nodeName": pod["spec"]["nodeName"]},
        "status": {
            "phase": status["phase"],
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
    fn a_job_keeps_its_images_and_its_status() {
        let whole = json!({
            "metadata": {"name": "pi", "managedFields": [1], "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}", "desc": "digits",
            }},
            "spec": {"completions": 2, "template": {"spec": {"containers": [{"image": "perl", "env": [1]}]}}},
            "status": {"succeeded": 1},
        });
        assert_eq!(
            trim(Kind::JOBS, whole),
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
    fn a_pod_keeps_whose_it_is() {
        let whole = json!({
            "metadata": {"name": "pi-x", "uid": "1", "ownerReferences": [{"uid": "2"}], "labels": {"a": "b"}},
            "spec": {"nodeName": "node-1", "containers": [1]},
            "status": {"phase": "Running", "hostIP": "10.0.0.1"},
        });
        let kept = trim(Kind::PODS, whole);
        assert_eq!(kept["metadata"]["ownerReferences"], json!([{"uid": "2"}]));
        assert_eq!(kept["metadata"]["name"], "pi-x");
        assert_eq!(kept["status"]["phase"], "Running");
        assert!(kept["metadata"]["labels"].is_null() && kept["spec"]["containers"].is_null());
    }
}
