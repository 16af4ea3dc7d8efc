//! Defaults of a volume.

use serde_json::{Map, Value};

use super::{items, member, pod_spec::round_resources, set_if_missing, set_if_zero};

/// Applies `SetDefaults_Volume` of core/v1 and the defaults of its sources.
pub(super) fn default(volume: &mut Value) {
    if let Some(members) = volume.as_object_mut()
        && members
            .iter()
            .all(|(name, value)| name == "name" || value.is_null())
    {
        members.insert("emptyDir".to_owned(), Map::new().into());
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = member(volume, source) {
            set_if_missing(source, "defaultMode", 420);
        }
    }
    for source in ["secret", "configMap"] {
        if let Some(source) = member(volume, source) {
            items(source, "items").for_each(drop);
        }
    }
    if let Some(source) = member(volume, "downwardAPI") {
        downward_api(source);
    }
    if let Some(projected) = member(volume, "projected") {
        for source in items(projected, "sources") {
            if let Some(source) = member(source, "downwardAPI") {
                downward_api(source);
            }
            if let Some(token) = member(source, "serviceAccountToken") {
                set_if_missing(token, "expirationSeconds", 3600);
            }
        }
    }
    if let Some(path) = member(volume, "hostPath") {
        set_if_missing(path, "type", "");
    }
    if let Some(iscsi) = member(volume, "iscsi") {
        set_if_zero(iscsi, "iscsiInterface", "default");
    }
    if let Some(rbd) = member(volume, "rbd") {
        set_if_zero(rbd, "pool", "rbd");
        set_if_zero(rbd, "user", "admin");
        set_if_zero(rbd, "keyring", "/etc/ceph/keyring");
    }
    if let Some(disk) = member(volume, "azureDisk") {
        set_if_missing(disk, "cachingMode", "ReadWrite");
        set_if_missing(disk, "kind", "Shared");
        set_if_missing(disk, "fsType", "ext4");
        set_if_missing(disk, "readOnly", false);
    }
    if let Some(scale) = member(volume, "scaleIO") {
        set_if_zero(scale, "storageMode", "ThinProvisioned");
        set_if_zero(scale, "fsType", "xfs");
    }
    if let Some(image) = member(volume, "image") {
        let reference = image.get("reference").and_then(Value::as_str).unwrap_or_default();
        let policy = if reference.is_empty() {
            "IfNotPresent"
        } else {
            super::container::pull_policy(reference)
        };
        set_if_zero(image, "pullPolicy", policy);
    }
    let claim = member(volume, "ephemeral")
        .and_then(|ephemeral| member(ephemeral, "volumeClaimTemplate"))
        .and_then(|template| member(template, "spec"));
    if let Some(claim) = claim {
        set_if_missing(claim, "volumeMode", "Filesystem");
        if let Some(resources) = member(claim, "resources") {
            round_resources(resources);
        }
    }
}

fn downward_api(source: &mut Value) {
    for item in items(source, "items") {
        if let Some(field) = member(item, "fieldRef") {
            set_if_zero(field, "apiVersion", "v1");
        }
    }
}
