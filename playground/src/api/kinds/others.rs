//! Kinds with few rules of their own.

use serde_json::{Value, json};

use k8s_rules::defaults;

use super::{default_to, entry, items};

/// Sets the defaults of a CronJob (`SetDefaults_CronJob` of batch/v1).
pub(super) fn default_cron_job(object: &mut Value) {
    let spec = entry(object, "spec");
    default_to(spec, "concurrencyPolicy", "Allow");
    default_to(spec, "suspend", false);
    default_to(spec, "successfulJobsHistoryLimit", 3);
    default_to(spec, "failedJobsHistoryLimit", 1);
    let template = entry(entry(entry(spec, "jobTemplate"), "spec"), "template");
    defaults::pod_spec(entry(template, "spec"));
}

/// Labels a namespace with its name (`kubernetes.io/metadata.name`).
pub(super) fn default_namespace(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    if name.is_string() {
        entry(entry(object, "metadata"), "labels")["kubernetes.io/metadata.name"] = name;
    }
}

/// Makes a new namespace active, with the finalizer that empties it before it is deleted.
pub(super) fn prepare_namespace(object: &mut Value) {
    let finalizers = entry(object, "spec");
    default_to(finalizers, "finalizers", json!(["kubernetes"]));
    object["status"] = json!({"phase": "Active"});
}

/// Sets the missing one of `podCIDR` and `podCIDRs`; the former is the first item of the latter.
pub(super) fn default_node(object: &mut Value) {
    let spec = entry(object, "spec");
    if spec["podCIDR"].is_string() {
        let range = spec["podCIDR"].clone();
        default_to(spec, "podCIDRs", json!([range]));
    } else if spec["podCIDRs"][0].is_string() {
        spec["podCIDR"] = spec["podCIDRs"][0].clone();
    }
}

/// Moves `stringData` to `data`, and sets the default type `Opaque`.
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

/// Sets the defaults of a claim (`SetDefaults_PersistentVolumeClaimSpec`), and the default StorageClass.
pub(super) fn default_claim(object: &mut Value) {
    let spec = entry(object, "spec");
    default_to(spec, "volumeMode", "Filesystem");
    default_to(spec, "storageClassName", "standard");
}

/// Sets the defaults of a LimitRange (`SetDefaults_LimitRangeItem`): default limits are the maximum; default
/// requests are the default limits, then the minimum.
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
