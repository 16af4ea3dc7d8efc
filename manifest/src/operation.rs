//! Edit operations, and why one is rejected.

use std::ops::Range;

use serde_json::Value;

use crate::path::Path;

/// A change of one document.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Sets the value at `path`, creating missing parents. A list only grows at its end.
    Set {
        /// The path.
        path: Path,
        /// The value. `{}`, `[]`, `0`, `false`, `""` and `null` are values like any other.
        value: Value,
    },
    /// Inserts a value into the list at `path` before `index`; a missing list is created.
    Insert {
        /// The list.
        path: Path,
        /// From 0 to the list's length.
        index: usize,
        /// The value.
        value: Value,
    },
    /// Removes the value at `path` with its comments. Removing the last one leaves `{}` or `[]`. A missing value
    /// is not an error.
    Remove {
        /// The path.
        path: Path,
    },
    /// Moves an item of the list at `path`, with its comments.
    Move {
        /// The list.
        path: Path,
        /// Its index.
        from: usize,
        /// Its index afterwards.
        to: usize,
    },
    /// Renames the key at the end of `path`; its position and value stay.
    Rename {
        /// The key.
        path: Path,
        /// Its new name.
        key: String,
    },
}

impl Edit {
    /// Returns the path that it concerns.
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

/// A change of a whole document of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewrite {
    /// A list becomes the objects in it.
    Unfold,
    /// A Pod, or an object with a template of Pods, becomes a Job.
    ToJob,
    /// An object that was read from a cluster loses what the cluster wrote.
    WithoutStored,
}

/// Why an edit was rejected. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The document does not parse; its problems say where.
    #[error("the document does not parse")]
    Unreadable,
    /// The value comes from an anchor or merge key, or is used elsewhere through an alias: changing it here would
    /// change other paths. The range is the anchor's; it can be changed in the text.
    #[error("the value is shared through the anchor at byte {}", .0.start)]
    Shared(Range<usize>),
    /// Something on the path is a scalar, or a list index is out of range.
    #[error("the path does not exist: {0}")]
    NoSuchPlace(Path),
    /// The key exists already.
    #[error("the key already exists: {0}")]
    KeyExists(String),
    /// The text is written in a way that this edit cannot follow; it can be changed in the text.
    #[error("the layout of the text does not support this edit; change it in the text")]
    Unsupported,
}

impl Edit {
    /// Returns the same edit relative to a place on its path; `None` if it concerns that place itself.
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
