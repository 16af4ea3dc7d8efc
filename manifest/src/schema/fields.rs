//! What a generated form needs: the fields of any mapping of a document.

use serde_json::Value;

use crate::document::Document;
use crate::path::Path;
use crate::schema::Schema;
use crate::schema::node::{Node, Type};

/// One field of a generated form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// What may stand there.
    pub kind: Type,
    /// What a list or map holds.
    pub item: Option<Type>,
    /// What Kubernetes' documentation says.
    pub documentation: String,
    /// It has to be there.
    pub required: bool,
    /// The texts that may stand there; empty if any may.
    pub choices: Vec<String>,
    /// What the API server puts there if nothing is said.
    pub default: Option<Value>,
    /// The document has it, `null` included.
    pub present: bool,
}

/// The fields of the mapping at a path of a document, those of the schema in its order, required or not, there or
/// not. Empty if the schema does not know the document's kind, or there is no mapping of known fields at the path.
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
    node.fields().map(field).collect()
}
