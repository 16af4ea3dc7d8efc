//! Jobs: preparation of updates, and warnings
//! ([Job](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/)).

use serde_json::{Value, json};

use super::pod_spec;

/// Drops a defaulted completion mode if the stored Job has none, so that a client that replaces the Job by
/// its manifest does not change the immutable field.
pub(super) fn prepare_update(old: &Value, new: &mut Value) {
    if old["spec"]["completionMode"].is_null() && new["spec"]["completionMode"] == "NonIndexed" {
        new["spec"]["completionMode"] = json!(null);
    }
}

/// Returns the warnings for an accepted Job.
pub(super) fn warnings(job: &Value) -> Vec<String> {
    let name = job["metadata"]["name"].as_str().unwrap_or_default();
    let mut warnings = Vec::new();
    let faults = k8s_rules::machinery::names::dns_label(name);
    let problems: Vec<_> = faults.iter().map(|fault| fault.sentence()).collect();
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
