//! A manifest: its text, and everything parsed from it.

pub(crate) mod incremental;
mod text;
mod update;

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use crate::document::text::is_json;
use crate::document::text::{directive, path_of};
use crate::path::{Path, Segment};
use crate::problem::Problem;
use crate::splice::{Splice, splice};
use crate::yaml::tree::{Kind, NodeId, Tree};
use crate::yaml::value;

/// Maximum size of a text, in bytes. The API server accepts requests of at most 3 MiB.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;

/// The format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// YAML, one or more documents.
    Yaml,
    /// JSON, one object or a list of them.
    Json,
}

/// One non-empty document of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Bytes from its first to its last node.
    pub range: Range<usize>,
    /// `apiVersion`, if it is a string.
    pub api_version: Option<String>,
    /// `kind`, if it is a string.
    pub kind: Option<String>,
    /// `metadata.name`, if it is a string.
    pub name: Option<String>,
    /// `metadata.namespace`, if it is a string.
    pub namespace: Option<String>,
    pub(crate) root: Option<NodeId>,
    pub(crate) value: Option<Value>,
    /// The value that the API server would read despite duplicate keys; `value` is `None` then.
    lenient_value: Option<Value>,
}

#[derive(Debug, Clone)]
struct Read {
    format: Format,
    tree: Tree,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

/// A manifest text with its syntax tree, values and syntax problems. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Document(Arc<Read>);

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.text() == other.text()
    }
}

impl Document {
    /// Parses a text. Never fails: syntax errors are reported by [`Document::problems`], and the text is kept.
    pub fn parse(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.len() > MAX_BYTES {
            let problem = Problem::syntax("document.size", 0..0, "");
            let read = Read {
                format: Format::Yaml,
                tree: Tree {
                    source: text,
                    ..Tree::default()
                },
                entries: Vec::new(),
                problems: vec![problem],
            };
            return Self(Arc::new(read));
        }
        let format = if text.trim_start().starts_with(['{', '[']) {
            Format::Json
        } else {
            Format::Yaml
        };
        let tree = Tree::parse(text);
        let text = &tree.source;
        let mut entries = Vec::new();
        let mut problems: Vec<_> = directive(text).into_iter().collect();
        for part in &tree.parts {
            if let Some(error) = &part.error {
                let end = line_end(text, error.at).max(error.at);
                problems.push(
                    Problem::syntax("yaml.syntax", error.at..end, &error.message).of_entry(entries.len()),
                );
                entries.push(Entry::new(part.start..end, None, None));
                continue;
            }
            let Some(root) = part.root.filter(|root| !is_omitted(&tree, *root)) else {
                continue;
            };
            let range = tree.node(root).start..tree.node(root).range.end;
            let (value, errors) = match value::value(&tree, root, || is_json(text)) {
                Ok(reading) => (Some(reading.value), reading.repeated),
                Err(error) => (None, vec![error]),
            };
            problems.extend(errors.iter().map(|error| {
                let mut problem =
                    Problem::syntax(error.code, error.range.clone(), &error.subject).of_entry(entries.len());
                problem.path = path_of(&tree, root, error.node).unwrap_or_default();
                problem
            }));
            let (value, lenient_value) = if errors.is_empty() {
                (value, None)
            } else {
                (None, value)
            };
            entries.push(Entry {
                lenient_value,
                ..Entry::new(range, Some(root), value)
            });
        }
        Self(Arc::new(Read {
            format,
            tree,
            entries,
            problems,
        }))
    }

    /// Returns the text, byte for byte as it was given.
    pub fn text(&self) -> &str {
        &self.0.tree.source
    }

    /// Returns the format: JSON if the text starts with a brace or bracket.
    pub fn format(&self) -> Format {
        self.0.format
    }

    /// Returns the documents, without empty ones.
    pub fn entries(&self) -> &[Entry] {
        &self.0.entries
    }

    /// Returns the first document of kind Job.
    pub fn job(&self) -> Option<usize> {
        self.entries()
            .iter()
            .position(|entry| entry.kind.as_deref() == Some("Job"))
    }

    /// Returns a document's value as Kubernetes reads it; `None` if it does not parse.
    pub fn value(&self, entry: usize) -> Option<&Value> {
        self.entries().get(entry)?.value.as_ref()
    }

    /// Returns a document's value despite duplicate keys: for validation, not for edits.
    pub(crate) fn lenient_value(&self, entry: usize) -> Option<&Value> {
        let entry = self.entries().get(entry)?;
        entry.value.as_ref().or(entry.lenient_value.as_ref())
    }

    /// Returns the value at a path.
    pub fn get(&self, entry: usize, path: &Path) -> Option<&Value> {
        path.segments()
            .iter()
            .try_fold(self.value(entry)?, |value, segment| match segment {
                Segment::Key(key) => value.get(key),
                Segment::Index(index) => value.get(index),
            })
    }

    /// Returns the bytes of the value at a path, or of its key if the value is omitted. `None` for values that
    /// come from an alias or merge key.
    pub fn range(&self, entry: usize, path: &Path) -> Option<Range<usize>> {
        let mut id = self.entries().get(entry)?.root?;
        let mut key = None;
        for segment in path.segments() {
            (key, id) = self.step(id, segment)?;
        }
        let node = self.0.tree.node(id);
        let range = node.start..node.range.end.max(node.start);
        match key {
            Some(key) if range.is_empty() => Some(self.0.tree.node(key).range.clone()),
            _ => Some(range),
        }
    }

    /// Returns a scalar as it is written, without quotes, anchor and tag: `1.10`, `0x1F`, `on`. None for a
    /// collection, and for a value that comes from a merge key.
    pub fn spelling(&self, entry: usize, path: &Path) -> Option<&str> {
        let mut id = self.target(self.entries().get(entry)?.root?);
        for segment in path.segments() {
            id = self.target(self.step(id, segment)?.1);
        }
        let tree = &self.0.tree;
        tree.text(tree.node(id))
    }

    /// Returns the node that an alias refers to, or the node itself.
    fn target(&self, id: NodeId) -> NodeId {
        match self.0.tree.node(id).kind {
            Kind::Alias { target: Some(target) } => target,
            _ => id,
        }
    }

    /// Returns the bytes of the key at the end of a path; `None` for a list item or the root.
    pub fn key_range(&self, entry: usize, path: &Path) -> Option<Range<usize>> {
        let mut id = self.entries().get(entry)?.root?;
        let mut key = None;
        for segment in path.segments() {
            (key, id) = self.step(id, segment)?;
        }
        key.map(|key| self.0.tree.node(key).range.clone())
    }

    fn step(&self, id: NodeId, segment: &Segment) -> Option<(Option<NodeId>, NodeId)> {
        let tree = &self.0.tree;
        match (segment, &tree.node(id).kind) {
            (Segment::Key(name), Kind::Mapping { pairs, .. }) => pairs
                .iter()
                .find(|(key, _)| tree.key_text(*key).as_deref() == Some(name))
                .map(|(key, value)| (Some(*key), *value)),
            (Segment::Index(index), Kind::Sequence { items, .. }) => {
                items.get(*index).map(|item| (None, *item))
            }
            _ => None,
        }
    }

    /// Returns the document and path of the field at a byte offset: the innermost one on the same line or whose
    /// bytes contain it.
    pub fn path_at(&self, offset: usize) -> Option<(usize, Path)> {
        let line_start = self.text().get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
        let (index, entry) = self
            .entries()
            .iter()
            .enumerate()
            .rev()
            .find(|(position, entry)| *position == 0 || entry.range.start <= offset)?;
        let mut path = Path::root();
        let mut id = entry.root?;
        let tree = &self.0.tree;
        // A field contains the offset if its key starts at or before it (or on its line) and the next key does
        // not.
        loop {
            let reaches = |start: usize| start <= offset || start <= self.first_on_line(line_start);
            let next = match &tree.node(id).kind {
                Kind::Mapping { pairs, .. } => pairs
                    .iter()
                    .rev()
                    .find(|(key, _)| reaches(tree.node(*key).start))
                    .and_then(|(key, value)| Some((Segment::Key(tree.key_text(*key)?.into_owned()), *value))),
                Kind::Sequence { items, .. } => items
                    .iter()
                    .enumerate()
                    .rev()
                    .find(|(_, item)| reaches(tree.node(**item).start))
                    .map(|(position, item)| (Segment::Index(position), *item)),
                _ => None,
            };
            let Some((segment, child)) = next else { break };
            path = path.join(segment);
            id = child;
        }
        Some((index, path))
    }

    fn first_on_line(&self, line_start: usize) -> usize {
        let line = &self.text()[line_start..];
        let line = line.lines().next().unwrap_or_default();
        line_start + (line.len() - line.trim_start_matches([' ', '-']).len())
    }

    /// Returns whether there are anchors, aliases, merge keys or tags: what is written in one place may depend on
    /// another.
    pub fn has_references(&self) -> bool {
        self.0.tree.has_references
    }

    /// Returns the syntax problems: syntax errors, duplicate keys, unknown aliases.
    pub fn problems(&self) -> &[Problem] {
        &self.0.problems
    }

    /// Returns whether every document parses and has a value.
    pub fn is_valid(&self) -> bool {
        self.0.problems.is_empty()
    }

    /// Changes the text as an editor does.
    pub fn splice(&mut self, splices: &[Splice]) {
        match self.parse_change(splices) {
            Some((entry, change)) => self.apply_change(entry, change),
            None => *self = Self::parse(splice(self.text(), splices)),
        }
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.0.tree
    }
}

impl Entry {
    fn new(range: Range<usize>, root: Option<NodeId>, value: Option<Value>) -> Self {
        let text = |path: &[&str]| {
            path.iter()
                .try_fold(value.as_ref()?, |value, key| value.get(key))?
                .as_str()
                .map(str::to_owned)
        };
        Self {
            range,
            api_version: text(&["apiVersion"]),
            kind: text(&["kind"]),
            name: text(&["metadata", "name"]),
            namespace: text(&["metadata", "namespace"]),
            root,
            value,
            lenient_value: None,
        }
    }
}

fn is_omitted(tree: &Tree, root: NodeId) -> bool {
    let node = tree.node(root);
    node.range.is_empty() && node.anchor.is_none() && matches!(node.kind, Kind::Scalar { .. })
}

/// Returns the offset of the end of a line, without its line break.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let length = rest.find('\n').unwrap_or(rest.len());
    at + rest[..length].trim_end_matches('\r').len()
}
