//! Events, ConfigMaps, Secrets.

use serde_json::Value;

use k8s_rules::machinery::names;

use super::{faults, text};
use crate::api::field::FieldError;

/// Checks that an event is in the namespace of its involved object.
pub fn event(object: &Value, errors: &mut Vec<FieldError>) {
    let involved = text(&object["involvedObject"], "namespace");
    let own = text(&object["metadata"], "namespace");
    let matches = if involved.is_empty() {
        own == "default"
    } else {
        involved == own
    };
    if !matches {
        let path = "involvedObject.namespace";
        errors.push(FieldError::invalid(
            path,
            involved,
            "does not match event.namespace",
        ));
    }
}

/// Checks that the keys of `data` and `binaryData` are valid file names, and that the values are at most 1
/// MiB.
pub fn keys(object: &Value, errors: &mut Vec<FieldError>) {
    let mut size = 0;
    for part in ["data", "binaryData"] {
        for (key, value) in object[part].as_object().into_iter().flatten() {
            size += value.as_str().unwrap_or_default().len();
            faults(&format!("{part}[{key}]"), key, names::config_key(key), errors);
        }
    }
    if size > 1024 * 1024 * 4 / 3 {
        errors.push(FieldError::too_long("data", 1024 * 1024));
    }
}

/// Checks that an object with `immutable: true` keeps its data and the flag itself.
pub fn immutable(old: &Value, new: &Value, errors: &mut Vec<FieldError>) {
    if old["immutable"] != true {
        return;
    }
    for part in ["immutable", "data", "binaryData"] {
        if old[part] != new[part] {
            let detail = "field is immutable when `immutable` is set";
            errors.push(FieldError::forbidden(part, detail));
        }
    }
}
