//! Turns an edit into splices: finds the node in the tree, then writes in the collection's style.

use serde_json::Value;

use crate::document::Document;
use crate::edit::layout::Layout;
use crate::edit::scalar_style::Body;
use crate::edit::{Writing, wrap_in_path};
use crate::file_mode;
use crate::number;
use crate::operation::{Edit, EditError};
use crate::path::{Path, Segment};
use crate::splice::Splice;
use crate::yaml::tree::{Kind, NodeId, Style};
use crate::yaml::value::is_merge;

/// A node with its parent collection.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub node: NodeId,
    /// The key, if the parent is a mapping.
    pub key: Option<NodeId>,
    /// The collection and the index in it; `None` for the root.
    pub parent: Option<(NodeId, usize)>,
    /// Whether it is within a flow collection.
    pub in_flow: bool,
}

/// How far a path exists.
enum Found<'a> {
    /// Completely.
    Place(Place),
    /// Up to this node; the rest of the path is missing.
    Missing(Place, &'a [Segment]),
}

/// Returns the splices of an edit.
pub(super) fn splices(
    document: &Document,
    entry: usize,
    edit: &Edit,
    writing: Writing,
) -> Result<Vec<Splice>, EditError> {
    let root = document
        .entries()
        .get(entry)
        .and_then(|entry| entry.root)
        .ok_or(EditError::Unreadable)?;
    let layout = Layout {
        writing,
        octal: is_octal(document, entry, edit),
        ..Layout::of(document)
    };
    match edit {
        Edit::Set { path, value } => layout.set(root, path, value),
        Edit::Insert { path, index, value } => match layout.find(root, path)? {
            Found::Place(place) => match &layout.tree.node(place.node).kind {
                Kind::Sequence { items, .. } if !items.is_empty() => layout.insert_item(place, *index, value),
                Kind::Alias { .. } => Err(layout.shared(place.node)),
                _ => layout.replace(place, &Value::Array(vec![value.clone()])),
            },
            Found::Missing(place, rest) => layout.extend(place, rest, &Value::Array(vec![value.clone()])),
        },
        Edit::Remove { path } => match layout.find(root, path)? {
            Found::Place(place) => layout.remove(place),
            // The value exists, so it comes from a merge key.
            Found::Missing(place, _) => Err(layout.merged(place.node)),
        },
        Edit::Move { path, from, to } => match layout.find(root, path)? {
            Found::Place(place) => layout.rotate(place, *from, *to),
            Found::Missing(..) => Err(EditError::NoSuchPlace(path.clone())),
        },
        Edit::Rename { path, key } => match layout.find(root, path)? {
            Found::Place(Place { key: Some(id), .. }) => layout.rename(id, key),
            _ => Err(EditError::NoSuchPlace(path.clone())),
        },
    }
}

/// Returns whether the edit writes the mode of files, which is octal unless a decimal number stands there on purpose.
fn is_octal(document: &Document, entry: usize, edit: &Edit) -> bool {
    let Edit::Set {
        path,
        value: Value::Number(_),
    } = edit
    else {
        return false;
    };
    let is_decimal = |written: &str| {
        !written.starts_with('0') && number::parse(written).is_some() && file_mode::meant(written).is_none()
    };
    file_mode::is_mode(path) && !document.spelling(entry, path).is_some_and(is_decimal)
}

impl Layout<'_> {
    /// Resolves a path. The edit changes something below every node on the way, so none of them may be shared.
    fn find<'p>(&self, root: NodeId, path: &'p Path) -> Result<Found<'p>, EditError> {
        let mut place = Place {
            node: root,
            key: None,
            parent: None,
            in_flow: self.json,
        };
        for (depth, segment) in path.segments().iter().enumerate() {
            let node = self.tree.node(place.node);
            if node.aliased || matches!(node.kind, Kind::Alias { .. }) {
                return Err(self.shared(place.node));
            }
            let rest = &path.segments()[depth..];
            let in_flow = place.in_flow || self.is_inline(place.node);
            let next = match (segment, &node.kind) {
                (Segment::Key(name), Kind::Mapping { pairs, .. }) => pairs
                    .iter()
                    .position(|(key, _)| self.tree.key_text(*key).as_deref() == Some(name))
                    .map(|at| (Some(pairs[at].0), pairs[at].1, at)),
                (Segment::Index(index), Kind::Sequence { items, .. }) => {
                    items.get(*index).map(|item| (None, *item, *index))
                }
                (_, Kind::Scalar { .. }) => None,
                _ => return Err(EditError::NoSuchPlace(path.clone())),
            };
            let Some((key, child, at)) = next else {
                return Ok(Found::Missing(place, rest));
            };
            place = Place {
                node: child,
                key,
                parent: Some((place.node, at)),
                in_flow,
            };
        }
        Ok(Found::Place(place))
    }

    /// Returns the error about a node that an anchor shares, with the anchor's range.
    pub(super) fn shared(&self, id: NodeId) -> EditError {
        let node = self.tree.node(id);
        let owner = match node.kind {
            Kind::Alias { target: Some(target) } => self.tree.node(target),
            _ => node,
        };
        EditError::Shared(owner.anchor.as_deref().unwrap_or(&owner.range).clone())
    }

    /// Returns the error about values merged into a mapping, with the range of the first merged anchor.
    fn merged(&self, mapping: NodeId) -> EditError {
        let Kind::Mapping { pairs, .. } = &self.tree.node(mapping).kind else {
            return self.shared(mapping);
        };
        let merge = pairs.iter().find(|(key, _)| is_merge(self.tree, *key));
        let from = merge.map_or(mapping, |(_, from)| match &self.tree.node(*from).kind {
            Kind::Sequence { items, .. } => items.first().copied().unwrap_or(*from),
            _ => *from,
        });
        self.shared(from)
    }

    /// Returns the first shared node within a node.
    pub(super) fn shared_within(&self, id: NodeId) -> Option<NodeId> {
        let node = self.tree.node(id);
        if node.aliased {
            return Some(id);
        }
        match &node.kind {
            Kind::Mapping { pairs, .. } => pairs
                .iter()
                .find_map(|(key, value)| self.shared_within(*key).or_else(|| self.shared_within(*value))),
            Kind::Sequence { items, .. } => items.iter().find_map(|item| self.shared_within(*item)),
            _ => None,
        }
    }

    fn set(&self, root: NodeId, path: &Path, value: &Value) -> Result<Vec<Splice>, EditError> {
        match self.find(root, path)? {
            Found::Place(place) => self.replace(place, value),
            Found::Missing(place, rest) => self.extend(place, rest, value),
        }
    }

    /// Adds the missing rest of a path to the collection (or the empty value) where the path ends.
    fn extend(&self, place: Place, rest: &[Segment], value: &Value) -> Result<Vec<Splice>, EditError> {
        let node = self.tree.node(place.node);
        match (&node.kind, &rest[0]) {
            (Kind::Mapping { pairs, .. }, Segment::Key(key)) if !pairs.is_empty() => {
                let merges = pairs.iter().any(|(key, _)| is_merge(self.tree, *key));
                if merges && rest.len() > 1 {
                    // The rest might exist in the merged mapping; the new key would override it.
                    return Err(self.merged(place.node));
                }
                self.insert_pair(place, key, &wrap_in_path(&rest[1..], value.clone()))
            }
            (Kind::Sequence { items, .. }, Segment::Index(index)) if !items.is_empty() => {
                self.insert_item(place, *index, &wrap_in_path(&rest[1..], value.clone()))
            }
            _ => self.replace(place, &wrap_in_path(rest, value.clone())),
        }
    }

    /// Replaces a node by a value.
    pub(super) fn replace(&self, place: Place, value: &Value) -> Result<Vec<Splice>, EditError> {
        if let Some(shared) = self.shared_within(place.node) {
            return Err(self.shared(shared));
        }
        if place.in_flow {
            return Ok(vec![self.replace_flow(place, value)]);
        }
        match (place.key, place.parent) {
            (Some(key), _) => Ok(self.replace_behind_colon(key, place.node, value)),
            (None, Some((list, index))) => self.replace_item(list, index, place.node, value),
            (None, None) => {
                let node = self.tree.node(place.node);
                let lines = self.block(value, 0).join(self.eol);
                Ok(vec![Splice::new(node.start..self.end(place.node), lines)])
            }
        }
    }

    /// Replaces the value of a pair in a block mapping.
    fn replace_behind_colon(&self, key: NodeId, id: NodeId, value: &Value) -> Vec<Splice> {
        let node = self.tree.node(id);
        let indent = self.column(self.tree.node(key).start);
        if let Value::String(text) = value
            && let Some(splices) = self.replace_string(id, indent, text)
        {
            return splices;
        }
        let (start, end) = (node.start, self.end(id));
        let style = self.style(id);
        let body = match (self.body(value, indent), value) {
            // A quoted string stays quoted.
            (Body::Inline(_), Value::String(text)) => {
                Body::Inline(crate::edit::scalar_style::string(text, style))
            }
            (body, _) => body,
        };
        let anchor = node.anchor.as_ref().map_or(start, |anchor| anchor.end);
        match body {
            Body::Inline(text) if self.is_inline(id) => {
                let kept = if node.tag.is_none() {
                    node.range.start
                } else {
                    start
                };
                let space = if self.text[..kept].ends_with([' ', '\n']) {
                    ""
                } else {
                    " "
                };
                vec![Splice::new(kept..end, format!("{space}{text}"))]
            }
            Body::Inline(text) => {
                // From separate lines to the key's line.
                let colon = self.colon_end(key);
                vec![
                    Splice::insert(colon, format!(" {text}")),
                    Splice::new(self.line_end(colon)..self.line_end(end), ""),
                ]
            }
            Body::Literal(header, lines) => {
                let text = self.lines(&lines);
                let colon = self.colon_end(key);
                if self.is_inline(id) {
                    let space = if self.text[..start].ends_with(' ') {
                        ""
                    } else {
                        " "
                    };
                    let rest = self.line_end(end);
                    vec![
                        Splice::new(start..end, format!("{space}{header}")),
                        Splice::insert(rest, text),
                    ]
                } else {
                    vec![
                        Splice::insert(colon, format!(" {header}")),
                        Splice::new(self.line_end(colon)..self.line_end(end), text),
                    ]
                }
            }
            Body::Lines(lines) if self.is_inline(id) => {
                let text = self.lines(&lines);
                let from = if node.anchor.is_some() {
                    anchor
                } else {
                    self.colon_end(key)
                };
                vec![
                    Splice::new(from..end.max(from), ""),
                    Splice::insert(self.line_end(end.max(from)), text),
                ]
            }
            Body::Lines(lines) => {
                let colon = self.colon_end(key);
                vec![Splice::new(
                    self.line_end(colon)..self.line_end(end),
                    self.lines(&lines),
                )]
            }
        }
    }

    /// Joins lines that follow an existing line: each starts with a line break.
    pub(super) fn lines(&self, lines: &[String]) -> String {
        let mut out = String::new();
        for line in lines {
            out.push_str(self.eol);
            out.push_str(line);
        }
        out
    }

    /// Returns the offset directly after the colon of a key.
    pub(super) fn colon_end(&self, key: NodeId) -> usize {
        let end = self.end(key);
        self.text[end..].find(':').map_or(end, |length| end + length + 1)
    }

    pub(super) fn style(&self, id: NodeId) -> Option<Style> {
        let node = self.tree.node(id);
        match node.kind {
            // An empty string needs its quotes; its replacement may not.
            Kind::Scalar { style, .. } => Some(style).filter(|_| self.tree.text(node) != Some("")),
            _ => None,
        }
    }

    fn rename(&self, key: NodeId, name: &str) -> Result<Vec<Splice>, EditError> {
        if self.tree.node(key).aliased || !matches!(self.tree.node(key).kind, Kind::Scalar { .. }) {
            return Err(self.shared(key));
        }
        let text = if self.json {
            Value::from(name).to_string()
        } else {
            crate::edit::scalar_style::string(name, self.style(key))
        };
        Ok(vec![Splice::new(self.tree.node(key).range.clone(), text)])
    }
}
