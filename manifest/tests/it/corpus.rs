//! Real manifests: parsing keeps every byte, and an edit only changes the lines that it concerns.

use crate::support::corpus::{files as corpus, is_refused};
use crate::support::operation;
use manifest::{Document, Edit, Path, Segment, difference, inverse, splice};
use serde_json::{Value, json};

#[test]
fn every_file_is_parsed_and_kept_byte_for_byte() {
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

/// A truncated text, or one with a wrong character, is kept as well.
#[test]
fn broken_texts_are_kept_byte_for_byte() {
    for (name, text) in corpus() {
        let steps = (text.len() / 40).max(1);
        for at in (0..text.len())
            .step_by(steps)
            .filter(|at| text.is_char_boundary(*at))
        {
            for broken in [
                text[..at].to_owned(),
                format!("{}\t{{'{}", &text[..at], &text[at..]),
            ] {
                let document = Document::parse(broken.clone());
                assert_eq!(document.text(), broken, "{name} at {at}");
            }
        }
    }
}

/// Returns edits of every kind at a path.
fn edits(value: &Value, path: &Path) -> Vec<Edit> {
    let at = |value: Value| Edit::Set {
        path: path.clone(),
        value,
    };
    let mut edits = vec![
        at(json!("on")),
        at(json!(7)),
        at(json!("two\nlines\n")),
        at(json!({"a": ["x", {"b": null}]})),
        Edit::Remove { path: path.clone() },
    ];
    let place = path
        .segments()
        .iter()
        .try_fold(value, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        });
    match place {
        Some(Value::Object(_)) => edits.push(Edit::Set {
            path: path.key("added.io/key"),
            value: json!(["0644"]),
        }),
        Some(Value::Array(items)) => {
            for index in [0, items.len() / 2, items.len()] {
                edits.push(Edit::Insert {
                    path: path.clone(),
                    index,
                    value: json!({"name": "added", "value": "1"}),
                });
            }
            if items.len() > 1 {
                edits.push(Edit::Move {
                    path: path.clone(),
                    from: items.len() - 1,
                    to: 0,
                });
            }
        }
        _ => {}
    }
    if let Some(Segment::Key(_)) = path.last() {
        edits.push(Edit::Rename {
            path: path.clone(),
            key: "renamed".to_owned(),
        });
    }
    edits
}

/// Checks the guarantees of the README, for every file with edits of every kind at many paths.
#[test]
fn guarantees_hold_for_real_manifests() {
    let (mut made, mut refused) = (0, 0);
    for (name, text) in corpus() {
        let document = Document::parse(text.clone());
        let entries = document.entries().len();
        for entry in 0..entries {
            let Some(value) = document.value(entry) else {
                continue;
            };
            let all = operation::paths(value);
            // Distributed over the documents: many edits of a few documents, few edits of many.
            let step = (all.len() * entries.min(20) / 60).max(1);
            for path in all.iter().step_by(step) {
                for edit in edits(value, path) {
                    if check_guarantees(&name, &document, entry, value, &edit) {
                        made += 1;
                    } else {
                        refused += 1;
                    }
                }
            }
        }
    }
    println!("{made} edits made, {refused} rejected");
    assert!(made > 20_000, "{made}");
    assert!(refused * 500 < made, "{refused} of {made}");
}

/// Applies one edit and checks each guarantee. Returns false if the edit was rejected.
fn check_guarantees(name: &str, document: &Document, entry: usize, value: &Value, edit: &Edit) -> bool {
    let before = document.text();
    let mut after = document.clone();
    let Ok(splices) = after.apply(entry, edit) else {
        // 2: rejected, and nothing has changed.
        assert_eq!(after.text(), before, "{name} {edit:?}");
        return false;
    };
    // 2 and 5: the value is the expected one, here and everywhere else.
    let wanted = operation::apply(value, edit);
    assert_eq!(after.value(entry), wanted.as_ref(), "{name} {edit:?}");
    assert_eq!(after.entries().len(), document.entries().len());
    for other in (0..document.entries().len()).filter(|other| *other != entry) {
        assert_eq!(after.value(other), document.value(other), "{name} {edit:?}");
    }
    // 6: undo restores the bytes.
    let undone = splice(after.text(), &inverse(before, &splices));
    assert!(undone == before, "{name} {edit:?}: undo");
    let Some(change) = difference(before, after.text()) else {
        return true;
    };
    // 3: a change starts at its path, or where its collection ends.
    if let Edit::Set { path, .. } = edit
        && let Some(about) = document
            .key_range(entry, path)
            .or_else(|| document.range(entry, path))
    {
        let line = before[..about.start].rfind('\n').map_or(0, |at| at + 1);
        assert!(change.range.start >= line, "{name} {edit:?}: {change:?}");
    }
    // 4: line breaks are unchanged.
    let crlf = before.matches("\r\n").count();
    if crlf > 0 && crlf == before.matches('\n').count() {
        let ends = after.text().matches("\r\n").count();
        assert_eq!(ends, after.text().matches('\n').count(), "{name} {edit:?}");
    }
    // 3: no comment is lost outside replaced or removed text; insertions and moves lose none.
    let own = match edit {
        // A collection starts after its key.
        Edit::Set { path, .. } | Edit::Remove { path } => document.range(entry, path).map_or(0, |range| {
            let key = document.key_range(entry, path);
            let start = key.map_or(range.start, |key| key.end.min(range.start));
            comments(&before[start..range.end]).len()
        }),
        _ => 0,
    };
    let above = usize::from(matches!(edit, Edit::Remove { .. })) * comments_above(document, entry, edit);
    let lost = comments(before)
        .len()
        .saturating_sub(comments(after.text()).len());
    assert!(lost <= own + above, "{name} {edit:?}: {lost} comments are lost");
    true
}

/// Counts the comment lines directly above a removed list item, which belong to it.
fn comments_above(document: &Document, entry: usize, edit: &Edit) -> usize {
    let Edit::Remove { path } = edit else { return 0 };
    let Some(range) = document
        .range(entry, path)
        .filter(|_| matches!(path.last(), Some(Segment::Index(_))))
    else {
        return 0;
    };
    let above = document.text()[..range.start].lines().rev().skip(1);
    above
        .take_while(|line| line.trim_start().starts_with('#'))
        .count()
}

/// Collects every path of a value, parents before children.
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
fn setting_backoff_limit_changes_one_line_and_keeps_comments() {
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
fn removing_and_inserting_anywhere_results_in_the_expected_value() {
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
