//! What is known about the field under a cursor.

use std::ops::Range;

use crate::document::Document;
use crate::path::Path;
use crate::schema::Schema;
use crate::schema::node::Type;

/// A field's documentation, for a place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Hover {
    /// The document it is in.
    pub entry: usize,
    /// The field.
    pub path: Path,
    /// What may stand there.
    pub kind: Type,
    /// What Kubernetes' documentation says; may be empty.
    pub documentation: String,
    /// The texts that may stand there; empty if any may.
    pub choices: Vec<String>,
    /// Bytes of the key, or of the item of a list.
    pub range: Range<usize>,
}

/// The field whose key or plain value holds a byte offset. None between them, and where the schema knows nothing.
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
