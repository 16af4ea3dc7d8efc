//! The rules against what a real API server answered to 258 Jobs.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::PathBuf;

use manifest::{Document, Severity, validate};
use serde_json::Value;

/// Scenario name, the Job as sent, and the fields that the server refused (none: it took the Job).
fn scenarios() -> Vec<(String, Value, Vec<String>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/validation");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .filter_map(|file| {
            let scenario: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let step = scenario["steps"]
                .as_array()?
                .iter()
                .find(|step| step["request"]["method"] == "POST")?;
            let body = step["request"]["body"].as_object()?.clone();
            let causes = step["response"]["body"]["details"]["causes"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let fields = causes
                .iter()
                .filter_map(|cause| cause["field"].as_str().map(str::to_owned))
                .collect();
            Some((
                file.file_stem()?.to_string_lossy().into_owned(),
                Value::Object(body),
                fields,
            ))
        })
        .filter(|(_, body, _)| !body.to_string().contains("$repeat"))
        .collect()
}

fn errors(body: &Value) -> Vec<(String, &'static str)> {
    let document = Document::parse(manifest::to_yaml(body));
    let problems = validate(&document);
    problems
        .into_iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| (problem.path.to_string(), problem.code))
        .collect()
}

#[test]
fn what_the_server_takes_is_no_error() {
    let mut wrong = Vec::new();
    for (name, body, fields) in scenarios() {
        if fields.is_empty() && !errors(&body).is_empty() {
            wrong.push((name, errors(&body)));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn what_the_server_refuses_is_found_at_the_same_field() {
    let (mut refused, mut missed) = (0, Vec::new());
    for (name, body, fields) in scenarios() {
        if fields.is_empty() {
            continue;
        }
        refused += 1;
        let found = errors(&body);
        let near = |field: &String| {
            let field = &comparable(field);
            found.iter().any(|(path, _)| {
                let path = &comparable(path);
                path.starts_with(field.as_str()) || field.starts_with(path.as_str()) && !path.is_empty()
            })
        };
        if !fields.iter().any(near) {
            missed.push(format!("{name}: {fields:?} {found:?}"));
        }
    }
    assert!(refused > 200, "the recordings are read");
    assert_eq!(missed, Vec::<String>::new());
}

/// A path as far as the server is exact about it: it leaves out some positions (`volumeMounts.subPath`) and levels
/// (`spec.template.labels`), and writes Go names (`HostPID`).
fn comparable(path: &str) -> String {
    let path = path
        .replace('"', "")
        .replace("spec.template.labels", "spec.template.metadata.labels");
    let path = path.replace("spec.template.annotations", "spec.template.metadata.annotations");
    let path = path
        .replace("overhead.limits[cpu]", "overhead.cpu")
        .replace("HostPID", "hostPID");
    let path = path
        .replace("projected.path", "projected")
        .replace("downwardAPI.", "downwardAPI.items.");
    let mut out = String::new();
    for (position, part) in path.split('[').enumerate() {
        match part.split_once(']') {
            Some((inner, rest)) if inner.bytes().all(|c| c.is_ascii_digit()) => out.push_str(rest),
            Some((inner, rest)) => out.push_str(&format!(".{inner}{rest}")),
            None if position == 0 => out.push_str(part),
            None => {}
        }
    }
    out.replace("items.items", "items")
}

/// The errors of real manifests: the server refuses each of these too (placeholders, missing names, duplicates).
#[test]
fn real_manifests_raise_no_false_alarm() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/manifests");
    let mut alarms = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        // A generated sample that fills every field at random means nothing.
        let is_sample = file.to_string_lossy().contains("batch.v1.Job");
        if is_sample || file.extension().is_some_and(|extension| extension == "md") {
            continue;
        }
        let document = Document::parse(std::fs::read_to_string(&file).unwrap());
        for problem in validate(&document) {
            if problem.severity == Severity::Error {
                let name = file.file_name().unwrap().to_string_lossy().into_owned();
                alarms.push(format!(
                    "{name}: {} at {} {:?}",
                    problem.code, problem.path, problem.subjects
                ));
            }
        }
    }
    alarms.sort();
    insta::assert_snapshot!(alarms.join("\n"));
}
