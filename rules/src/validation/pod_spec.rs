//! The spec of a Pod (`ValidatePodSpec`).

use super::metadata;
use super::{
    affinity, claim, container, env, network, pod_template, resources, scheduling, security, volume, windows,
};
use crate::features::Feature;
use crate::machinery::detail;
use crate::machinery::names;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

/// Validates a new Pod, except for its metadata.
pub(super) fn pod(root: Node<'_>) {
    let metadata = root.get("metadata");
    let pod = root.get("spec");
    pod_template::read_annotations(metadata.get("annotations"), pod);
    spec(pod);
    pod.not_negative("terminationGracePeriodSeconds");
    for list in ["containers", "initContainers"] {
        for one in pod.structs(list) {
            container::image_of_pod(one);
        }
    }
}

pub(super) fn spec(pod: Node<'_>) {
    if !pod.has("terminationGracePeriodSeconds") {
        pod.get("terminationGracePeriodSeconds").require();
    }
    let volumes = volume::all(pod);
    claim::pod_claims(pod);
    container::all(pod, &volumes);
    if Feature::PodLevelResources.is_on(pod.options().minor) {
        resources::of_pod(pod);
    }
    network::host_network(pod);
    policies(pod);
    metadata::labels(pod.get("nodeSelector"), pod, "nodeSelector");
    security::pod(pod);
    if pod.flag("shareProcessNamespace") && pod.flag("hostPID") {
        let detail = detail!("ShareProcessNamespace and HostPID cannot both be enabled");
        pod.get("shareProcessNamespace")
            .invalid(Rule::ShareProcess, true, &[], detail);
    }
    for secret in pod.structs("imagePullSecrets") {
        secret.text("name");
    }
    affinity::affinity(pod);
    network::dns(pod);
    scheduling::gates(pod);
    scheduling::spread(pod);
    windows::host_process(pod);
    security::host_users(pod);
    network::hostname_override(pod);
    names_of(pod);
    scheduling::tolerations(pod);
    network::aliases(pod);
    let class = pod.text("priorityClassName");
    subdomain(pod, "priorityClassName", class);
    if let Some(class) = pod.maybe_text("runtimeClassName") {
        let at = pod.get("runtimeClassName");
        at.name_faults(class, &names::dns_subdomain(class));
    }
    if pod.maybe_text("preemptionPolicy") == Some("") {
        pod.get("preemptionPolicy").require();
    } else {
        pod.one_of("preemptionPolicy", &["PreemptLowerPriority", "Never"]);
    }
    if pod.object("overhead").is_some() {
        resources::overhead(pod);
    }
    windows::os(pod);
    scheduling::group(pod);
    env::file_volumes(pod);
}

/// Validates an optional name that must be a subdomain.
fn subdomain<'a>(pod: Node<'a>, key: &'a str, name: &str) {
    if !name.is_empty() {
        pod.get(key).name_faults(name, &names::dns_subdomain(name));
    }
}

fn policies(pod: Node<'_>) {
    for (key, supported) in [
        ("restartPolicy", ["Always", "OnFailure", "Never"].as_slice()),
        (
            "dnsPolicy",
            &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
        ),
    ] {
        if !pod.is_mistyped_text(key) && pod.text(key).is_empty() {
            pod.get(key).require();
        } else {
            pod.one_of(key, supported);
        }
    }
}

fn names_of(pod: Node<'_>) {
    let account = pod.text("serviceAccountName");
    subdomain(pod, "serviceAccountName", account);
    let old = pod.text("serviceAccount");
    let is_mistyped = pod.is_mistyped_text("serviceAccountName") || pod.is_mistyped_text("serviceAccount");
    if old != account && !is_mistyped {
        let detail = detail!(
            "must be the same as serviceAccountName: {}",
            crate::machinery::go::quote(account)
        );
        pod.spelled("serviceAccount", "deprecatedServiceAccount").invalid(
            Rule::FieldConflict,
            old,
            &["serviceAccount", "serviceAccountName"],
            detail,
        );
    }
    subdomain(pod, "nodeName", pod.text("nodeName"));
    pod.within("activeDeadlineSeconds", 1, i64::from(i32::MAX));
    for key in ["hostname", "subdomain"] {
        let name = pod.text(key);
        if !name.is_empty() {
            pod.get(key).name_faults(name, &names::dns_label(name));
        }
    }
}
