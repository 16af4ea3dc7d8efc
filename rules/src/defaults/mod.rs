//! What the server fills in before it looks at an object (`SetDefaults_…` of batch/v1 and core/v1).
//!
//! All of it takes any JSON: what is of a wrong type stays as it is.

mod container;
mod disabled;
mod job;
mod pod_spec;
mod volume;

use serde_json::{Map, Value};

pub use disabled::drop_disabled;
pub use job::{inherit_labels, job, prepare_job};
pub use pod_spec::pod_spec;

/// Sets a member unless it is there (a pointer in Go).
fn missing(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut()
        && members.get(name).is_none_or(Value::is_null)
    {
        members.insert(name.to_owned(), value.into());
    }
}

/// Sets a member unless it is there and not Go's zero (a text or number in Go).
fn zero(object: &mut Value, name: &str, value: impl Into<Value>) {
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

/// The member as a mapping, made if it is missing; `None` if it is something else.
fn entry<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let members = object.as_object_mut()?;
    let member = members.entry(name).or_insert(Value::Null);
    if member.is_null() {
        *member = Value::Object(Map::new());
    }
    member.is_object().then_some(member)
}

/// The member, if it is a mapping.
fn member<'a>(object: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    object.get_mut(name).filter(|member| member.is_object())
}

/// The items of a list of structs. Null is an empty one, as Go reads it.
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

/// A member is there.
fn has(object: &Value, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn job_is_filled_in_as_the_server_does() {
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
