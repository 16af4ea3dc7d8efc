//! New text for values: scalars quoted where some reader would misread them, collections in block or flow style.

use serde_json::Value;

use super::layout::Layout;
use crate::scalar::is_plain_string;
use crate::tree::Style;

impl Layout<'_> {
    /// A value on one line: a scalar, or a collection in flow style. `style` is the replaced scalar's, which is kept
    /// for a string.
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
            other => other.to_string(),
        }
    }

    /// Lines of a value, a collection in block style, each with its indentation.
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

    /// Lines of one pair.
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

    /// What stands behind a colon of a key at `indent`.
    pub(super) fn body(&self, value: &Value, indent: usize) -> Body {
        match value {
            Value::Object(map) if !map.is_empty() => Body::Lines(self.block(value, indent + self.step)),
            Value::Array(items) if !items.is_empty() => Body::Lines(self.block(value, indent + self.dash)),
            Value::String(text) if is_literal(text) => literal(text, indent + self.step),
            other => Body::Inline(self.inline(other, None)),
        }
    }

    /// Lines of one list item whose dash stands at `indent`.
    pub(super) fn item(&self, value: &Value, indent: usize) -> Vec<String> {
        let pad = " ".repeat(indent);
        let lines = match value {
            Value::Object(map) if !map.is_empty() => self.block(value, indent + 2),
            Value::Array(items) if !items.is_empty() => self.block(value, indent + 2),
            Value::String(text) if is_literal(text) => {
                let Body::Literal(header, lines) = literal(text, indent + 2) else {
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

    /// A value in a flow collection that spans lines, with the items of its own collections on lines of their own.
    pub(super) fn pretty(&self, value: &Value, indent: usize, step: usize) -> String {
        let inner = " ".repeat(indent + step);
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
            " ".repeat(indent)
        )
    }
}

/// What stands behind a colon.
pub(super) enum Body {
    /// On the same line.
    Inline(String),
    /// On lines of their own.
    Lines(Vec<String>),
    /// A block scalar: its header and its lines.
    Literal(String, Vec<String>),
}

/// A string with the quotes it needs, or had.
pub(super) fn string(text: &str, style: Option<Style>) -> String {
    match style {
        Some(Style::SingleQuoted) if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        Some(Style::SingleQuoted | Style::DoubleQuoted) => quoted(text),
        _ if is_plain_string(text) => text.to_owned(),
        _ => quoted(text),
    }
}

/// Double quotes. JSON's escapes are YAML's too; what YAML calls unprintable is escaped as well.
fn quoted(text: &str) -> String {
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

/// Several lines that a literal block scalar says exactly.
fn is_literal(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with("\n\n")
        && text.chars().all(|c| {
            matches!(c, '\n' | '\t')
                || !(c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}'))
        })
}

fn literal(text: &str, indent: usize) -> Body {
    let header = if text.ends_with('\n') { "|" } else { "|-" };
    let pad = " ".repeat(indent);
    let lines = text.trim_end_matches('\n').split('\n');
    let lines = lines
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("{pad}{line}")
            }
        })
        .collect();
    Body::Literal(header.to_owned(), lines)
}
