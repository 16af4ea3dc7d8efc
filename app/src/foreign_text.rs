//! Untrusted text: names, messages, annotations and logs that anyone may have written into the cluster.
//!
//! Some characters change how the text around them is read without being visible themselves: a right-to-left
//! override reverses `gpj.exe`, a zero-width space makes two names look alike ("Trojan Source", CVE-2021-42574;
//! Unicode Technical Standard 39). They are shown as their code points.

use std::borrow::Cow;
use std::fmt::Write;

/// Replaces every character that is invisible, or that reorders others, by its code point, such as `‹U+202E›`.
/// Tabs and line breaks stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut copied = 0;
    let mut before = None;
    for (at, c) in text.char_indices() {
        if is_hidden(c) || depends_on_previous(c) && !is_valid_after(before, c) {
            shown.push_str(&text[copied..at]);
            // Writing to a `String` never fails.
            let _ = write!(shown, "‹U+{:04X}›", u32::from(c));
            copied = at + c.len_utf8();
            before = None;
        } else {
            before = Some(c);
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[copied..]);
    Cow::Owned(shown)
}

/// Applies [`visible`] to an owned text.
pub fn into_visible(text: String) -> String {
    match visible(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}

/// Returns whether a character is a control, is invisible, or changes the direction of others wherever it occurs
/// (Unicode 17: general categories Cc and Cf, `Default_Ignorable_Code_Point`).
fn is_hidden(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        _ if c.is_control() => true,
        // Soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul and Khmer fillers.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
        // Zero-width space; left-to-right and right-to-left marks.
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        // Line and paragraph separators; embeddings and overrides.
        | '\u{2028}'..='\u{202e}'
        // Word joiner, invisible operators, isolates, deprecated format characters.
        | '\u{2060}'..='\u{206f}'
        // The Braille pattern without dots.
        | '\u{2800}'
        // Hangul filler, byte order mark, halfwidth filler, interlinear annotations.
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Shorthand and musical format controls.
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Language tag and reserved ones.
        | '\u{e0000}'..='\u{e001f}' | '\u{e0080}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}' => true,
        _ => false,
    }
}

/// Returns whether a character is invisible, but part of how some scripts and emoji are written: joiners, variation
/// selectors, the tags of flags.
fn depends_on_previous(c: char) -> bool {
    matches!(
        c,
        '\u{200c}' | '\u{200d}' | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Returns whether such a character has a use after `before`. Anywhere else it hides something: two names that look
/// alike, or a message within the text.
fn is_valid_after(before: Option<char>, c: char) -> bool {
    let Some(before) = before else { return false };
    let is_emoji = matches!(
        before,
        '\u{2190}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}'
    );
    match c {
        // Arabic to Khmer, Mongolian; the second half of an emoji.
        '\u{200c}' => matches!(before, '\u{620}'..='\u{18af}'),
        '\u{200d}' => matches!(before, '\u{620}'..='\u{18af}' | '\u{fe0f}') || is_emoji,
        '\u{180b}'..='\u{180f}' => matches!(before, '\u{1820}'..='\u{18aa}'),
        '\u{fe00}'..='\u{fe0f}' => {
            is_emoji
                || matches!(before, '#' | '*' | '0'..='9' | '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '\u{3000}'..='\u{9fff}')
        }
        '\u{e0020}'..='\u{e007f}' => matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007e}'),
        _ => matches!(before, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_shown_as_code_points() {
        for (text, shown) in [
            ("", ""),
            ("perl:5.28.0", "perl:5.28.0"),
            ("任务示例 – Größe", "任务示例 – Größe"),
            ("a\tb\r\nc", "a\tb\r\nc"),
            // Hebrew and Arabic read right to left by themselves; Persian needs the non-joiner.
            ("שלום مرحبا می\u{200c}خواهم", "שלום مرحبا می\u{200c}خواهم"),
            ("👩\u{200d}💻 ❤\u{fe0f}", "👩\u{200d}💻 ❤\u{fe0f}"),
            ("p\u{200d}i\u{200c}", "p‹U+200D›i‹U+200C›"),
            (
                "🏴\u{e0067}\u{e007f}x\u{e0061}\u{e0062}",
                "🏴\u{e0067}\u{e007f}x‹U+E0061›‹U+E0062›",
            ),
            ("x\u{fe01}\u{e0101}", "x‹U+FE01›‹U+E0101›"),
            ("\u{202e}gpj.exe", "‹U+202E›gpj.exe"),
            ("a\u{2066}b\u{2069}", "a‹U+2066›b‹U+2069›"),
            ("pi\u{200b}", "pi‹U+200B›"),
            (
                "a\0b\u{1b}[31m\u{7f}\u{9b}",
                "a‹U+0000›b‹U+001B›[31m‹U+007F›‹U+009B›",
            ),
            ("\u{feff}x\u{e0001}", "‹U+FEFF›x‹U+E0001›"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
            assert_eq!(into_visible(text.to_owned()), shown);
        }
    }

    #[test]
    fn bidirectional_controls_are_shown_as_code_points() {
        let reordering = ['\u{61c}', '\u{200e}', '\u{200f}']
            .into_iter()
            .chain('\u{202a}'..='\u{202e}')
            .chain('\u{2066}'..='\u{2069}');
        for c in reordering {
            let shown = visible(c.encode_utf8(&mut [0; 4])).into_owned();
            assert_eq!(shown, format!("‹U+{:04X}›", u32::from(c)));
        }
    }

    #[test]
    fn replacement_is_idempotent() {
        let once = visible("a\u{202e}b").into_owned();
        assert_eq!(visible(&once), once);
    }
}
