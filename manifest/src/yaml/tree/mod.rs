//! The syntax tree: for each node its bytes in the text, its style, anchor and tag.
//!
//! Comments, blank lines and separators are not nodes: they are the bytes between nodes, and are preserved because
//! edits are splices of the text.

mod build;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use crate::yaml::scalar;

/// Index of a node in [`Tree::nodes`].
pub(crate) type NodeId = usize;

/// The style of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// The kind of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Scalar {
        /// The text, if it differs from the source between the quotes, if there are any.
        cooked: Option<Box<str>>,
        style: Style,
    },
    Mapping {
        flow: bool,
        pairs: Vec<(NodeId, NodeId)>,
    },
    Sequence {
        flow: bool,
        items: Vec<NodeId>,
    },
    /// An alias; its target is `None` if no such anchor was defined before.
    Alias {
        target: Option<NodeId>,
    },
}

/// A node with its range in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub kind: Kind,
    /// Bytes of the content, without anchor and tag. Empty for an omitted value. Ends with the last byte of the
    /// last descendant for a block collection.
    pub range: Range<usize>,
    /// Start of anchor and tag if there are any, else of `range`.
    pub start: usize,
    /// Bytes of `&name`, if the node has an anchor.
    pub anchor: Option<Box<Range<usize>>>,
    /// Suffix of a core tag (`str` of `!!str`), or the whole of another.
    pub tag: Option<Box<str>>,
    /// Whether an alias refers to it.
    pub aliased: bool,
}

impl Node {
    /// Moves it by a number of bytes.
    pub(crate) fn shift(&mut self, by: isize) {
        let moved = |at: usize| at.saturating_add_signed(by);
        self.range = moved(self.range.start)..moved(self.range.end);
        self.start = moved(self.start);
        if let Some(anchor) = &mut self.anchor {
            **anchor = moved(anchor.start)..moved(anchor.end);
        }
    }

    /// Renumbers its children from `from` on.
    pub(crate) fn renumber(&mut self, from: NodeId, by: isize) {
        if by == 0 {
            return;
        }
        let moved = |id: &mut NodeId| {
            if *id >= from {
                *id = id.saturating_add_signed(by);
            }
        };
        match &mut self.kind {
            Kind::Mapping { pairs, .. } => pairs.iter_mut().for_each(|(key, value)| {
                moved(key);
                moved(value);
            }),
            Kind::Sequence { items, .. } => items.iter_mut().for_each(moved),
            Kind::Alias { target: Some(target) } => moved(target),
            _ => {}
        }
    }
}

/// One document of the stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// The root; `None` for an empty document or one that does not parse.
    pub root: Option<NodeId>,
    /// First byte of the document's content (or of its `---`).
    pub start: usize,
    /// Why it does not parse.
    pub error: Option<SyntaxError>,
}

/// Where and why a text does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub at: usize,
    pub message: String,
}

/// All documents of a text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Tree {
    /// The parsed text.
    pub source: String,
    /// In the order of the text, parents before children.
    pub nodes: Vec<Node>,
    /// Whether there are anchors, aliases, merge keys or tags: the meaning of one node depends on others.
    pub has_references: bool,
    pub parts: Vec<Part>,
}

impl Tree {
    /// Parses a text. Never fails: a document that cannot be parsed is a part with an error.
    pub(crate) fn parse(text: String) -> Self {
        let mut tree = build::Builder::default().run(&text);
        tree.source = text;
        tree
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// Returns the text of a scalar.
    pub(crate) fn text<'a>(&'a self, node: &'a Node) -> Option<&'a str> {
        match &node.kind {
            Kind::Scalar {
                cooked: Some(text), ..
            } => Some(text),
            Kind::Scalar { cooked: None, style } => written(&self.source, &node.range, *style),
            _ => None,
        }
    }

    /// Returns a scalar key as Kubernetes reads it: `y:` is the key `true`.
    pub(crate) fn key_text(&self, id: NodeId) -> Option<Cow<'_, str>> {
        let node = self.node(id);
        match &node.kind {
            Kind::Scalar { style, .. } => {
                let text = self.text(node)?;
                if *style != Style::Plain || text.starts_with(scalar::is_never_special) {
                    return Some(Cow::Borrowed(text));
                }
                Some(match scalar::resolve(text) {
                    Some(Value::Bool(value)) => Cow::Owned(value.to_string()),
                    Some(Value::Number(value)) => Cow::Owned(value.to_string()),
                    _ => Cow::Borrowed(text),
                })
            }
            Kind::Alias { target: Some(target) } => self.key_text(*target),
            _ => None,
        }
    }
}

/// Returns the source of a scalar, without its quotes. `None` for a block scalar.
fn written<'a>(source: &'a str, range: &Range<usize>, style: Style) -> Option<&'a str> {
    match style {
        Style::Plain => source.get(range.clone()),
        Style::SingleQuoted | Style::DoubleQuoted => source.get(range.start + 1..range.end.checked_sub(1)?),
        Style::Literal | Style::Folded => None,
    }
}
