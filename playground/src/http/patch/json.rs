//! Applies JSON patches ([RFC 6902](https://www.rfc-editor.org/rfc/rfc6902)), as lenient as the API server:
//! `replace` of a missing member adds it.

use serde_json::{Value, json};

use crate::api::decode::json_kind;
use crate::http::status::Status;

/// Maximum number of operations in one patch.
const MAX_OPERATIONS: usize = 10_000;
/// Maximum size of the object after a copy, in bytes of JSON.
const MAX_OBJECT_BYTES: usize = 3 * 1024 * 1024;

/// Rejects a patch that cannot be parsed.
pub(super) fn check(patch: &Value) -> Result<(), Status> {
    let wrong = |value: &Value, wanted: &str| {
        let found = json_kind(value);
        Status::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {found} into Go value of type {wanted}"
        ))
    };
    if !matches!(patch, Value::Array(_) | Value::Null) {
        return Err(wrong(patch, "[]handlers.jsonPatchOp"));
    }
    let operation = patch.as_array().into_iter().flatten();
    if let Some(operation) = operation.into_iter().find(|one| !one.is_object()) {
        return Err(wrong(operation, "handlers.jsonPatchOp"));
    }
    let operations = patch.as_array().map_or(0, Vec::len);
    if operations > MAX_OPERATIONS {
        let message =
            format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {operations}");
        return Err(Status::new(413, "RequestEntityTooLarge", message));
    }
    Ok(())
}

/// Returns the error for every operation that cannot be applied.
fn rejected() -> Status {
    let mut status = Status::new(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
    );
    status.details = Some(json!({}));
    status
}

/// Applies all operations in order.
pub(super) fn apply(target: &mut Value, patch: &Value) -> Result<(), Status> {
    for operation in patch.as_array().into_iter().flatten() {
        one(target, operation).ok_or_else(rejected)?;
        // Copies can double an object each time.
        if operation["op"] == "copy" && target.to_string().len() > MAX_OBJECT_BYTES {
            return Err(Status::too_large(MAX_OBJECT_BYTES));
        }
    }
    Ok(())
}

fn one(target: &mut Value, operation: &Value) -> Option<()> {
    let path = rooted(operation["path"].as_str()?)?;
    let from = || rooted(operation["from"].as_str()?);
    let value = || operation["value"].clone();
    match operation["op"].as_str()? {
        "add" => put(target, path, value(), false),
        "replace" => put(target, path, value(), true),
        "remove" => take(target, path).map(drop),
        "test" => {
            let wanted = &operation["value"];
            let found = target.pointer(path).unwrap_or(&Value::Null);
            (found == wanted).then_some(())
        }
        "copy" => {
            // A missing member of an object is copied as null.
            let (parent, last) = parent(target, from()?)?;
            let value = match parent {
                Value::Object(members) => members.get(&last).cloned().unwrap_or_default(),
                Value::Array(items) => items.get(last.parse::<usize>().ok()?)?.clone(),
                _ => return None,
            };
            put(target, path, value, false)
        }
        "move" => {
            let value = take(target, from()?)?;
            put(target, path, value, false)
        }
        _ => None,
    }
}

/// Returns a path from its first slash on: what is before it is ignored. `None` if there is none, and for the whole
/// object.
fn rooted(path: &str) -> Option<&str> {
    path.find('/').map(|at| &path[at..])
}

/// Returns the parent of a path's last segment, and that segment.
fn parent<'a>(target: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((
        target.pointer_mut(parent)?,
        last.replace("~1", "/").replace("~0", "~"),
    ))
}

fn put(target: &mut Value, path: &str, value: Value, replaces: bool) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    match parent(target, path)? {
        (Value::Object(members), name) => {
            members.insert(name, value);
        }
        (Value::Array(items), name) if name == "-" && !replaces => items.push(value),
        (Value::Array(items), name) => {
            let index: usize = name.parse().ok()?;
            if replaces {
                *items.get_mut(index)? = value;
            } else if index <= items.len() {
                items.insert(index, value);
            } else {
                return None;
            }
        }
        _ => return None,
    }
    Some(())
}

fn take(target: &mut Value, path: &str) -> Option<Value> {
    match parent(target, path)? {
        (Value::Object(members), name) => members.shift_remove(&name),
        (Value::Array(items), name) => {
            let index: usize = name.parse().ok().filter(|index| *index < items.len())?;
            Some(items.remove(index))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_follow_rfc_6902() {
        let mut target = json!({"a": {"b": 1}, "l": [1, 2]});
        let patch = json!([
            {"op": "replace", "path": "/l/0", "value": 7}, {"op": "add", "path": "/l/-", "value": 3},
            {"op": "move", "from": "/a/b", "path": "/c"}, {"op": "replace", "path": "/a/new", "value": 1},
            {"op": "test", "path": "/c", "value": 1},
        ]);
        apply(&mut target, &patch).unwrap();
        assert_eq!(target, json!({"a": {"new": 1}, "l": [7, 2, 3], "c": 1}));
        for bad in [
            json!([{"op": "remove", "path": "/nope"}]),
            json!([{"op": "replace", "path": "/l/9", "value": 1}]),
            json!([{"op": "test", "path": "/c", "value": 2}]),
            json!([{"op": "spin", "path": "/c"}]),
        ] {
            assert_eq!(apply(&mut target, &bad).unwrap_err().code, 422);
        }
    }
}
