//! Spelling of numbers. `1.10`, `1e3` and `0x1F` are ordinary values to Kubernetes; the user expects them as
//! written, so neither the JSON view nor edits of it may round them.

use std::ops::Range;

use serde_json::Value;

use crate::document::Document;
use crate::splice::Splice;
use crate::yaml::scalar;
use crate::yaml::tree::{Kind, NodeId, Style, Tree};
use crate::yaml::value::is_merge;

/// Returns whether a number of a JSON text cannot be read as one: Kubernetes would read it as a string.
pub(crate) fn is_beyond_numbers(json: &Document) -> bool {
    let tree = json.tree();
    tree.nodes.iter().any(|node| {
        let is_plain = matches!(
            node.kind,
            Kind::Scalar {
                style: Style::Plain,
                ..
            }
        );
        let text = tree.text(node).filter(|_| is_plain);
        text.is_some_and(|text| matches!(scalar::resolve(text), Some(Value::String(_)) | None))
    })
}

/// Returns the JSON spelling of a number in YAML.
fn in_json(yaml: &str) -> Option<String> {
    let Some(Value::Number(number)) = scalar::resolve(yaml) else {
        return None;
    };
    // An integral number with a point or exponent is an integer to Kubernetes in YAML only.
    let is_spelled_alike = number.is_f64() && serde_json::from_str::<serde_json::Number>(yaml).is_ok();
    Some(if is_spelled_alike {
        yaml.to_owned()
    } else {
        number.to_string()
    })
}

/// Returns whether the number in JSON is the one in YAML: spelled the same, or as the JSON view shows it.
fn is_same_number(yaml: &str, json: &str) -> bool {
    let value = || match scalar::resolve(yaml) {
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    yaml == json
        || in_json(yaml).is_some_and(|shown| shown == json)
        || value().is_some_and(|value| value == json)
}

/// Returns the text of a plain scalar without tag.
fn plain(tree: &Tree, id: NodeId) -> Option<&str> {
    let node = tree.node(id);
    let is_plain = matches!(
        node.kind,
        Kind::Scalar {
            style: Style::Plain,
            ..
        }
    );
    tree.text(node).filter(|_| is_plain && node.tag.is_none())
}

/// Returns the text of a plain scalar that is a number.
fn number(tree: &Tree, id: NodeId) -> Option<&str> {
    plain(tree, id).filter(|text| matches!(scalar::resolve(text), Some(Value::Number(_))))
}

/// Returns the node that an alias refers to.
fn target(tree: &Tree, id: NodeId) -> NodeId {
    match tree.node(id).kind {
        Kind::Alias { target: Some(target) } => target,
        _ => id,
    }
}

/// Returns the value of a key, the mapping's own or a merged one.
fn child(tree: &Tree, mapping: NodeId, name: &str) -> Option<NodeId> {
    let Kind::Mapping { pairs, .. } = &tree.node(target(tree, mapping)).kind else {
        return None;
    };
    let own = pairs
        .iter()
        .find(|(key, _)| !is_merge(tree, *key) && tree.key_text(*key).as_deref() == Some(name));
    if let Some((_, value)) = own {
        return Some(*value);
    }
    let merges = pairs.iter().filter(|(key, _)| is_merge(tree, *key));
    merges
        .flat_map(|(_, from)| match &tree.node(*from).kind {
            Kind::Sequence { items, .. } => items.clone(),
            _ => vec![*from],
        })
        .find_map(|from| child(tree, from, name))
}

/// Visits the paths that two trees have in common; `leaf` gets the nodes of each scalar of the first.
fn walk(left: (&Tree, NodeId), right: (&Tree, NodeId), leaf: &mut impl FnMut(NodeId, NodeId)) {
    let ((tree, id), (other, other_id)) = (left, right);
    match &tree.node(id).kind {
        Kind::Mapping { pairs, .. } => {
            for (key, value) in pairs {
                let found = tree.key_text(*key).and_then(|name| child(other, other_id, &name));
                if let Some(found) = found {
                    walk((tree, *value), (other, found), leaf);
                }
            }
        }
        Kind::Sequence { items, .. } => {
            if let Kind::Sequence { items: others, .. } = &other.node(target(other, other_id)).kind {
                for (item, found) in items.iter().zip(others) {
                    walk((tree, *item), (other, *found), leaf);
                }
            }
        }
        Kind::Scalar { .. } => leaf(id, other_id),
        Kind::Alias { .. } => {}
    }
}

/// Returns the roots of a stream's documents, each with the node in its JSON that shows it.
fn roots(yaml: &Document, json: &Document) -> Vec<(NodeId, NodeId)> {
    let Some(root) = json.entries().first().and_then(|entry| entry.root) else {
        return Vec::new();
    };
    let documents = yaml.entries().iter().filter_map(|entry| entry.root);
    match &json.tree().node(root).kind {
        Kind::Sequence { items, .. } if !yaml.is_one_list() => documents.zip(items.iter().copied()).collect(),
        _ => documents.take(1).map(|document| (document, root)).collect(),
    }
}

fn changed(document: &Document, mut splices: Vec<Splice>) -> Document {
    splices.sort_by_key(|splice| splice.range.start);
    let mut after = document.clone();
    if !splices.is_empty() {
        after.splice(&splices);
    }
    after
}

/// Returns a YAML stream whose numbers are spelled as the user typed them in its JSON; `None` if none differs. A
/// number that an anchor shares is an error with the anchor's bytes.
pub(crate) fn with_typed_numbers(yaml: &Document, json: &Document) -> Result<Option<Document>, Range<usize>> {
    let (tree, typed) = (yaml.tree(), json.tree());
    let mut splices = Vec::new();
    let mut shared = None;
    for (document, root) in roots(yaml, json) {
        walk((typed, root), (tree, document), &mut |from, to| {
            let at = target(tree, to);
            let (Some(wanted), Some(written)) = (number(typed, from), number(tree, at)) else {
                return;
            };
            if is_same_number(written, wanted) {
                return;
            }
            let node = tree.node(at);
            if node.aliased {
                shared = Some(node.anchor.as_deref().unwrap_or(&node.range).clone());
            } else {
                splices.push(Splice::new(node.range.clone(), wanted));
            }
        });
    }
    match shared {
        Some(shared) => Err(shared),
        None if splices.is_empty() => Ok(None),
        None => Ok(Some(changed(yaml, splices))),
    }
}

/// Returns a JSON text whose numbers are spelled as in the stream that it shows, where JSON can.
pub(crate) fn respell(yaml: &Document, json: &Document) -> Document {
    let (tree, view) = (yaml.tree(), json.tree());
    let mut splices = Vec::new();
    for (document, root) in roots(yaml, json) {
        walk((view, root), (tree, document), &mut |from, to| {
            let (Some(old), Some(written)) = (number(view, from), number(tree, target(tree, to))) else {
                return;
            };
            if let Some(shown) = in_json(written).filter(|_| !is_same_number(written, old)) {
                splices.push(Splice::new(view.node(from).range.clone(), shown));
            }
        });
    }
    changed(json, splices)
}

/// Returns a JSON text, as formatted from the values of a stream, with the stream's spelling of numbers.
pub(crate) fn respell_new(yaml: &Document, json: String) -> String {
    let is_rounded = |id: NodeId| {
        number(yaml.tree(), id).is_some_and(|text| {
            let value = scalar::resolve(text).map(|value| value.to_string());
            in_json(text) != value
        })
    };
    if !(0..yaml.tree().nodes.len()).any(is_rounded) {
        return json;
    }
    let view = Document::parse(json);
    let (tree, mut splices) = (yaml.tree(), Vec::new());
    for (document, root) in roots(yaml, &view) {
        walk((view.tree(), root), (tree, document), &mut |from, to| {
            let written = number(tree, target(tree, to));
            if let Some(shown) = written.and_then(in_json)
                && number(view.tree(), from).is_some_and(|old| old != shown)
            {
                splices.push(Splice::new(view.tree().node(from).range.clone(), shown));
            }
        });
    }
    changed(&view, splices).text().to_owned()
}

/// Returns a document alone in block style, without comments and anchors; its scalars keep their spelling.
pub(crate) fn without_anchors(document: &Document, entry: usize) -> Option<Document> {
    let (value, root) = (document.value(entry)?, document.entries()[entry].root?);
    let plain = Document::parse(crate::json::convert::to_yaml(value));
    let fresh = spelled_as((document, root), &plain)?;
    Some(if fresh.value(0) == Some(value) {
        fresh
    } else {
        plain
    })
}

/// Returns a document of the same value whose scalars are spelled as in another one.
pub(crate) fn spelled_as(from: (&Document, NodeId), fresh: &Document) -> Option<Document> {
    let (tree, root) = (from.0.tree(), fresh.entries().first()?.root?);
    let mut splices = Vec::new();
    walk((fresh.tree(), root), (tree, from.1), &mut |to, id| {
        let (new, old) = (fresh.tree().node(to), tree.node(target(tree, id)));
        let is_line = |style: Style| !matches!(style, Style::Literal | Style::Folded);
        let Kind::Scalar { style, .. } = old.kind else {
            return;
        };
        let Kind::Scalar { style: is, .. } = new.kind else {
            return;
        };
        let spelling = &tree.source[old.range.clone()];
        if is_line(style)
            && is_line(is)
            && old.tag.is_none()
            && !spelling.is_empty()
            && !spelling.contains('\n')
        {
            splices.push(Splice::new(new.range.clone(), spelling));
        }
    });
    Some(changed(fresh, splices))
}
