//! Replaces a scalar by another string: in the existing style, writing only the changed lines or characters. YAML
//! 1.2, chapters 7.3 and 8.1, as far as YAML 1.1 parsers (goyaml v2, which Kubernetes uses) agree.

use std::ops::Range;

use crate::edit::Writing;
use crate::edit::layout::Layout;
use crate::edit::plan::Place;
use crate::edit::scalar_style::{in_block, indicator, is_literal, needs_escape, quoted, string};
use crate::splice::Splice;
use crate::yaml::scalar::is_plain_string;
use crate::yaml::tree::{Kind, NodeId, Style};

/// A block scalar in the text.
struct Block {
    /// Its indicators: `|`, `>2-`.
    header: Range<usize>,
    /// Its lines without line breaks, up to the last one that is content.
    lines: Vec<Range<usize>>,
    /// Column of its content.
    indent: usize,
    explicit: bool,
    chomping: Option<char>,
}

/// The text after a scalar.
pub(super) struct Following {
    /// Number of blank lines before the next other line.
    pub blanks: usize,
    /// End of the blank lines, without the last line break.
    end: usize,
    /// Whether the scalar's last line ends with a line break.
    has_break: bool,
    /// Maximum column of the comments that follow before anything else.
    comment: Option<usize>,
}

impl Layout<'_> {
    /// Replaces a scalar, whose key or dash is in column `parent`, by a string. `None` if the node is not a scalar
    /// with bytes of its own.
    pub(super) fn replace_string(&self, id: NodeId, parent: usize, text: &str) -> Option<Vec<Splice>> {
        let node = self.tree.node(id);
        let Kind::Scalar { style, .. } = node.kind else {
            return None;
        };
        if node.range.is_empty() {
            return None;
        }
        let old = self.tree.text(node).unwrap_or_default();
        let block = matches!(style, Style::Literal | Style::Folded)
            .then(|| self.block_scalar(node.range.start, parent));
        let kept = self.writing == Writing::Minimal;
        if kept
            && !text.is_empty()
            && in_block(text)
            && let Some(splices) = block
                .as_ref()
                .and_then(|block| self.replace_in_block(block, style == Style::Folded, parent, text))
        {
            return Some(splices);
        }
        // A tag that makes any scalar a string stays, and so does an unused anchor.
        let tag_stays = matches!(node.tag.as_deref(), None | Some("str" | "!"));
        let start = if tag_stays { node.range.start } else { node.start };
        let end = match &block {
            Some(block) => block.lines.last().map_or(node.range.end, |line| line.end),
            None => self.end(id),
        };
        let is_quoted = matches!(style, Style::SingleQuoted | Style::DoubleQuoted) && !old.is_empty();
        let stays_quoted = is_quoted && old.contains('\n');
        if self.writing != Writing::Quoted
            && !stays_quoted
            && is_literal(text)
            && let Some(splices) = self.replace_by_literal(start..end, block.is_some(), parent, text)
        {
            return Some(splices);
        }
        if kept && let Some(splice) = self.replace_in_quotes(id, text) {
            return Some(vec![splice]);
        }
        let style = self.style(id).filter(|_| block.is_none());
        Some(vec![Splice::new(start..end, string(text, style))])
    }

    /// Replaces the changed characters of a scalar in flow style or JSON.
    pub(super) fn replace_flow_string(&self, place: Place, text: &str) -> Option<Splice> {
        (self.writing == Writing::Minimal)
            .then(|| self.replace_in_quotes(place.node, text))
            .flatten()
    }

    /// Returns the block scalar whose header starts at an offset.
    fn block_scalar(&self, start: usize, parent: usize) -> Block {
        let indicators = &self.text[start..self.line_end(start)];
        let length = indicators
            .find(|c: char| !matches!(c, '|' | '>' | '+' | '-' | '0'..='9'))
            .unwrap_or(indicators.len());
        let indicators = &indicators[..length];
        let digit = indicators.chars().find_map(|c| c.to_digit(10));
        let mut indent = digit.map(|digit| parent + digit as usize);
        let (mut lines, mut content) = (Vec::new(), 0);
        let mut at = self.next_line(start);
        while at < self.text.len() {
            let line = at..self.line_end(at);
            let text = &self.text[line.clone()];
            let column = text.len() - text.trim_start_matches(' ').len();
            if column < text.len() {
                let indent = *indent.get_or_insert(column);
                if column < indent || indent <= parent {
                    break;
                }
                content = lines.len() + 1;
            } else if indent.is_some_and(|indent| column > indent) {
                content = lines.len() + 1;
            }
            lines.push(line);
            at = self.next_line(at);
        }
        lines.truncate(content);
        Block {
            header: start..start + length,
            lines,
            indent: indent
                .filter(|indent| *indent > parent)
                .unwrap_or(parent + self.step),
            explicit: digit.is_some(),
            chomping: indicators.chars().find(|c| matches!(c, '+' | '-')),
        }
    }

    /// Returns what follows the line that ends at an offset.
    pub(super) fn following(&self, end: usize) -> Following {
        let mut following = Following {
            blanks: 0,
            end,
            has_break: self.text[end..].contains('\n'),
            comment: None,
        };
        let mut at = self.next_line(end);
        while at < self.text.len() {
            let text = &self.text[at..self.line_end(at)];
            let body = text.trim_start_matches(' ');
            if body.starts_with('#') {
                following.comment = following.comment.max(Some(text.len() - body.len()));
            } else if !body.is_empty() {
                break;
            } else if following.comment.is_none() {
                following.blanks += 1;
                following.end = at + text.len();
            }
            at = self.next_line(at);
        }
        following
    }

    /// Replaces the content of a block scalar: its style, indentation, comments and unchanged lines stay.
    fn replace_in_block(
        &self,
        block: &Block,
        folded: bool,
        parent: usize,
        text: &str,
    ) -> Option<Vec<Splice>> {
        let body = text.trim_end_matches('\n');
        let breaks = text.len() - body.len();
        let last = block
            .lines
            .last()
            .map_or(self.line_end(block.header.end), |line| line.end);
        let following = self.following(last);
        let (chomping, blanks) = match (breaks, block.chomping) {
            (0, None) if !following.has_break => (None, 0),
            (0, _) => (Some('-'), 0),
            (1, Some('+')) if following.blanks == 0 => (Some('+'), 0),
            (1, _) => (None, 0),
            (_, chomping) if following.blanks < breaks || chomping == Some('+') => (Some('+'), breaks - 1),
            _ => return None,
        };
        let first = body.split('\n').find(|line| !line.is_empty())?;
        let digit = if block.explicit || first.starts_with([' ', '\t']) {
            Some(
                u32::try_from(block.indent - parent)
                    .ok()
                    .filter(|digit| (1..=9).contains(digit))?,
            )
        } else {
            None
        };
        let mut splices = Vec::new();
        if chomping != block.chomping || digit.is_some() != block.explicit {
            let style = if folded { '>' } else { '|' };
            splices.push(Splice::new(
                block.header.clone(),
                indicator(style, digit, chomping),
            ));
        }
        let lines = block
            .lines
            .iter()
            .map(|line| self.text[line.clone()].get(block.indent..).unwrap_or_default())
            .collect::<Vec<_>>();
        let new = if folded {
            fold(&lines, body)?
        } else {
            body.split('\n').collect()
        };
        splices.extend(self.changed_lines(block, &lines, &new));
        let mut end = String::new();
        if breaks > 0 && !following.has_break {
            end.push_str(self.eol);
        }
        let splice = if chomping == Some('+') && following.blanks > blanks {
            // Some of the blank lines, which are content, were removed.
            let mut at = last;
            for _ in 0..blanks {
                at = self.line_end(self.next_line(at));
            }
            Splice::new(at..following.end, "")
        } else {
            let more = if chomping == Some('+') {
                blanks - following.blanks
            } else {
                0
            };
            Splice::insert(last, end + &self.eol.repeat(more))
        };
        if !splice.text.is_empty() || !splice.range.is_empty() {
            // It is adjacent to the end of the last changed line: merge both splices.
            match splices.last_mut() {
                Some(before)
                    if before.range.end == splice.range.start && before.range.start >= block.header.end =>
                {
                    before.range.end = splice.range.end;
                    before.text.push_str(&splice.text);
                }
                _ => splices.push(splice),
            }
        }
        Some(splices)
    }

    /// Replaces the changed lines of a block scalar.
    fn changed_lines(&self, block: &Block, old: &[&str], new: &[&str]) -> Option<Splice> {
        let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
        let first = old.iter().zip(new).take_while(same).count();
        let room = old.len().min(new.len()) - first;
        let tail = old
            .iter()
            .rev()
            .zip(new.iter().rev())
            .take(room)
            .take_while(same)
            .count();
        let (gone, come) = (first..old.len() - tail, &new[first..new.len() - tail]);
        let pad = " ".repeat(block.indent);
        let come = come.iter().map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("{pad}{line}")
            }
        });
        let come = come.collect::<Vec<_>>();
        if gone.is_empty() && come.is_empty() {
            return None;
        }
        let text = come.join(self.eol);
        if gone.is_empty() {
            // Before the next line, or else after the previous one.
            return Some(match (block.lines.get(first), first.checked_sub(1)) {
                (Some(next), _) => Splice::insert(next.start, text + self.eol),
                (None, Some(last)) => Splice::insert(block.lines[last].end, format!("{}{text}", self.eol)),
                (None, None) => {
                    Splice::insert(self.line_end(block.header.end), format!("{}{text}", self.eol))
                }
            });
        }
        let (start, end) = (block.lines[gone.start].start, block.lines[gone.end - 1].end);
        Some(if !come.is_empty() {
            Splice::new(start..end, text)
        } else if let Some(next) = block.lines.get(gone.end) {
            Splice::new(start..next.start, "")
        } else {
            let before = gone.start.checked_sub(1).map_or_else(
                || self.line_end(block.header.end),
                |before| block.lines[before].end,
            );
            Splice::new(before..end, "")
        })
    }

    /// Replaces another scalar by a literal block scalar. `None` where the following text would become part of it.
    fn replace_by_literal(
        &self,
        place: Range<usize>,
        is_block: bool,
        parent: usize,
        text: &str,
    ) -> Option<Vec<Splice>> {
        let body = text.trim_end_matches('\n');
        let breaks = text.len() - body.len();
        let following = self.following(place.end);
        let chomping = match breaks {
            0 => Some('-'),
            1 => None,
            _ if following.blanks < breaks => Some('+'),
            _ => return None,
        };
        // Comments that follow have to be further left than the content.
        let indent = (parent + self.step).max(following.comment.map_or(0, |column| column + 1));
        let first = body.split('\n').find(|line| !line.is_empty())?;
        let digit = if first.starts_with([' ', '\t']) {
            Some(u32::try_from(indent - parent).ok().filter(|digit| *digit <= 9)?)
        } else {
            None
        };
        let pad = " ".repeat(indent);
        let mut lines = String::new();
        for line in body.split('\n') {
            lines.push_str(self.eol);
            if !line.is_empty() {
                lines.push_str(&pad);
                lines.push_str(line);
            }
        }
        if breaks > 0 && !following.has_break {
            lines.push_str(self.eol);
        }
        lines.push_str(&self.eol.repeat(breaks.saturating_sub(1 + following.blanks)));
        let mut header = indicator('|', digit, chomping);
        if !self.text[..place.start].ends_with([' ', '\n']) {
            header.insert(0, ' ');
        }
        if is_block {
            return Some(vec![Splice::new(place, header + &lines)]);
        }
        // A comment after the old value stays on the header's line.
        let rest = self.line_end(place.end);
        Some(vec![Splice::new(place, header), Splice::insert(rest, lines)])
    }

    /// Replaces the content of a quoted or plain scalar: unchanged parts keep their spelling.
    fn replace_in_quotes(&self, id: NodeId, new: &str) -> Option<Splice> {
        let node = self.tree.node(id);
        let Kind::Scalar { style, .. } = node.kind else {
            return None;
        };
        let old = self.tree.text(node)?;
        let inside = match style {
            Style::Plain if is_plain_string(new) && is_plain_string(old) => node.range.clone(),
            Style::SingleQuoted | Style::DoubleQuoted if !old.is_empty() => {
                node.range.start + 1..node.range.end - 1
            }
            _ => return None,
        };
        let pieces = pieces(self.text, inside.clone(), style)?;
        if pieces.iter().map(|piece| piece.1.as_str()).collect::<String>() != old {
            return None;
        }
        let change = crate::splice::difference(old, new)?;
        // The pieces that the change touches, and their range in the old text.
        let mut at = 0;
        let ends = pieces.iter().map(|piece| {
            at += piece.1.len();
            at
        });
        let ends = ends.collect::<Vec<_>>();
        let first = ends.iter().take_while(|end| **end <= change.range.start).count();
        let starts = |index: usize| index.checked_sub(1).map_or(0, |before| ends[before]);
        let end = (first..pieces.len())
            .find(|index| starts(*index) >= change.range.end)
            .unwrap_or(pieces.len());
        let byte = |index: usize| pieces.get(index).map_or(inside.end, |piece| piece.0.start);
        let place = byte(first)..byte(end);
        let span = starts(first)..starts(end);
        let text = new.get(span.start..(new.len() + span.end).checked_sub(old.len())?)?;
        let text = match style {
            Style::Plain => text.to_owned(),
            Style::SingleQuoted if !text.contains(needs_escape) => text.replace('\'', "''"),
            Style::DoubleQuoted => {
                let text = if self.json {
                    serde_json::Value::from(text).to_string()
                } else {
                    quoted(text)
                };
                text[1..text.len() - 1].to_owned()
            }
            _ => return None,
        };
        Some(Splice::new(place, text))
    }
}

/// Returns the content lines of a folded scalar for another text. Lines with the same words keep their line
/// breaks.
#[allow(
    clippy::too_many_lines,
    reason = "one walk over both texts, whose state is shared"
)]
fn fold<'a>(old: &[&'a str], new: &'a str) -> Option<Vec<&'a str>> {
    let is_more = |line: &str| line.starts_with([' ', '\t']);
    // Number of line breaks in the source for the line breaks between two lines of text.
    let breaks = |before: &str, after: &str, count: usize| match count {
        count if is_more(before) || is_more(after) => count,
        count => count + 1,
    };
    // The words of the lines, and the range of each line in the text.
    let (mut text, mut places) = (String::new(), Vec::new());
    let (mut last, mut empty) = (None::<usize>, 0);
    for (number, line) in old.iter().enumerate() {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        match last {
            Some(last) if is_more(old[last]) || is_more(line) => text.push_str(&"\n".repeat(empty + 1)),
            Some(_) if empty == 0 => text.push(' '),
            _ => text.push_str(&"\n".repeat(empty)),
        }
        let start = text.len();
        text.push_str(line);
        places.push((number, start..text.len()));
        (last, empty) = (Some(number), 0);
    }
    let change = crate::splice::difference(&text, new).unwrap_or(Splice::insert(text.len(), ""));
    // A word that continues a line belongs to it.
    let begins = usize::from(!change.text.starts_with('\n'));
    let ends = usize::from(!change.text.ends_with('\n'));
    let mut before = places
        .iter()
        .take_while(|(_, place)| place.end + begins <= change.range.start)
        .count();
    let mut after = places
        .iter()
        .rev()
        .take(places.len() - before)
        .take_while(|(_, place)| place.start >= change.range.end + ends)
        .count();
    loop {
        let head = before.checked_sub(1).map(|at| &places[at]);
        let tail = (after > 0).then(|| &places[places.len() - after]);
        let from = head.map_or(0, |head| head.1.end);
        let to = tail.map_or(new.len(), |tail| new.len() - (text.len() - tail.1.start));
        let middle = new.get(from..to)?;
        let mut out = head.map_or_else(Vec::new, |head| old[..=head.0].to_vec());
        let mut previous = head.map(|head| old[head.0]);
        if middle.is_empty() && tail.is_none() {
            return Some(out);
        }
        let mut rest = middle;
        let mut ok = true;
        // Each piece with the line breaks before it; the last piece is the kept line after the change.
        loop {
            let count = rest.len() - rest.trim_start_matches('\n').len();
            let folds = count == 0 && previous.is_some();
            let mut body = &rest[count..];
            if folds {
                if let Some(stripped) = body.strip_prefix(' ') {
                    body = stripped;
                } else {
                    ok = false;
                    before = before.saturating_sub(1);
                    break;
                }
            }
            let end = body.find('\n').unwrap_or(body.len());
            let is_last = end == body.len();
            let mut piece = &body[..end];
            let mut joins = false;
            if let (true, Some(_)) = (is_last, tail) {
                if piece.is_empty() {
                    joins = true;
                } else if let Some(stripped) = piece.strip_suffix(' ') {
                    piece = stripped;
                } else {
                    ok = false;
                    after -= 1;
                    break;
                }
            }
            let next = if joins {
                tail.map(|tail| old[tail.0])?
            } else {
                piece
            };
            if next.is_empty() || folds && (is_more(next) || previous.is_some_and(is_more)) {
                ok = false;
                (before, after) = (before.saturating_sub(1), after.saturating_sub(1));
                break;
            }
            let lines = match previous {
                _ if folds => 1,
                Some(previous) => breaks(previous, next, count),
                None => count + 1,
            };
            out.extend(std::iter::repeat_n("", lines - 1));
            if joins {
                break;
            }
            out.push(piece);
            previous = Some(piece);
            if is_last {
                if let Some(tail) = tail {
                    // The blank before it is the fold.
                    if is_more(piece) || is_more(old[tail.0]) {
                        ok = false;
                        (before, after) = (before.saturating_sub(1), after.saturating_sub(1));
                    }
                }
                break;
            }
            rest = &body[end..];
        }
        if ok {
            out.extend(tail.map_or(&[][..], |tail| &old[tail.0..]));
            return Some(out);
        }
        if before == 0 && after == 0 && head.is_none() && tail.is_none() {
            return None;
        }
    }
}

/// Splits the text between quotes into pieces: the bytes of each and their meaning. `None` where that is
/// ambiguous.
fn pieces(source: &str, inside: Range<usize>, style: Style) -> Option<Vec<(Range<usize>, String)>> {
    let mut pieces = Vec::new();
    let mut at = inside.start;
    while at < inside.end {
        let rest = &source[at..inside.end];
        let c = rest.chars().next()?;
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let (length, text) = if rest[blanks..].starts_with(['\n', '\r']) {
            // A line break with surrounding blanks is a space; several are one line break less.
            let length = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let count = rest[..length].matches('\n').count();
            (
                length,
                if count == 1 {
                    " ".to_owned()
                } else {
                    "\n".repeat(count.checked_sub(1)?)
                },
            )
        } else if style == Style::SingleQuoted && rest.starts_with("''") {
            (2, "'".to_owned())
        } else if style == Style::DoubleQuoted && c == '\\' {
            let (length, text) = escape(rest)?;
            (length, text)
        } else {
            (c.len_utf8(), c.to_string())
        };
        pieces.push((at..at + length, text));
        at += length;
    }
    Some(pieces)
}

/// Decodes an escape sequence: its length and its meaning.
fn escape(rest: &str) -> Option<(usize, String)> {
    let kind = rest.chars().nth(1)?;
    let hex = |from: usize, digits: usize| u32::from_str_radix(rest.get(from..from + digits)?, 16).ok();
    let simple = match kind {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        ' ' | '"' | '/' | '\\' => kind,
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => return Some((4, char::from_u32(hex(2, 2)?)?.to_string())),
        'U' => return Some((10, char::from_u32(hex(2, 8)?)?.to_string())),
        'u' => {
            let unit = hex(2, 4)?;
            if let Some(c) = char::from_u32(unit) {
                return Some((6, c.to_string()));
            }
            // JSON writes characters beyond 16 bits as surrogate pairs.
            let low = rest
                .get(6..8)
                .filter(|lead| *lead == "\\u")
                .and_then(|_| hex(8, 4))?;
            let units = [u16::try_from(unit).ok()?, u16::try_from(low).ok()?];
            return Some((12, String::from_utf16(&units).ok()?));
        }
        '\n' | '\r' => {
            // An escaped line break joins the lines.
            let body = rest[1..].trim_start_matches('\r').strip_prefix('\n')?;
            let body = body.trim_start_matches([' ', '\t']);
            return Some((rest.len() - body.len(), String::new()));
        }
        _ => return None,
    };
    Some((1 + kind.len_utf8(), simple.to_string()))
}
