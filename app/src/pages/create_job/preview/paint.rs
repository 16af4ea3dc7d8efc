//! Syntax colours of a manifest's line.

/// Token kind of a piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Indentation and dashes.
    Plain,
    /// A key.
    Key,
    /// A string, or what may be one.
    Text,
    /// A number, a boolean, null.
    Number,
    /// A comment.
    Comment,
    /// Code point of a character that is invisible, or that would reorder what follows it.
    Hidden,
}

impl Paint {
    /// Returns the CSS class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Key => "code-key",
            Self::Text => "code-text",
            Self::Number => "code-number",
            Self::Comment => "code-comment",
            Self::Hidden => "code-hidden",
        }
    }
}

/// Piece of a line.
pub type Piece = (Paint, String);

/// Splits a line into coloured pieces. A rough reading of one line suffices; the document engine parses the text.
pub fn paint(line: &str) -> Vec<Piece> {
    let body = line.trim_start_matches([' ', '-']);
    let mut pieces = vec![(Paint::Plain, line[..line.len() - body.len()].to_owned())];
    if body.starts_with('#') {
        pieces.push((Paint::Comment, body.to_owned()));
        return reveal_hidden(pieces);
    }
    let (body, comment) = match body.find(" #") {
        Some(at) if !body[..at].contains(['"', '\'']) => body.split_at(at),
        _ => (body, ""),
    };
    let colon = body
        .find(": ")
        .or_else(|| body.ends_with(':').then(|| body.len() - 1));
    let value = match colon {
        Some(at) if !body.starts_with(['{', '[']) => {
            pieces.push((Paint::Key, body[..=at].to_owned()));
            &body[at + 1..]
        }
        _ => body,
    };
    let trimmed = value.trim();
    let number = !trimmed.is_empty() && trimmed.chars().all(|c| c.is_ascii_digit() || c == '.')
        || matches!(trimmed, "true" | "false" | "null");
    pieces.push((if number { Paint::Number } else { Paint::Text }, value.to_owned()));
    if !comment.is_empty() {
        pieces.push((Paint::Comment, comment.to_owned()));
    }
    reveal_hidden(pieces)
}

/// Returns the pieces of a block scalar's line: a string, whatever it looks like.
pub fn verbatim(line: &str) -> Vec<Piece> {
    reveal_hidden(vec![(Paint::Text, line.to_owned())])
}

/// Replaces invisible characters by their code points: bidirectional controls reorder a line, so that it reads as
/// something it is not.
fn reveal_hidden(pieces: Vec<Piece>) -> Vec<Piece> {
    if !pieces.iter().any(|(_, text)| text.contains(is_hidden)) {
        return pieces;
    }
    let mut shown = Vec::new();
    for (paint, text) in pieces {
        for part in text.split_inclusive(is_hidden) {
            let hidden = part.chars().next_back().filter(|c| is_hidden(*c));
            shown.push((
                paint,
                part[..part.len() - hidden.map_or(0, char::len_utf8)].to_owned(),
            ));
            shown.extend(hidden.map(|c| (Paint::Hidden, format!("U+{:04X}", u32::from(c)))));
        }
    }
    shown
}

/// Returns whether a character is a control, a bidirectional mark or a zero-width space. Joiners are not, since
/// some scripts need them.
fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(
            c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(c, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Detects the lines of block scalars (`|` and `>`), given the lines of a text in order.
#[derive(Default)]
pub struct BlockScalars {
    /// Indentation of the scalar's node; its lines are indented deeper.
    inside: Option<usize>,
}

impl BlockScalars {
    /// Returns whether a line belongs to a block scalar.
    pub fn contains(&mut self, line: &str) -> bool {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if self
            .inside
            .is_some_and(|of| indent > of || line.trim().is_empty())
        {
            return true;
        }
        self.inside = block_scalar_indent(line);
        false
    }
}

/// Returns the indentation of the node whose block scalar starts after this line; none if there is none.
fn block_scalar_indent(line: &str) -> Option<usize> {
    let line = line.split_once(" #").map_or(line, |(line, _)| line).trim_end();
    let (before, header) = line.rsplit_once(' ')?;
    let is_header =
        header.starts_with(['|', '>']) && header[1..].chars().all(|c| matches!(c, '+' | '-' | '1'..='9'));
    let body = line.trim_start_matches([' ', '-']);
    if !is_header || body.starts_with('#') {
        return None;
    }
    let start = line.len() - body.len();
    if before.ends_with(':') || before.contains(": ") {
        Some(start)
    } else {
        // List item: its content is indented deeper than its dash.
        before
            .trim_end()
            .ends_with('-')
            .then(|| line[..start].rfind('-'))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn painting_keeps_every_character() {
        for line in [
            "  |",
            "  - name: pi # x",
            "# all",
            "a: 'b # c'",
            "",
            "{\"a\": 1}",
            "任务: 示例",
            "key:",
            "  - -x",
        ] {
            let joined: String = paint(line).into_iter().map(|piece| piece.1).collect();
            assert_eq!(joined, line);
        }
    }

    #[test]
    fn keys_values_and_comments_are_distinguished() {
        let kinds = |line| {
            paint(line)
                .into_iter()
                .filter(|piece| !piece.1.is_empty())
                .map(|piece| piece.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            kinds("  completions: 4 # four"),
            [Paint::Plain, Paint::Key, Paint::Number, Paint::Comment]
        );
        assert_eq!(kinds("image: perl:5.28.0"), [Paint::Key, Paint::Text]);
    }
    #[test]
    fn block_scalar_lines_are_strings() {
        let text = "data:\n  a: |  # the first\n    x: 1\n\n    # no comment\n  b: 1\nlist:\n  - >-\n    k: v\n  - name: |2\n      y: 2\n    z: 3\n# a: |\n  c: 1\nd: \"|\"\n  e: 1";
        let mut blocks = BlockScalars::default();
        let held: Vec<_> = text.split('\n').filter(|line| blocks.contains(line)).collect();
        assert_eq!(
            held,
            ["    x: 1", "", "    # no comment", "    k: v", "      y: 2"]
        );
        assert_eq!(verbatim("  x: 1"), [(Paint::Text, "  x: 1".to_owned())]);
    }

    #[test]
    fn invisible_characters_are_shown_as_code_points() {
        let pieces = paint("image: safe\u{202e}gnp.exe");
        let shown: String = pieces.iter().map(|piece| piece.1.as_str()).collect();
        assert_eq!(shown, "image: safeU+202Egnp.exe");
        assert!(pieces.contains(&(Paint::Hidden, "U+202E".to_owned())));
    }
}
