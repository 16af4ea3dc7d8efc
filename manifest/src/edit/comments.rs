//! Finds the comments of a text, and preserves those that an edit would overwrite.

use std::ops::Range;

use crate::document::{Document, line_end};
use crate::operation::Edit;
use crate::path::Path;
use crate::splice::{Splice, splice};
use crate::yaml::tree::{Kind, Style};

/// Returns the bytes of each comment, from its `#` to the end of its line, in order. The text must parse.
pub(crate) fn comments(document: &Document) -> Vec<Range<usize>> {
    let text = document.text();
    let mut found = Vec::new();
    let mut at = 0;
    for node in &document.tree().nodes {
        let (from, to) = match node.kind {
            // Text after a block scalar's header is a comment, a `#` in its lines is not.
            Kind::Scalar {
                style: Style::Literal | Style::Folded,
                ..
            } => {
                let header = line_end(text, node.range.start);
                between(text, at..header, &mut found);
                (header, node.range.end.max(header))
            }
            Kind::Scalar { .. } | Kind::Alias { .. } => {
                between(text, at..node.range.start, &mut found);
                (node.range.start, node.range.end)
            }
            Kind::Mapping { .. } | Kind::Sequence { .. } => continue,
        };
        at = at.max(from).max(to);
    }
    between(text, at..text.len(), &mut found);
    found
}

/// Collects the comments of a range that contains no scalars, up to the ends of their lines.
fn between(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = range.start;
    while let Some(mark) = text.get(at..range.end).and_then(|rest| rest.find('#')) {
        let start = at + mark;
        if text[..start].ends_with([' ', '\t', '\n']) || start == 0 {
            let end = line_end(text, start);
            found.push(start..end);
            at = end;
        } else {
            at = start + 1;
        }
    }
}

/// Returns the comments of a text that are missing in another one. Equal ones are counted.
fn lost_comments(before: &Document, after: &Document) -> Vec<Range<usize>> {
    let there = comments(after);
    let mut there: Vec<_> = there.into_iter().map(|range| &after.text()[range]).collect();
    let mut lost = comments(before);
    lost.retain(|range| {
        let same = there
            .iter()
            .position(|text| *text == &before.text()[range.clone()]);
        if let Some(at) = same {
            there.swap_remove(at);
        }
        same.is_none()
    });
    lost
}

/// Returns the result of an edit with the comments that its splices removed: a single one on its old line if there
/// is room for it, otherwise on separate lines above the path.
pub(crate) fn restore(
    before: &Document,
    entry: usize,
    edit: &Edit,
    splices: Vec<Splice>,
    after: Document,
) -> (Vec<Splice>, Document) {
    let takes = |splice: &Splice| before.text()[splice.range.clone()].contains('#');
    if !splices.iter().any(takes) {
        return (splices, after);
    }
    let lost = lost_comments(before, &after);
    let kept = candidates(before, entry, edit.path(), &splices, &after, &lost)
        .into_iter()
        .find_map(|change| {
            let kept = Document::parse(splice(after.text(), &[change]));
            let is_same = kept.entries().len() == after.entries().len()
                && (0..kept.entries().len()).all(|entry| kept.value(entry) == after.value(entry));
            (is_same && lost_comments(before, &kept).is_empty()).then_some(kept)
        });
    match kept {
        Some(kept) => (
            crate::splice::difference(before.text(), kept.text())
                .into_iter()
                .collect(),
            kept,
        ),
        None => (splices, after),
    }
}

/// Returns the possible insertions of lost comments, the best one first.
fn candidates(
    before: &Document,
    entry: usize,
    path: &Path,
    splices: &[Splice],
    after: &Document,
    lost: &[Range<usize>],
) -> Vec<Splice> {
    let (old, new) = (before.text(), after.text());
    let eol = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let comment_text = |range: &Range<usize>| old[range.clone()].trim_end();
    let mut places = Vec::new();
    let above = |start: usize| {
        let line = new[..start].rfind('\n').map_or(0, |at| at + 1);
        let pad = " ".repeat(new[line..].len() - new[line..].trim_start_matches(' ').len());
        let lines: String = lost
            .iter()
            .flat_map(|range| [pad.as_str(), comment_text(range), eol])
            .collect();
        Splice::insert(line, lines)
    };
    let mut at = Some(path.clone());
    while let Some(place) = at {
        at = place.parent();
        let start = |document: &Document| {
            let key = document.key_range(entry, &place);
            key.or_else(|| document.range(entry, &place))
                .map(|range| range.start)
        };
        match (start(before), start(after)) {
            (Some(was), Some(is)) => {
                if let ([comment], true) = (lost, place == *path) {
                    let behind = |at: usize| !old[at.min(comment.start)..comment.start].contains('\n');
                    let end = before.range(entry, &place).map_or(was, |range| range.end);
                    if behind(was) || behind(end) {
                        let gap =
                            &old[old[..comment.start].trim_end_matches([' ', '\t']).len()..comment.start];
                        places.push(Splice::insert(
                            line_end(new, is),
                            format!("{gap}{}", comment_text(comment)),
                        ));
                    }
                }
                places.push(above(is));
            }
            // The value was removed: its comments stay on its line.
            (Some(was), None) => {
                let gone = moved(was, splices).min(new.len());
                let line = old[..was].rfind('\n').map_or(0, |at| at + 1);
                let pad = " ".repeat(old[line..was].chars().count());
                let is_line = gone == 0 || new[..gone].ends_with('\n');
                let lines: Vec<_> = lost
                    .iter()
                    .map(|range| {
                        if is_line {
                            format!("{pad}{}{eol}", comment_text(range))
                        } else {
                            format!("{eol}{pad}{}", comment_text(range))
                        }
                    })
                    .collect();
                let gone = if is_line { gone } else { line_end(new, gone) };
                places.push(Splice::insert(gone, lines.concat()));
            }
            _ => {}
        }
    }
    places.push(Splice::insert(
        new.len(),
        format!(
            "{}{}",
            if new.ends_with('\n') { "" } else { eol },
            lost.iter()
                .flat_map(|range| [comment_text(range), eol])
                .collect::<String>()
        ),
    ));
    places
}

/// Returns an offset after splices; for a removed byte, the start of the splice that removed it.
fn moved(at: usize, splices: &[Splice]) -> usize {
    let mut by = 0_isize;
    for splice in splices {
        if splice.range.start > at {
            break;
        }
        if at < splice.range.end {
            return splice.range.start.saturating_add_signed(by);
        }
        by += splice.text.len().cast_signed() - splice.range.len().cast_signed();
    }
    at.saturating_add_signed(by)
}
