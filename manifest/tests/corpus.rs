//! Real manifests: reading keeps every byte, and an edit changes only the lines that it is about.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::PathBuf;

use manifest::{Document, Edit, Path, Segment, inverse, splice};
use serde_json::{Value, json};

fn corpus() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/manifests");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension != "md"))
        .map(|file| {
            (
                file.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read_to_string(file).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// Files that the API server refuses for a duplicate key.
fn is_refused(name: &str) -> bool {
    name.starts_with("Azure__") || name.contains("ef6-update-database")
}

#[test]
fn every_file_is_read_and_kept_byte_for_byte() {
    for (name, text) in corpus() {
        let document = Document::parse(text.clone());
        assert_eq!(document.text(), text, "{name}");
        if is_refused(&name) {
            assert_eq!(document.problems()[0].code, "yaml.key.duplicate", "{name}");
        } else {
            assert_eq!(document.problems(), [], "{name}");
        }
    }
}

/// Every path of a value, parents before children.
fn paths(value: &Value, at: &Path, into: &mut Vec<Path>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let child = at.key(key);
                into.push(child.clone());
                paths(value, &child, into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let child = at.index(index);
                into.push(child.clone());
                paths(value, &child, into);
            }
        }
        _ => {}
    }
}

fn comments(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.trim_start().starts_with('#'))
        .collect()
}

#[test]
fn setting_any_scalar_changes_one_place_and_can_be_undone() {
    let (mut edits, mut refused) = (0, 0);
    for (name, text) in corpus() {
        let document = Document::parse(text.clone());
        for entry in 0..document.entries().len() {
            let Some(value) = document.value(entry) else {
                continue;
            };
            let mut all = Vec::new();
            paths(value, &Path::root(), &mut all);
            for path in all.into_iter().step_by(3) {
                if document
                    .get(entry, &path)
                    .is_none_or(|value| value.is_object() || value.is_array())
                {
                    continue;
                }
                let mut after = document.clone();
                let Ok(splices) = after.apply(
                    entry,
                    &Edit::Set {
                        path: path.clone(),
                        value: json!("changed"),
                    },
                ) else {
                    refused += 1;
                    continue;
                };
                edits += 1;
                assert_eq!(after.get(entry, &path), Some(&json!("changed")), "{name} {path}");
                assert_eq!(
                    splice(after.text(), &inverse(&text, &splices)),
                    text,
                    "{name} {path}"
                );
                let lost = comments(&text).len() - comments(after.text()).len();
                let own = document
                    .range(entry, &path)
                    .map_or(0, |range| comments(&text[range]).len());
                assert!(lost <= own, "{name} {path}: a comment is lost");
            }
        }
    }
    assert!(edits > 3000, "{edits}");
    assert_eq!(refused, 0, "of {edits}");
}

#[test]
fn setting_the_backoff_limit_touches_one_line_and_loses_no_comment() {
    for (name, text) in corpus() {
        let mut document = Document::parse(text.clone());
        let Some(job) = document.job() else { continue };
        let path = Path::of(["spec", "backoffLimit"]);
        if let Err(error) = document.apply(
            job,
            &Edit::Set {
                path: path.clone(),
                value: json!(77),
            },
        ) {
            panic!("{name}: {error}");
        }
        let before: Vec<_> = text.lines().collect();
        let after: Vec<_> = document.text().lines().collect();
        let same_start = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
        let same_end = before[same_start..]
            .iter()
            .rev()
            .zip(after[same_start..].iter().rev())
            .take_while(|(a, b)| a == b)
            .count();
        assert!(before.len() - same_start - same_end <= 1, "{name}: lines before");
        assert!(after.len() - same_start - same_end <= 1, "{name}: lines after");
        assert_eq!(comments(&text), comments(document.text()), "{name}");
    }
}

#[test]
fn removing_and_adding_anywhere_means_what_it_says() {
    let (mut edits, mut refused) = (0, 0);
    for (name, text) in corpus() {
        if text.len() > 40_000 {
            continue;
        }
        let document = Document::parse(text.clone());
        for entry in 0..document.entries().len() {
            let Some(value) = document.value(entry) else {
                continue;
            };
            let mut all = Vec::new();
            paths(value, &Path::root(), &mut all);
            for path in all {
                let mut removed = document.clone();
                let edit = Edit::Remove { path: path.clone() };
                match removed.apply(entry, &edit) {
                    Ok(splices) => assert_eq!(
                        splice(removed.text(), &inverse(&text, &splices)),
                        text,
                        "{name} {path}"
                    ),
                    Err(error) => {
                        refused += 1;
                        eprintln!("{name} remove {path}: {error}");
                    }
                }
                edits += 1;
                let add = match document.get(entry, &path) {
                    Some(Value::Object(_)) => Edit::Set {
                        path: path.key("added.io/key"),
                        value: json!({"a": [1, "on"]}),
                    },
                    Some(Value::Array(items)) => Edit::Insert {
                        path: path.clone(),
                        index: items.len() / 2,
                        value: json!({"a": "b"}),
                    },
                    _ => continue,
                };
                edits += 1;
                let mut added = document.clone();
                if let Err(error) = added.apply(entry, &add) {
                    refused += 1;
                    eprintln!("{name} add {path}: {error}");
                } else {
                    assert_eq!(comments(&text), comments(added.text()), "{name} {path}");
                }
                assert!(matches!(path.last(), Some(Segment::Key(_) | Segment::Index(_))));
            }
        }
    }
    assert!(edits > 5000, "{edits}");
    assert_eq!(refused, 0, "of {edits}");
}
