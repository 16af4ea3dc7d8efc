//! Jobs: defaults, the generated selector and labels, what happens on updates
//! ([Job](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/)).

use serde_json::{Value, json};

use crate::api::kinds::{default_to, entry, items, pod_spec};

/// `SetDefaults_Job` of batch/v1.
pub(super) fn default(job: &mut Value) {
    let spec = entry(job, "spec");
    pod_spec::default(entry(entry(spec, "template"), "spec"));
    // Without either count the Job is done once; with only one of them, it is a work queue or one
    // Pod at a time.
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        spec["completions"] = 1.into();
    }
    default_to(spec, "parallelism", 1);
    let per_index = !spec["backoffLimitPerIndex"].is_null();
    default_to(spec, "backoffLimit", if per_index { i32::MAX } else { 6 });
    default_to(spec, "completionMode", "NonIndexed");
    default_to(spec, "suspend", false);
    default_to(spec, "manualSelector", false);
    for rule in items(&mut spec["podFailurePolicy"], "rules") {
        for condition in items(rule, "onPodConditions") {
            default_to(condition, "status", "True");
        }
    }
    let policy = if spec["podFailurePolicy"].is_null() {
        "TerminatingOrFailed"
    } else {
        "Failed"
    };
    default_to(spec, "podReplacementPolicy", policy);
    inherit_labels(job);
}

/// A Job without labels has those of its template.
pub(super) fn inherit_labels(job: &mut Value) {
    let labels = job["spec"]["template"]["metadata"]["labels"].clone();
    let own = &job["metadata"]["labels"];
    if own.as_object().is_none_or(serde_json::Map::is_empty) && labels.is_object() {
        entry(job, "metadata")["labels"] = labels;
    }
}

/// Generates selector and labels unless the client does that by hand, as `generateSelector`.
pub(super) fn prepare_create(job: &mut Value, labelled: bool) {
    let uid = job["metadata"]["uid"].clone();
    let name = job["metadata"]["name"].clone();
    // Labels that came from the template are one map with it in the server, so they get the same.
    let shared = !labelled && job["metadata"]["labels"].is_object();
    let manual = job["spec"]["manualSelector"] == true;
    let template = entry(entry(entry(job, "spec"), "template"), "metadata");
    if manual {
        return;
    }
    let labels = entry(template, "labels");
    labels["controller-uid"] = uid.clone();
    labels["job-name"] = name.clone();
    labels["batch.kubernetes.io/controller-uid"] = uid.clone();
    labels["batch.kubernetes.io/job-name"] = name;
    let labels = labels.clone();
    if shared {
        job["metadata"]["labels"] = labels;
    }
    let selector = entry(&mut job["spec"], "selector");
    entry(selector, "matchLabels")["batch.kubernetes.io/controller-uid"] = uid;
}

/// Nothing but the common rules yet the selector that a manifest as written leaves out: a client
/// that replaces a Job by its manifest keeps what was generated.
pub(super) fn prepare_update(old: &Value, new: &mut Value) {
    if old["spec"]["completionMode"].is_null() && new["spec"]["completionMode"] == "NonIndexed" {
        new["spec"]["completionMode"] = json!(null);
    }
}

/// Warnings on accepted Jobs.
pub(super) fn warnings(job: &Value) -> Vec<String> {
    let name = job["metadata"]["name"].as_str().unwrap_or_default();
    let mut warnings = Vec::new();
    let problems = if name.contains('.') {
        vec!["must not contain dots".to_owned()]
    } else {
        crate::api::names::dns_label(name)
    };
    if !name.is_empty() && !problems.is_empty() {
        warnings.push(format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{}]",
            problems.join(" ")
        ));
    }
    let spec = &job["spec"];
    let number = |field: &str| spec[field].as_i64().unwrap_or(0);
    if spec["completionMode"] == "Indexed"
        && number("completions") > 100_000
        && number("parallelism") > 10_000
    {
        warnings.push(
            "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail".into(),
        );
    }
    warnings.extend(pod_spec::warnings(
        &spec["template"]["spec"],
        "spec.template.spec",
    ));
    warnings
}
