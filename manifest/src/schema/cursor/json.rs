//! Finds the cursor in JSON by brackets and commas: quotes may be open, commas and values missing.

use std::ops::Range;

use crate::path::{Path, Segment};
use crate::schema::cursor::{Cursor, Place};

/// One open collection.
#[derive(Debug, Default)]
struct Frame {
    list: bool,
    /// Number of complete items.
    index: usize,
    /// The key whose value follows.
    key: Option<String>,
    keys: Vec<String>,
    /// Keys with string values.
    texts: Vec<(String, String)>,
}

/// A token of the text.
enum Token<'a> {
    /// A bracket, comma or colon.
    Mark(char),
    /// A string without its quotes, or a bare word.
    Word(&'a str),
}

pub(super) fn cursor(text: &str, offset: usize) -> Option<Cursor> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut found: Option<(Cursor, usize)> = None;
    let mut at = 0;
    loop {
        let next = token(text, at);
        let start = next.as_ref().map_or(text.len(), |(range, _)| range.start);
        // The cursor is before this token, or within it if that is a word.
        let within = matches!(&next, Some((range, Token::Word(_))) if start <= offset && offset <= range.end);
        if found.is_none() && (within || offset <= start) {
            let word = match &next {
                Some((range, _)) if within => range.clone(),
                _ => offset..offset,
            };
            let depth = frames.len().checked_sub(1)?;
            found = Some((place(text, &frames, word.clone())?, depth));
            if within {
                // The word at the cursor is not a key of the collection; a colon after it may stay.
                at = word.end;
                if let Some(frame) = frames.last_mut().filter(|frame| frame.key.is_none()) {
                    frame.key = Some(String::new());
                }
                continue;
            }
        }
        let Some((range, token)) = next else { break };
        at = range.end;
        process_token(&mut frames, &token, text, range.end, &mut found);
    }
    let (mut cursor, depth) = found?;
    finish(&mut cursor, &frames, depth);
    Some(cursor)
}

/// Processes a token; when the cursor's own collection or the document closes, saves what the cursor needs of it.
fn process_token(
    frames: &mut Vec<Frame>,
    token: &Token<'_>,
    text: &str,
    end: usize,
    found: &mut Option<(Cursor, usize)>,
) {
    match token {
        Token::Mark(open @ ('{' | '[')) => frames.push(Frame {
            list: *open == '[',
            ..Frame::default()
        }),
        Token::Mark('}' | ']') => {
            if let Some((cursor, depth)) = found {
                finish(cursor, frames, *depth);
                *depth = (*depth).min(frames.len().saturating_sub(2));
            }
            frames.pop();
            if let Some(frame) = frames.last_mut() {
                frame.key = None;
            }
        }
        Token::Mark(',') => {
            if let Some(frame) = frames.last_mut() {
                frame.key = None;
                frame.index += 1;
            }
        }
        Token::Mark(_) => {}
        Token::Word(word) => {
            let Some(frame) = frames.last_mut().filter(|frame| !frame.list) else {
                return;
            };
            match frame.key.take() {
                Some(key) => frame.texts.push((key, (*word).to_owned())),
                None if text[end..].trim_start().starts_with(':') => {
                    frame.keys.push((*word).to_owned());
                    frame.key = Some((*word).to_owned());
                }
                None => {}
            }
        }
    }
}

/// Returns the cursor in the innermost open collection.
fn place(text: &str, frames: &[Frame], range: Range<usize>) -> Option<Cursor> {
    let innermost = frames.last()?;
    let place = if innermost.list || innermost.key.is_some() {
        Place::Value
    } else {
        Place::Key
    };
    let first = frames.iter().position(|frame| !frame.list)?;
    let steps = frames[first..].iter().filter_map(|frame| match &frame.key {
        _ if frame.list => Some(Segment::Index(frame.index)),
        Some(key) => Some(Segment::Key(key.clone())),
        None => None,
    });
    Some(Cursor {
        place,
        path: Path::from(steps.collect::<Vec<_>>()),
        api_version: None,
        kind: None,
        siblings: Vec::new(),
        has_colon: text[range.end..].trim_start().starts_with(':'),
        gap: if place == Place::Value && text[..range.start].ends_with(':') {
            " "
        } else {
            ""
        },
        range,
        json: true,
        in_flow: true,
        column: 0,
        step: 0,
        dash: 0,
        eol: "\n",
    })
}

/// Adds the complete content of the collections around the cursor.
fn finish(cursor: &mut Cursor, frames: &[Frame], depth: usize) {
    if let Some(frame) = frames
        .get(depth)
        .filter(|_| cursor.place == Place::Key && frames.len() == depth + 1)
        && cursor.siblings.is_empty()
    {
        cursor.siblings = frame.keys.iter().filter(|key| !key.is_empty()).cloned().collect();
    }
    let root = frames.iter().find(|frame| !frame.list);
    let text = |name: &str| {
        let texts = root.map(|root| root.texts.as_slice()).unwrap_or_default();
        let found = texts.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.clone())
    };
    cursor.api_version = text("apiVersion").or(cursor.api_version.take());
    cursor.kind = text("kind").or(cursor.kind.take());
}

/// Returns the next token from an offset. An open string ends with its line.
fn token(text: &str, from: usize) -> Option<(Range<usize>, Token<'_>)> {
    let start = from + text[from..].find(|c: char| !c.is_whitespace())?;
    let rest = &text[start..];
    let first = rest.chars().next()?;
    if "{}[],:".contains(first) {
        return Some((start..start + 1, Token::Mark(first)));
    }
    if first == '"' {
        let mut escaped = false;
        let close = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '\n' || *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let (end, inner) = match close {
            Some((at, '"')) => (at + 1, at),
            Some((at, _)) => (at, at),
            None => (rest.len(), rest.len()),
        };
        return Some((start..start + end, Token::Word(&rest[1..inner])));
    }
    let end = rest
        .find(|c: char| c.is_whitespace() || "{}[],:\"".contains(c))
        .unwrap_or(rest.len());
    Some((start..start + end, Token::Word(&rest[..end])))
}
