//! The kinds with few rules of their own.

use serde_json::{Value, json};

use k8s_rules::defaults;

use super::{default_to, entry, items};

/// `SetDefaults_CronJob` of batch/v1.
pub(super) fn default_cron_job(object: &mut Value) {
    let spec = entry(object, "spec");
    default_to(spec, "concurrencyPolicy", "Allow");
    default_to(spec, "suspend", false);
    default_to(spec, "successfulJobsHistoryLimit", 3);
    default_to(spec, "failedJobsHistoryLimit", 1);
    let template = entry(entry(entry(spec, "jobTemplate"), "spec"), "template");
    defaults::pod_spec(entry(template, "spec"));
}

/// Every namespace is labelled with its own name.
pub(super) fn default_namespace(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    if name.is_string() {
        entry(entry(object, "metadata"), "labels")["kubernetes.io/metadata.name"] = name;
    }
}

/// A new namespace is active and is emptied before it goes.
pub(super) fn prepare_namespace(object: &mut Value) {
    let finalizers = entry(object, "spec");
    default_to(finalizers, "finalizers", json!(["kubernetes"]));
    object["status"] = json!({"phase": "Active"});
}

/// `podCIDR` is the first of `podCIDRs`: where one of them is given, both are.
pub(super) fn default_node(object: &mut Value) {
    let spec = entry(object, "spec");
    if spec["podCIDR"].is_string() {
        let range = spec["podCIDR"].clone();
        default_to(spec, "podCIDRs", json!([range]));
    } else if spec["podCIDRs"][0].is_string() {
        spec["podCIDR"] = spec["podCIDRs"][0].clone();
    }
}

/// `stringData` is written into `data`; the type is Opaque if not said.
pub(super) fn default_secret(object: &mut Value) {
    use base64::Engine as _;
    default_to(object, "type", "Opaque");
    let texts = object
        .as_object_mut()
        .and_then(|members| members.remove("stringData"));
    for (key, text) in texts.as_ref().and_then(Value::as_object).into_iter().flatten() {
        let bytes = text.as_str().unwrap_or_default();
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        entry(object, "data")[key.as_str()] = encoded.into();
    }
}

/// `SetDefaults_PersistentVolumeClaimSpec`, and the default StorageClass.
pub(super) fn default_claim(object: &mut Value) {
    let spec = entry(object, "spec");
    default_to(spec, "volumeMode", "Filesystem");
    default_to(spec, "storageClassName", "standard");
}

/// `SetDefaults_LimitRangeItem`: limits default to the maximum, requests to the limits and minimum.
pub(super) fn default_limit_range(object: &mut Value) {
    for item in items(entry(object, "spec"), "limits") {
        if item["type"] != "Container" {
            continue;
        }
        for (from, to) in [
            ("max", "default"),
            ("default", "defaultRequest"),
            ("min", "defaultRequest"),
        ] {
            let Some(amounts) = item[from].as_object().cloned() else {
                continue;
            };
            for (name, amount) in amounts {
                default_to(entry(item, to), &name, amount);
            }
        }
    }
}
