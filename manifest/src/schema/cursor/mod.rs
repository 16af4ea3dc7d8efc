//! Resolves a cursor to a path, even in a text that does not parse.
//!
//! In YAML the word at the cursor is replaced by a placeholder and the text is parsed: the tree contains the path.
//! If another line is broken too, the text up to the cursor is tried, and then the lines above it that are its
//! parents and siblings by indentation. JSON is scanned for brackets.

mod json;
mod outline;

use std::ops::Range;

use crate::document::{Document, Format, line_end};
use crate::edit::layout_of;
use crate::path::{Path, Segment};
use crate::yaml::tree::{Kind, NodeId, Tree};

/// Replaces the word at the cursor while the text is parsed.
pub(super) const PLACEHOLDER: &str = "jobwright-cursor-00";

/// What the cursor is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A key (or an item) of the collection at the path.
    Key,
    /// The value at the path.
    Value,
}

/// The path of a cursor, and what a completion needs to know about the text around it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cursor {
    pub place: Place,
    pub path: Path,
    /// The document's `apiVersion` and `kind`, if they are strings.
    pub api_version: Option<String>,
    pub kind: Option<String>,
    /// Other keys of the same mapping.
    pub siblings: Vec<String>,
    /// The word to be replaced.
    pub range: Range<usize>,
    /// Whether a colon follows the word already.
    pub has_colon: bool,
    /// The blank that a value needs after its colon.
    pub gap: &'static str,
    pub json: bool,
    /// Whether it is within braces or brackets.
    pub in_flow: bool,
    /// Column of the word.
    pub column: usize,
    /// Columns from a key to the keys of its mapping, and to the dashes of its list.
    pub step: usize,
    pub dash: usize,
    pub eol: &'static str,
}

/// Resolves a byte offset; `None` in a comment, a block scalar, or where no word can start.
pub(super) fn cursor(document: &Document, offset: usize) -> Option<Cursor> {
    let text = document.text();
    text.get(..offset)?;
    if document.format() == Format::Json {
        return json::cursor(text, offset);
    }
    let line_start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let word = word(text, line_start, offset)?;
    let lead = &text[line_start..word.start];
    let rest = &text[word.end..line_end(text, word.end)];
    let has_colon = rest.trim_start().starts_with(':');
    let behind = lead.trim_end();
    let place = match behind.chars().last() {
        Some(':') => Place::Value,
        Some('{' | ',' | '[') => Place::Key,
        _ if lead.trim_start_matches([' ', '-']).is_empty() => Place::Key,
        _ => return None,
    };
    let in_flow = behind.ends_with(['{', ',', '[']);
    let placed = match place {
        Place::Key if !has_colon => format!("{PLACEHOLDER}: ~"),
        Place::Value if lead.ends_with(':') => format!(" {PLACEHOLDER}"),
        _ => PLACEHOLDER.to_owned(),
    };
    let column = text[line_start..word.start].chars().count();
    let (head, tail) = (&text[..word.start], &text[word.end..]);
    let found = match find_placeholder(&format!("{head}{placed}{tail}")) {
        Err(true) => match find_placeholder(&format!("{head}{placed}\n")) {
            Err(true) => find_placeholder(&outline::of(text, line_start, &format!("{lead}{placed}"))),
            found => found,
        },
        found => found,
    };
    let found = found.ok()?;
    Some(Cursor {
        place,
        range: word,
        has_colon,
        gap: if place == Place::Value && lead.ends_with(':') {
            " "
        } else {
            ""
        },
        json: false,
        in_flow,
        column,
        ..found
    })
}

/// Returns the word at an offset, with its quotes; `None` within a comment or after a lone dash.
fn word(text: &str, line_start: usize, offset: usize) -> Option<Range<usize>> {
    let before = &text[line_start..offset];
    if before.trim_start().starts_with('#') || before.contains(" #") {
        return None;
    }
    let inside = |c: char| c.is_alphanumeric() || "._/-$+".contains(c);
    let length: usize = before
        .chars()
        .rev()
        .take_while(|c| inside(*c))
        .map(char::len_utf8)
        .sum();
    let mut start = offset - length;
    let ahead: usize = text[offset..]
        .chars()
        .take_while(|c| inside(*c))
        .map(char::len_utf8)
        .sum();
    let mut end = offset + ahead;
    if text[start..end].chars().all(|c| c == '-') && start < end {
        return None;
    }
    if let Some(quote) = text[line_start..start]
        .chars()
        .last()
        .filter(|c| matches!(c, '"' | '\''))
    {
        start -= 1;
        end += usize::from(text[end..].starts_with(quote));
    }
    Some(start..end)
}

/// Finds the placeholder in a text. The error says whether the text is broken, so that another may be tried.
fn find_placeholder(text: &str) -> Result<Cursor, bool> {
    let document = Document::parse(text);
    let tree = document.tree();
    let placeholder = tree
        .nodes
        .iter()
        .position(|node| tree.text(node) == Some(PLACEHOLDER));
    let found = placeholder.and_then(|id| {
        let roots = tree.parts.iter().filter_map(|part| part.root);
        roots.into_iter().find_map(|root| {
            let mut steps = Vec::new();
            let siblings = seek(tree, root, id, &mut steps)?;
            Some((root, Path::from(steps), siblings))
        })
    });
    let broken = tree.parts.iter().any(|part| part.error.is_some());
    let (root, path, siblings) = found.ok_or(broken)?;
    let (step, dash, eol) = layout_of(&document);
    Ok(Cursor {
        place: Place::Key,
        path,
        api_version: root_text(tree, root, "apiVersion"),
        kind: root_text(tree, root, "kind"),
        siblings,
        range: 0..0,
        has_colon: false,
        gap: "",
        json: false,
        in_flow: false,
        column: 0,
        step,
        dash,
        eol,
    })
}

/// Collects the steps to the value `wanted`, or to the mapping that has it as a key; returns that mapping's other
/// keys.
fn seek(tree: &Tree, id: NodeId, wanted: NodeId, steps: &mut Vec<Segment>) -> Option<Vec<String>> {
    if id == wanted {
        return Some(Vec::new());
    }
    match &tree.node(id).kind {
        Kind::Mapping { pairs, .. } => {
            if pairs.iter().any(|(key, _)| *key == wanted) {
                let others = pairs.iter().filter(|(key, _)| *key != wanted);
                return Some(
                    others
                        .filter_map(|(key, _)| Some(tree.key_text(*key)?.into_owned()))
                        .collect(),
                );
            }
            pairs.iter().find_map(|(key, value)| {
                steps.push(Segment::Key(tree.key_text(*key)?.into_owned()));
                let found = seek(tree, *value, wanted, steps);
                if found.is_none() {
                    steps.pop();
                }
                found
            })
        }
        Kind::Sequence { items, .. } => items.iter().enumerate().find_map(|(index, item)| {
            steps.push(Segment::Index(index));
            let found = seek(tree, *item, wanted, steps);
            if found.is_none() {
                steps.pop();
            }
            found
        }),
        _ => None,
    }
}

/// Returns a string at the root of a document, without using its value, which a duplicate key makes unavailable.
fn root_text(tree: &Tree, root: NodeId, name: &str) -> Option<String> {
    let Kind::Mapping { pairs, .. } = &tree.node(root).kind else {
        return None;
    };
    let (_, value) = pairs
        .iter()
        .find(|(key, _)| tree.key_text(*key).as_deref() == Some(name))?;
    let text = tree.text(tree.node(*value));
    text.filter(|text| !text.is_empty() && *text != PLACEHOLDER)
        .map(str::to_owned)
}
