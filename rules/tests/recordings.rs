//! Compares the rules with recorded responses of a real API server (Kubernetes 1.36.2): verdict, fields, reasons
//! and messages.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]
#![cfg(feature = "details")]

use std::path::PathBuf;

use k8s_rules::{Options, validation};
use serde_json::{Map, Value};

/// Expands the abbreviation of long strings in recordings: `{"$repeat": "x", "times": 3}`.
fn expand(value: &Value) -> Value {
    match value {
        Value::Object(members) => match (members.get("$repeat"), members.get("times")) {
            (Some(Value::String(text)), Some(times)) => {
                let times = usize::try_from(times.as_u64().unwrap()).unwrap();
                text.repeat(times).into()
            }
            _ => members
                .iter()
                .map(|(key, value)| (key.clone(), expand(value)))
                .collect::<Map<_, _>>()
                .into(),
        },
        Value::Array(items) => items.iter().map(expand).collect(),
        Value::String(text) => text
            .replace("${ns}", "demo")
            .replace("${now}", "2026-11-23T10:00:00Z")
            .into(),
        other => other.clone(),
    }
}

struct Cause {
    field: String,
    reason: String,
    message: String,
}

fn told(response: &Value) -> Vec<Cause> {
    let causes = response["body"]["details"]["causes"].as_array();
    let text = |cause: &Value, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
    causes
        .into_iter()
        .flatten()
        .map(|cause| Cause {
            field: text(cause, "field"),
            reason: text(cause, "reason"),
            message: text(cause, "message"),
        })
        .collect()
}

#[test]
fn causes_match_the_server_literally() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/validation");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    let options = Options {
        defaulted: false,
        minor: Some(36),
    };
    let (mut compared, mut differences) = (0, Vec::new());
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let scenario: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for step in scenario["steps"].as_array().unwrap() {
            let (request, response) = (&step["request"], &step["response"]);
            let status = response["status"].as_u64().unwrap();
            if request["method"] != "POST" || !request["body"].is_object() || !matches!(status, 201 | 422) {
                continue;
            }
            compared += 1;
            let report = validation::job(&expand(&request["body"]), &options);
            let uid = "00000000-0000-0000-0000-000000000000";
            let found: Vec<String> = report
                .causes
                .iter()
                .map(|cause| format!("{} {} {}", cause.path, cause.reason(), cause.message()))
                .collect();
            let wanted: Vec<String> = told(response)
                .into_iter()
                .map(|cause| format!("{} {} {}", cause.field, cause.reason, cause.message))
                .map(|text| replace_uids(&text, uid))
                .collect();
            let sorted = |mut texts: Vec<String>| {
                texts.sort();
                texts
            };
            if sorted(found.clone()) != sorted(wanted.clone()) || !report.mistyped.is_empty() {
                differences.push(format!(
                    "{name}\n  server {wanted:#?}\n  found {found:#?}\n  mistyped {:?}",
                    report.mistyped
                ));
            }
        }
    }
    assert!(compared > 250, "the recordings are read");
    assert!(
        differences.is_empty(),
        "{} differ: {}",
        differences.len(),
        differences.join("\n")
    );
}

/// Replaces a recorded UID by the placeholder UID.
fn replace_uids(text: &str, uid: &str) -> String {
    let mut out = text.to_owned();
    let is_uid = |part: &str| {
        part.len() == 36
            && part.char_indices().all(|(at, one)| {
                matches!(at, 8 | 13 | 18 | 23) == (one == '-') && (one == '-' || one.is_ascii_hexdigit())
            })
    };
    let mut at = 0;
    while at + 36 <= out.len() {
        if out.is_char_boundary(at) && out.is_char_boundary(at + 36) && is_uid(&out[at..at + 36]) {
            out.replace_range(at..at + 36, uid);
            at += 36;
        } else {
            at += 1;
        }
    }
    out.replace("${uid}", uid)
}
