//! Recorded responses of a real API server (Kubernetes 1.36.2) to Jobs, from the recordings of the rules.

use std::path::PathBuf;

use manifest::Document;
use serde_json::{Map, Value};

/// One Job as it was sent, and the server's verdict.
pub struct Recording {
    pub name: String,
    pub text: String,
    /// Whether the server accepted it.
    pub taken: bool,
    /// The fields in the server's response, each once, in its spelling.
    pub fields: Vec<Field>,
    /// Whether the request ignored unknown and duplicate fields.
    pub lenient: bool,
    /// Why a user's text cannot contain what the request did.
    pub out_of_scope: Option<&'static str>,
}

/// A field in the server's spelling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Field {
    /// Of a validation error or an unknown or duplicate field.
    Path(String),
    /// Of a decoding error, which contains neither list indexes nor map keys.
    Decoded(String),
    /// Of a duplicate YAML key: only the key.
    Key(String),
}

impl Field {
    pub fn written(&self) -> &str {
        match self {
            Self::Path(text) | Self::Decoded(text) | Self::Key(text) => text,
        }
    }
}

/// Returns all recordings of a group.
pub fn all(group: &str) -> Vec<Recording> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../rules/tests/recordings")
        .join(group);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .flat_map(|file| {
            let scenario: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let steps = scenario["steps"].as_array().unwrap().clone();
            let namespace = scenario["namespace"].as_str().unwrap_or("demo").to_owned();
            steps
                .into_iter()
                .filter(|step| step["request"]["method"] == "POST")
                .map(move |step| recording(&name, &namespace, &step))
        })
        .collect()
}

fn recording(name: &str, namespace: &str, step: &Value) -> Recording {
    let (request, response) = (&step["request"], &step["response"]);
    let text = match &request["body"] {
        Value::String(text) => text.clone(),
        body => format!("{:#}", expand(body)),
    };
    let text = text
        .replace("${ns}", namespace)
        .replace("${now}", "2026-11-23T10:00:00Z");
    let status = response["status"].as_u64().unwrap();
    let message = response["body"]["message"].as_str().unwrap_or_default();
    let mut fields = Vec::new();
    if status >= 400 {
        for cause in response["body"]["details"]["causes"]
            .as_array()
            .into_iter()
            .flatten()
        {
            fields.extend(cause["field"].as_str().map(|field| Field::Path(field.to_owned())));
        }
        fields.extend(fields_of(message));
    }
    // The console sends fieldValidation=Strict, which turns these warnings into errors.
    for warning in response["headers"]["Warning"].as_array().into_iter().flatten() {
        fields.extend(fields_of(
            &warning.as_str().unwrap_or_default().replace("\\\"", "\""),
        ));
    }
    let mut unique: Vec<Field> = Vec::new();
    for field in fields {
        if !unique.contains(&field) {
            unique.push(field);
        }
    }
    Recording {
        name: name.to_owned(),
        taken: status < 300 && unique.is_empty(),
        lenient: request["query"]["fieldValidation"] == "Ignore",
        out_of_scope: out_of_scope(&text, request, status, message),
        fields: unique,
        text,
    }
}

/// Returns the fields in the message of a decoding error.
fn fields_of(message: &str) -> Vec<Field> {
    let mut fields = Vec::new();
    for mark in ["unknown field \"", "duplicate field \""] {
        for (at, _) in message.match_indices(mark) {
            let rest = &message[at + mark.len()..];
            fields.push(Field::Path(rest[..rest.find('"').unwrap()].to_owned()));
        }
    }
    for (at, _) in message.match_indices("\" already set in map") {
        let key = message[..at].rsplit('"').next().unwrap();
        fields.push(Field::Key(key.to_owned()));
    }
    if let Some((_, rest)) = message.split_once("Go struct field ") {
        let path = rest.split_whitespace().next().unwrap();
        fields.push(Field::Decoded(path.split_once('.').unwrap().1.to_owned()));
    }
    fields
}

fn out_of_scope(text: &str, request: &Value, status: u64, message: &str) -> Option<&'static str> {
    // The server reads the first document, which may be empty, and comments before its marker.
    let mut documents = text.split("---\n").map(str::trim);
    let mut first = documents.next().unwrap_or_default();
    if first.lines().all(|line| line.starts_with(['#', '%'])) {
        first = documents.next().unwrap_or_default();
    }
    let says_kind = |document: &Document| {
        document
            .entries()
            .first()
            .is_none_or(|entry| entry.kind.is_some() && entry.api_version.is_some())
    };
    if status == 415 {
        return Some("the content type of the HTTP request");
    }
    if message.starts_with("the namespace of the provided object does not match") {
        return Some("the namespace of the request's URL");
    }
    if message.contains("unknown conversion") {
        return Some("a URL of another kind: the console posts a text to its own kind's");
    }
    // Text that a JSON parser rejects and a YAML parser accepts.
    let json = serde_json::from_str::<Value>(text).is_err()
        && request["headers"]["content-type"]
            .as_str()
            .unwrap_or_default()
            .contains("json");
    if json
        && message.contains("json parse error")
        && Document::parse(text).is_valid()
        && !text.trim().is_empty()
    {
        return Some(
            "YAML sent with the content type of JSON: the console reads every text as YAML, of which JSON is a part",
        );
    }
    // `{}`, `null`, nothing, or an empty first document: the server knows the kind from the URL.
    let document = Document::parse(first);
    let is_object = document
        .value(0)
        .is_none_or(|value| value.is_object() || value.is_null());
    if document.is_valid() && is_object && (document.entries().is_empty() || !says_kind(&document)) {
        return Some("no kind: the server takes it from the URL, a text alone does not say where it belongs");
    }
    None
}

/// Expands `{"$repeat": "x", "times": n}` to a string of n times x.
fn expand(value: &Value) -> Value {
    match value {
        Value::Object(map) => match (map.get("$repeat"), map.get("times")) {
            (Some(Value::String(text)), Some(times)) => {
                let times = usize::try_from(times.as_u64().unwrap()).unwrap();
                Value::from(text.repeat(times))
            }
            _ => map
                .iter()
                .map(|(key, value)| (key.clone(), expand(value)))
                .collect::<Map<_, _>>()
                .into(),
        },
        Value::Array(items) => items.iter().map(expand).collect(),
        other => other.clone(),
    }
}
