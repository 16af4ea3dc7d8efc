//! Changes of a text: the result of an edit, or an editor's input.

use std::borrow::Cow;
use std::ops::Range;

/// Replaces a range of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Bytes in the text before the change, on character boundaries.
    pub range: Range<usize>,
    /// The replacement.
    pub text: String,
}

impl Splice {
    /// Creates a replacement.
    pub fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            range,
            text: text.into(),
        }
    }

    /// Creates an insertion.
    pub fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::new(at..at, text)
    }
}

/// Applies ascending, non-overlapping splices. One outside the text or off a character boundary is ignored, since
/// an editor's message must not cause a panic.
pub fn splice(text: &str, splices: &[Splice]) -> String {
    let mut out =
        String::with_capacity(text.len() + splices.iter().map(|splice| splice.text.len()).sum::<usize>());
    let mut at = 0;
    for splice in splices {
        let Some(kept) = text.get(at..splice.range.start) else {
            continue;
        };
        if text.get(splice.range.clone()).is_none() {
            continue;
        }
        out.push_str(kept);
        out.push_str(&splice.text);
        at = splice.range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Returns the splices that undo `splices`, to be applied to the text after them.
pub fn inverse(text: &str, splices: &[Splice]) -> Vec<Splice> {
    let mut moved = 0_isize;
    splices
        .iter()
        .map(|splice| {
            let start = splice.range.start.saturating_add_signed(moved);
            moved += splice.text.len().cast_signed() - splice.range.len().cast_signed();
            Splice::new(
                start..start + splice.text.len(),
                text.get(splice.range.clone()).unwrap_or_default(),
            )
        })
        .collect()
}

/// Returns the smallest single splice from one text to another.
pub fn difference(before: &str, after: &str) -> Option<Splice> {
    if before == after {
        return None;
    }
    let mut start = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    while !before.is_char_boundary(start) || !after.is_char_boundary(start) {
        start -= 1;
    }
    let room = before.len().min(after.len()) - start;
    let mut tail = before
        .bytes()
        .rev()
        .zip(after.bytes().rev())
        .take(room)
        .take_while(|(a, b)| a == b)
        .count();
    while !before.is_char_boundary(before.len() - tail) || !after.is_char_boundary(after.len() - tail) {
        tail -= 1;
    }
    Some(Splice::new(
        start..before.len() - tail,
        &after[start..after.len() - tail],
    ))
}

/// Returns the smallest splice of each line, if both texts have as many; otherwise that of the whole.
pub fn differences(before: &str, after: &str) -> Vec<Splice> {
    let lines = |text: &str| text.matches('\n').count();
    if lines(before) != lines(after) {
        return difference(before, after).into_iter().collect();
    }
    let mut start = 0;
    let mut splices = Vec::new();
    for (old, new) in before.split_inclusive('\n').zip(after.split_inclusive('\n')) {
        if let Some(change) = difference(old, new) {
            let range = start + change.range.start..start + change.range.end;
            splices.push(Splice::new(range, change.text));
        }
        start += old.len();
    }
    if splice(before, &splices) == after {
        splices
    } else {
        difference(before, after).into_iter().collect()
    }
}

/// Returns a text as a text field displays it: with several `lines`, each ends with a line feed, regardless of the
/// line breaks in the text; otherwise line breaks are left out.
pub fn shown(text: &str, lines: bool) -> Cow<'_, str> {
    if !text.contains(['\r', '\n']) || lines && !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    if lines {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Owned(text.replace(['\r', '\n'], ""))
    }
}

/// Returns the text after the user typed in a field that displays it ([`shown`]): unchanged line breaks are kept.
pub fn retyped(before: &str, typed: &str, lines: bool) -> String {
    let shown = shown(before, lines);
    let Some(change) = difference(&shown, typed) else {
        return before.to_owned();
    };
    // Maps an offset in the displayed text to the text.
    let at = |offset: usize| {
        let mut seen = 0;
        for (at, c) in before.char_indices() {
            if seen >= offset {
                return at;
            }
            seen += match c {
                '\r' if lines && before[at + 1..].starts_with('\n') => 0,
                '\r' | '\n' if !lines => 0,
                c => c.len_utf8(),
            };
        }
        before.len()
    };
    let is_crlf = before.contains("\r\n") && before.matches("\r\n").count() == before.matches('\n').count();
    let text = if is_crlf {
        change.text.replace('\n', "\r\n")
    } else {
        change.text
    };
    splice(
        before,
        &[Splice::new(at(change.range.start)..at(change.range.end), text)],
    )
}

/// Returns line and column of a byte offset, both from 1; the column counts characters.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_restores_the_bytes() {
        let text = "αβγ: 1\nb: 2\n";
        let splices = [
            Splice::new(0..2, "long"),
            Splice::new(8..8, "x"),
            Splice::new(10..12, ""),
        ];
        let after = splice(text, &splices);
        assert_eq!(splice(&after, &inverse(text, &splices)), text);
    }

    #[test]
    fn difference_is_minimal_and_on_character_boundaries() {
        for (before, after) in [
            ("a: ä\n", "a: ö\n"),
            ("aa", "aaa"),
            ("", "x"),
            ("abc", ""),
            ("任务", "任x务"),
        ] {
            let found = difference(before, after).unwrap();
            assert_eq!(splice(before, &[found]), after);
        }
        assert_eq!(difference("aaa", "aa"), Some(Splice::new(2..3, "")));
        assert_eq!(difference("x", "x"), None);
    }

    #[test]
    fn each_changed_line_has_a_splice() {
        assert_eq!(
            differences("a: x\nb: y\nc: x", "a: z\nb: y\nc: z"),
            [Splice::new(3..4, "z"), Splice::new(13..14, "z")]
        );
        assert_eq!(differences("a\nb", "a\nb\nc"), [Splice::insert(3, "\nc")]);
        assert_eq!(differences("a\n", "a"), [Splice::new(1..2, "")]);
        assert_eq!(differences("a\n", "a\nb"), [Splice::insert(2, "b")]);
    }

    #[test]
    fn text_field_keeps_line_breaks() {
        for (before, typed, lines, after) in [
            (
                "a: 1\r\nb: 2\nc: 3\r\n",
                "a: 1\nb: 25\nc: 3\n",
                true,
                "a: 1\r\nb: 25\nc: 3\r\n",
            ),
            ("a: 1\r\n", "a: 1\nb: 2\n", true, "a: 1\r\nb: 2\r\n"),
            ("a: 1\n", "a: 2\n", true, "a: 2\n"),
            ("a\rb\r\nc", "a\nbx\nc", true, "a\rbx\r\nc"),
            ("a\r\nb", "ab", true, "ab"),
            ("a\nb\r", "axb", false, "ax\nb\r"),
            ("a\r\nb", "a\nb", true, "a\r\nb"),
            ("", "p\nq", true, "p\nq"),
        ] {
            assert_eq!(retyped(before, typed, lines), after, "{before:?} {typed:?}");
            assert_eq!(shown(&retyped(before, typed, lines), lines), typed);
        }
    }

    #[test]
    fn invalid_splices_are_ignored() {
        assert_eq!(
            splice("ä", &[Splice::new(1..1, "x"), Splice::new(5..9, "y")]),
            "ä"
        );
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_column("a\n任务x", 8), (2, 3));
        assert_eq!(line_column("", 7), (1, 1));
    }
}
