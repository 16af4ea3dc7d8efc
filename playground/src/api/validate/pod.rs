//! Updates of Pods: mutable fields.

use serde_json::Value;

use crate::api::field::FieldError;

/// Validates an update: only images, the deadline, tolerations, scheduling gates and the grace period may
/// change.
pub fn update(old: &Value, new: &Value, errors: &mut Vec<FieldError>) {
    let mut before = old["spec"].clone();
    let mut after = new["spec"].clone();
    for spec in [&mut before, &mut after] {
        let Some(members) = spec.as_object_mut() else {
            continue;
        };
        for name in [
            "activeDeadlineSeconds",
            "tolerations",
            "schedulingGates",
            "terminationGracePeriodSeconds",
        ] {
            members.remove(name);
        }
        for kind in ["initContainers", "containers"] {
            let containers = members.get_mut(kind).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
                container.remove("image");
            }
        }
    }
    if before != after {
        let detail = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        errors.push(FieldError::forbidden("spec", detail));
    }
}
