//! Facts about a text and its tree that do not need a value.

use crate::document::line_end;
use crate::path::{Path, Segment};
use crate::problem::Problem;
use crate::yaml::tree::{Kind, NodeId, Tree};

/// Returns whether the text is strict JSON; one that starts like it may be YAML in flow style.
pub(crate) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Returns a problem for a directive of another version than YAML 1.1, which the API server's parser rejects.
pub(super) fn directive(text: &str) -> Option<Problem> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let version = line.strip_prefix("%YAML").map(str::trim);
        if let Some(version) = version.filter(|version| *version != "1.1") {
            return Some(Problem::syntax("yaml.version", at..line_end(text, at), version));
        }
        if !line.starts_with(['%', '#', '\n', '\r']) {
            return None;
        }
        at += line.len();
    }
    None
}

/// Returns the path from one node to another below it, or to the value whose key it is.
pub(super) fn path_of(tree: &Tree, from: NodeId, wanted: NodeId) -> Option<Path> {
    if from == wanted {
        return Some(Path::root());
    }
    let below = |segment: Segment, child: NodeId| {
        let mut segments = vec![segment];
        segments.extend(path_of(tree, child, wanted)?.segments().iter().cloned());
        Some(Path::from(segments))
    };
    match &tree.node(from).kind {
        Kind::Mapping { pairs, .. } => pairs.iter().find_map(|(key, value)| {
            let segment = Segment::Key(tree.key_text(*key)?.into_owned());
            if *key == wanted {
                return Some(Path::from(vec![segment]));
            }
            below(segment, *value)
        }),
        Kind::Sequence { items, .. } => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| below(Segment::Index(index), *item)),
        _ => None,
    }
}
