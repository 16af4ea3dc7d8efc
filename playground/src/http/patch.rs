//! Patches: merge (RFC 7386), JSON (RFC 6902), strategic merge and apply, the latter two as a merge with lists of
//! named things merged by name.

use http::HeaderMap;
use serde_json::Value;

use super::status::Status;

/// How a patch is meant, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatchKind {
    Merge,
    Json,
    Strategic,
    Apply,
}

impl PatchKind {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Status> {
        let kind = headers
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        match kind.split(';').next().unwrap_or_default() {
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/json-patch+json" => Ok(Self::Json),
            "application/strategic-merge-patch+json" => Ok(Self::Strategic),
            "application/apply-patch+yaml" | "application/apply-patch+json" => Ok(Self::Apply),
            _ => Err(Status::new(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format",
            )),
        }
    }

    /// The object after the patch.
    pub(super) fn apply(self, old: &Value, body: &[u8]) -> Result<Value, Status> {
        let unreadable = |error: String| Status::bad_request(error);
        let patch: Value = match self {
            Self::Apply => yaml(std::str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?)
                .map_err(unreadable)?,
            _ => serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?,
        };
        let mut new = old.clone();
        match self {
            Self::Merge => merge(&mut new, &patch, false),
            Self::Strategic | Self::Apply => merge(&mut new, &patch, true),
            Self::Json => json_patch(&mut new, &patch)?,
        }
        Ok(new)
    }
}

/// A YAML text as a value.
pub(super) fn yaml(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

fn merge(target: &mut Value, patch: &Value, named: bool) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                if key.starts_with('$') {
                    continue;
                }
                if value.is_null() {
                    target.shift_remove(key);
                } else {
                    merge(target.entry(key.clone()).or_insert(Value::Null), value, named);
                }
            }
        }
        (Value::Array(target), Value::Array(patch))
            if named && patch.iter().all(|item| item["name"].is_string()) && !patch.is_empty() =>
        {
            for item in patch {
                let found = target.iter_mut().find(|other| other["name"] == item["name"]);
                let is_delete = item["$patch"] == "delete";
                match found {
                    Some(_) if is_delete => target.retain(|other| other["name"] != item["name"]),
                    Some(other) => merge(other, item, named),
                    None if is_delete => {}
                    None => target.push(item.clone()),
                }
            }
        }
        (
            target @ (Value::Null | Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Array(_)),
            Value::Object(patch),
        ) => {
            *target = Value::Object(serde_json::Map::new());
            merge(target, &Value::Object(patch.clone()), named);
        }
        (target, patch) => *target = patch.clone(),
    }
}

fn json_patch(target: &mut Value, patch: &Value) -> Result<(), Status> {
    let wrong = |what: &str| Status::new(422, "Invalid", what.to_owned());
    for operation in patch
        .as_array()
        .ok_or_else(|| Status::bad_request("a JSON patch is a list"))?
    {
        let path = operation["path"]
            .as_str()
            .ok_or_else(|| wrong("an operation has no path"))?;
        match operation["op"].as_str() {
            Some("add" | "replace") => put(target, path, operation["value"].clone())
                .ok_or_else(|| wrong("there is no such place"))?,
            Some("remove") => {
                take(target, path).ok_or_else(|| wrong("there is no such place"))?;
            }
            Some("test") if target.pointer(path) == Some(&operation["value"]) => {}
            Some("test") => return Err(wrong("testing value failed")),
            Some("copy" | "move") => {
                let from = operation["from"]
                    .as_str()
                    .ok_or_else(|| wrong("an operation has no from"))?;
                let value = if operation["op"] == "copy" {
                    target.pointer(from).cloned()
                } else {
                    take(target, from)
                };
                put(
                    target,
                    path,
                    value.ok_or_else(|| wrong("there is no such place"))?,
                )
                .ok_or_else(|| wrong("there is no such place"))?;
            }
            _ => return Err(wrong("an operation is not known")),
        }
    }
    Ok(())
}

fn parent<'a>(target: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((
        target.pointer_mut(parent)?,
        last.replace("~1", "/").replace("~0", "~"),
    ))
}

fn put(target: &mut Value, path: &str, value: Value) -> Option<()> {
    match parent(target, path)? {
        (Value::Object(map), key) => {
            map.insert(key, value);
        }
        (Value::Array(items), key) if key == "-" => items.push(value),
        (Value::Array(items), key) => {
            let index: usize = key.parse().ok().filter(|index| *index <= items.len())?;
            items.insert(index, value);
        }
        _ => return None,
    }
    Some(())
}

fn take(target: &mut Value, path: &str) -> Option<Value> {
    match parent(target, path)? {
        (Value::Object(map), key) => map.shift_remove(&key),
        (Value::Array(items), key) => key
            .parse()
            .ok()
            .filter(|index: &usize| *index < items.len())
            .map(|index| items.remove(index)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_patch_means_what_its_rule_says() {
        let old = json!({"a": {"b": 1, "c": 2}, "l": [{"name": "x", "v": 1}]});
        let apply = |kind: PatchKind, patch: Value| kind.apply(&old, patch.to_string().as_bytes()).unwrap();
        assert_eq!(
            apply(
                PatchKind::Merge,
                json!({"a": {"b": null, "d": {"e": 3}}, "l": [2]})
            ),
            json!({"a": {"c": 2, "d": {"e": 3}}, "l": [2]})
        );
        let merged = apply(
            PatchKind::Strategic,
            json!({"l": [{"name": "x", "w": 2}, {"name": "y"}]}),
        );
        assert_eq!(merged["l"], json!([{"name": "x", "v": 1, "w": 2}, {"name": "y"}]));
        let patched = apply(
            PatchKind::Json,
            json!([{"op": "remove", "path": "/a/b"}, {"op": "add", "path": "/l/-", "value": 7}]),
        );
        assert_eq!(patched, json!({"a": {"c": 2}, "l": [{"name": "x", "v": 1}, 7]}));
        assert!(
            PatchKind::Json
                .apply(&old, b"[{\"op\":\"test\",\"path\":\"/a/b\",\"value\":2}]")
                .is_err()
        );
    }
}
