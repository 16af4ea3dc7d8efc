//! Events, ConfigMaps, Secrets.

use serde_json::Value;

use crate::api::field::FieldError;
use crate::api::validate::text;

/// An event lies in the namespace of what it is about.
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

/// Keys of `data` are file names.
pub fn keys(object: &Value, errors: &mut Vec<FieldError>) {
    let mut size = 0;
    for part in ["data", "binaryData"] {
        for (key, value) in object[part].as_object().into_iter().flatten() {
            size += value.as_str().unwrap_or_default().len();
            for problem in config_key(key) {
                errors.push(FieldError::invalid(
                    format!("{part}[{key}]"),
                    key.as_str(),
                    problem,
                ));
            }
        }
    }
    if size > 1024 * 1024 * 4 / 3 {
        errors.push(FieldError::too_long("data", 1024 * 1024));
    }
}

/// What is wrong with a key of a ConfigMap or Secret.
pub fn config_key(key: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if key.len() > 253 {
        problems.push("must be no more than 253 bytes".to_owned());
    }
    let shaped = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if !shaped {
        problems.push("a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')".to_owned());
    }
    if key == "." {
        problems.push("must not be '.'".to_owned());
    } else if key == ".." {
        problems.push("must not be '..'".to_owned());
    } else if key.starts_with("..") {
        problems.push("must not start with '..'".to_owned());
    }
    problems
}

/// `immutable: true` holds for the data and for itself.
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
