//! Applies patches: merge (RFC 7386), JSON (RFC 6902), strategic merge, and apply
//! ([PATCH](https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply)).

mod error_text;
mod json;
mod strategic;

use http::HeaderMap;
use serde_json::Value;

use crate::api::decode;
use crate::api::decode::{Format, schema_of};
use crate::http::status::Status;
use crate::resource::Resource;

/// The kind of a patch, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PatchKind {
    Merge,
    Json,
    Strategic,
    Apply,
}

/// A parsed patch.
#[derive(Debug)]
pub(super) struct Patch {
    /// Its kind.
    pub kind: PatchKind,
    /// Its content.
    pub body: Value,
}

impl PatchKind {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Status> {
        let kind = crate::http::header(headers, &http::header::CONTENT_TYPE);
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/json-patch+json" => Ok(Self::Json),
            "application/strategic-merge-patch+json" => Ok(Self::Strategic),
            "application/apply-patch+yaml" | "application/apply-patch+json" => Ok(Self::Apply),
            _ => {
                let mut status = Status::unsupported_media_type("415: Unsupported Media Type");
                status.details = Some(serde_json::json!({}));
                Err(status)
            }
        }
    }
}

impl Patch {
    /// Parses a patch.
    pub(super) fn read(kind: PatchKind, body: &[u8]) -> Result<Self, Status> {
        let format = if kind == PatchKind::Apply {
            Format::Yaml
        } else {
            Format::Json
        };
        let what = if kind == PatchKind::Apply { "YAML" } else { "patch" };
        let wrong = |message: String| Status::bad_request(format!("error decoding {what}: {message}"));
        let (body, _) = decode::parse(body, format).map_err(wrong)?;
        let go = |name: &str| {
            let found = decode::json_kind(&body);
            wrong(format!(
                "json: cannot unmarshal {found} into Go value of type {name}"
            ))
        };
        match kind {
            PatchKind::Json if !body.is_array() => Err(go("[]handlers.jsonPatchOp")),
            PatchKind::Merge | PatchKind::Strategic if !body.is_object() => {
                Err(go("map[string]interface {}"))
            }
            PatchKind::Json => {
                json::check(&body)?;
                Ok(Self { kind, body })
            }
            _ => Ok(Self { kind, body }),
        }
    }

    /// Returns the patched object; server-side apply is handled elsewhere.
    pub(super) fn apply(&self, resource: &Resource, old: &Value) -> Result<Value, Status> {
        let mut new = old.clone();
        match self.kind {
            PatchKind::Merge | PatchKind::Apply => merge(&mut new, &self.body),
            PatchKind::Strategic => strategic::merge(&mut new, &self.body, schema_of(resource))?,
            PatchKind::Json => json::apply(&mut new, &self.body)?,
        }
        Ok(new)
    }
}

/// Returns the error for a patched object that cannot be decoded: a client error that quotes the patched object.
pub(super) fn unreadable(
    patch: &Patch,
    resource: &Resource,
    old: &Value,
    patched: &Value,
    message: &str,
) -> Status {
    let quoted = match patch.kind {
        PatchKind::Merge => error_text::merged(resource, old, &patch.body, patched),
        PatchKind::Json => error_text::operated(resource, &patch.body, patched),
        PatchKind::Strategic | PatchKind::Apply => patched.to_string(),
    };
    let error = crate::api::field::FieldError::invalid("patch", quoted, message);
    let mut status = Status::invalid("", "", "", &[error]);
    if let Some(details) = status.details.as_mut().and_then(Value::as_object_mut) {
        details.retain(|name, _| name == "causes");
    }
    status
}

/// Applies a merge patch ([RFC 7386](https://www.rfc-editor.org/rfc/rfc7386)).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            target.shift_remove(name);
        } else {
            merge(target.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::JOBS;
    use serde_json::json;

    fn patched(kind: PatchKind, old: &Value, patch: &Value) -> Value {
        let patch = Patch::read(kind, patch.to_string().as_bytes()).unwrap();
        patch.apply(&JOBS, old).unwrap()
    }

    #[test]
    fn merge_patch_replaces_lists_and_removes_nulls() {
        let old = json!({"a": {"b": 1, "c": 2}, "l": [1]});
        let patch = json!({"a": {"b": null, "d": {"e": 3}}, "l": [2]});
        assert_eq!(
            patched(PatchKind::Merge, &old, &patch),
            json!({"a": {"c": 2, "d": {"e": 3}}, "l": [2]})
        );
    }

    #[test]
    fn strategic_patch_merges_containers_by_name() {
        let spec = |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let old = spec(json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]));
        let patch =
            spec(json!([{"name": "b", "image": "3"}, {"name": "a", "$patch": "delete"}, {"name": "c"}]));
        assert_eq!(
            patched(PatchKind::Strategic, &old, &patch),
            spec(json!([{"name": "b", "image": "3"}, {"name": "c"}]))
        );
    }
}
