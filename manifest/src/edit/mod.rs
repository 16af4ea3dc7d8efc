//! Edits: typed operations on paths that become minimal splices of the text.
//!
//! An edit is first applied to the value (`value_model`), which determines the expected meaning of the text. Then
//! the text is spliced, parsed and compared: an edit that would result in any other value is rejected, never
//! written.

mod block;
mod comments;
mod flow;
mod layout;
mod plan;
mod scalar_style;
mod string;
mod value_model;

use serde_json::Value;

use crate::document::Document;
use crate::document::incremental::Change;
use crate::operation::{Edit, EditError};
use crate::path::Segment;
use crate::splice::{Splice, difference, splice};

impl Document {
    /// Applies an edit and returns its splices. Text that the edit does not concern is unchanged.
    ///
    /// # Errors
    /// Returns an [`EditError`] if the edit is rejected; nothing is changed then.
    pub fn apply(&mut self, entry: usize, edit: &Edit) -> Result<Vec<Splice>, EditError> {
        self.edit(entry, edit, false)
    }

    /// Applies an edit like [`Document::apply`], but keeps the comments of what it removes on separate lines: for
    /// a cleared field.
    ///
    /// # Errors
    /// Returns an [`EditError`] if the edit is rejected; nothing is changed then.
    pub fn apply_beside_comments(&mut self, entry: usize, edit: &Edit) -> Result<Vec<Splice>, EditError> {
        self.edit(entry, edit, true)
    }

    fn edit(&mut self, entry: usize, edit: &Edit, comments_stay: bool) -> Result<Vec<Splice>, EditError> {
        if let Some((splices, change)) = apply_incremental(self, entry, edit, comments_stay) {
            self.apply_change(entry, change);
            return Ok(splices);
        }
        let (splices, document) = apply(self, entry, edit, comments_stay)?;
        *self = document;
        Ok(splices)
    }
}

/// How an edit writes scalars. The next one is tried where the text does not have the expected value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// In the existing style, with unchanged parts kept.
    Minimal,
    /// Completely rewritten: several lines as a literal block scalar.
    Rewritten,
    /// Completely rewritten, in quotes.
    Quoted,
}

const WRITINGS: [Writing; 3] = [Writing::Minimal, Writing::Rewritten, Writing::Quoted];

/// Applies an edit to a document. Comments of overwritten text are kept; those of removed text are removed as
/// well, unless `comments_stay`.
pub(crate) fn apply(
    document: &Document,
    entry: usize,
    edit: &Edit,
    comments_stay: bool,
) -> Result<(Vec<Splice>, Document), EditError> {
    let before = document.value(entry).ok_or(EditError::Unreadable)?;
    let wanted = value_model::apply(before, edit)?;
    if *before == wanted && !matches!(edit, Edit::Move { .. }) {
        return Ok((Vec::new(), document.clone()));
    }
    if let Some(parts) = split(before, edit) {
        return apply_parts(document, entry, &parts, &wanted, comments_stay);
    }
    let (splices, after) = apply_single(document, entry, edit, &wanted)?;
    if comments_stay || !takes_comments(edit) {
        return Ok(comments::restore(document, entry, edit, splices, after));
    }
    Ok((splices, after))
}

/// Returns whether the edit moves or removes comments together with their values.
fn takes_comments(edit: &Edit) -> bool {
    matches!(edit, Edit::Remove { .. } | Edit::Move { .. })
}

fn apply_single(
    document: &Document,
    entry: usize,
    edit: &Edit,
    wanted: &Value,
) -> Result<(Vec<Splice>, Document), EditError> {
    let mut tried = None;
    for writing in WRITINGS {
        let splices = plan::splices(document, entry, edit, writing)?;
        if tried.as_ref() == Some(&splices) {
            continue;
        }
        let after = Document::parse(splice(document.text(), &splices));
        if after.value(entry) == Some(wanted) && after.entries().len() == document.entries().len() {
            return Ok((splices, after));
        }
        tried = Some(splices);
    }
    Err(EditError::Unsupported)
}

/// Applies an edit by parsing only the lines around it. `None` where the whole document has to be parsed: because
/// other lines matter, because the edit changes nothing or consists of several, or because it is rejected.
pub(crate) fn apply_incremental(
    document: &Document,
    entry: usize,
    edit: &Edit,
    comments_stay: bool,
) -> Option<(Vec<Splice>, Change)> {
    let before = document.value(entry)?;
    if !is_single_change(before, edit)? {
        return None;
    }
    let mut tried = None;
    for writing in WRITINGS {
        let splices = plan::splices(document, entry, edit, writing).ok()?;
        if tried.as_ref() == Some(&splices) {
            continue;
        }
        let may_take = |splice: &Splice| document.text()[splice.range.clone()].contains('#');
        if (comments_stay || !takes_comments(edit)) && splices.iter().any(may_take) {
            return None;
        }
        if let Some((at, change)) = document.parse_change(&splices) {
            let before = value_model::get(before, &change.path)?;
            let wanted = value_model::apply(before, &edit.below(&change.path)?).ok()?;
            if at == entry && wanted == change.value {
                return Some((splices, change));
            }
        }
        tried = Some(splices);
    }
    None
}

/// Returns whether the edit changes one existing value, or adds one to an existing collection.
fn is_single_change(before: &Value, edit: &Edit) -> Option<bool> {
    let full = |value: &Value| match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    Some(match edit {
        Edit::Set { path, value } => match value_model::get(before, path) {
            Some(old) => old != value && !(full(old) && full(value)),
            None => {
                matches!(path.last()?, Segment::Key(_))
                    && value_model::get(before, &path.parent()?)?.is_object()
            }
        },
        Edit::Insert { path, index, .. } => *index <= value_model::get(before, path)?.as_array()?.len(),
        Edit::Remove { path } => value_model::get(before, path).is_some(),
        Edit::Move { path, from, to } => {
            let length = value_model::get(before, path)?.as_array()?.len();
            from != to && *from < length && *to < length
        }
        Edit::Rename { path, key } => {
            value_model::get(before, path)?;
            !value_model::get(before, &path.parent()?)?
                .as_object()?
                .contains_key(key)
        }
    })
}

/// Splits setting a collection over a collection into smaller edits, so that comments on kept members survive.
fn split(before: &Value, edit: &Edit) -> Option<Vec<Edit>> {
    let Edit::Set { path, value } = edit else {
        return None;
    };
    let old = value_model::get(before, path)?;
    match (old, value) {
        (Value::Object(old), Value::Object(new)) if !old.is_empty() && !new.is_empty() => {
            let set = new
                .iter()
                .filter(|(key, value)| old.get(*key) != Some(value))
                .map(|(key, value)| Edit::Set {
                    path: path.key(key),
                    value: value.clone(),
                });
            let remove = old
                .keys()
                .filter(|key| !new.contains_key(*key))
                .map(|key| Edit::Remove { path: path.key(key) });
            Some(set.chain(remove).collect())
        }
        (Value::Array(old), Value::Array(new)) if !old.is_empty() && !new.is_empty() => {
            let set = new
                .iter()
                .enumerate()
                .filter(|(index, value)| old.get(*index) != Some(value))
                .map(|(index, value)| Edit::Set {
                    path: path.index(index),
                    value: value.clone(),
                });
            let remove = (new.len()..old.len()).rev().map(|index| Edit::Remove {
                path: path.index(index),
            });
            Some(set.chain(remove).collect())
        }
        _ => None,
    }
}

fn apply_parts(
    document: &Document,
    entry: usize,
    parts: &[Edit],
    wanted: &Value,
    comments_stay: bool,
) -> Result<(Vec<Splice>, Document), EditError> {
    // An error contains an anchor of this text, not of an intermediate one.
    for part in parts {
        if let Err(shared @ EditError::Shared(_)) = plan::splices(document, entry, part, Writing::Minimal) {
            return Err(shared);
        }
    }
    let mut after = document.clone();
    for part in parts {
        after = apply(&after, entry, part, comments_stay)?.1;
    }
    if after.value(entry) != Some(wanted) {
        return Err(EditError::Unsupported);
    }
    Ok((
        difference(document.text(), after.text()).into_iter().collect(),
        after,
    ))
}

/// Wraps a value in the rest of a path: `a.b[0]` and 1 make `{"a": {"b": [1]}}`.
fn wrap_in_path(segments: &[Segment], value: Value) -> Value {
    segments.iter().rev().fold(value, |value, segment| match segment {
        Segment::Key(key) => Value::Object([(key.clone(), value)].into_iter().collect()),
        Segment::Index(_) => Value::Array(vec![value]),
    })
}

/// Formats a value as block-style YAML, without a trailing line break.
pub(crate) fn format_block(value: &Value) -> String {
    let empty = Document::parse("");
    layout::Layout::of(&empty).block(value, 0).join("\n")
}

/// Returns a document's layout: columns from a key to the keys of its mapping and to the dashes of its list, and
/// its line break.
pub(crate) fn layout_of(document: &Document) -> (usize, usize, &'static str) {
    let layout = layout::Layout::of(document);
    (layout.step, layout.dash, layout.eol)
}
