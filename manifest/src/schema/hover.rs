//! Documentation of the field under a cursor.

use std::ops::Range;

use crate::document::Document;
use crate::path::Path;
use crate::schema::Schema;
use crate::schema::node::Type;

/// A field's documentation, for an offset in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Hover {
    /// The document.
    pub entry: usize,
    /// The path of the field.
    pub path: Path,
    /// The type of its value.
    pub kind: Type,
    /// Kubernetes' documentation; may be empty.
    pub documentation: String,
    /// The enum values; empty if any string is allowed.
    pub choices: Vec<String>,
    /// Bytes of the key, or of the list item.
    pub range: Range<usize>,
}

/// Returns the field whose key or scalar contains a byte offset. `None` between fields, and for unknown fields.
pub fn hover(document: &Document, schema: &Schema, offset: usize) -> Option<Hover> {
    let (entry, path) = document.path_at(offset)?;
    let read = document.entries().get(entry)?;
    let node = schema.at(read.api_version.as_deref()?, read.kind.as_deref()?, &path)?;
    let holds = |range: &Range<usize>| range.start <= offset && offset <= range.end;
    let key = document.key_range(entry, &path);
    let value = document.range(entry, &path)?;
    let on_key = key.as_ref().is_some_and(holds);
    if !on_key && !holds(&value) {
        return None;
    }
    Some(Hover {
        entry,
        kind: node.kind(),
        documentation: node.documentation().to_owned(),
        choices: node.choices().to_vec(),
        range: key.unwrap_or(value),
        path,
    })
}
