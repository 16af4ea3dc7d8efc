//! Defaults of one container.

use serde_json::Value;

use crate::api::kinds::{default_to, items};

/// `SetDefaults_Container` of core/v1 and those of its parts.
pub(super) fn default(container: &mut Value) {
    let pull = pull_policy(container["image"].as_str().unwrap_or_default());
    default_to(container, "imagePullPolicy", pull);
    default_to(container, "terminationMessagePath", "/dev/termination-log");
    default_to(container, "terminationMessagePolicy", "File");
    for port in items(container, "ports") {
        default_to(port, "protocol", "TCP");
    }
    for variable in items(container, "env") {
        if variable["valueFrom"]["fieldRef"].is_object() {
            default_to(&mut variable["valueFrom"]["fieldRef"], "apiVersion", "v1");
        }
        if variable["valueFrom"]["fileKeyRef"].is_object() {
            default_to(&mut variable["valueFrom"]["fileKeyRef"], "optional", false);
        }
    }
    if container["resources"].is_object() {
        round_cpu(&mut container["resources"]);
    }
    if container["securityContext"].is_object() && container["securityContext"]["procMount"].is_string() {
        default_to(&mut container["securityContext"], "procMount", "Default");
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if container[name].is_object() {
            probe(&mut container[name]);
        }
    }
    for name in ["postStart", "preStop"] {
        if container["lifecycle"][name]["httpGet"].is_object() {
            http_get(&mut container["lifecycle"][name]["httpGet"]);
        }
    }
}

/// Resource amounts are kept in thousandths at the finest.
pub(super) fn round_cpu(resources: &mut Value) {
    use crate::api::decode::quantity::Quantity;
    for kind in ["limits", "requests"] {
        let amounts = resources.get_mut(kind).and_then(Value::as_object_mut);
        for amount in amounts.into_iter().flatten().map(|(_, amount)| amount) {
            let parsed = amount.as_str().and_then(|text| Quantity::parse(text).ok());
            if let Some(exact) = parsed
                && exact.to_milli() != exact
            {
                *amount = exact.to_milli().to_string().into();
            }
        }
    }
}

/// Images without a tag, or tagged `latest`, are asked for each time.
fn pull_policy(image: &str) -> &'static str {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains('@') {
        return "IfNotPresent";
    }
    match last.split_once(':') {
        Some((_, tag)) if tag != "latest" => "IfNotPresent",
        _ => "Always",
    }
}

fn probe(probe: &mut Value) {
    default_to(probe, "timeoutSeconds", 1);
    default_to(probe, "periodSeconds", 10);
    default_to(probe, "successThreshold", 1);
    default_to(probe, "failureThreshold", 3);
    if probe["httpGet"].is_object() {
        http_get(&mut probe["httpGet"]);
    }
    if probe["grpc"].is_object() {
        default_to(&mut probe["grpc"], "service", "");
    }
}

fn http_get(action: &mut Value) {
    default_to(action, "path", "/");
    default_to(action, "scheme", "HTTP");
}
