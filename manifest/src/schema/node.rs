//! A node of a schema: its type, documentation, enum and fields.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::schema::Schema;

/// Maximum length of a chain of references.
const MAX_HOPS: usize = 16;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Type {
    /// Any value.
    #[default]
    #[serde(rename = "a")]
    Any,
    /// A mapping of known fields.
    #[serde(rename = "o")]
    Object,
    /// A mapping of arbitrary keys to values of one type.
    #[serde(rename = "m")]
    Map,
    /// A list.
    #[serde(rename = "l")]
    List,
    /// A string.
    #[serde(rename = "s")]
    String,
    /// Bytes as a base64 string.
    #[serde(rename = "y")]
    Bytes,
    /// A 64-bit integer.
    #[serde(rename = "i")]
    Integer,
    /// A 32-bit integer.
    #[serde(rename = "j")]
    Integer32,
    /// A number.
    #[serde(rename = "n")]
    Number,
    /// `true` or `false`.
    #[serde(rename = "b")]
    Boolean,
    /// A 32-bit integer or a string, such as a port's number or name.
    #[serde(rename = "x")]
    IntOrString,
    /// A quantity such as `500m` or `1Gi`, as string or number.
    #[serde(rename = "q")]
    Quantity,
    /// A time, as RFC 3339 string.
    #[serde(rename = "t")]
    Time,
}

/// A node in its serialised form. Empty members are not written.
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
    /// The items of a list or map.
    #[serde(rename = "i", skip_serializing_if = "is_default")]
    pub item: Option<Box<Shape>>,
    #[serde(rename = "k", skip_serializing_if = "is_default")]
    pub list_keys: Vec<String>,
    /// The index of a shape that provides what this one leaves out.
    #[serde(rename = "r", skip_serializing_if = "is_default")]
    pub reference: Option<usize>,
    /// Whether unknown fields are allowed here.
    #[serde(rename = "o", skip_serializing_if = "is_default")]
    pub open: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A node of a schema.
#[derive(Clone, Copy)]
pub struct Node<'s> {
    schema: &'s Schema,
    /// The node's own shape, with its documentation and default.
    own: &'s Shape,
    /// The shape that it refers to, or its own.
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

    /// Returns the type of the value.
    pub fn kind(&self) -> Type {
        self.shape.kind
    }

    /// Returns Kubernetes' documentation; may be empty.
    pub fn documentation(&self) -> &'s str {
        if self.own.documentation.is_empty() {
            &self.shape.documentation
        } else {
            &self.own.documentation
        }
    }

    /// Returns the API server's default.
    pub fn default(&self) -> Option<&'s Value> {
        self.own.default.as_ref().or(self.shape.default.as_ref())
    }

    /// Returns the enum values; empty if any string is allowed.
    pub fn choices(&self) -> &'s [String] {
        if self.own.choices.is_empty() {
            &self.shape.choices
        } else {
            &self.own.choices
        }
    }

    /// Returns the required fields.
    pub fn required(&self) -> &'s [String] {
        &self.shape.required
    }

    /// Returns whether this field is required.
    pub fn requires(&self, field: &str) -> bool {
        self.shape.required.iter().any(|name| name == field)
    }

    /// Returns the known fields, in the order of the documents.
    pub fn fields(&self) -> impl Iterator<Item = (&'s str, Node<'s>)> + use<'s> {
        let schema = self.schema;
        self.shape
            .fields
            .iter()
            .map(move |(name, shape)| (name.as_str(), Node::of(schema, shape)))
    }

    /// Returns a known field.
    pub fn field(&self, name: &str) -> Option<Node<'s>> {
        let (_, shape) = self.shape.fields.iter().find(|(known, _)| known == name)?;
        Some(Node::of(self.schema, shape))
    }

    /// Returns the schema of a list's items.
    pub fn item(&self) -> Option<Node<'s>> {
        self.holds(Type::List)
    }

    /// Returns the schema of a map's values.
    pub fn value(&self) -> Option<Node<'s>> {
        self.holds(Type::Map)
    }

    fn holds(&self, kind: Type) -> Option<Node<'s>> {
        let item = self.shape.item.as_deref().filter(|_| self.shape.kind == kind)?;
        Some(Node::of(self.schema, item))
    }

    /// Returns the fields that identify the items of this list (`x-kubernetes-list-map-keys`).
    pub fn list_keys(&self) -> &'s [String] {
        if self.own.list_keys.is_empty() {
            &self.shape.list_keys
        } else {
            &self.own.list_keys
        }
    }

    /// Returns whether unknown fields are allowed here.
    pub fn is_open(&self) -> bool {
        self.shape.open || self.shape.kind == Type::Any
    }
}
