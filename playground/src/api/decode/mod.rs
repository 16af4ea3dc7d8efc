//! Decoding of request bodies: JSON, YAML or Protocol Buffers, then the type's schema.
//!
//! The rules are those of `sigs.k8s.io/json` and `sigs.k8s.io/yaml`: case-sensitive field names, YAML 1.1
//! scalars, unknown and duplicate fields reported but not fatal unless the client requests
//! `fieldValidation=Strict`
//! ([API concepts](https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation)).

mod go_types;
mod json;
mod protobuf;
mod schema;
mod typed;
mod yaml;

use serde_json::Value;

pub use crate::api::decode::protobuf::fields_of;
pub use crate::api::decode::schema::{ListKind, Schema, Type, description, document, schema_of, zero};
pub use crate::api::decode::typed::{Empties, typed};

use crate::api::error::ApiError;
use crate::resource;
use crate::resource::Resource;

/// The media types of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

/// How unknown and duplicate fields are handled (`fieldValidation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drop them silently.
    Ignore,
    /// Drop them and respond with `Warning` headers; the default.
    Warn,
    /// Refuse the request.
    Strict,
}

/// A decoded object, with the warnings for a client that requests them.
#[derive(Debug)]
pub struct Decoded {
    /// The object, without unknown fields.
    pub object: Value,
    /// One message for each unknown or duplicate field.
    pub warnings: Vec<String>,
}

/// Parses a body; returns the value and messages about duplicate fields. The error is the parser's message.
pub fn parse(body: &[u8], format: Format) -> Result<(Value, Vec<String>), String> {
    match format {
        Format::Json => json::parse(body),
        Format::Yaml => yaml::parse(body),
        Format::Protobuf => protobuf::parse(body).map(|object| (object, Vec::new())),
    }
}

/// Decodes one object of `resource` from a request's body. Errors are 400 Bad Request.
pub fn object(
    body: &[u8],
    format: Format,
    resource: &'static Resource,
    empties: Empties,
    validation: FieldValidation,
) -> Result<Decoded, ApiError> {
    let kind = resource.kind;
    let unrecognized = |why: &str| {
        let quoted = quote(body);
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why} ({quoted})"
        ))
    };
    let (value, repeated) = parse(body, format).map_err(|why| unrecognized(&kind_error(format, why)))?;
    check_type_meta(&value).map_err(|why| unrecognized(&kind_error(Format::Json, why)))?;
    let value = if value.is_null() {
        Value::Object(serde_json::Map::new())
    } else {
        value
    };
    let handled = |why: String| {
        let version = value["apiVersion"].as_str().unwrap_or_default();
        let version = version.rsplit('/').next().filter(|text| !text.is_empty());
        let named = value["kind"]
            .as_str()
            .filter(|text| !text.is_empty())
            .unwrap_or(kind);
        let version = version.unwrap_or(resource.version);
        ApiError::bad_request(format!(
            "{named} in version \"{version}\" cannot be handled as a {kind}: {why}"
        ))
    };
    check_kind(&value, resource).map_err(handled)?;
    let mut unknown = Vec::new();
    let mut object = match schema_of(resource) {
        Some(schema) => typed(value.clone(), schema, empties, &mut unknown).map_err(handled)?,
        None => value.clone(),
    };
    object["apiVersion"] = resource.api_version().into();
    object["kind"] = kind.into();
    let warnings = match validation {
        FieldValidation::Ignore => Vec::new(),
        FieldValidation::Warn => [repeated, unknown].concat(),
        FieldValidation::Strict => {
            let mut problems = unknown;
            if !repeated.is_empty() {
                let joined = match format {
                    Format::Json => repeated.join(", "),
                    Format::Yaml | Format::Protobuf => {
                        format!("yaml: unmarshal errors:\n  {}", repeated.join("\n  "))
                    }
                };
                problems.insert(0, joined);
            }
            if !problems.is_empty() {
                return Err(handled(format!("strict decoding error: {}", problems.join(", "))));
            }
            Vec::new()
        }
    };
    Ok(Decoded { object, warnings })
}

/// Returns the message about a body that cannot be parsed. For YAML it is the parser's own: the server converts YAML
/// to JSON before it looks for the kind.
pub fn kind_error(format: Format, why: String) -> String {
    match format {
        Format::Json => format!("couldn't get version/kind; json parse error: {why}"),
        Format::Yaml | Format::Protobuf => why,
    }
}

/// Checks that a body is an object whose `apiVersion` and `kind` are strings. The error is Go's message.
pub fn check_type_meta(value: &Value) -> Result<(), String> {
    if !matches!(value, Value::Null | Value::Object(_)) {
        let go = json_kind(value);
        return Err(format!(
            "json: cannot unmarshal {go} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        ));
    }
    for field in ["apiVersion", "kind"] {
        if !matches!(value[field], Value::Null | Value::String(_)) {
            let go = json_kind(&value[field]);
            return Err(format!(
                "json: cannot unmarshal {go} into Go struct field .{field} of type string"
            ));
        }
    }
    Ok(())
}

/// Returns the object as it is serialized: without empty optional fields, with those that are always written.
pub fn serialized(object: Value, resource: &Resource) -> Value {
    match schema_of(resource) {
        Some(schema) => {
            let unchanged = object.clone();
            typed(object, schema, Empties::Omit, &mut Vec::new()).unwrap_or(unchanged)
        }
        None => object,
    }
}

/// Decodes the result of a patch on an object of `resource`; returns it with the warnings about unknown
/// fields, or the decoder's message.
pub fn patched(
    value: Value,
    resource: &'static Resource,
    validation: FieldValidation,
) -> Result<(Value, Vec<String>), String> {
    check_kind(&value, resource)?;
    let mut unknown = Vec::new();
    let mut object = match schema_of(resource) {
        Some(schema) => typed(value, schema, Empties::Omit, &mut unknown)?,
        None => value,
    };
    object["apiVersion"] = resource.api_version().into();
    object["kind"] = resource.kind.into();
    match validation {
        FieldValidation::Strict if !unknown.is_empty() => {
            Err(format!("strict decoding error: {}", unknown.join(", ")))
        }
        FieldValidation::Ignore => Ok((object, Vec::new())),
        _ => Ok((object, unknown)),
    }
}

/// Checks that the object's `apiVersion` and `kind`, if set, match those of the URL.
fn check_kind(value: &Value, resource: &Resource) -> Result<(), String> {
    let text = |field: &str| value[field].as_str().unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let own_version = resource.api_version();
    let api_version = if api_version.is_empty() {
        &own_version
    } else {
        api_version
    };
    let kind = if kind.is_empty() { resource.kind } else { kind };
    let same_version =
        api_version == own_version || (resource.plural == "events" && api_version == "events.k8s.io/v1");
    if same_version && kind == resource.kind {
        return Ok(());
    }
    // Lists, statuses and options are registered in every group in addition to its own kinds and their lists.
    let common = matches!(
        kind,
        "List" | "Status" | "DeleteOptions" | "WatchEvent" | "PatchOptions"
    );
    let known = resource::ALL
        .iter()
        .any(|one| one.api_version() == api_version && (common || one.kind == kind || one.list_kind == kind));
    if known {
        let group = if resource.group.is_empty() {
            "core"
        } else {
            resource.group
        };
        let version = api_version.rsplit('/').next().unwrap_or(api_version);
        return Err(format!(
            "converting ({version}.{kind}) to ({group}.{}): unknown conversion",
            resource.kind
        ));
    }
    Err(format!(
        "no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \"pkg/runtime/scheme.go:111\""
    ))
}

/// Returns the name of a value's type in the errors of Go's JSON decoder.
pub fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Returns the first 30 bytes of a body as the API server quotes them: text if it looks like JSON, otherwise
/// hexadecimal.
fn quote(body: &[u8]) -> String {
    use std::fmt::Write as _;
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let shown = &body[..body.len().min(30)];
    let mut text = if body.first() == Some(&b'{') {
        String::from_utf8_lossy(shown).into_owned()
    } else {
        shown.iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    };
    if body.len() > 30 {
        text.push_str(" ...");
    }
    text
}
