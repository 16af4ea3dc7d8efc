//! References between the names of a text: what refers to a volume, container, port, variable or object, and how
//! all of them follow a new name.

mod collect;
mod rename;

pub use crate::references::rename::{is_definition, rename};

pub(crate) use crate::references::collect::{collect, names};

use crate::path::Path;

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A volume of the Pod.
    Volume,
    /// A container of the Pod.
    Container,
    /// A port of the same container.
    Port,
    /// An object of this kind in the project, or of the cluster (`PriorityClass`).
    Object(&'static str),
}

/// A name that refers to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub target: Target,
    /// Path of the name.
    pub path: Path,
    pub name: String,
    /// Paths and names of the object's keys that are used.
    pub keys: Vec<(Path, String)>,
    /// Whether what it names may be missing.
    pub optional: bool,
}
