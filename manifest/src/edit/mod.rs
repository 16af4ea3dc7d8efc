//! Edits: typed operations on paths that become minimal splices of the text.
//!
//! An edit is first carried out on the value (`reference`), which says what the text has to mean afterwards. Then the
//! text is spliced, read again and compared: an edit that would mean anything else is refused, never written.

mod block;
mod flow;
mod layout;
mod reference;
mod render;
mod string;
mod write;

use std::ops::Range;

use serde_json::Value;

use crate::comments;
use crate::document::Document;
use crate::local::Change;
use crate::path::{Path, Segment};
use crate::splice::{Splice, difference, splice};

/// A change of one document.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Gives the value at `path`, making what is missing on the way. A list grows only at its end.
    Set {
        /// Where.
        path: Path,
        /// What. `{}`, `[]`, `0`, `false`, `""` and `null` are values like any other.
        value: Value,
    },
    /// Puts a value into the list at `path` before position `index`; a missing list is made.
    Insert {
        /// The list.
        path: Path,
        /// From 0 to the list's length.
        index: usize,
        /// What.
        value: Value,
    },
    /// Takes out the value at `path` with its comments. The last one leaves `{}` or `[]`. Nothing there: nothing changes.
    Remove {
        /// Where.
        path: Path,
    },
    /// Moves an item of the list at `path`, with its comments.
    Move {
        /// The list.
        path: Path,
        /// Its position.
        from: usize,
        /// Its position afterwards.
        to: usize,
    },
    /// Gives the key at the end of `path` another name; its place and value stay.
    Rename {
        /// The key.
        path: Path,
        /// Its new name.
        key: String,
    },
}

impl Edit {
    /// The place that it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Set { path, .. }
            | Self::Insert { path, .. }
            | Self::Remove { path }
            | Self::Move { path, .. }
            | Self::Rename { path, .. } => path,
        }
    }
}

/// Why an edit was not made. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The document does not parse; its problems say where.
    #[error("the document does not parse")]
    Unreadable,
    /// The value comes from an anchor or merge key, or is one that is used elsewhere: changing it here would change
    /// other places. The range is the anchor's; change it in the text.
    #[error("the value is shared through the anchor at byte {}", .0.start)]
    Shared(Range<usize>),
    /// Something on the way is a plain value, or a list position lies beyond the end.
    #[error("there is no such place: {0}")]
    NoSuchPlace(Path),
    /// The key exists already.
    #[error("the key exists already: {0}")]
    KeyExists(String),
    /// The text is written in a way that this edit cannot follow; change it in the text.
    #[error("this can only be changed in the text")]
    Unsupported,
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
    let wanted = reference::apply(before, edit)?;
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
        let splices = write::splices(document, entry, edit, writing)?;
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
        let splices = write::splices(document, entry, edit, writing).ok()?;
        if tried.as_ref() == Some(&splices) {
            continue;
        }
        let may_take = |splice: &Splice| document.text()[splice.range.clone()].contains('#');
        if (comments_stay || !takes_comments(edit)) && splices.iter().any(may_take) {
            return None;
        }
        if let Some((at, change)) = document.near(&splices) {
            let before = reference::get(before, &change.path)?;
            let wanted = reference::apply(before, &edit.below(&change.path)?).ok()?;
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
        Edit::Set { path, value } => match reference::get(before, path) {
            Some(old) => old != value && !(full(old) && full(value)),
            None => {
                matches!(path.last()?, Segment::Key(_))
                    && reference::get(before, &path.parent()?)?.is_object()
            }
        },
        Edit::Insert { path, index, .. } => *index <= reference::get(before, path)?.as_array()?.len(),
        Edit::Remove { path } => reference::get(before, path).is_some(),
        Edit::Move { path, from, to } => {
            let length = reference::get(before, path)?.as_array()?.len();
            from != to && *from < length && *to < length
        }
        Edit::Rename { path, key } => {
            reference::get(before, path)?;
            !reference::get(before, &path.parent()?)?
                .as_object()?
                .contains_key(key)
        }
    })
}

impl Edit {
    /// The same edit, seen from a place on its path; none if it is about that place itself.
    fn below(&self, place: &Path) -> Option<Self> {
        let rest = |path: &Path| {
            let rest = path.segments().get(place.segments().len()..)?.to_vec();
            path.starts_with(place).then(|| Path::from(rest))
        };
        let inner = |path: &Path| rest(path).filter(|rest| !rest.is_root());
        Some(match self {
            Self::Set { path, value } => Self::Set {
                path: rest(path)?,
                value: value.clone(),
            },
            Self::Insert { path, index, value } => Self::Insert {
                path: rest(path)?,
                index: *index,
                value: value.clone(),
            },
            Self::Remove { path } => Self::Remove { path: inner(path)? },
            Self::Move { path, from, to } => Self::Move {
                path: rest(path)?,
                from: *from,
                to: *to,
            },
            Self::Rename { path, key } => Self::Rename {
                path: inner(path)?,
                key: key.clone(),
            },
        })
    }
}

/// A collection set over a collection is the sum of smaller edits, so that comments on what stays survive.
fn parts(before: &Value, edit: &Edit) -> Option<Vec<Edit>> {
    let Edit::Set { path, value } = edit else {
        return None;
    };
    let old = reference::get(before, path)?;
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
        if let Err(shared @ EditError::Shared(_)) = write::splices(document, entry, part, Writing::Kept) {
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
