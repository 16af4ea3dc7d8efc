//! The schema of a cluster's kinds, from its OpenAPI documents: the type, documentation, default and enum of each
//! field.
//!
//! A [`Schema`] is compact and serialises compactly, so a server reads a cluster's documents once and sends the
//! part that a manifest needs to a browser ([`Schema::part`]). Completion, hover texts, problems and generated
//! forms are derived from it.

mod check;
mod complete;
mod cursor;
mod fields;
mod hover;
mod node;
mod read;
mod types;

use serde::{Deserialize, Serialize};

use crate::path::{Path, Segment};

pub use crate::schema::check::{check, schema_problems};
pub use crate::schema::complete::{Completion, CompletionKind, complete};
pub use crate::schema::fields::{Field, fields};
pub use crate::schema::hover::{Hover, hover};
pub use crate::schema::node::{Node, Type};
pub use crate::schema::read::SchemaError;

use crate::schema::node::Shape;

/// The kinds of a cluster with their fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Sorted by version and name.
    #[serde(rename = "k")]
    kinds: Vec<Kind>,
    /// The targets of references, by index.
    #[serde(rename = "d")]
    shapes: Vec<Shape>,
}

/// A kind, and the index of its fields. A schema that is a part of another still contains the names of all kinds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Kind {
    #[serde(rename = "v")]
    api_version: String,
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    shape: Option<usize>,
}

impl Schema {
    /// Returns the schema of Jobs and related objects of Kubernetes 1.36, for a cluster whose own documents cannot
    /// be read. It is 250 kB of text, so a browser gets the part that it needs from the server.
    ///
    /// # Errors
    /// Only if the bundled file is corrupt.
    #[cfg(feature = "bundled-schema")]
    pub fn bundled() -> Result<Self, SchemaError> {
        serde_json::from_str(include_str!("bundled.json")).map_err(|_| SchemaError::Bundle)
    }

    /// Returns the root of a kind, such as `batch/v1` and `Job`.
    pub fn for_kind(&self, api_version: &str, kind: &str) -> Option<Node<'_>> {
        let found = self
            .kinds
            .iter()
            .find(|known| known.api_version == api_version && known.name == kind)?;
        Some(Node::of(self, self.shapes.get(found.shape?)?))
    }

    /// Returns the field at a path of a kind.
    pub fn at(&self, api_version: &str, kind: &str, path: &Path) -> Option<Node<'_>> {
        self.for_kind(api_version, kind)?.at(path)
    }

    /// Returns the version and name of every kind.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        self.kinds
            .iter()
            .map(|kind| (kind.api_version.as_str(), kind.name.as_str()))
    }

    /// Returns the part that these kinds need; of the others only their names stay.
    #[must_use]
    pub fn part(&self, kinds: &[(&str, &str)]) -> Self {
        let mut part = Part {
            from: self,
            shapes: Vec::new(),
            moved: vec![None; self.shapes.len()],
        };
        let kinds = self
            .kinds
            .iter()
            .map(|kind| Kind {
                shape: kind
                    .shape
                    .filter(|_| kinds.contains(&(kind.api_version.as_str(), kind.name.as_str())))
                    .and_then(|shape| part.take(shape)),
                ..kind.clone()
            })
            .collect();
        Self {
            kinds,
            shapes: part.shapes,
        }
    }
}

/// Copies shapes with everything that they refer to.
struct Part<'a> {
    from: &'a Schema,
    shapes: Vec<Shape>,
    moved: Vec<Option<usize>>,
}

impl Part<'_> {
    fn take(&mut self, position: usize) -> Option<usize> {
        if let Some(moved) = *self.moved.get(position)? {
            return Some(moved);
        }
        let to = self.shapes.len();
        self.moved[position] = Some(to);
        let mut shape = self.from.shapes.get(position)?.clone();
        self.shapes.push(Shape::default());
        self.renumber(&mut shape);
        self.shapes[to] = shape;
        Some(to)
    }

    fn renumber(&mut self, shape: &mut Shape) {
        shape.reference = shape.reference.and_then(|reference| self.take(reference));
        for (_, field) in &mut shape.fields {
            self.renumber(field);
        }
        if let Some(item) = &mut shape.item {
            self.renumber(item);
        }
    }
}

impl Node<'_> {
    /// Returns the field at a path below this one.
    pub fn at(self, path: &Path) -> Option<Self> {
        path.segments()
            .iter()
            .try_fold(self, |node, segment| match segment {
                Segment::Key(key) => node.field(key).or_else(|| node.value()),
                Segment::Index(_) => node.item(),
            })
    }
}
