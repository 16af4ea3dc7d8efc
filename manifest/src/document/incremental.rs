//! Incremental parsing of the lines that a change touches.
//!
//! In a block collection each pair or item is on lines of its own, whose meaning does not depend on the lines
//! around them: neither on those before (the collection's column ends whatever precedes it) nor on those after
//! (which start in the same column or further left). So the lines of the innermost pair or item around a change
//! are parsed as a text of their own, and the result replaces the old nodes. Where that reasoning does not apply
//! (anchors, aliases and merge keys reach across lines; a document marker ends everything), the whole text is
//! parsed. A property test compares both.

use std::ops::Range;

use serde_json::Value;

use crate::document::MAX_BYTES;
use crate::path::{Path, Segment};
use crate::splice::{Splice, splice};
use crate::yaml::tree::{Kind, Node, NodeId, Tree};
use crate::yaml::value;
use crate::yaml::value::{MAX_NODES, is_merge};

/// Maximum depth of a cell that is parsed separately: with its own nesting, it stays within the parser's limit.
const MAX_DEPTH: usize = 40;

/// A pair or item of a block collection, with its lines.
#[derive(Debug, Clone)]
struct Cell {
    /// The enclosing collections, outermost first.
    around: Vec<NodeId>,
    /// Its first node (the key of a pair).
    first: NodeId,
    /// The node of its value.
    value: NodeId,
    is_pair: bool,
    /// Whole lines, up to those of the next member.
    lines: Range<usize>,
    /// Steps from the root.
    path: Vec<Segment>,
}

/// The result of parsing a change incrementally.
#[derive(Debug)]
pub(crate) struct Change {
    cell: Cell,
    /// The path of the changed value, and its new value.
    pub path: Path,
    pub value: Value,
    source: String,
    /// The cell's nodes, with offsets in the whole text.
    nodes: Vec<Node>,
    /// By how many bytes everything after the cell moves.
    moved: isize,
}

/// Parses the lines around splices (ascending) of a document with this root; `None` if they cannot be parsed
/// alone.
pub(crate) fn read(tree: &Tree, root: NodeId, end: usize, splices: &[Splice]) -> Option<Change> {
    let (first, last) = (splices.first()?, splices.last()?);
    if tree.has_references || tree.source.starts_with('%') {
        return None;
    }
    let touched = first.range.start..last.range.end;
    let source = splice(&tree.source, splices);
    let moved = source.len().cast_signed() - tree.source.len().cast_signed();
    if source.len() > MAX_BYTES {
        return None;
    }
    let (cell, nodes, value) = cells(tree, root, end, &touched)
        .into_iter()
        .rev()
        .find_map(|cell| {
            let lines = cell.lines.start..cell.lines.end.checked_add_signed(moved)?;
            let (nodes, value) = parse_cell(tree, &cell, source.get(lines)?)?;
            Some((cell, nodes, value))
        })?;
    (tree.nodes.len() + nodes.len() <= MAX_NODES).then(|| Change {
        path: Path::from(cell.path.clone()),
        cell,
        value,
        source,
        nodes,
        moved,
    })
}

/// Returns the cells whose lines contain a range, outermost first.
fn cells(tree: &Tree, root: NodeId, end: usize, touched: &Range<usize>) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let (mut parent, mut end, mut path) = (root, end, Vec::new());
    let mut around = Vec::new();
    while cells.len() < MAX_DEPTH {
        around.push(parent);
        let Some(mut cell) = cell(tree, parent, end, touched) else {
            break;
        };
        (parent, end) = (cell.value, cell.lines.end);
        path.append(&mut cell.path);
        (cell.path, cell.around) = (path.clone(), around.clone());
        cells.push(cell);
    }
    cells
}

/// Returns the member of a block collection whose lines contain a range.
fn cell(tree: &Tree, parent: NodeId, end: usize, touched: &Range<usize>) -> Option<Cell> {
    // A range that touches the first line of the next member belongs to both.
    let holds = |lines: &Range<usize>| {
        let ends = touched.end < lines.end || lines.end == tree.source.len();
        lines.start <= touched.start && ends
    };
    let line = |at: usize| tree.source[..at].rfind('\n').map_or(0, |at| at + 1);
    // Members start in one column, each as the first of its line.
    let opens = |at: usize| {
        let start = line(at);
        tree.source[start..at].bytes().all(|c| c == b' ').then_some(start)
    };
    match &tree.node(parent).kind {
        Kind::Mapping { flow: false, pairs } => {
            let index = pairs
                .partition_point(|(key, _)| tree.node(*key).start <= touched.start)
                .checked_sub(1)?;
            let (key, value) = *pairs.get(index)?;
            let start = opens(tree.node(key).start)?;
            let next = pairs.get(index + 1).map(|(next, _)| tree.node(*next).start);
            let end = next.map_or(Some(end), opens)?;
            let segment = Segment::Key(tree.key_text(key)?.into_owned());
            holds(&(start..end)).then(|| Cell {
                around: Vec::new(),
                first: key,
                value,
                is_pair: true,
                lines: start..end,
                path: vec![segment],
            })
        }
        Kind::Sequence { flow: false, items } => {
            let index = items
                .partition_point(|item| tree.node(*item).start <= touched.start)
                .checked_sub(1)?;
            let item = *items.get(index)?;
            // The dash is the first of its line as well, and the item follows it.
            let dash = |item: NodeId| {
                let at = tree.node(item).start;
                let start = line(at);
                let lead = &tree.source[start..at];
                let column = lead.len() - lead.trim_start_matches(' ').len();
                (lead[column..].trim_end() == "-").then_some(start)
            };
            let start = dash(item)?;
            let end = items.get(index + 1).map_or(Some(end), |next| dash(*next))?;
            holds(&(start..end)).then(|| Cell {
                around: Vec::new(),
                first: item,
                value: item,
                is_pair: false,
                lines: start..end,
                path: vec![Segment::Index(index)],
            })
        }
        _ => None,
    }
}

/// Parses the lines of a cell alone; `None` if they are not one member of the same kind, key and column.
fn parse_cell(tree: &Tree, cell: &Cell, text: &str) -> Option<(Vec<Node>, Value)> {
    // A document marker may neither be added nor removed.
    let was_marked = tree.source.get(cell.lines.clone()).is_none_or(has_mark);
    if was_marked || has_mark(text) {
        return None;
    }
    let read = Tree::parse(text.to_owned());
    let [part] = read.parts.as_slice() else {
        return None;
    };
    let root = part
        .root
        .filter(|_| part.error.is_none() && !read.has_references)?;
    let column = |text: &str, at: usize| at - text[..at].rfind('\n').map_or(0, |at| at + 1);
    let was = tree.node(cell.first);
    let (first, value) = match (&read.node(root).kind, cell.is_pair) {
        (Kind::Mapping { flow: false, pairs }, true) => {
            let [(key, value)] = *pairs.as_slice() else {
                return None;
            };
            // As written: an empty quoted key is valid, an omitted one is a problem.
            let written = |tree: &Tree, key: NodeId| tree.source[tree.node(key).range.clone()].to_owned();
            let same = written(&read, key) == written(tree, cell.first) && !is_merge(&read, key);
            let at = read.node(key).start;
            let begins = at == column(&tree.source, was.start);
            (same && begins).then_some((key, value))?
        }
        (Kind::Sequence { flow: false, items }, false) => {
            let [item] = *items.as_slice() else { return None };
            let dash = read.node(root).range.start;
            let lines = &tree.source[cell.lines.clone()];
            (dash == lines.len() - lines.trim_start_matches(' ').len()).then_some((item, item))?
        }
        _ => return None,
    };
    // The root is the first node, and all others belong to the cell.
    if root != 0 || first != 1 {
        return None;
    }
    let reading = value::value(&read, value, || false).ok()?;
    if !reading.repeated.is_empty() || depth(&read, root) > MAX_DEPTH {
        return None;
    }
    let mut nodes = read.nodes;
    nodes.remove(0);
    for node in &mut nodes {
        node.shift(cell.lines.start.cast_signed());
        node.renumber(1, cell.first.cast_signed() - 1);
    }
    Some((nodes, reading.value))
}

/// Returns whether a line starts or ends a document.
fn has_mark(text: &str) -> bool {
    text.lines()
        .any(|line| line.starts_with("---") || line.starts_with("..."))
}

fn depth(tree: &Tree, id: NodeId) -> usize {
    let below = match &tree.node(id).kind {
        Kind::Mapping { pairs, .. } => pairs.iter().map(|(_, value)| depth(tree, *value)).max(),
        Kind::Sequence { items, .. } => items.iter().map(|item| depth(tree, *item)).max(),
        _ => None,
    };
    1 + below.unwrap_or_default()
}

/// Returns the last descendant of a node, or the node itself.
fn last_descendant(tree: &Tree, id: NodeId) -> NodeId {
    let below = match &tree.node(id).kind {
        Kind::Mapping { pairs, .. } => pairs.last().map(|(_, value)| *value),
        Kind::Sequence { items, .. } => items.last().copied(),
        _ => None,
    };
    below.map_or(id, |below| last_descendant(tree, below))
}

/// How the nodes after a change move.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moved {
    /// The first of these nodes.
    pub from: NodeId,
    /// By how many positions they move in [`Tree::nodes`].
    pub nodes: isize,
    /// By how many bytes they move in the text.
    pub bytes: isize,
}

impl Change {
    /// Replaces the cell in the tree, and its value in the document's value.
    pub(crate) fn apply_to(self, tree: &mut Tree, value: &mut Value) -> Moved {
        let from = last_descendant(tree, self.cell.value) + 1;
        let moved = Moved {
            from,
            nodes: self.nodes.len().cast_signed() - (from - self.cell.first).cast_signed(),
            bytes: self.moved,
        };
        let behind = self.cell.first + self.nodes.len();
        tree.nodes.splice(self.cell.first..from, self.nodes);
        for node in &mut tree.nodes[behind..] {
            node.shift(moved.bytes);
            node.renumber(from, moved.nodes);
        }
        for part in &mut tree.parts {
            part.root = part.root.map(|root| moved.node(root));
            if part.start >= self.cell.lines.end {
                part.start = part.start.saturating_add_signed(moved.bytes);
            }
        }
        tree.source = self.source;
        // The collections around the cell end where their last member does.
        for id in self.cell.around.into_iter().rev() {
            tree.nodes[id].renumber(from, moved.nodes);
            let below = match &tree.nodes[id].kind {
                Kind::Mapping { pairs, .. } => pairs.last().map(|(_, value)| *value),
                Kind::Sequence { items, .. } => items.last().copied(),
                _ => None,
            };
            if let Some(last) = below.map(|below| &tree.nodes[below]) {
                tree.nodes[id].range.end = last.range.end.max(last.start);
            }
        }
        let place = self
            .path
            .segments()
            .iter()
            .try_fold(value, |value, segment| match segment {
                Segment::Key(key) => value.get_mut(key),
                Segment::Index(index) => value.get_mut(index),
            });
        if let Some(place) = place {
            *place = self.value;
        }
        moved
    }
}

impl Moved {
    /// Returns the id of a node after the change.
    pub(crate) fn node(self, id: NodeId) -> NodeId {
        if id >= self.from {
            id.saturating_add_signed(self.nodes)
        } else {
            id
        }
    }
}
