//! Defaults of Jobs, and the fields that the server generates for a new Job
//! ([Job](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/)).

use serde_json::{Map, Value};

use super::{entry, has, items, pod_spec, set_if_missing, set_if_zero};

/// Labels by which the Job controller selects its Pods: the legacy key and the current one.
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// Applies `SetDefaults_Job` of batch/v1 and the defaults of the Pod template's spec.
pub fn job(job: &mut Value) {
    if let Some(spec) = entry(job, "spec") {
        if let Some(pod) = entry(spec, "template").and_then(|template| entry(template, "spec")) {
            pod_spec(pod);
        }
        // Without either count the Job runs one Pod to completion; `parallelism` alone makes it a work queue.
        if !has(spec, "completions") && !has(spec, "parallelism") {
            set_if_missing(spec, "completions", 1);
        }
        set_if_missing(spec, "parallelism", 1);
        let retries = if has(spec, "backoffLimitPerIndex") {
            i32::MAX
        } else {
            6
        };
        set_if_missing(spec, "backoffLimit", retries);
        set_if_missing(spec, "completionMode", "NonIndexed");
        set_if_missing(spec, "suspend", false);
        set_if_missing(spec, "manualSelector", false);
        let replacement = if has(spec, "podFailurePolicy") {
            "Failed"
        } else {
            "TerminatingOrFailed"
        };
        set_if_missing(spec, "podReplacementPolicy", replacement);
        if let Some(policy) = spec.get_mut("podFailurePolicy") {
            for rule in items(policy, "rules") {
                for condition in items(rule, "onPodConditions") {
                    set_if_zero(condition, "status", "True");
                }
            }
        }
    }
    inherit_labels(job);
}

/// Copies the template's labels to a Job without labels.
pub fn inherit_labels(job: &mut Value) {
    let labels = job.pointer("/spec/template/metadata/labels").cloned();
    let own = job.pointer("/metadata/labels");
    let is_unlabelled = own.is_none_or(|own| own.is_null() || own.as_object().is_some_and(Map::is_empty));
    if let Some(labels) = labels.filter(Value::is_object)
        && is_unlabelled
        && let Some(metadata) = entry(job, "metadata")
        && let Some(members) = metadata.as_object_mut()
    {
        members.insert("labels".to_owned(), labels);
    }
}

/// Generates the selector and the Pod labels, unless `manualSelector` is true (`generateSelector`).
///
/// Reads the name from `metadata.name` and the UID from `metadata.uid`. `labelled`: the client set labels on the
/// Job itself. Otherwise the server's Job and template share one map of labels, so the Job gets the generated ones
/// too.
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
