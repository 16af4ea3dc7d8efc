//! JSON as a view of a YAML stream: changes of the JSON text become edits of the YAML.
//!
//! A YAML text contains more than its values: comments, quotes, order, anchors. So its JSON is only a view, and
//! the user's changes of it are applied to the YAML as the smallest edits that result in the same values.

use serde_json::{Number, Value};

use crate::document::{Document, Format};
use crate::json::matching::match_items;
use crate::json::number_spelling;
use crate::operation::{Edit, EditError};
use crate::path::Path;
use crate::splice::{Splice, splice};

/// Why a JSON text was not applied. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssignError {
    /// It is not JSON, has a duplicate key, or a number that Kubernetes does not read as one; if it cannot be read
    /// as YAML either, its problems say where.
    #[error("the text is not JSON")]
    NotJson,
    /// The stream of which it is a view does not parse.
    #[error("the document does not parse")]
    Unreadable,
    /// The change concerns a value that an anchor of this name shares with other paths.
    #[error("the value is shared through the anchor {0}")]
    Shared(String),
    /// The stream is written in a way that the change cannot follow; its documents would have to be rewritten.
    #[error("the layout of the YAML does not support this change; change it in the YAML")]
    Unsupported,
}

impl Document {
    /// Returns the stream with the values of a JSON text (its objects, or an array of them), changed only where
    /// they differ: all other comments, quotes and order stay. With `rewrite`, documents that cannot be edited like
    /// that are rewritten, without their comments.
    ///
    /// # Errors
    /// Returns an [`AssignError`] if the change is rejected; nothing is changed then.
    pub fn with_json(&self, json: &Document, rewrite: bool) -> Result<Self, AssignError> {
        let text = json.text();
        let is_blank = text.trim().is_empty();
        if !is_blank && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
            || !json.is_valid()
            || number_spelling::is_beyond_numbers(json)
        {
            return Err(AssignError::NotJson);
        }
        if !self.is_valid() {
            return Err(AssignError::Unreadable);
        }
        let values = match json.value(0) {
            None => Vec::new(),
            Some(Value::Array(items)) if !self.is_one_list() && items.iter().all(Value::is_object) => {
                items.iter().map(whole).collect()
            }
            Some(value) => vec![whole(value)],
        };
        let after = self.with_values(&values, rewrite)?;
        let spelled = number_spelling::with_typed_numbers(&after, json)
            .map_err(|shared| AssignError::Shared(after.text().get(shared).unwrap_or_default().to_owned()))?;
        match spelled {
            Some(spelled) if spelled.has(&values) => Ok(spelled),
            _ => Ok(after),
        }
    }

    /// Returns the JSON of this stream as an edit of its previous JSON: unchanged parts keep their layout. `None`
    /// if the stream has no values.
    pub fn json_after(&self, before: &Document) -> Option<String> {
        let fresh = self.convert(Format::Json).ok()?;
        let wanted = Self::parse(fresh.as_str());
        let (Some(wanted), Some(old)) = (wanted.value(0), before.value(0)) else {
            return Some(fresh);
        };
        if old.is_array() != wanted.is_array() {
            return Some(fresh);
        }
        let mut after = before.clone();
        if whole(old) != whole(wanted) {
            let assigned = assign(&mut after, 0, &Path::root(), wanted);
            if assigned.is_err() || after.value(0).map(whole) != Some(whole(wanted)) {
                return Some(fresh);
            }
        }
        Some(number_spelling::respell(self, &after).text().to_owned())
    }

    /// Returns whether it is one document that is a list: an array in JSON is that list, not a list of documents.
    pub(crate) fn is_one_list(&self) -> bool {
        matches!(self.entries(), [_]) && self.value(0).is_some_and(Value::is_array)
    }

    fn with_values(&self, wanted: &[Value], rewrite: bool) -> Result<Self, AssignError> {
        let mut after = self.clone();
        let pairs = match_items(
            &(0..self.entries().len())
                .filter_map(|entry| self.value(entry))
                .collect::<Vec<_>>(),
            &wanted.iter().collect::<Vec<_>>(),
            true,
        );
        let kept: Vec<_> = pairs.iter().flatten().copied().collect();
        // Documents are reordered only by rewriting them.
        if !kept.is_sorted() {
            return self.rewritten(wanted, &pairs, rewrite);
        }
        for entry in (0..self.entries().len())
            .rev()
            .filter(|entry| !kept.contains(entry))
        {
            match after.without_entry(entry) {
                Some(without) => after = without,
                None => return self.rewritten(wanted, &pairs, rewrite),
            }
        }
        for (entry, (pair, value)) in pairs.iter().zip(wanted).enumerate() {
            if pair.is_none() {
                match after.with_entry(entry, value) {
                    Some(with) => after = with,
                    None => return self.rewritten(wanted, &pairs, rewrite),
                }
                continue;
            }
            let before = after.clone();
            let result = assign(&mut after, entry, &Path::root(), value);
            if result.is_ok() && after.value(entry) == Some(value) {
                continue;
            }
            let shared = match result {
                Err(EditError::Shared(range)) => after.text().get(range).map(str::to_owned),
                _ => None,
            };
            if !rewrite {
                return Err(shared.map_or(AssignError::Unsupported, AssignError::Shared));
            }
            let range = before.entries()[entry].range.clone();
            let fresh = before.rewrite_entry(entry, value);
            after = before.spliced(Splice::new(range, fresh.trim_end_matches('\n')));
            if after.value(entry) != Some(value) {
                return self.rewritten(wanted, &pairs, rewrite);
            }
        }
        if after.has(wanted) {
            Ok(after)
        } else {
            self.rewritten(wanted, &pairs, rewrite)
        }
    }

    /// Rewrites the whole stream, if `rewrite` allows it.
    fn rewritten(
        &self,
        wanted: &[Value],
        pairs: &[Option<usize>],
        rewrite: bool,
    ) -> Result<Self, AssignError> {
        if !rewrite {
            return Err(AssignError::Unsupported);
        }
        let texts = pairs.iter().zip(wanted).map(|(pair, value)| match pair {
            Some(entry) => self.rewrite_entry(*entry, value),
            None => crate::json::convert::to_yaml(value),
        });
        let texts = texts.collect::<Vec<_>>();
        let after = Self::parse(texts.join("---\n"));
        if after.has(wanted) {
            Ok(after)
        } else {
            Err(AssignError::Unsupported)
        }
    }

    /// Rewrites a document with a value, without its comments and anchors: unchanged scalars keep their spelling.
    fn rewrite_entry(&self, entry: usize, value: &Value) -> String {
        let plain = || crate::json::convert::to_yaml(value);
        let Some(mut fresh) = number_spelling::without_anchors(self, entry) else {
            return plain();
        };
        match assign(&mut fresh, 0, &Path::root(), value) {
            Ok(()) if fresh.value(0) == Some(value) && fresh.entries().len() == 1 => fresh.text().to_owned(),
            _ => plain(),
        }
    }

    fn has(&self, wanted: &[Value]) -> bool {
        self.is_valid()
            && self.entries().len() == wanted.len()
            && wanted
                .iter()
                .enumerate()
                .all(|(entry, value)| self.value(entry) == Some(value))
    }

    fn spliced(&self, change: Splice) -> Self {
        Self::parse(splice(self.text(), &[change]))
    }

    /// Returns where the lines of a document start: at its marker, or at the start of the text.
    fn part_start(&self, entry: usize) -> Option<usize> {
        let root = self.entries().get(entry)?.root?;
        let part = self.tree().parts.iter().find(|part| part.root == Some(root))?;
        let line = self.text()[..part.start].rfind('\n').map_or(0, |at| at + 1);
        Some(if self.text()[line..].starts_with("---") {
            line
        } else {
            0
        })
    }

    fn without_entry(&self, entry: usize) -> Option<Self> {
        let count = self.entries().len();
        let start = self.part_start(entry)?;
        let end = if entry + 1 < count {
            self.part_start(entry + 1)?
        } else {
            self.text().len()
        };
        let after = self.spliced(Splice::new(start..end, ""));
        (after.is_valid() && after.entries().len() + 1 == count).then_some(after)
    }

    /// Returns the stream with an additional document before an index.
    fn with_entry(&self, entry: usize, value: &Value) -> Option<Self> {
        let text = self.text();
        let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let fresh = crate::json::convert::to_yaml(value).replace('\n', eol);
        let count = self.entries().len();
        let change = if entry < count {
            let start = self.part_start(entry)?;
            if text[start..].starts_with("---") {
                Splice::insert(start, format!("---{eol}{fresh}"))
            } else {
                Splice::insert(start, format!("{fresh}---{eol}"))
            }
        } else {
            let gap = if text.is_empty() || text.ends_with('\n') {
                ""
            } else {
                eol
            };
            let mark = if count == 0 {
                String::new()
            } else {
                format!("---{eol}")
            };
            Splice::insert(text.len(), format!("{gap}{mark}{fresh}"))
        };
        let after = self.spliced(change);
        (after.is_valid() && after.entries().len() == count + 1 && after.value(entry) == Some(value))
            .then_some(after)
    }
}

/// Converts a value to what YAML would read: a float that is whole becomes an integer.
fn whole(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float)
                if number.is_f64() && float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 =>
            {
                #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
                Value::Number(Number::from(float as i64))
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(whole).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), whole(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Sets the value at a path by the smallest edits.
fn assign(document: &mut Document, entry: usize, path: &Path, wanted: &Value) -> Result<(), EditError> {
    let Some(old) = document.get(entry, path).cloned() else {
        return Err(EditError::NoSuchPlace(path.clone()));
    };
    if old == *wanted {
        return Ok(());
    }
    let whole = Edit::Set {
        path: path.clone(),
        value: wanted.clone(),
    };
    match (&old, wanted) {
        (Value::Object(old), Value::Object(new)) if !old.is_empty() && !new.is_empty() => {
            let mut gone: Vec<_> = old.iter().filter(|(key, _)| !new.contains_key(*key)).collect();
            let mut come: Vec<_> = new.iter().filter(|(key, _)| !old.contains_key(*key)).collect();
            // A removed key and an added one with the same value are one key, renamed.
            gone.retain(|(from, value)| {
                let Some(at) = come.iter().position(|(_, new)| new == value) else {
                    return true;
                };
                let edit = Edit::Rename {
                    path: path.key(*from),
                    key: come[at].0.clone(),
                };
                let renamed = document.apply(entry, &edit).is_ok();
                if renamed {
                    come.remove(at);
                }
                !renamed
            });
            for (key, value) in new.iter().filter(|(key, _)| old.contains_key(*key)) {
                assign(document, entry, &path.key(key), value)?;
            }
            for (key, value) in come {
                let path = path.key(key);
                let value = value.clone();
                document.apply(entry, &Edit::Set { path, value })?;
            }
            for (key, _) in gone {
                document.apply(entry, &Edit::Remove { path: path.key(key) })?;
            }
            Ok(())
        }
        (Value::Array(old), Value::Array(new)) if !old.is_empty() && !new.is_empty() => {
            let before = document.clone();
            match items(document, entry, path, old, new) {
                Err(EditError::Unsupported) => {
                    *document = before;
                    document.apply(entry, &whole).map(drop)
                }
                result => result,
            }
        }
        _ => document.apply(entry, &whole).map(drop),
    }
}

/// Sets a list by the smallest edits: items that still exist keep their lines, at any index.
fn items(
    document: &mut Document,
    entry: usize,
    path: &Path,
    old: &[Value],
    new: &[Value],
) -> Result<(), EditError> {
    let pairs = match_items(
        &old.iter().collect::<Vec<_>>(),
        &new.iter().collect::<Vec<_>>(),
        false,
    );
    let kept: Vec<_> = pairs.iter().flatten().copied().collect();
    // The old index of each item; `None` for a new one.
    let mut now: Vec<_> = (0..old.len()).map(Some).collect();
    // Removing the last item would leave an empty list: it is removed once there is another.
    let mut late = None;
    for index in (0..old.len()).rev().filter(|index| !kept.contains(index)) {
        if now.len() == 1 {
            late = Some(index);
            break;
        }
        document.apply(
            entry,
            &Edit::Remove {
                path: path.index(index),
            },
        )?;
        now.remove(index);
    }
    for (index, (pair, value)) in pairs.iter().zip(new).enumerate() {
        if pair.is_none() {
            let edit = Edit::Insert {
                path: path.clone(),
                index,
                value: value.clone(),
            };
            document.apply(entry, &edit)?;
            now.insert(index, None);
            continue;
        }
        let from = now.iter().position(|item| item == pair).unwrap_or(index);
        if from != index {
            let edit = Edit::Move {
                path: path.clone(),
                from,
                to: index,
            };
            document.apply(entry, &edit)?;
            let moved = now.remove(from);
            now.insert(index, moved);
        }
        assign(document, entry, &path.index(index), value)?;
    }
    if late.is_some() {
        let last = Edit::Remove {
            path: path.index(now.len() - 1),
        };
        document.apply(entry, &last)?;
    }
    Ok(())
}
