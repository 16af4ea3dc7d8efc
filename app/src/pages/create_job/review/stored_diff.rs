//! Field-by-field diff of the written and the stored object, ignoring the order of keys.

use manifest::{Document, Path};
use serde_json::Value;

/// Kind of difference between the stored and the written field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The server added a default.
    Added,
    /// The server normalized the value (`1000m` becomes `1`).
    Changed,
    /// The field was written but is not stored.
    Dropped,
}

/// One difference. A subtree that was added or dropped is one difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Path.
    pub path: Path,
    /// Kind of difference.
    pub change: Change,
}

/// Returns all differences, in the order of the stored object, the dropped ones last.
pub fn compare(written: &Value, stored: &Value) -> Vec<Difference> {
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    walk(written, stored, &Path::root(), &mut kept, &mut dropped);
    kept.extend(dropped);
    kept
}

fn walk(
    written: &Value,
    stored: &Value,
    path: &Path,
    kept: &mut Vec<Difference>,
    dropped: &mut Vec<Difference>,
) {
    match (written, stored) {
        (Value::Object(written), Value::Object(stored)) => {
            for (key, value) in stored {
                match written.get(key) {
                    Some(old) => walk(old, value, &path.key(key), kept, dropped),
                    None => kept.push(Difference {
                        path: path.key(key),
                        change: Change::Added,
                    }),
                }
            }
            // The server treats a written null as absent too.
            let gone = written
                .iter()
                .filter(|(key, value)| !stored.contains_key(*key) && !is_nothing(value));
            dropped.extend(gone.map(|(key, _)| Difference {
                path: path.key(key),
                change: Change::Dropped,
            }));
        }
        (Value::Array(written), Value::Array(stored)) => {
            for (index, value) in stored.iter().enumerate() {
                match written.get(index) {
                    Some(old) => walk(old, value, &path.index(index), kept, dropped),
                    None => kept.push(Difference {
                        path: path.index(index),
                        change: Change::Added,
                    }),
                }
            }
            let gone = stored.len()..written.len();
            dropped.extend(gone.map(|index| Difference {
                path: path.index(index),
                change: Change::Dropped,
            }));
        }
        (written, stored) if written == stored => {}
        _ => kept.push(Difference {
            path: path.clone(),
            change: Change::Changed,
        }),
    }
}

/// Returns whether the API treats a value like an absent field.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Line of the stored manifest with its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Text without its line ending.
    pub text: String,
    /// Change; none if the line is as written.
    pub change: Option<Change>,
}

/// Returns the lines of the stored manifest, each with the change that the server made there.
pub fn marked(stored: &str, differences: &[Difference]) -> Vec<Line> {
    let document = Document::parse(stored);
    let ranges: Vec<_> = differences
        .iter()
        .filter(|difference| difference.change != Change::Dropped)
        .filter_map(|difference| {
            let value = document.range(0, &difference.path)?;
            let start = document
                .key_range(0, &difference.path)
                .map_or(value.start, |key| key.start);
            Some((start..value.end.max(start + 1), difference.change))
        })
        .collect();
    let mut at = 0;
    stored
        .split_inclusive('\n')
        .map(|line| {
            let (start, end) = (at, at + line.len());
            at = end;
            // Indentation belongs to no value.
            let body = start + (line.len() - line.trim_start_matches([' ', '-']).len());
            let mark = ranges
                .iter()
                .find(|(range, _)| range.start < end && range.end > body);
            Line {
                text: line.trim_end_matches(['\n', '\r']).to_owned(),
                change: mark.map(|(_, change)| *change),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(written: &Value, stored: &Value) -> Vec<(String, Change)> {
        compare(written, stored)
            .into_iter()
            .map(|d| (d.path.to_string(), d.change))
            .collect()
    }

    #[test]
    fn defaults_are_added_and_unknown_fields_dropped() {
        let written =
            json!({"spec": {"completions": 4, "wrong": 1, "cpu": "1000m", "list": [{"name": "a"}]}});
        let stored = json!({"spec": {"completions": 4, "cpu": "1", "list": [{"name": "a", "policy": "Always"}], "suspend": false}});
        assert_eq!(
            differences(&written, &stored),
            [
                ("spec.cpu".to_owned(), Change::Changed),
                ("spec.list[0].policy".to_owned(), Change::Added),
                ("spec.suspend".to_owned(), Change::Added),
                ("spec.wrong".to_owned(), Change::Dropped),
            ]
        );
        assert_eq!(differences(&written, &written), []);
    }

    #[test]
    fn written_null_equals_absent() {
        assert_eq!(differences(&json!({"a": null, "b": {}}), &json!({})), []);
    }

    #[test]
    fn lines_are_marked_with_the_servers_changes() {
        let stored = "spec:\n  completions: 4\n  suspend: false\n  template:\n    spec:\n      dnsPolicy: ClusterFirst\n";
        let written = json!({"spec": {"completions": 4, "template": {"spec": {}}}});
        let value = Document::parse(stored).value(0).cloned().unwrap();
        let changes: Vec<_> = marked(stored, &compare(&written, &value))
            .into_iter()
            .map(|line| line.change)
            .collect();
        let added = Some(Change::Added);
        assert_eq!(changes, [None, None, added, None, None, added]);
    }
}
