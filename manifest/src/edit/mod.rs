//! Edits: typed operations on paths that become minimal splices of the text.
//!
//! An edit is first carried out on the value (`value_model`), which says what the text has to mean afterwards. Then the
//! text is spliced, read again and compared: an edit that would mean anything else is refused, never written.

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
    /// Carries out an edit and gives the splices that it took. The text changes only where the edit is about.
    ///
    /// # Errors
    /// [`EditError`] says why nothing was changed.
    pub fn apply(&mut self, entry: usize, edit: &Edit) -> Result<Vec<Splice>, EditError> {
        self.edit(entry, edit, false)
    }

    /// The same, but the comments of what is taken out stay, on lines of their own: for a field that is cleared.
    ///
    /// # Errors
    /// [`EditError`] says why nothing was changed.
    pub fn apply_beside_comments(&mut self, entry: usize, edit: &Edit) -> Result<Vec<Splice>, EditError> {
        self.edit(entry, edit, true)
    }

    fn edit(&mut self, entry: usize, edit: &Edit, comments_stay: bool) -> Result<Vec<Splice>, EditError> {
        if let Some((splices, change)) = apply_near(self, entry, edit, comments_stay) {
            self.take_in(entry, change);
            return Ok(splices);
        }
        let (splices, document) = apply(self, entry, edit, comments_stay)?;
        *self = document;
        Ok(splices)
    }
}

/// How texts of an edit are written. What one way would make of the lines around it, the next one does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// In the style that stands there, with what is the same left as it is.
    Kept,
    /// Whole: lines as a literal block scalar.
    Whole,
    /// Whole, and in quotes.
    Quoted,
}

const WRITINGS: [Writing; 3] = [Writing::Kept, Writing::Whole, Writing::Quoted];

/// Carries out an edit on a document. What it writes over keeps its comments; what it takes out takes them along, unless
/// they are to stay.
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
    if let Some(parts) = parts(before, edit) {
        return in_parts(document, entry, &parts, &wanted, comments_stay);
    }
    let (splices, after) = carry_out(document, entry, edit, &wanted)?;
    if comments_stay || !takes_comments(edit) {
        return Ok(comments::keep(document, entry, edit, splices, after));
    }
    Ok((splices, after))
}

/// The edit moves or takes out comments with what they are about.
fn takes_comments(edit: &Edit) -> bool {
    matches!(edit, Edit::Remove { .. } | Edit::Move { .. })
}

fn carry_out(
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

/// Carries out an edit by reading again only the lines around it. None where it has to be done as a whole: because
/// other lines matter, because the edit is none or several, or because it is refused.
pub(crate) fn apply_near(
    document: &Document,
    entry: usize,
    edit: &Edit,
    comments_stay: bool,
) -> Option<(Vec<Splice>, Change)> {
    let before = document.value(entry)?;
    if !is_plain(before, edit)? {
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
        if let Some((at, change)) = document.near(&splices) {
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

/// The edit changes one thing that is there, or adds one to a collection that is there.
fn is_plain(before: &Value, edit: &Edit) -> Option<bool> {
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

/// A collection set over a collection is the sum of smaller edits, so that comments on what stays survive.
fn parts(before: &Value, edit: &Edit) -> Option<Vec<Edit>> {
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

fn in_parts(
    document: &Document,
    entry: usize,
    parts: &[Edit],
    wanted: &Value,
    comments_stay: bool,
) -> Result<(Vec<Splice>, Document), EditError> {
    // A refusal shows an anchor of this text, not of one halfway.
    for part in parts {
        if let Err(shared @ EditError::Shared(_)) = plan::splices(document, entry, part, Writing::Kept) {
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

/// A value under the rest of a path: `a.b[0]` and 1 make `{"a": {"b": [1]}}`.
fn nest(segments: &[Segment], value: Value) -> Value {
    segments.iter().rev().fold(value, |value, segment| match segment {
        Segment::Key(key) => Value::Object([(key.clone(), value)].into_iter().collect()),
        Segment::Index(_) => Value::Array(vec![value]),
    })
}

/// A value as block-style YAML, without a line break at the end.
pub(crate) fn fresh(value: &Value) -> String {
    let empty = Document::parse("");
    layout::Layout::of(&empty).block(value, 0).join("\n")
}

/// A document's habits: columns from a key to the keys of its mapping, to the dashes of its list, and its line break.
pub(crate) fn habits(document: &Document) -> (usize, usize, &'static str) {
    let layout = layout::Layout::of(document);
    (layout.step, layout.dash, layout.eol)
}
