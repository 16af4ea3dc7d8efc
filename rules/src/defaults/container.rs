//! Defaults of a container.

use serde_json::Value;

use crate::machinery::image;

use super::{items, member, pod_spec::round_resources, set_if_missing, set_if_zero};

/// Applies `SetDefaults_Container` of core/v1 and the defaults of the container's parts.
pub(super) fn default(container: &mut Value) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let pull = pull_policy(image);
    set_if_zero(container, "imagePullPolicy", pull);
    set_if_zero(container, "terminationMessagePath", "/dev/termination-log");
    set_if_zero(container, "terminationMessagePolicy", "File");
    for port in items(container, "ports") {
        set_if_zero(port, "protocol", "TCP");
    }
    for variable in items(container, "env") {
        let Some(source) = member(variable, "valueFrom") else {
            continue;
        };
        if let Some(field) = member(source, "fieldRef") {
            set_if_zero(field, "apiVersion", "v1");
        }
        if let Some(file) = member(source, "fileKeyRef") {
            set_if_missing(file, "optional", false);
        }
    }
    for list in ["envFrom", "volumeMounts", "volumeDevices"] {
        items(container, list).for_each(drop);
    }
    if let Some(resources) = member(container, "resources") {
        round_resources(resources);
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(one) = member(container, name) {
            probe(one);
        }
    }
    if let Some(lifecycle) = member(container, "lifecycle") {
        for name in ["postStart", "preStop"] {
            if let Some(action) = member(lifecycle, name).and_then(|hook| member(hook, "httpGet")) {
                http_get(action);
            }
        }
    }
}

/// Returns the default `imagePullPolicy`: `Always` for valid references without a version or tagged `latest`.
pub(super) fn pull_policy(reference: &str) -> &'static str {
    let is_latest = image::version(reference).is_some_and(|version| match version.tag {
        Some(tag) => tag == "latest",
        None => !version.has_digest,
    });
    if is_latest { "Always" } else { "IfNotPresent" }
}

fn probe(probe: &mut Value) {
    set_if_zero(probe, "timeoutSeconds", 1);
    set_if_zero(probe, "periodSeconds", 10);
    set_if_zero(probe, "successThreshold", 1);
    set_if_zero(probe, "failureThreshold", 3);
    if let Some(action) = member(probe, "httpGet") {
        http_get(action);
    }
    if let Some(action) = member(probe, "grpc") {
        set_if_missing(action, "service", "");
    }
}

fn http_get(action: &mut Value) {
    set_if_zero(action, "path", "/");
    set_if_zero(action, "scheme", "HTTP");
}
