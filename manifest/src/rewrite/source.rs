//! Source of a part of a document as a document of its own, with its comments.

use serde_json::Value;

use crate::document::Document;
use crate::edit::format_block;
use crate::path::Path;

/// Returns the YAML of the collection at a path, moved to the first column; comments stay where its layout allows
/// that. No line break at the end. None if there is no value.
pub(super) fn source(document: &Document, entry: usize, path: &Path) -> Option<String> {
    let value = document.get(entry, path)?;
    let kept = lines(document, entry, path).filter(|text| {
        let read = Document::parse(format!("{text}\n"));
        read.is_valid() && read.entries().len() == 1 && read.value(0) == Some(value)
    });
    Some(kept.unwrap_or_else(|| format_block(value)))
}

/// Returns the lines of a block collection without their indentation; the result may have another meaning.
fn lines(document: &Document, entry: usize, path: &Path) -> Option<String> {
    if !document.get(entry, path)?.is_object() {
        return None;
    }
    let text = document.text();
    let range = document.range(entry, path)?;
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
    let column = range.start - line_start(range.start);
    // A block scalar ends after its line break.
    let end = if text[..range.end].ends_with('\n') {
        range.end
    } else {
        crate::document::line_end(text, range.end)
    };
    // Comments between the key and the first line of its value.
    let start = match document.key_range(entry, path) {
        Some(key) => crate::document::line_end(text, key.end) + 1,
        None => range.start,
    };
    let head = text.get(start..line_start(range.start)).unwrap_or_default();
    let body = text.get(range.start..end)?;
    let mut out = String::new();
    for line in head
        .lines()
        .chain(std::iter::once(""))
        .filter(|line| !line.trim().is_empty())
    {
        out.push_str(line.trim_start());
        out.push('\n');
    }
    for (number, line) in body.lines().enumerate() {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        let cut = if number == 0 { 0 } else { blanks.min(column) };
        out.push_str(&line[cut..]);
        out.push('\n');
    }
    Some(out.trim_end().to_owned())
}

/// Indents the lines of a block by two columns. A block scalar's lines move with it, and an empty line stays empty.
pub(super) fn indented(block: &str, columns: usize) -> String {
    let pad = " ".repeat(columns);
    let lines = block.lines().map(|line| {
        if line.is_empty() {
            String::new()
        } else {
            format!("{pad}{line}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns a text if it has this value; otherwise the value in block style.
pub(super) fn checked(text: String, value: &Value) -> String {
    let read = Document::parse(text.as_str());
    if read.is_valid() && read.entries().len() == 1 && read.value(0) == Some(value) {
        text
    } else {
        format_block(value)
    }
}
