//! A Pod template (`ValidatePodTemplateSpec`), and annotations that Kubernetes interprets.

use super::{metadata, pod_spec};
use crate::machinery::detail;
use crate::machinery::node::Node;
use crate::machinery::rule::Rule;

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const MIRROR: &str = "kubernetes.io/config.mirror";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APPARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";
/// Lists of containers in the order in which `VisitContainersWithPath` visits them.
pub(super) const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

pub(super) fn template(template: Node<'_>) {
    let metadata = template.omitted("metadata");
    let pod = template.get("spec");
    metadata::labels(metadata.get("labels"), metadata, "labels");
    let annotations = metadata.get("annotations");
    metadata::annotations(annotations, metadata, "annotations");
    read_annotations(annotations, pod);
    pod_spec::spec(pod);
    profiles(metadata, pod, SECCOMP_POD, SECCOMP_CONTAINER, "seccompProfile");
    if pod.get("os").text("name") != "windows" {
        profiles(metadata, pod, "", APPARMOR_CONTAINER, "appArmorProfile");
    }
    if pod.count("ephemeralContainers") > 0 {
        let detail = detail!("ephemeral containers not allowed in pod template");
        pod.get("ephemeralContainers").forbidden(detail);
    }
}

/// `ValidatePodSpecificAnnotations`.
pub(super) fn read_annotations(annotations: Node<'_>, pod: Node<'_>) {
    let Some(map) = annotations.value.as_object() else {
        return;
    };
    let text = |key: &str| map.get(key).and_then(|value| value.as_str());
    if let Some(value) = text(MIRROR)
        && pod.text("nodeName").is_empty()
    {
        let detail = detail!("must set spec.nodeName if mirror pod annotation is set");
        annotations
            .map_key(MIRROR)
            .invalid(Rule::AnnotationValue, value, &[value], detail);
    }
    if let Some(cost) = text(DELETION_COST) {
        let first = cost.bytes().next().unwrap_or_default();
        let begins = first == b'-' || cost == "0" || (b'1'..=b'9').contains(&first);
        if !begins || cost.parse::<i32>().is_err() {
            let detail = detail!("must be a 32bit integer");
            annotations
                .map_key(DELETION_COST)
                .invalid(Rule::AnnotationValue, cost, &[cost], detail);
        }
    }
    let mut keys: Vec<&String> = map.keys().collect();
    keys.sort();
    for key in &keys {
        let Some(profile) = text(key) else { continue };
        if key.as_str() == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            seccomp_annotation(annotations.get(key), profile);
        }
    }
    for key in keys {
        let (Some(container), Some(profile)) = (key.strip_prefix(APPARMOR_CONTAINER), text(key)) else {
            continue;
        };
        let is_known = CONTAINER_LISTS
            .into_iter()
            .any(|list| pod.structs(list).iter().any(|one| one.text("name") == container));
        if !is_known {
            let detail = detail!("container not found");
            annotations
                .map_key(key)
                .invalid(Rule::AnnotationValue, container, &[container], detail);
        }
        if !matches!(profile, "" | "runtime/default" | "unconfined") && !profile.starts_with("localhost/") {
            let detail = detail!(
                "invalid AppArmor profile name: {}",
                crate::machinery::go::quote(profile)
            );
            annotations
                .map_key(key)
                .invalid(Rule::AnnotationValue, profile, &[profile], detail);
        }
    }
}

fn seccomp_annotation(at: Node<'_>, profile: &str) {
    match profile.strip_prefix("localhost/") {
        Some(path) => super::mount::descending(at, path),
        None if matches!(profile, "runtime/default" | "docker/default" | "unconfined") => {}
        None => {
            let detail = detail!("must be a valid seccomp profile");
            at.invalid(Rule::AnnotationValue, profile, &[profile], detail);
        }
    }
}

/// Validates that a security profile given both as annotation and as field is the same.
fn profiles(metadata: Node<'_>, pod: Node<'_>, pod_key: &str, prefix: &str, field: &'static str) {
    let Some(annotations) = metadata
        .value
        .get("annotations")
        .and_then(|annotations| annotations.as_object())
    else {
        return;
    };
    let annotation = |key: &str| annotations.get(key).and_then(|value| value.as_str());
    let own = pod
        .object("securityContext")
        .and_then(|context| context.object(field));
    if let (Some(profile), Some(annotation)) = (own, annotation(pod_key)) {
        same_profile(profile, profile, annotation, field);
    }
    for list in CONTAINER_LISTS {
        for container in pod.structs(list) {
            let Some(annotation) = annotation(&format!("{prefix}{}", container.text("name"))) else {
                continue;
            };
            let at = container.get("securityContext").get(field);
            let inherits = field == "appArmorProfile" && !at.value.is_object();
            let profile = if inherits {
                own
            } else {
                Some(at).filter(|at| at.value.is_object())
            };
            if let Some(profile) = profile {
                same_profile(at, profile, annotation, field);
            }
        }
    }
}

fn same_profile(at: Node<'_>, profile: Node<'_>, annotation: &str, field: &str) {
    let is_seccomp = field == "seccompProfile";
    let is_same = match profile.text("type") {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => annotation == "runtime/default" || is_seccomp && annotation == "docker/default",
        "Localhost" => annotation.starts_with("localhost/"),
        _ => return,
    };
    let what = if is_seccomp { "seccomp" } else { "apparmor" };
    if !is_same {
        let detail = detail!("{what} type in annotation and field must match");
        at.get("type")
            .forbid(Rule::FieldConflict, &["type", "metadata.annotations"], detail);
    } else if profile.text("type") == "Localhost"
        && profile.maybe_text("localhostProfile") != annotation.strip_prefix("localhost/")
    {
        let detail = detail!("{what} profile in annotation and field must match");
        at.get("localhostProfile").forbid(
            Rule::FieldConflict,
            &["localhostProfile", "metadata.annotations"],
            detail,
        );
    }
}
