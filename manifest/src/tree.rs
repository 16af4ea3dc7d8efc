//! The syntax tree: for each node its bytes in the text, its style, anchor and tag.
//!
//! Comments, blank lines and separators are not nodes: they are the bytes between nodes, and stay where they are
//! because edits are splices of the text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StructureStyle};
use serde_json::Value;

use crate::scalar;

/// Deepest nesting that is read. The API server's JSON reader stops at 10,000; no manifest comes near 100.
const MAX_DEPTH: usize = 100;

/// Position of a node in [`Tree::nodes`].
pub(crate) type NodeId = usize;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Scalar {
        /// The text, where it is not what stands in the source between the quotes, if there are any.
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
    /// An alias; its target is none if nothing of that name was defined before.
    Alias {
        target: Option<NodeId>,
    },
}

/// A node with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub kind: Kind,
    /// Bytes of the content, without anchor and tag. Empty for an omitted value. Ends with the last byte of the
    /// last descendant for a block collection.
    pub range: Range<usize>,
    /// Where anchor and tag begin, if there are any, else the start of `range`.
    pub start: usize,
    /// Bytes of `&name`, if the node has an anchor.
    pub anchor: Option<Box<Range<usize>>>,
    /// Suffix of a core tag (`str` of `!!str`), or the whole of another.
    pub tag: Option<Box<str>>,
    /// An alias refers to it.
    pub aliased: bool,
}

impl Node {
    /// Moves it by so many bytes.
    pub(crate) fn shift(&mut self, by: isize) {
        let moved = |at: usize| at.saturating_add_signed(by);
        self.range = moved(self.range.start)..moved(self.range.end);
        self.start = moved(self.start);
        if let Some(anchor) = &mut self.anchor {
            **anchor = moved(anchor.start)..moved(anchor.end);
        }
    }

    /// Moves the nodes in it that stand at `from` or behind by so many places.
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
    /// The root; none for an empty document or one that does not parse.
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
    /// The text that was read.
    pub source: String,
    /// In the order of the text, each before those in it.
    pub nodes: Vec<Node>,
    /// There are anchors, aliases, merge keys or tags: what one place means depends on others.
    pub has_references: bool,
    pub parts: Vec<Part>,
}

impl Tree {
    /// Reads a text. Never fails: what cannot be read is a part with an error.
    pub(crate) fn parse(text: String) -> Self {
        let mut tree = Builder::default().run(&text);
        tree.source = text;
        tree
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The text of a scalar.
    pub(crate) fn text<'a>(&'a self, node: &'a Node) -> Option<&'a str> {
        match &node.kind {
            Kind::Scalar {
                cooked: Some(text), ..
            } => Some(text),
            Kind::Scalar { cooked: None, style } => written(&self.source, &node.range, *style),
            _ => None,
        }
    }

    /// A scalar key as Kubernetes reads it: `y:` is the key `true`.
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

#[derive(Default)]
struct Builder {
    tree: Tree,
    /// Open collections, outermost first; the key of a mapping whose value is still to come.
    open: Vec<(NodeId, Option<NodeId>)>,
    anchors: HashMap<usize, NodeId>,
    root: Option<NodeId>,
    /// End of the last token: block scalar headers and colons are looked for from here.
    last_end: usize,
}

impl Builder {
    fn run(mut self, text: &str) -> Tree {
        let mut options = Options::default();
        options.emit_comments = false;
        options.emit_anchor_events = true;
        options.emit_unresolved_aliases = true;
        options.flow_nesting_limit = MAX_DEPTH;
        options.block_nesting_limit = MAX_DEPTH;
        options.block_scalar_eof_without_line_feed = true;
        let mut parser = Parser::new_from_str_with_options(text, options);
        let mut start = 0;
        let mut inside = false;
        while let Some(next) = parser.next_event() {
            match next {
                Ok((event, span)) => match event {
                    Event::DocumentStart(..) => {
                        start = from(&span);
                        inside = true;
                    }
                    Event::DocumentEnd => {
                        let root = self.root.take();
                        self.tree.parts.push(Part {
                            root,
                            start,
                            error: None,
                        });
                        self.reset();
                        inside = false;
                    }
                    event => self.take(event, &span, text),
                },
                Err(error) => {
                    let at = offset(&error, text);
                    let error = SyntaxError {
                        at,
                        message: error.info(),
                    };
                    let start = if inside { start } else { at };
                    self.tree.parts.push(Part {
                        root: None,
                        start,
                        error: Some(error),
                    });
                    self.reset();
                    inside = false;
                    if !matches!(parser.proceed_next_document(), Ok(true)) {
                        break;
                    }
                }
            }
        }
        self.tree
    }

    fn reset(&mut self) {
        self.open.clear();
        self.anchors.clear();
        self.root = None;
    }

    fn take(&mut self, event: Event<'_>, span: &Span, source: &str) {
        let mut range = from(span)..to(span);
        let tag_start = span
            .tag_start
            .as_ref()
            .and_then(granit_parser::Marker::byte_offset);
        let tag = event.tag().map(|tag| {
            tag.core_suffix()
                .map_or_else(|| tag.original(), str::to_owned)
                .into_boxed_str()
        });
        let anchor = event.anchor_id();
        self.tree.has_references |= tag.is_some() || anchor.is_some();
        let kind = match event {
            Event::Scalar(text, style, ..) => {
                let style = style_of(style);
                if matches!(style, Style::Literal | Style::Folded) {
                    range = block_scalar(source, self.last_end, range);
                }
                if range.is_empty() && style == Style::Plain {
                    // An omitted value: the parser says `~` and the end of the last token.
                    let at = self.after_colon(source).unwrap_or(range.end);
                    range = at..at;
                    Kind::Scalar { cooked: None, style }
                } else {
                    self.tree.has_references |= text == "<<";
                    let as_written = written(source, &range, style) == Some(&*text);
                    let cooked = (!as_written).then(|| text.into_owned().into_boxed_str());
                    Kind::Scalar { cooked, style }
                }
            }
            Event::MappingStart(style, ..) => Kind::Mapping {
                flow: style == StructureStyle::Flow,
                pairs: Vec::new(),
            },
            Event::SequenceStart(style, ..) => Kind::Sequence {
                flow: style == StructureStyle::Flow,
                items: Vec::new(),
            },
            Event::Alias(id) => {
                self.tree.has_references = true;
                Kind::Alias {
                    target: self.anchors.get(&id).copied(),
                }
            }
            Event::UnresolvedAlias(_) => {
                self.tree.has_references = true;
                Kind::Alias { target: None }
            }
            Event::Anchor(id, _) => {
                if let Some(&node) = self.anchors.get(&id) {
                    let node = &mut self.tree.nodes[node];
                    node.start = node.start.min(range.start);
                    if node.range.is_empty() {
                        node.range = range.end..range.end;
                    }
                    self.last_end = self.last_end.max(range.end);
                    node.anchor = Some(Box::new(range));
                }
                return;
            }
            Event::MappingEnd | Event::SequenceEnd => return self.close(&range),
            _ => return,
        };
        if matches!(kind, Kind::Sequence { flow: false, .. }) {
            range.start = first_dash(source, self.last_end, range.start);
        }
        self.last_end = self
            .last_end
            .max(if matches!(kind, Kind::Scalar { .. } | Kind::Alias { .. }) {
                range.end
            } else {
                range.start
            });
        let opens = matches!(kind, Kind::Mapping { .. } | Kind::Sequence { .. });
        if let Kind::Alias { target: Some(target) } = kind {
            self.tree.nodes[target].aliased = true;
        }
        let start = tag_start.map_or(range.start, |tag| tag.min(range.start));
        let id = self.tree.nodes.len();
        self.tree.nodes.push(Node {
            kind,
            range,
            start,
            anchor: None,
            tag,
            aliased: false,
        });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        self.attach(id);
        if opens {
            self.open.push((id, None));
        }
    }

    /// Where the value of the innermost mapping's pending key would stand: right after its colon.
    fn after_colon(&self, source: &str) -> Option<usize> {
        let (_, key) = self.open.last()?;
        let end = self.tree.node((*key)?).range.end;
        let gap = source[end..].find(|c: char| !c.is_whitespace())?;
        source[end + gap..].starts_with(':').then_some(end + gap + 1)
    }

    /// Puts a node into the innermost open collection.
    fn attach(&mut self, id: NodeId) {
        let Some((parent, key)) = self.open.last_mut() else {
            self.root = Some(id);
            return;
        };
        match &mut self.tree.nodes[*parent].kind {
            Kind::Sequence { items, .. } => items.push(id),
            Kind::Mapping { pairs, .. } => match key.take() {
                Some(key) => pairs.push((key, id)),
                None => *key = Some(id),
            },
            _ => {}
        }
    }

    /// Ends the innermost collection: flow at its bracket, block at its last child.
    fn close(&mut self, range: &Range<usize>) {
        let Some((id, _)) = self.open.pop() else { return };
        self.last_end = self.last_end.max(range.end);
        let (flow, first, last) = match &self.tree.nodes[id].kind {
            Kind::Sequence { flow, items } => (*flow, items.first().copied(), items.last().copied()),
            Kind::Mapping { flow, pairs } => (
                *flow,
                pairs.first().map(|pair| pair.0),
                pairs.last().map(|pair| pair.1),
            ),
            _ => return,
        };
        let end = match last {
            _ if flow => range.end,
            // An omitted value stands right after its colon or dash.
            Some(last) => self.tree.nodes[last].range.end.max(self.tree.nodes[last].start),
            None => self.tree.nodes[id].range.end,
        };
        let first = first.map(|first| self.tree.nodes[first].start);
        let node = &mut self.tree.nodes[id];
        node.range.end = end;
        if let (false, Kind::Mapping { .. }, Some(first)) = (flow, &node.kind, first) {
            node.range.start = first;
        }
    }
}

/// What stands in the source for a scalar, without its quotes. None for a block scalar.
fn written<'a>(source: &'a str, range: &Range<usize>, style: Style) -> Option<&'a str> {
    match style {
        Style::Plain => source.get(range.clone()),
        Style::SingleQuoted | Style::DoubleQuoted => source.get(range.start + 1..range.end.checked_sub(1)?),
        Style::Literal | Style::Folded => None,
    }
}

/// The bytes of a block scalar, from its `|` or `>` to the end of its last line, without that line's break. Trailing
/// blank lines belong to it only if it keeps them (`|+`).
fn block_scalar(source: &str, last_end: usize, content: Range<usize>) -> Range<usize> {
    let bytes = source.as_bytes();
    let mut start = last_end.min(content.start);
    while start < content.start && !matches!(bytes[start], b'|' | b'>') {
        if bytes[start] == b'#' && (start == 0 || bytes[start - 1].is_ascii_whitespace()) {
            while start < content.start && bytes[start] != b'\n' {
                start += 1;
            }
        } else {
            start += 1;
        }
    }
    let header = source[start..].lines().next().unwrap_or_default();
    let keeps = header
        .chars()
        .take_while(|c| matches!(c, '|' | '>' | '+' | '-' | '0'..='9'))
        .any(|c| c == '+');
    let text = &source[start..content.end];
    let end = if keeps {
        text.rfind('\n').map_or(
            text.len(),
            |at| if text[..at].ends_with('\r') { at - 1 } else { at },
        )
    } else {
        text.trim_end().len()
    };
    start..start + end.max(header.trim_end().len())
}

/// The first dash of a block list: the parser gives the first item's place where the list is not indented.
fn first_dash(source: &str, last_end: usize, found: usize) -> usize {
    let mut at = last_end;
    while let Some(c) = source[at..].chars().next() {
        match c {
            '-' => return at,
            '#' => at += source[at..].find('\n').unwrap_or(source.len() - at),
            // Anchor and tag, and the colon of the key before.
            '&' | '!' => {
                at += source[at..]
                    .find(char::is_whitespace)
                    .unwrap_or(source.len() - at);
            }
            ':' | '?' => at += 1,
            c if c.is_whitespace() => at += c.len_utf8(),
            _ => break,
        }
    }
    found
}

fn from(span: &Span) -> usize {
    span.start.byte_offset().unwrap_or_default()
}

fn to(span: &Span) -> usize {
    span.end.byte_offset().unwrap_or_default()
}

fn offset(error: &ScanError, text: &str) -> usize {
    let mut at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        ScalarStyle::Plain => Style::Plain,
    }
}
