//! JSON as a view of a stream: the text of another format whose changes become edits of this one.
//!
//! A YAML text says more than its values: comments, quotes, order, anchors. So its JSON is only shown, and what a person
//! changes there is carried out on the YAML as the smallest edits that give the same values.

use serde_json::{Number, Value};

use crate::document::{Document, Format};
use crate::edit::{Edit, EditError};
use crate::path::Path;
use crate::splice::Splice;
use crate::splice::splice;

/// Why a text in JSON was not taken over. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssignError {
    /// It is not JSON, or repeats a key; its problems say where, if it can be read as YAML neither.
    #[error("the text is not JSON")]
    NotJson,
    /// The stream that it is a view of does not parse.
    #[error("the document does not parse")]
    Unreadable,
    /// The change is about a value that an anchor of this name shares with other places.
    #[error("the value is shared through the anchor {0}")]
    Shared(String),
    /// The stream is written in a way that the change cannot follow; documents of it would have to be written anew.
    #[error("this can only be changed in the text itself")]
    Unsupported,
}

impl Document {
    /// The stream with the values of a text in JSON (its objects, or an array of them), changed only where they
    /// differ: comments, quotes and order of all else stay. With `anew`, documents that cannot be edited like that are
    /// written anew, without their comments.
    ///
    /// # Errors
    /// [`AssignError`] says why not.
    pub fn with_json(&self, json: &Document, anew: bool) -> Result<Self, AssignError> {
        let text = json.text();
        let is_blank = text.trim().is_empty();
        if !is_blank && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() || !json.is_valid() {
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
        self.with_values(&values, anew)
    }

    /// The JSON of this stream as an edit of the JSON that it had before: what is the same keeps its layout. None if
    /// the stream has no values.
    pub fn json_after(&self, before: &Document) -> Option<String> {
        let fresh = self.convert(Format::Json).ok()?;
        let wanted = Self::parse(fresh.as_str());
        let (Some(wanted), Some(old)) = (wanted.value(0), before.value(0)) else {
            return Some(fresh);
        };
        if whole(old) == *wanted {
            return Some(before.text().to_owned());
        }
        if old.is_array() != wanted.is_array() {
            return Some(fresh);
        }
        let mut after = before.clone();
        match assign(&mut after, 0, &Path::root(), wanted) {
            Ok(()) if after.value(0).map(whole).as_ref() == Some(wanted) => Some(after.text().to_owned()),
            _ => Some(fresh),
        }
    }

    /// It is one document that is a list: then an array is that list, and no list of documents.
    fn is_one_list(&self) -> bool {
        matches!(self.entries(), [_]) && self.value(0).is_some_and(Value::is_array)
    }

    fn with_values(&self, wanted: &[Value], anew: bool) -> Result<Self, AssignError> {
        let mut after = self.clone();
        let pairs = pairs(
            &(0..self.entries().len())
                .filter_map(|entry| self.value(entry))
                .collect::<Vec<_>>(),
            &wanted.iter().collect::<Vec<_>>(),
            true,
        );
        let kept: Vec<_> = pairs.iter().flatten().copied().collect();
        // Documents change places only when they are written anew.
        if !kept.is_sorted() {
            return Self::rewritten(wanted, anew);
        }
        for entry in (0..self.entries().len())
            .rev()
            .filter(|entry| !kept.contains(entry))
        {
            match after.without_entry(entry) {
                Some(without) => after = without,
                None => return Self::rewritten(wanted, anew),
            }
        }
        for (entry, (pair, value)) in pairs.iter().zip(wanted).enumerate() {
            if pair.is_none() {
                match after.with_entry(entry, value) {
                    Some(with) => after = with,
                    None => return Self::rewritten(wanted, anew),
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
            if !anew {
                return Err(shared.map_or(AssignError::Unsupported, AssignError::Shared));
            }
            let range = before.entries()[entry].range.clone();
            let fresh = crate::convert::to_yaml(value);
            after = before.spliced(Splice::new(range, fresh.trim_end_matches('\n')));
            if after.value(entry) != Some(value) {
                return Self::rewritten(wanted, anew);
            }
        }
        if after.has(wanted) {
            Ok(after)
        } else {
            Self::rewritten(wanted, anew)
        }
    }

    /// All of it anew, if that is wanted.
    fn rewritten(wanted: &[Value], anew: bool) -> Result<Self, AssignError> {
        let texts = wanted.iter().map(crate::convert::to_yaml).collect::<Vec<_>>();
        let after = Self::parse(texts.join("---\n"));
        if anew && after.has(wanted) {
            Ok(after)
        } else {
            Err(AssignError::Unsupported)
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

    /// Where the lines of a document begin: at its mark, or with the text.
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

    /// With one more document before a position.
    fn with_entry(&self, entry: usize, value: &Value) -> Option<Self> {
        let text = self.text();
        let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let fresh = crate::convert::to_yaml(value).replace('\n', eol);
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

/// A value as YAML would read it: a whole number is an integer.
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

/// Gives the place at a path another value by the smallest edits.
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
            // A key that has gone and one that has come with the same value are one, renamed.
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

/// The same for a list: items that are still there keep their lines, wherever they stand now.
fn items(
    document: &mut Document,
    entry: usize,
    path: &Path,
    old: &[Value],
    new: &[Value],
) -> Result<(), EditError> {
    let pairs = pairs(
        &old.iter().collect::<Vec<_>>(),
        &new.iter().collect::<Vec<_>>(),
        false,
    );
    let kept: Vec<_> = pairs.iter().flatten().copied().collect();
    // Which old item stands at each position; none for a new one.
    let mut now: Vec<_> = (0..old.len()).map(Some).collect();
    // The last one would leave an empty list behind: it goes when there is another.
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

/// For each new item the old one that it was: an equal one, else one of the same name, else the one in its place.
fn pairs(old: &[&Value], new: &[&Value], documents: bool) -> Vec<Option<usize>> {
    let mut pairs = vec![None; new.len()];
    let mut free: Vec<_> = (0..old.len()).collect();
    let mut open: Vec<_> = (0..new.len()).collect();
    let mut take = |open: &mut Vec<usize>, free: &mut Vec<usize>, same: &dyn Fn(usize, usize) -> bool| {
        open.retain(|&to| {
            let found = free.iter().position(|&from| same(from, to));
            if let Some(at) = found {
                pairs[to] = Some(free.remove(at));
            }
            found.is_none()
        });
    };
    // What is the same at both ends first, so that of equal items those stay that need not move.
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let room = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(room);
    let tail = tail.take_while(|(a, b)| a == b).count();
    let ends = |from: usize, to: usize| {
        from == to && to < head || old.len() - from == new.len() - to && new.len() - to <= tail
    };
    take(&mut open, &mut free, &ends);
    take(&mut open, &mut free, &|from, to| old[from] == new[to]);
    take(&mut open, &mut free, &|from, to| {
        identity(old[from], documents).is_some_and(|found| Some(found) == identity(new[to], documents))
    });
    // An item of the same kind in its place was edited, not another one.
    let between = open.len().min(free.len());
    let rest: Vec<_> = open
        .iter()
        .copied()
        .zip(free.iter().copied())
        .take(between)
        .collect();
    for (to, from) in rest {
        let (a, b) = (old[from], new[to]);
        let alike = std::mem::discriminant(a) == std::mem::discriminant(b);
        if alike && (documents || from == to || old.len() == new.len()) {
            pairs[to] = Some(from);
        }
    }
    pairs
}

/// What tells an object from others of its list.
fn identity(value: &Value, documents: bool) -> Option<Vec<&str>> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    if documents {
        return Some(vec![text("/kind")?, text("/metadata/name")?]);
    }
    let key = ["/name", "/mountPath", "/key", "/containerPort", "/ip"]
        .into_iter()
        .find_map(text)?;
    Some(vec![key])
}
