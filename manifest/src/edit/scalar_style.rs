//! Formats new values: scalars quoted where some parser would misread them, collections in block or flow style.

use serde_json::Value;

use crate::edit::Writing;
use crate::edit::layout::Layout;
use crate::file_mode;
use crate::yaml::scalar::{is_hidden_break, is_plain_string};
use crate::yaml::tree::Style;

impl Layout<'_> {
    /// Formats a value on one line: a scalar, or a collection in flow style. `style` is that of the replaced
    /// scalar, which is kept for a string.
    pub(super) fn inline(&self, value: &Value, style: Option<Style>) -> String {
        if self.json {
            return value.to_string();
        }
        match value {
            Value::String(text) => string(text, style),
            Value::Array(items) => {
                let items = items
                    .iter()
                    .map(|item| self.inline(item, None))
                    .collect::<Vec<_>>();
                format!("[{}]", items.join(", "))
            }
            Value::Object(map) => {
                let pairs = map
                    .iter()
                    .map(|(key, value)| format!("{}: {}", string(key, None), self.inline(value, None)));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
            Value::Number(number) if self.octal => number
                .as_i64()
                .map_or_else(|| number.to_string(), file_mode::format),
            other => other.to_string(),
        }
    }

    /// Returns the lines of a value, a collection in block style, each with its indentation.
    pub(super) fn block(&self, value: &Value, indent: usize) -> Vec<String> {
        let pad = " ".repeat(indent);
        match value {
            Value::Object(map) if !map.is_empty() => map
                .iter()
                .flat_map(|(key, value)| self.pair(key, value, indent))
                .collect(),
            Value::Array(items) if !items.is_empty() => {
                items.iter().flat_map(|item| self.item(item, indent)).collect()
            }
            scalar => vec![format!("{pad}{}", self.inline(scalar, None))],
        }
    }

    /// Returns the lines of one pair.
    pub(super) fn pair(&self, key: &str, value: &Value, indent: usize) -> Vec<String> {
        let head = format!("{}{}:", " ".repeat(indent), string(key, None));
        match self.body(value, indent) {
            Body::Inline(text) => vec![format!("{head} {text}")],
            Body::Lines(lines) => std::iter::once(head).chain(lines).collect(),
            Body::Literal(header, lines) => {
                std::iter::once(format!("{head} {header}")).chain(lines).collect()
            }
        }
    }

    /// Formats the value of a key at column `indent`.
    pub(super) fn body(&self, value: &Value, indent: usize) -> Body {
        match value {
            Value::Object(map) if !map.is_empty() => Body::Lines(self.block(value, indent + self.step)),
            Value::Array(items) if !items.is_empty() => Body::Lines(self.block(value, indent + self.dash)),
            Value::String(text) if self.is_literal(text) => literal(text, indent, self.step),
            other => Body::Inline(self.inline(other, None)),
        }
    }

    /// Returns whether the text is written as a new block scalar whatever follows: with at most one trailing line
    /// break.
    pub(super) fn is_literal(&self, text: &str) -> bool {
        self.writing != Writing::Quoted && self.step <= 9 && !text.ends_with("\n\n") && is_literal(text)
    }

    /// Returns the lines of one list item whose dash is at column `indent`.
    pub(super) fn item(&self, value: &Value, indent: usize) -> Vec<String> {
        let pad = " ".repeat(indent);
        let lines = match value {
            Value::Object(map) if !map.is_empty() => self.block(value, indent + 2),
            Value::Array(items) if !items.is_empty() => self.block(value, indent + 2),
            Value::String(text) if self.is_literal(text) => {
                let Body::Literal(header, lines) = literal(text, indent, 2) else {
                    return Vec::new();
                };
                return std::iter::once(format!("{pad}- {header}")).chain(lines).collect();
            }
            other => return vec![format!("{pad}- {}", self.inline(other, None))],
        };
        let mut lines = lines.into_iter();
        let first = lines.next().unwrap_or_default();
        std::iter::once(format!("{pad}- {}", &first[(indent + 2).min(first.len())..]))
            .chain(lines)
            .collect()
    }

    /// Formats a value in a flow collection that spans lines, with the items of its own collections on separate
    /// lines.
    pub(super) fn pretty(&self, value: &Value, indent: usize, step: usize) -> String {
        let inner = self.pad(indent + step);
        let (open, close, items) = match value {
            Value::Object(map) if !map.is_empty() => {
                let items = map.iter().map(|(key, value)| {
                    let key = self.inline(&Value::from(key.as_str()), None);
                    format!("{inner}{key}: {}", self.pretty(value, indent + step, step))
                });
                ('{', '}', items.collect::<Vec<_>>())
            }
            Value::Array(list) if !list.is_empty() => {
                let items = list
                    .iter()
                    .map(|item| format!("{inner}{}", self.pretty(item, indent + step, step)));
                ('[', ']', items.collect())
            }
            other => return self.inline(other, None),
        };
        let eol = self.eol;
        format!(
            "{open}{eol}{}{eol}{}{close}",
            items.join(&format!(",{eol}")),
            self.pad(indent)
        )
    }
}

/// The text after a colon.
pub(super) enum Body {
    /// On the same line.
    Inline(String),
    /// On separate lines.
    Lines(Vec<String>),
    /// A block scalar: its header and its lines.
    Literal(String, Vec<String>),
}

/// Formats a string with the quotes that it needs, or had.
pub(super) fn string(text: &str, style: Option<Style>) -> String {
    match style {
        Some(Style::SingleQuoted) if !text.contains(needs_escape) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        Some(Style::SingleQuoted | Style::DoubleQuoted) => quoted(text),
        _ if is_plain_string(text) => text.to_owned(),
        _ => quoted(text),
    }
}

/// Returns whether the character is written as an escape, and so between double quotes only.
pub(super) fn needs_escape(one: char) -> bool {
    one.is_control() || is_hidden_break(one)
}

/// Formats a string in double quotes. JSON's escapes are valid in YAML; what is unprintable in YAML is escaped as
/// well.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in Value::from(text).to_string().chars() {
        if matches!(
            c,
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        ) {
            out.push_str("\\u");
            out.extend([12, 8, 4, 0].map(|shift| hex(u32::from(c) >> shift & 15)));
        } else {
            out.push(c);
        }
    }
    out
}

fn hex(digit: u32) -> char {
    char::from_digit(digit, 16).unwrap_or('0')
}

/// Returns whether a block scalar can contain these characters. It has no escapes: control characters, and those
/// that some parser reads as a line break or drops, need double quotes.
pub(super) fn in_block(text: &str) -> bool {
    text.contains(|c| !matches!(c, ' ' | '\t' | '\n'))
        && text.chars().all(|c| {
            matches!(c, '\n' | '\t')
                || !(c.is_control()
                    || matches!(
                        c,
                        '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{fffe}' | '\u{ffff}'
                    ))
        })
}

/// Returns whether a literal block scalar represents these lines exactly.
pub(super) fn is_literal(text: &str) -> bool {
    text.contains('\n') && in_block(text)
}

/// Formats the header of a block scalar.
pub(super) fn indicator(style: char, digit: Option<u32>, chomping: Option<char>) -> String {
    let mut header = style.to_string();
    header.extend(digit.map(|digit| digit.to_string()));
    header.extend(chomping);
    header
}

fn literal(text: &str, parent: usize, step: usize) -> Body {
    let body = text.trim_end_matches('\n');
    let first = body.split('\n').find(|line| !line.is_empty()).unwrap_or_default();
    // Leading blanks would be read as indentation.
    let digit = first
        .starts_with([' ', '\t'])
        .then(|| u32::try_from(step).unwrap_or(u32::MAX));
    let chomping = (body.len() == text.len()).then_some('-');
    let pad = " ".repeat(parent + step);
    let lines = body
        .split('\n')
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("{pad}{line}")
            }
        })
        .collect();
    Body::Literal(indicator('|', digit, chomping), lines)
}
