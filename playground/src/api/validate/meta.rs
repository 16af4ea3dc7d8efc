//! `metadata` of every object.

use serde_json::Value;

use crate::api::field::FieldError;
use crate::api::names;
use crate::api::validate::{list, text};
use crate::resource::Resource;

/// Most bytes of all annotations together.
const MOST_ANNOTATIONS: usize = 256 * 1024;

/// A new object's metadata.
pub fn create(resource: &Resource, object: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = &object["metadata"];
    let name = text(metadata, "name");
    if name.is_empty() {
        errors.push(FieldError::required(
            "metadata.name",
            "name or generateName is required",
        ));
    } else {
        let problems = match resource.kind {
            "Namespace" => names::dns_label(name),
            "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => path_segment(name),
            _ => names::subdomain(name),
        };
        for problem in problems {
            errors.push(FieldError::invalid("metadata.name", name, problem));
        }
    }
    common(metadata, &mut errors);
    errors
}

/// A name that only has to fit into a URL.
fn path_segment(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if matches!(name, "." | "..") {
        problems.push(format!("may not be '{name}'"));
    }
    for bad in ['/', '%'] {
        if name.contains(bad) {
            problems.push(format!("may not contain '{bad}'"));
        }
    }
    problems
}

/// Labels, annotations, finalizers, owners.
fn common(metadata: &Value, errors: &mut Vec<FieldError>) {
    labels(&metadata["labels"], "metadata.labels", errors);
    annotations(&metadata["annotations"], "metadata.annotations", errors);
    owners(metadata, errors);
    let finalizers = list(metadata, "finalizers");
    for finalizer in finalizers {
        let finalizer = finalizer.as_str().unwrap_or_default();
        for problem in names::qualified_name(finalizer) {
            errors.push(FieldError::invalid("metadata.finalizers", finalizer, problem));
        }
    }
    let has = |name: &str| finalizers.iter().any(|one| one == name);
    if has("orphan") && has("foregroundDeletion") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid(
            "metadata.finalizers",
            metadata["finalizers"].clone(),
            detail,
        ));
    }
}

/// Keys and values of labels.
pub fn labels(labels: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (key, value) in sorted(labels) {
        for problem in names::qualified_name(key) {
            errors.push(FieldError::invalid(path, key.as_str(), problem));
        }
        let value = value.as_str().unwrap_or_default();
        for problem in names::label_value(value) {
            errors.push(FieldError::invalid(path, value, problem));
        }
    }
}

/// Keys and the size of annotations.
pub fn annotations(annotations: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let mut size = 0;
    for (key, value) in sorted(annotations) {
        for problem in names::qualified_name(&key.to_lowercase()) {
            errors.push(FieldError::invalid(path, key.as_str(), problem));
        }
        size += key.len() + value.as_str().unwrap_or_default().len();
    }
    if size > MOST_ANNOTATIONS {
        errors.push(FieldError::too_long(path, MOST_ANNOTATIONS as u64));
    }
}

/// A map as Go prints it: by name.
pub fn by_name(map: &Value) -> Value {
    if map.is_null() {
        return Value::Null;
    }
    sorted(map)
        .into_iter()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn sorted(map: &Value) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = map.as_object().into_iter().flatten().collect();
    members.sort_by_key(|(key, _)| *key);
    members
}

fn owners(metadata: &Value, errors: &mut Vec<FieldError>) {
    let path = "metadata.ownerReferences";
    let owners = list(metadata, "ownerReferences");
    let mut controllers = Vec::new();
    for owner in owners {
        for name in ["apiVersion", "kind", "name", "uid"] {
            if text(owner, name).is_empty() {
                let detail = if name == "apiVersion" {
                    "version must not be empty"
                } else {
                    "must not be empty"
                };
                errors.push(FieldError::invalid(
                    format!("{path}.{name}"),
                    text(owner, name),
                    detail,
                ));
            }
        }
        if owner["controller"] == true {
            controllers.push(format!("{}/{}", text(owner, "kind"), text(owner, "name")));
        }
    }
    if let [first, second, ..] = controllers.as_slice() {
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {second}"
        );
        errors.push(FieldError::invalid(
            path,
            metadata["ownerReferences"].clone(),
            detail,
        ));
    }
}

/// A replacement's metadata: what may not change.
pub fn update(old: &Value, new: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (before, after) = (&old["metadata"], &new["metadata"]);
    common(after, &mut errors);
    if !before["deletionTimestamp"].is_null() {
        let known = list(before, "finalizers");
        let mut added: Vec<&str> = list(after, "finalizers")
            .iter()
            .filter(|one| !known.contains(one))
            .filter_map(Value::as_str)
            .collect();
        added.sort_unstable();
        if !added.is_empty() {
            let quoted: Vec<String> = added.iter().map(|one| format!("{one:?}")).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                quoted.join(", ")
            );
            errors.push(FieldError::forbidden("metadata.finalizers", detail));
        }
    }
    for name in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        if before[name] != after[name] {
            let path = format!("metadata.{name}");
            errors.push(FieldError::invalid(
                path,
                after[name].clone(),
                "field is immutable",
            ));
        }
    }
    errors
}
