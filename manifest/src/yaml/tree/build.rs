//! Builds a tree from the parser's events, and locates what the parser does not report.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StructureStyle};

use crate::yaml::tree::{Kind, Node, NodeId, Part, Style, SyntaxError, Tree, written};

/// Maximum nesting depth. The API server's JSON decoder stops at 10,000; no manifest comes near 100.
const MAX_DEPTH: usize = 100;

/// Whether JSON allows the character in a string, and YAML does not.
fn is_json_only(one: char) -> bool {
    matches!(one, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns a JSON text with each character that YAML refuses replaced by another of its length; [`json_text`] reads
/// the strings that contain them. Other texts are returned unchanged.
fn without_json_only(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with('{') || !text.contains(is_json_only) {
        return Cow::Borrowed(text);
    }
    let replaced = text.chars().map(|one| match one.len_utf8() {
        _ if !is_json_only(one) => one,
        1 => 'x',
        2 => 'é',
        _ => '中',
    });
    Cow::Owned(replaced.collect())
}

/// Returns the value of a JSON string that contains characters which YAML refuses.
fn json_text(source: &str, range: &Range<usize>, style: Style) -> Option<String> {
    let token = source
        .get(range.clone())
        .filter(|_| style == Style::DoubleQuoted)?;
    if !token.contains(is_json_only) {
        return None;
    }
    serde_json::from_str(token).ok()
}

#[derive(Default)]
pub(crate) struct Builder {
    tree: Tree,
    /// Open collections, outermost first, each with the key of a mapping whose value follows.
    open: Vec<(NodeId, Option<NodeId>)>,
    anchors: HashMap<usize, NodeId>,
    root: Option<NodeId>,
    /// End of the last token: block scalar headers and colons are searched from here.
    last_end: usize,
    /// Whether characters that only JSON allows were replaced for the parser.
    is_replaced: bool,
}

impl Builder {
    pub(crate) fn run(mut self, text: &str) -> Tree {
        let mut options = Options::default();
        options.emit_comments = false;
        options.emit_anchor_events = true;
        options.emit_unresolved_aliases = true;
        options.flow_nesting_limit = MAX_DEPTH;
        options.block_nesting_limit = MAX_DEPTH;
        options.bom_inside_document_as_content = true;
        options.block_scalar_eof_without_line_feed = true;
        let readable = without_json_only(text);
        self.is_replaced = matches!(readable, Cow::Owned(_));
        let mut parser = Parser::new_from_str_with_options(&readable, options);
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
                    event => self.on_event(event, &span, text),
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

    fn on_event(&mut self, event: Event<'_>, span: &Span, source: &str) {
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
                let json = self.is_replaced.then(|| json_text(source, &range, style));
                let text = json.flatten().map_or(text, Cow::Owned);
                if matches!(style, Style::Literal | Style::Folded) {
                    range = block_scalar(source, self.last_end, range);
                }
                if range.is_empty() && style == Style::Plain {
                    // An omitted value: the parser reports `~` and the end of the last token.
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
            range.start = first_dash(source, self.last_end, self.is_in_list(), range.start);
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

    /// Returns where the value of the innermost mapping's pending key would be: directly after its colon.
    fn after_colon(&self, source: &str) -> Option<usize> {
        let (_, key) = self.open.last()?;
        let end = self.tree.node((*key)?).range.end;
        let gap = source[end..].find(|c: char| !c.is_whitespace())?;
        source[end + gap..].starts_with(':').then_some(end + gap + 1)
    }

    /// Returns whether the next node is an item of a block list.
    fn is_in_list(&self) -> bool {
        let around = self.open.last().map(|(id, _)| &self.tree.node(*id).kind);
        matches!(around, Some(Kind::Sequence { flow: false, .. }))
    }

    /// Adds a node to the innermost open collection.
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

    /// Closes the innermost collection: flow at its bracket, block at its last child.
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
            // An omitted value is directly after its colon or dash.
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

/// Returns the bytes of a block scalar, from its `|` or `>` to the end of its last line, without that line break.
/// Trailing blank lines belong to it only with `+` (`|+`).
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

/// Returns the first dash of a block list: the parser reports the first item's offset where the list is not
/// indented. A list that is an item of another comes after that one's dash.
fn first_dash(source: &str, last_end: usize, is_item: bool, found: usize) -> usize {
    let mut at = last_end;
    let mut others = is_item;
    while let Some(c) = source[at..].chars().next() {
        match c {
            '-' | '.' if is_mark(source, at) => at += MARK,
            '-' if others => {
                others = false;
                at += 1;
            }
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

/// Length of a marker between documents, `---` or `...`, in bytes.
const MARK: usize = 3;

/// Returns whether a document starts or ends here: a line with a marker, optionally followed by other text.
fn is_mark(source: &str, at: usize) -> bool {
    let begins = at == 0 || source[..at].ends_with(['\n', '\r']);
    let rest = &source[at..];
    let mark = rest.starts_with("---") || rest.starts_with("...");
    begins && mark && rest[MARK..].chars().next().is_none_or(char::is_whitespace)
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
