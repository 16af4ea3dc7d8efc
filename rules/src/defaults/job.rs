//! Jobs: defaults, and what a new one is given
//! ([Job](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/)).

use serde_json::{Map, Value};

use super::{entry, has, items, missing, pod_spec, zero};

/// Labels that the Job controller finds its Pods by, as they were once and as they are.
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// `SetDefaults_Job` of batch/v1, with those of its Pods' spec.
pub fn job(job: &mut Value) {
    if let Some(spec) = entry(job, "spec") {
        if let Some(pod) = entry(spec, "template").and_then(|template| entry(template, "spec")) {
            pod_spec(pod);
        }
        // Without either count the Job is done once; with only one of them, it is a work queue or one Pod at a time.
        if !has(spec, "completions") && !has(spec, "parallelism") {
            missing(spec, "completions", 1);
        }
        missing(spec, "parallelism", 1);
        let retries = if has(spec, "backoffLimitPerIndex") {
            i32::MAX
        } else {
            6
        };
        missing(spec, "backoffLimit", retries);
        missing(spec, "completionMode", "NonIndexed");
        missing(spec, "suspend", false);
        missing(spec, "manualSelector", false);
        let replacement = if has(spec, "podFailurePolicy") {
            "Failed"
        } else {
            "TerminatingOrFailed"
        };
        missing(spec, "podReplacementPolicy", replacement);
        if let Some(policy) = spec.get_mut("podFailurePolicy") {
            for rule in items(policy, "rules") {
                for condition in items(rule, "onPodConditions") {
                    zero(condition, "status", "True");
                }
            }
        }
    }
    inherit_labels(job);
}

/// A Job without labels has those of its template.
pub fn inherit_labels(job: &mut Value) {
    let labels = job.pointer("/spec/template/metadata/labels").cloned();
    let own = job.pointer("/metadata/labels");
    let is_bare = own.is_none_or(|own| own.is_null() || own.as_object().is_some_and(Map::is_empty));
    if let Some(labels) = labels.filter(Value::is_object)
        && is_bare
        && let Some(metadata) = entry(job, "metadata")
        && let Some(members) = metadata.as_object_mut()
    {
        members.insert("labels".to_owned(), labels);
    }
}

/// Generates the selector and the labels of the Pods unless the client does that by hand (`generateSelector`).
///
/// The name is `metadata.name`, the uid `metadata.uid`. `labelled` says that the client has given the Job labels:
/// those that it has from its template are one map with it in the server, so they get the same.
pub fn prepare_job(job: &mut Value, labelled: bool) {
    let of_metadata = |name: &str| {
        job.get("metadata")
            .and_then(|metadata| metadata.get(name))
            .filter(|value| !value.is_null())
            .cloned()
            .unwrap_or_else(|| "".into())
    };
    let (uid, name) = (of_metadata("uid"), of_metadata("name"));
    let shared = !labelled
        && job
            .pointer("/spec/template/metadata/labels")
            .is_some_and(Value::is_object);
    let Some(spec) = entry(job, "spec") else { return };
    if spec.get("manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let Some(template) = entry(spec, "template").and_then(|template| entry(template, "metadata")) else {
        return;
    };
    let mut inherited = None;
    if let Some(labels) = entry(template, "labels") {
        for (keys, value) in [(NAME_LABELS, &name), (UID_LABELS, &uid)] {
            for key in keys {
                if labels.get(key).is_none()
                    && let Some(members) = labels.as_object_mut()
                {
                    members.insert(key.to_owned(), value.clone());
                }
            }
        }
        inherited = Some(labels.clone());
    }
    if let Some(selector) = entry(spec, "selector").and_then(|selector| entry(selector, "matchLabels"))
        && selector.get(UID_LABELS[1]).is_none()
        && let Some(members) = selector.as_object_mut()
    {
        members.insert(UID_LABELS[1].to_owned(), uid);
    }
    if let (true, Some(labels)) = (shared, inherited)
        && let Some(members) = job.get_mut("metadata").and_then(Value::as_object_mut)
    {
        members.insert("labels".to_owned(), labels);
    }
}
