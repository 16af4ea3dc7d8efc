//! Computes the cells of persistent volume claims and StorageClasses.

use serde_json::Value;

use crate::http::table::cells::{joined, list, text};

/// Returns one cell of a claim.
pub(super) fn claim(object: &Value, column: &str) -> Value {
    let (spec, status) = (&object["spec"], &object["status"]);
    let bound = !text(&spec["volumeName"]).is_empty();
    match column {
        "Status" if !object["metadata"]["deletionTimestamp"].is_null() => "Terminating".into(),
        "Status" => status["phase"].clone(),
        "Volume" => text(&spec["volumeName"]).into(),
        "Capacity" if bound => match text(&status["capacity"]["storage"]) {
            "" => "0".into(),
            amount => amount.into(),
        },
        "Access Modes" if bound => {
            let short = |mode: &str| match mode {
                "ReadWriteOnce" => "RWO",
                "ReadOnlyMany" => "ROX",
                "ReadWriteMany" => "RWX",
                _ => "RWOP",
            };
            joined(list(&status["accessModes"]).iter().map(|mode| short(text(mode)))).into()
        }
        "StorageClass" => text(&spec["storageClassName"]).into(),
        "VolumeAttributesClass" => match text(&spec["volumeAttributesClassName"]) {
            "" => "<unset>".into(),
            class => class.into(),
        },
        "VolumeMode" => match text(&spec["volumeMode"]) {
            "" => "<unset>".into(),
            mode => mode.into(),
        },
        _ => "".into(),
    }
}

/// Returns one cell of a StorageClass.
pub(super) fn class(object: &Value, column: &str) -> Value {
    let or = |field: &str, default: &str| match text(&object[field]) {
        "" => Value::from(default),
        some => some.into(),
    };
    match column {
        "Name" => {
            let marks = &object["metadata"]["annotations"];
            let is_default = marks["storageclass.kubernetes.io/is-default-class"] == "true"
                || marks["storageclass.beta.kubernetes.io/is-default-class"] == "true";
            let suffix = if is_default { " (default)" } else { "" };
            format!("{}{suffix}", text(&object["metadata"]["name"])).into()
        }
        "Provisioner" => text(&object["provisioner"]).into(),
        "ReclaimPolicy" => or("reclaimPolicy", "Delete"),
        "VolumeBindingMode" => or("volumeBindingMode", "Immediate"),
        _ => (object["allowVolumeExpansion"] == true).into(),
    }
}
