//! Generates documents from bytes, in every style that people write.

use std::fmt::Write;

/// Choices, one byte each; zeros after the last one, so that shrinking results in small documents.
pub struct Source<'a> {
    bytes: &'a [u8],
    at: usize,
    comments: usize,
    /// Anchors of this document, and whether each is of a mapping.
    anchors: Vec<(String, bool)>,
}

const SCALARS: [&str; 28] = [
    "1",
    "x",
    "'it''s'",
    "\"a # b\"",
    "0644",
    "on",
    "perl:5.28.0",
    "~",
    "-5",
    "1e3",
    "\"\\u00e9\"",
    "任务",
    "a b",
    "100m",
    "\"\"",
    "2001-01-01",
    "1.10",
    "0x1F",
    "1_000",
    "0o17",
    ".5",
    "yes",
    "12345678901234567890123",
    "1e-7",
    "2.0",
    "-0.10",
    "Null",
    "'1.10'",
];

impl<'a> Source<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            comments: 0,
            anchors: Vec::new(),
        }
    }

    pub fn next(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    fn below(&mut self, limit: u8) -> usize {
        usize::from(self.next() % limit)
    }

    fn one_in(&mut self, n: u8) -> bool {
        self.next() % n == n - 1
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{}.", self.comments)
    }

    fn scalar(&mut self) -> &'static str {
        SCALARS[self.below(28)]
    }
}

/// Returns a text of one to three documents.
pub fn document(source: &mut Source<'_>) -> String {
    if source.one_in(5) {
        return json(source);
    }
    let mut out = String::new();
    let crlf = source.one_in(4);
    let count = if source.one_in(4) { 2 + source.below(2) } else { 1 };
    for index in 0..count {
        if index > 0 {
            out.push_str("---\n");
        }
        source.anchors.clear();
        lead(source, 0, &mut out);
        mapping(source, 0, 3, &mut out, false);
    }
    if source.one_in(6) {
        out.pop();
    }
    if crlf { out.replace('\n', "\r\n") } else { out }
}

/// Writes blank lines and comments before a member.
fn lead(source: &mut Source<'_>, indent: usize, out: &mut String) {
    if source.one_in(6) {
        out.push('\n');
    }
    if source.one_in(4) {
        let comment = source.comment();
        let _ = writeln!(out, "{:indent$}{comment}", "");
    }
}

fn trail(source: &mut Source<'_>, out: &mut String) {
    if source.one_in(4) {
        let comment = source.comment();
        let _ = write!(out, " {comment}");
    }
    out.push('\n');
}

fn mapping(source: &mut Source<'_>, indent: usize, depth: usize, out: &mut String, mut started: bool) {
    let count = 1 + source.below(3);
    if !started
        && source.one_in(6)
        && let Some((anchor, _)) = source.anchors.iter().find(|anchor| anchor.1)
    {
        let _ = writeln!(out, "{:indent$}<<: *{anchor}", "");
    }
    for index in 0..count {
        if started {
            started = false;
        } else {
            lead(source, indent, out);
            let _ = write!(out, "{:indent$}", "");
        }
        let key = ["a", "b", "c"][index];
        let _ = if source.one_in(8) {
            write!(out, "\"{key}\":")
        } else {
            write!(out, "{key}:")
        };
        value(source, indent, depth, out);
    }
}

/// Writes the value after a key's colon.
fn value(source: &mut Source<'_>, indent: usize, depth: usize, out: &mut String) {
    let step = [2, 2, 4, 3, 1][source.below(5)];
    match source.below(if depth == 0 { 5 } else { 10 }) {
        0 | 1 => {
            let _ = write!(out, " {}", source.scalar());
            trail(source, out);
        }
        2 => {
            if source.one_in(3) {
                spread(source, indent + step, out);
            } else {
                let flow = flow(source, 2);
                let _ = write!(out, " {flow}");
            }
            trail(source, out);
        }
        3 => {
            let header = ["|", "|-", ">", "|+"][source.below(4)];
            let _ = write!(out, " {header}");
            trail(source, out);
            let pad = indent + step;
            let _ = writeln!(out, "{:pad$}echo # no comment\n{:pad$}  b: c", "", "");
        }
        4 => match source.anchors.last().cloned() {
            Some((anchor, _)) => {
                let _ = write!(out, " *{anchor}");
                trail(source, out);
            }
            None => trail(source, out),
        },
        5 | 6 => {
            let anchor = source.one_in(4).then(|| format!("n{}", source.at));
            if let Some(anchor) = &anchor {
                let _ = write!(out, " &{anchor}");
            }
            trail(source, out);
            mapping(source, indent + step, depth - 1, out, false);
            source.anchors.extend(anchor.map(|anchor| (anchor, true)));
        }
        7 => {
            let anchor = format!("n{}", source.at);
            let _ = write!(out, " &{anchor} {}", source.scalar());
            trail(source, out);
            source.anchors.push((anchor, false));
        }
        _ => {
            trail(source, out);
            let step = if source.one_in(2) { 0 } else { step };
            list(source, indent + step, depth - 1, out);
        }
    }
}

fn list(source: &mut Source<'_>, indent: usize, depth: usize, out: &mut String) {
    for _ in 0..=source.below(3) {
        lead(source, indent, out);
        let gap = 1 + source.below(6) / 4;
        let _ = write!(out, "{:indent$}-{:gap$}", "", "");
        match source.below(if depth == 0 { 3 } else { 6 }) {
            2 => {
                let header = ["|", "|-", ">", "|+"][source.below(4)];
                let _ = write!(out, "{header}");
                trail(source, out);
                let pad = indent + 2;
                let _ = writeln!(out, "{:pad$}echo # no comment\n{:pad$}  b: c", "", "");
            }
            0 => {
                let _ = write!(out, "{}", source.scalar());
                trail(source, out);
            }
            1 => {
                let flow = flow(source, 1);
                let _ = write!(out, "{flow}");
                trail(source, out);
            }
            _ => mapping(source, indent + 1 + gap, depth - 1, out, true),
        }
    }
}

/// Writes a flow collection with its members on separate lines, with comments.
fn spread(source: &mut Source<'_>, indent: usize, out: &mut String) {
    let list = source.one_in(2);
    out.push_str(if list { " [" } else { " {" });
    trail(source, out);
    let count = 1 + source.below(3);
    for index in 0..count {
        lead(source, indent, out);
        let _ = write!(out, "{:indent$}", "");
        if !list {
            let _ = write!(out, "{}: ", ["a", "b", "c"][index]);
        }
        let member = flow(source, 1);
        let comma = if index + 1 < count || source.one_in(3) {
            ","
        } else {
            ""
        };
        let _ = write!(out, "{member}{comma}");
        trail(source, out);
    }
    let _ = write!(out, "{:indent$}{}", "", if list { ']' } else { '}' });
}

fn flow(source: &mut Source<'_>, depth: usize) -> String {
    if depth == 0 {
        return source.scalar().to_owned();
    }
    let count = source.below(3);
    let gap = [" ", " ", "  "][source.below(3)];
    let list = source.one_in(2);
    let members: Vec<_> = (0..count)
        .map(|index| {
            let member = flow(source, depth - 1);
            if list {
                member
            } else {
                format!("{}: {member}", ["a", "b"][index])
            }
        })
        .collect();
    let inner = members.join(&format!(",{gap}"));
    if list {
        format!("[{inner}]")
    } else {
        format!("{{{inner}}}")
    }
}

fn json(source: &mut Source<'_>) -> String {
    let step = ["", "  ", "    ", "\t"][source.below(4)];
    let colon = if step.is_empty() { ":" } else { ": " };
    let text = json_value(source, 3, "", step, colon, true);
    if source.one_in(2) {
        format!("{text}\n")
    } else {
        text
    }
}

fn json_value(
    source: &mut Source<'_>,
    depth: usize,
    pad: &str,
    step: &str,
    colon: &str,
    object: bool,
) -> String {
    let kind = if object {
        0
    } else {
        source.below(if depth == 0 { 2 } else { 4 }) + 1
    };
    if matches!(kind, 1 | 2) {
        return ["1", "\"x\"", "true", "null", "\"on\"", "0.5", "{}", "[]"][source.below(8)].to_owned();
    }
    let list = kind == 3;
    let deeper = format!("{pad}{step}");
    let count = 1 + source.below(3);
    let members: Vec<_> = (0..count)
        .map(|index| {
            let value = json_value(source, depth - 1, &deeper, step, colon, false);
            if list {
                value
            } else {
                format!("\"{}\"{colon}{value}", ["a", "b", "c"][index])
            }
        })
        .collect();
    let (open, close) = if list { ('[', ']') } else { ('{', '}') };
    if step.is_empty() {
        return format!("{open}{}{close}", members.join(","));
    }
    format!(
        "{open}\n{deeper}{}\n{pad}{close}",
        members.join(&format!(",\n{deeper}"))
    )
}

/// Returns the comments of a generated text with their offsets; `# no comment` occurs in block scalars.
pub fn comments(text: &str) -> Vec<(usize, String)> {
    text.match_indices("# c")
        .filter_map(|(at, _)| Some((at, text[at..].split_inclusive('.').next()?.to_owned())))
        .collect()
}
