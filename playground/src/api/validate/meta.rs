//! `metadata` of all kinds.

use k8s_rules::Options;
use k8s_rules::validation::{self, NameRule};
use serde_json::Value;

use super::{causes, list};
use crate::api::field::FieldError;
use crate::resource::Resource;

/// Validates a new object's metadata.
pub fn create(resource: &Resource, object: &Value, options: &Options) -> Vec<FieldError> {
    let rule = match resource.kind {
        "Namespace" => NameRule::Label,
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => NameRule::PathSegment,
        _ => NameRule::Subdomain,
    };
    causes(validation::object_meta(object, rule, options)).collect()
}

/// Validates an update of the metadata, including immutable fields.
pub fn update(old: &Value, new: &Value, options: &Options) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = causes(validation::common_meta(new, options)).collect();
    let (before, after) = (&old["metadata"], &new["metadata"]);
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
