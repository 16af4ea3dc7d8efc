//! One place of a schema: its type, documentation, choices, fields.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema::Schema;

/// References that are followed before a chain of them is given up.
const MAX_HOPS: usize = 16;

/// What may stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Type {
    /// Anything.
    #[default]
    #[serde(rename = "a")]
    Any,
    /// A mapping of known fields.
    #[serde(rename = "o")]
    Object,
    /// A mapping of free keys to values of one kind.
    #[serde(rename = "m")]
    Map,
    /// A list.
    #[serde(rename = "l")]
    List,
    /// A text.
    #[serde(rename = "s")]
    String,
    /// Bytes as base64 text.
    #[serde(rename = "y")]
    Bytes,
    /// A whole number of 64 bits.
    #[serde(rename = "i")]
    Integer,
    /// A whole number of 32 bits.
    #[serde(rename = "j")]
    Integer32,
    /// A number.
    #[serde(rename = "n")]
    Number,
    /// `true` or `false`.
    #[serde(rename = "b")]
    Boolean,
    /// A whole number of 32 bits or a text, such as a port's number or name.
    #[serde(rename = "x")]
    IntOrString,
    /// An amount such as `500m` or `1Gi`, as text or number.
    #[serde(rename = "q")]
    Quantity,
    /// A moment, as RFC 3339 text.
    #[serde(rename = "t")]
    Time,
}

/// A place as it is stored. What is empty is not written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Shape {
    #[serde(rename = "t", skip_serializing_if = "is_default")]
    pub kind: Type,
    #[serde(rename = "d", skip_serializing_if = "is_default")]
    pub documentation: String,
    #[serde(rename = "v", skip_serializing_if = "is_default")]
    pub default: Option<Value>,
    #[serde(rename = "e", skip_serializing_if = "is_default")]
    pub choices: Vec<String>,
    #[serde(rename = "q", skip_serializing_if = "is_default")]
    pub required: Vec<String>,
    #[serde(rename = "p", skip_serializing_if = "is_default")]
    pub fields: Vec<(String, Shape)>,
    /// What a list or map holds.
    #[serde(rename = "i", skip_serializing_if = "is_default")]
    pub item: Option<Box<Shape>>,
    #[serde(rename = "k", skip_serializing_if = "is_default")]
    pub list_keys: Vec<String>,
    /// A shape that says all that this one does not.
    #[serde(rename = "r", skip_serializing_if = "is_default")]
    pub reference: Option<usize>,
    /// Fields beyond the known ones may stand here.
    #[serde(rename = "o", skip_serializing_if = "is_default")]
    pub open: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A place of a schema.
#[derive(Clone, Copy)]
pub struct Node<'s> {
    schema: &'s Schema,
    /// What the place itself says: its documentation and default.
    own: &'s Shape,
    /// What it refers to, or itself.
    shape: &'s Shape,
}

impl<'s> Node<'s> {
    pub(super) fn of(schema: &'s Schema, own: &'s Shape) -> Self {
        let mut shape = own;
        for _ in 0..MAX_HOPS {
            match shape.reference.and_then(|reference| schema.shapes.get(reference)) {
                Some(target) => shape = target,
                None => break,
            }
        }
        Self { schema, own, shape }
    }

    /// What may stand here.
    pub fn kind(&self) -> Type {
        self.shape.kind
    }

    /// What Kubernetes' documentation says about it; may be empty.
    pub fn documentation(&self) -> &'s str {
        if self.own.documentation.is_empty() {
            &self.shape.documentation
        } else {
            &self.own.documentation
        }
    }

    /// What the API server puts here if nothing is said.
    pub fn default(&self) -> Option<&'s Value> {
        self.own.default.as_ref().or(self.shape.default.as_ref())
    }

    /// The texts that may stand here; empty if any may.
    pub fn choices(&self) -> &'s [String] {
        if self.own.choices.is_empty() {
            &self.shape.choices
        } else {
            &self.own.choices
        }
    }

    /// Fields that have to be there.
    pub fn required(&self) -> &'s [String] {
        &self.shape.required
    }

    /// This field has to be there.
    pub fn requires(&self, field: &str) -> bool {
        self.shape.required.iter().any(|name| name == field)
    }

    /// The known fields, in the order of the documents.
    pub fn fields(&self) -> impl Iterator<Item = (&'s str, Node<'s>)> + use<'s> {
        let schema = self.schema;
        self.shape
            .fields
            .iter()
            .map(move |(name, shape)| (name.as_str(), Node::of(schema, shape)))
    }

    /// A known field.
    pub fn field(&self, name: &str) -> Option<Node<'s>> {
        let (_, shape) = self.shape.fields.iter().find(|(known, _)| known == name)?;
        Some(Node::of(self.schema, shape))
    }

    /// What a list holds.
    pub fn item(&self) -> Option<Node<'s>> {
        self.holds(Type::List)
    }

    /// What a map holds.
    pub fn value(&self) -> Option<Node<'s>> {
        self.holds(Type::Map)
    }

    fn holds(&self, kind: Type) -> Option<Node<'s>> {
        let item = self.shape.item.as_deref().filter(|_| self.shape.kind == kind)?;
        Some(Node::of(self.schema, item))
    }

    /// Fields that tell the items of this list apart (`x-kubernetes-list-map-keys`).
    pub fn list_keys(&self) -> &'s [String] {
        if self.own.list_keys.is_empty() {
            &self.shape.list_keys
        } else {
            &self.own.list_keys
        }
    }

    /// Fields beyond the known ones may stand here.
    pub fn is_open(&self) -> bool {
        self.shape.open || self.shape.kind == Type::Any
    }
}
