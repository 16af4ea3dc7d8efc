//! Defaults that the server sets before validation (`SetDefaults_…` of batch/v1 and core/v1).
//!
//! All functions accept any JSON; values of a wrong type are left unchanged.

mod container;
mod disabled;
mod job;
mod owners;
mod pod_spec;
mod volume;

use serde_json::{Map, Value};

pub use disabled::{drop_disabled, is_disabled};
pub use job::{inherit_labels, job, prepare_job};
pub use owners::owners;
pub use pod_spec::pod_spec;

/// Sets a member that is missing or null (a pointer in Go).
fn set_if_missing(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut()
        && members.get(name).is_none_or(Value::is_null)
    {
        members.insert(name.to_owned(), value.into());
    }
}

/// Sets a member that is missing, null or Go's zero value (a string or number in Go).
fn set_if_zero(object: &mut Value, name: &str, value: impl Into<Value>) {
    let is_zero = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    };
    if let Some(members) = object.as_object_mut()
        && members.get(name).is_none_or(is_zero)
    {
        members.insert(name.to_owned(), value.into());
    }
}

/// Returns the member as a mapping, inserting an empty one if it is missing; `None` if it has another type.
fn entry<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let members = object.as_object_mut()?;
    let member = members.entry(name).or_insert(Value::Null);
    if member.is_null() {
        *member = Value::Object(Map::new());
    }
    member.is_object().then_some(member)
}

/// Returns the member if it is a mapping.
fn member<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    object.get_mut(name).filter(|member| member.is_object())
}

/// Iterates over a list of structs. Null items become empty structs, as Go decodes them.
fn items<'a>(object: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> {
    object
        .get_mut(name)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .map(|item| {
            if item.is_null() {
                *item = Value::Object(Map::new());
            }
            item
        })
}

/// Returns whether the member is set, that is, neither missing nor null.
fn has(object: &Value, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn job_gets_server_defaults() {
        let mut job = json!({
            "metadata": {"name": "a"},
            "spec": {"template": {
                "metadata": {"labels": {"app": "a"}},
                "spec": {
                    "restartPolicy": "",
                    "serviceAccount": "old",
                    "containers": [{"name": "c", "image": "i", "imagePullPolicy": "", "ports": [null]}],
                    "volumes": [{"name": "v"}],
                },
            }},
        });
        super::job(&mut job);
        let spec = &job["spec"];
        assert_eq!(job["metadata"]["labels"], json!({"app": "a"}));
        assert_eq!(spec["completions"], 1);
        assert_eq!(spec["podReplacementPolicy"], "TerminatingOrFailed");
        let pod = &spec["template"]["spec"];
        assert_eq!(pod["restartPolicy"], "Always");
        assert_eq!(pod["serviceAccountName"], "old");
        assert_eq!(pod["volumes"][0], json!({"name": "v", "emptyDir": {}}));
        assert_eq!(pod["containers"][0]["imagePullPolicy"], "Always");
        assert_eq!(pod["containers"][0]["ports"][0], json!({"protocol": "TCP"}));
    }
}
