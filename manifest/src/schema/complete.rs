//! Completions at a cursor: missing keys, and values of an enum.

use std::ops::Range;

use crate::document::Document;
use crate::schema::Schema;
use crate::schema::cursor::{Cursor, Place, cursor};
use crate::schema::node::{Node, Type};
use crate::yaml::scalar::is_plain_string;

/// What a completion inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    /// A key.
    Field,
    /// A value.
    Value,
}

/// One completion at a cursor.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The displayed key or value.
    pub label: String,
    /// The replacement of `range`. Follows the file's indentation; the cursor belongs after it.
    pub insert: String,
    /// Key or value.
    pub kind: CompletionKind,
    /// The type of the value.
    pub value: Type,
    /// Whether the field is required.
    pub required: bool,
    /// Kubernetes' documentation; may be empty.
    pub documentation: String,
    /// Bytes of the text to replace: the word at the cursor.
    pub range: Range<usize>,
}

/// Returns the completions at a byte offset, in YAML or JSON, even while the line (or another one) is incomplete
/// and the text does not parse. Required fields first, then the schema's order. The editor filters by the typed
/// prefix.
pub fn complete(document: &Document, schema: &Schema, offset: usize) -> Vec<Completion> {
    let Some(cursor) = cursor(document, offset) else {
        return Vec::new();
    };
    let root = match (&cursor.api_version, &cursor.kind) {
        (Some(api_version), Some(kind)) => schema.for_kind(api_version, kind),
        _ => None,
    };
    let node = root.and_then(|root| root.at(&cursor.path));
    match (cursor.place, node) {
        (Place::Key, None) if cursor.path.is_root() => document_keys(&cursor),
        (Place::Value, _) if is_type(&cursor) => kinds(&cursor, schema),
        (Place::Key, Some(node)) => match (node.kind(), node.item()) {
            (Type::Object, _) => keys(&cursor, node, ""),
            // Below a list's key, where the dash is still missing.
            (Type::List, Some(item)) if item.kind() == Type::Object => keys(&cursor, item, "- "),
            (Type::List, Some(item)) => values(&cursor, item, "- "),
            // A word after a dash may become a key or a value.
            _ => values(&cursor, node, ""),
        },
        (Place::Value, Some(node)) => values(&cursor, node, ""),
        (_, None) => Vec::new(),
    }
}

fn is_type(cursor: &Cursor) -> bool {
    matches!(cursor.path.to_string().as_str(), "apiVersion" | "kind")
}

/// Returns the first keys of a document whose kind is unknown yet.
fn document_keys(cursor: &Cursor) -> Vec<Completion> {
    let free = |name: &&str| !cursor.siblings.iter().any(|sibling| sibling == name);
    ["apiVersion", "kind", "metadata", "spec"]
        .into_iter()
        .filter(free)
        .map(|name| {
            let kind = if matches!(name, "apiVersion" | "kind") {
                Type::String
            } else {
                Type::Object
            };
            Completion {
                label: name.to_owned(),
                insert: cursor.key(name, kind, ""),
                kind: CompletionKind::Field,
                value: kind,
                required: kind == Type::String,
                documentation: String::new(),
                range: cursor.range.clone(),
            }
        })
        .collect()
}

/// Returns values of `apiVersion` and `kind`: those of the schema that match the other one of the two.
fn kinds(cursor: &Cursor, schema: &Schema) -> Vec<Completion> {
    let wants_kind = cursor.path.to_string() == "kind";
    let mut labels: Vec<&str> = schema
        .kinds()
        .filter(|(api_version, kind)| {
            if wants_kind {
                cursor
                    .api_version
                    .as_deref()
                    .is_none_or(|other| other == *api_version)
            } else {
                cursor.kind.as_deref().is_none_or(|other| other == *kind)
            }
        })
        .map(|(api_version, kind)| if wants_kind { kind } else { api_version })
        .collect();
    labels.dedup();
    labels
        .into_iter()
        .map(|label| value(cursor, label, Type::String, "", ""))
        .collect()
}

fn keys(cursor: &Cursor, node: Node<'_>, prefix: &str) -> Vec<Completion> {
    let mut fields: Vec<_> = node
        .fields()
        .filter(|(name, _)| !cursor.siblings.iter().any(|sibling| sibling == name))
        .map(|(name, field)| Completion {
            label: name.to_owned(),
            insert: cursor.key(name, field.kind(), prefix),
            kind: CompletionKind::Field,
            value: field.kind(),
            required: node.requires(name),
            documentation: field.documentation().to_owned(),
            range: cursor.range.clone(),
        })
        .collect();
    fields.sort_by_key(|field| !field.required);
    fields
}

fn values(cursor: &Cursor, node: Node<'_>, prefix: &str) -> Vec<Completion> {
    let choices: Vec<&str> = match node.kind() {
        Type::Boolean => vec!["true", "false"],
        _ => node.choices().iter().map(String::as_str).collect(),
    };
    choices
        .into_iter()
        .map(|choice| value(cursor, choice, node.kind(), node.documentation(), prefix))
        .collect()
}

fn value(cursor: &Cursor, label: &str, kind: Type, documentation: &str, prefix: &str) -> Completion {
    let plain = kind == Type::Boolean || !cursor.json && is_plain_string(label);
    let written = if plain {
        label.to_owned()
    } else {
        serde_json::Value::from(label).to_string()
    };
    Completion {
        label: label.to_owned(),
        insert: format!("{}{prefix}{written}", cursor.gap),
        kind: CompletionKind::Value,
        value: kind,
        required: false,
        documentation: documentation.to_owned(),
        range: cursor.range.clone(),
    }
}

impl Cursor {
    /// Formats a key with the start of its value.
    fn key(&self, name: &str, kind: Type, prefix: &str) -> String {
        if self.json {
            let name = serde_json::Value::from(name);
            let body = match kind {
                _ if self.has_colon => return name.to_string(),
                Type::Object | Type::Map => "{}",
                Type::List => "[]",
                Type::String | Type::Bytes | Type::Time | Type::Quantity => "\"\"",
                _ => "",
            };
            return format!("{name}: {body}");
        }
        let indent = self.column + prefix.len();
        let line = |columns: usize, text: &str| {
            format!(
                "{prefix}{name}:{}{}{text}",
                self.eol,
                " ".repeat(indent + columns)
            )
        };
        match kind {
            _ if self.has_colon => format!("{prefix}{name}"),
            Type::Object | Type::Map if !self.in_flow => line(self.step, ""),
            Type::List if !self.in_flow => line(self.dash, "- "),
            _ => format!("{prefix}{name}: "),
        }
    }
}
