//! The operations that an edit can be, and why one is refused.

use std::ops::Range;

use serde_json::Value;

use crate::path::Path;

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

impl Edit {
    /// The same edit, seen from a place on its path; none if it is about that place itself.
    pub(crate) fn below(&self, place: &Path) -> Option<Self> {
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
