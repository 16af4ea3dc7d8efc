//! Defaults of one volume.

use serde_json::{Value, json};

use crate::api::kinds::{default_to, items};

/// `SetDefaults_Volume` of core/v1 and those of its sources.
pub(super) fn default(volume: &mut Value) {
    if volume
        .as_object()
        .is_some_and(|members| members.keys().all(|name| name == "name"))
    {
        volume["emptyDir"] = json!({});
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if volume[source].is_object() {
            default_to(&mut volume[source], "defaultMode", 420);
        }
    }
    downward(&mut volume["downwardAPI"]);
    for source in items(&mut volume["projected"], "sources") {
        downward(&mut source["downwardAPI"]);
        if source["serviceAccountToken"].is_object() {
            default_to(&mut source["serviceAccountToken"], "expirationSeconds", 3600);
        }
        prune(source);
    }
    if volume["hostPath"].is_object() {
        default_to(&mut volume["hostPath"], "type", "");
    }
    if volume["iscsi"].is_object() {
        default_to(&mut volume["iscsi"], "iscsiInterface", "default");
    }
    if volume["rbd"].is_object() {
        default_to(&mut volume["rbd"], "pool", "rbd");
        default_to(&mut volume["rbd"], "user", "admin");
        default_to(&mut volume["rbd"], "keyring", "/etc/ceph/keyring");
    }
    if volume["azureDisk"].is_object() {
        default_to(&mut volume["azureDisk"], "cachingMode", "ReadWrite");
        default_to(&mut volume["azureDisk"], "kind", "Shared");
        default_to(&mut volume["azureDisk"], "fsType", "ext4");
        default_to(&mut volume["azureDisk"], "readOnly", false);
    }
    if volume["scaleIO"].is_object() {
        default_to(&mut volume["scaleIO"], "storageMode", "ThinProvisioned");
        default_to(&mut volume["scaleIO"], "fsType", "xfs");
    }
    if volume["image"].is_object() {
        let reference = volume["image"]["reference"].as_str().unwrap_or_default();
        let tagged = reference.contains('@')
            || reference
                .rsplit('/')
                .next()
                .is_some_and(|last| last.contains(':') && !last.ends_with(":latest"));
        let policy = if tagged || reference.is_empty() {
            "IfNotPresent"
        } else {
            "Always"
        };
        default_to(&mut volume["image"], "pullPolicy", policy);
    }
    let claim = volume
        .get_mut("ephemeral")
        .and_then(|ephemeral| ephemeral.get_mut("volumeClaimTemplate"))
        .and_then(|template| template.get_mut("spec"));
    if let Some(claim) = claim.filter(|claim| claim.is_object()) {
        default_to(claim, "volumeMode", "Filesystem");
    }
    prune(volume);
}

fn downward(source: &mut Value) {
    for item in items(source, "items") {
        if item["fieldRef"].is_object() {
            default_to(&mut item["fieldRef"], "apiVersion", "v1");
        }
    }
}

/// Looking into a missing member with `[]` leaves a null there.
fn prune(object: &mut Value) {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| {
            !value.is_null()
                && value
                    .as_object()
                    .is_none_or(|inner| inner.is_empty() || !inner.values().all(Value::is_null))
        });
    }
}
