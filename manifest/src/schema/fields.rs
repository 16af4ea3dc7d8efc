//! The fields of any mapping of a document, for a generated form.

use k8s_rules::Place;
use k8s_rules::defaults::is_disabled;
use serde_json::Value;

use crate::document::Document;
use crate::path::{Path, Segment};
use crate::schema::Schema;
use crate::schema::node::{Node, Type};

/// One field of a generated form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// The type of its value.
    pub kind: Type,
    /// The type of the items of a list or map.
    pub item: Option<Type>,
    /// Kubernetes' documentation.
    pub documentation: String,
    /// Whether it is required.
    pub required: bool,
    /// The enum values; empty if any string is allowed.
    pub choices: Vec<String>,
    /// The API server's default.
    pub default: Option<Value>,
    /// Whether the document has it, `null` included.
    pub present: bool,
}

/// Returns the fields of the mapping at a path of a document, in the schema's order, required or not, present or
/// not. A Job's fields that servers drop unless a feature gate was turned on are left out unless they are present.
/// Empty if the schema does not know the document's kind, or there is no mapping of known fields at the path.
pub fn fields(document: &Document, entry: usize, schema: &Schema, path: &Path) -> Vec<Field> {
    let read = document.entries().get(entry);
    let names = read.and_then(|entry| Some((entry.api_version.as_deref()?, entry.kind.as_deref()?)));
    let Some(node) = names.and_then(|(api_version, kind)| schema.at(api_version, kind, path)) else {
        return Vec::new();
    };
    let value = document.get(entry, path);
    let has = |name: &str| value.is_some_and(|value| value.get(name).is_some());
    let field = |(name, field): (&str, Node<'_>)| Field {
        name: name.to_owned(),
        kind: field.kind(),
        item: field.item().or_else(|| field.value()).map(|item| item.kind()),
        documentation: field.documentation().to_owned(),
        required: node.requires(name),
        choices: field.choices().to_vec(),
        default: field.default().cloned(),
        present: has(name),
    };
    let is_job = names == Some(("batch/v1", "Job"));
    let places: Vec<Place> = path
        .segments()
        .iter()
        .map(|segment| match segment {
            Segment::Key(key) => Place::Key(key.clone()),
            Segment::Index(index) => Place::Index(*index),
        })
        .collect();
    let is_offered = |field: &Field| field.present || !is_job || !is_disabled(&places, &field.name);
    node.fields().map(field).filter(is_offered).collect()
}
