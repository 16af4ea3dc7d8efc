//! The engine's guarantees for generated documents, each one a property.
//!
//! A document is generated from bytes: block and flow style, comments (between list items too), anchors, aliases
//! and merge keys, CRLF, several documents, block scalars, odd indentation, and JSON with its own layout.

use crate::support::generate::{Source, comments, document};
use crate::support::operation::{apply, edit, paths};
use manifest::{Document, Edit, EditError, Path, Segment, Splice, difference, inverse, splice};
use proptest::prelude::*;
use serde_json::Value;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 8..160)
}

/// Returns a generated document, one of its entries and an edit of it.
fn scene(bytes: &[u8]) -> Option<(Document, usize, Edit)> {
    let mut source = Source::new(bytes);
    let choices = [source.next(), source.next(), source.next(), source.next()];
    let read = Document::parse(document(&mut source));
    let entry = usize::from(choices[0]) % read.entries().len().max(1);
    let edit = edit(read.value(entry)?, &choices[1..]);
    Some((read, entry, edit))
}

/// Returns the path that an edit concerns.
fn target(edit: &Edit) -> &Path {
    match edit {
        Edit::Set { path, .. }
        | Edit::Insert { path, .. }
        | Edit::Remove { path }
        | Edit::Move { path, .. }
        | Edit::Rename { path, .. } => path,
    }
}

/// Returns the range of a path or, if it is missing, of its nearest ancestor with bytes of its own.
fn place(document: &Document, entry: usize, path: &Path) -> std::ops::Range<usize> {
    let mut at = path.clone();
    loop {
        if let Some(range) = document.range(entry, &at) {
            let start = document
                .key_range(entry, &at)
                .map_or(range.start, |key| key.start);
            return start.min(range.start)..range.end;
        }
        at = at.parent().unwrap_or_default();
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(10_000))]

    #[test]
    fn parsing_keeps_every_byte(text in "[a-c0-9:\\-#&*!|>'\"%@{}\\[\\],. \\n\\r\\t任é~?]{0,80}") {
        let read = Document::parse(text.clone());
        prop_assert_eq!(read.text(), text);
    }

    #[test]
    fn generated_documents_are_valid(bytes in bytes()) {
        let text = document(&mut Source::new(&bytes));
        let read = Document::parse(text.clone());
        prop_assert_eq!(read.problems(), &[], "{}", text);
        prop_assert_eq!(read.text(), text);
    }

    #[test]
    fn edit_of_text_equals_edit_of_value(bytes in bytes()) {
        let Some((mut read, entry, edit)) = scene(&bytes) else { return Ok(()) };
        let before = read.clone();
        let wanted = apply(read.value(entry).unwrap(), &edit);
        match read.apply(entry, &edit) {
            Ok(_) => {
                prop_assert_eq!(Some(read.value(entry).unwrap()), wanted.as_ref(), "{:?}\n{}", edit, before.text());
                for other in (0..before.entries().len()).filter(|other| *other != entry) {
                    prop_assert_eq!(read.value(other), before.value(other));
                }
            }
            Err(error) => prop_assert_eq!(read.text(), before.text(), "{:?}", error),
        }
    }

    #[test]
    fn only_lines_of_the_edit_change_and_comments_survive(bytes in bytes()) {
        let Some((mut read, entry, edit)) = scene(&bytes) else { return Ok(()) };
        let before = read.clone();
        if read.apply(entry, &edit).is_err() { return Ok(()) }
        let Some(change) = difference(before.text(), read.text()) else { return Ok(()) };
        let about = place(&before, entry, target(&edit));
        let text = before.text();
        let first = text[..about.start].rfind('\n').map_or(0, |at| at + 1);
        if matches!(edit, Edit::Set { .. } | Edit::Rename { .. }) {
            prop_assert!(change.range.start >= first.saturating_sub(2), "{:?} {:?}\n{}\n=>\n{}", edit, change, text, read.text());
        }
        // A removed item takes its own comments, and so do the removed members of a replaced collection.
        let old = before.get(entry, target(&edit));
        let is_collection = |value: &Value| value.as_object().is_some_and(|map| !map.is_empty())
            || value.as_array().is_some_and(|list| !list.is_empty());
        let is_over = matches!(&edit, Edit::Set { value, .. } if is_collection(value) && old.is_some_and(is_collection));
        let takes = is_over || matches!(edit, Edit::Remove { .. });
        let kept = |comment: &(usize, String)| {
            !takes || !about.contains(&comment.0) && !lies_with(text, &about, comment.0)
        };
        for comment in comments(text).iter().filter(|comment| kept(comment)) {
            prop_assert!(
                comments(read.text()).iter().any(|(_, other)| *other == comment.1),
                "{} is lost by {:?}\n{}\n=>\n{}", comment.1, edit, text, read.text()
            );
        }
    }

    #[test]
    fn cleared_field_keeps_every_comment(bytes in bytes()) {
        let Some((mut read, entry, edit)) = scene(&bytes) else { return Ok(()) };
        let path = target(&edit).clone();
        let before = read.clone();
        let is_scalar = before.get(entry, &path).is_some_and(|old| !old.is_object() && !old.is_array());
        if !is_scalar || read.apply_beside_comments(entry, &Edit::Remove { path: path.clone() }).is_err() {
            return Ok(());
        }
        let wanted = apply(before.value(entry).unwrap(), &Edit::Remove { path: path.clone() });
        prop_assert_eq!(read.value(entry), wanted.as_ref());
        let mut texts = [before.text(), read.text()].map(|text| {
            comments(text).into_iter().map(|(_, comment)| comment).collect::<Vec<_>>()
        });
        for list in &mut texts {
            list.sort();
        }
        prop_assert_eq!(&texts[0], &texts[1], "{}\n{}\n=>\n{}", path, before.text(), read.text());
    }

    #[test]
    fn line_breaks_and_quotes_follow_the_file(bytes in bytes()) {
        let Some((mut read, entry, edit)) = scene(&bytes) else { return Ok(()) };
        let text = read.text().to_owned();
        let quote = |document: &Document| {
            let range = document.range(entry, target(&edit))?;
            document.text()[range].chars().next().filter(|c| matches!(c, '\'' | '"'))
        };
        let style = quote(&read);
        let old = read.get(entry, target(&edit)).cloned();
        if read.apply(entry, &edit).is_err() { return Ok(()) }
        let crlf = text.matches("\r\n").count();
        if crlf > 0 && crlf == text.matches('\n').count() {
            let after = read.text();
            prop_assert_eq!(after.matches("\r\n").count(), after.matches('\n').count(), "{:?} {:?} {:?}", edit, text, after);
        }
        if let (Edit::Set { value: Value::String(new), .. }, Some(Value::String(old))) = (&edit, old)
            && !old.is_empty() && style == Some('"') && !new.contains('\n')
        {
            prop_assert_eq!(quote(&read), style, "{:?}\n{}\n=>\n{}", edit, text, read.text());
        }
    }

    #[test]
    fn shared_values_never_change_elsewhere(bytes in bytes()) {
        let Some((mut read, entry, edit)) = scene(&bytes) else { return Ok(()) };
        let before = read.clone();
        if !before.text().contains('*') { return Ok(()) }
        match read.apply(entry, &edit) {
            Err(EditError::Shared(range)) => {
                prop_assert!(before.text()[range.clone()].starts_with('&'), "no anchor at {:?} for {:?}\n{}", range, edit, before.text());
                prop_assert_eq!(read.text(), before.text());
            }
            Err(_) => prop_assert_eq!(read.text(), before.text()),
            Ok(_) => {
                let about = target(&edit).clone();
                for path in paths(before.value(entry).unwrap()) {
                    let related = path.starts_with(&about) || about.starts_with(&path)
                        || about.parent().is_some_and(|parent| path.starts_with(&parent)
                            && matches!(about.last(), Some(Segment::Index(_))));
                    if !related {
                        prop_assert_eq!(before.get(entry, &path), read.get(entry, &path), "{}", path);
                    }
                }
            }
        }
    }

    #[test]
    fn incremental_parse_equals_full_parse(bytes in bytes()) {
        let Some((mut read, entry, edit)) = scene(&bytes) else { return Ok(()) };
        if read.apply(entry, &edit).is_ok() {
            equals_full_parse(&read)?;
        }
        // And as a user types, in valid and invalid steps.
        let mut choices = Source::new(&bytes[bytes.len() / 2..]);
        for _ in 0..4 {
            let splice = typing(read.text(), &mut choices);
            read.splice(&[splice]);
            equals_full_parse(&read)?;
        }
    }

    #[test]
    fn undo_restores_the_bytes(bytes in bytes()) {
        let Some((mut read, entry, edit)) = scene(&bytes) else { return Ok(()) };
        let before = read.text().to_owned();
        let Ok(splices) = read.apply(entry, &edit) else { return Ok(()) };
        prop_assert_eq!(splice(&before, &splices), read.text());
        prop_assert_eq!(splice(read.text(), &inverse(&before, &splices)), before);
    }
}

/// Checks that the document equals the result of parsing its text.
fn equals_full_parse(read: &Document) -> Result<(), TestCaseError> {
    let parsed = Document::parse(read.text());
    let text = read.text();
    prop_assert_eq!(read.problems(), parsed.problems(), "{}", text);
    prop_assert_eq!(read.entries(), parsed.entries(), "{}", text);
    for (index, entry) in parsed.entries().iter().enumerate() {
        prop_assert_eq!(read.value(index), parsed.value(index), "{}", text);
        let all = parsed.value(index).map(paths).unwrap_or_default();
        for path in all.iter().chain([&Path::root()]) {
            prop_assert_eq!(
                read.range(index, path),
                parsed.range(index, path),
                "{} {}",
                path,
                text
            );
            prop_assert_eq!(
                read.key_range(index, path),
                parsed.key_range(index, path),
                "{} {}",
                path,
                text
            );
        }
        prop_assert_eq!(&read.entries()[index].range, &entry.range);
    }
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        prop_assert_eq!(read.path_at(at), parsed.path_at(at), "{} {}", at, text);
    }
    Ok(())
}

/// Returns what a user types or deletes: a character or a line.
fn typing(text: &str, choices: &mut Source<'_>) -> Splice {
    const TYPED: [&str; 16] = [
        "x", "1", " ", "\n", ":", ": y", "\n  z: 1", "# c", "- ", "\n- a", "\"", "'", "[1, 2]", "|", "&a ",
        "---\n",
    ];
    let place = (usize::from(choices.next()) * 256 + usize::from(choices.next())) % (text.len() + 1);
    let start = (0..=place)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let taken = usize::from(choices.next() % 8).saturating_sub(4);
    let end = (start + taken..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(start);
    let typed = match choices.next() {
        byte @ 0..=199 => TYPED[usize::from(byte % 16)],
        _ => "",
    };
    Splice::new(start..end, typed)
}

/// Returns whether a comment is on the line where a removed range ends, or directly above its start.
fn lies_with(text: &str, about: &std::ops::Range<usize>, comment: usize) -> bool {
    if comment >= about.end {
        return !text[about.end..comment].trim_end_matches(' ').contains('\n');
    }
    comment < about.start
        && text[comment..about.start].lines().skip(1).all(|line| {
            let line = line.trim_start();
            line.starts_with(['#', '-']) || line.is_empty()
        })
}

/// Edits of generated documents without shared values are rarely rejected.
#[test]
fn few_edits_are_rejected() {
    let (mut made, mut refused) = (0, Vec::new());
    let mut state = 7_u64;
    for _ in 0..3000 {
        let bytes: Vec<u8> = (0..120)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                u8::try_from(state >> 56).unwrap_or_default()
            })
            .collect();
        let Some((mut read, entry, edit)) = scene(&bytes) else {
            continue;
        };
        let text = read.text().to_owned();
        match read.apply(entry, &edit) {
            Err(EditError::Unsupported) => refused.push((edit, text)),
            _ => made += 1,
        }
    }
    for (edit, text) in refused.iter().take(12) {
        eprintln!("{edit:?}\n{text}\n");
    }
    assert!(refused.len() * 50 < made, "{} of {made}", refused.len());
}
