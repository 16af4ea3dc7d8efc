//! Writes objects as YAML in the layout of the API server: members sorted by name, lists at the indentation of
//! their key, strings quoted only where a parser would read another type.

use std::fmt::Write as _;

use serde_json::Value;

/// Writes a document.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => block(value, 0, &mut text),
        Value::Array(items) if !items.is_empty() => block(value, 0, &mut text),
        other => {
            text.push_str(&scalar(other, 0));
            text.push('\n');
        }
    }
    text
}

fn block(value: &Value, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(b.0));
            for (number, (name, value)) in sorted.into_iter().enumerate() {
                // The first member of a list item follows its dash.
                if number > 0 || !out.ends_with("- ") {
                    out.push_str(&pad);
                }
                out.push_str(&text(name, depth + 1, true));
                out.push(':');
                member(value, depth, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                if !out.ends_with("- ") {
                    out.push_str(&pad);
                }
                out.push_str("- ");
                if is_block(item) {
                    block(item, depth + 1, out);
                } else {
                    out.push_str(&scalar(item, depth + 1));
                    out.push('\n');
                }
            }
        }
        _ => {}
    }
}

fn member(value: &Value, depth: usize, out: &mut String) {
    if !is_block(value) {
        let _ = writeln!(out, " {}", scalar(value, depth + 1));
        return;
    }
    out.push('\n');
    let inner = if value.is_array() { depth } else { depth + 1 };
    block(value, inner, out);
}

fn is_block(value: &Value) -> bool {
    value.as_object().is_some_and(|members| !members.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty())
}

fn scalar(value: &Value, depth: usize) -> String {
    match value {
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        Value::String(one) => text(one, depth, false),
        other => other.to_string(),
    }
}

fn text(one: &str, depth: usize, is_key: bool) -> String {
    if one.contains('\n') && !is_key && one.chars().all(|letter| letter == '\n' || !letter.is_control()) {
        return literal(one, depth);
    }
    if one.chars().any(|letter| {
        letter.is_control() || matches!(letter, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    }) {
        return serde_json::Value::from(one).to_string();
    }
    if is_other_type(one) {
        return format!("\"{one}\"");
    }
    if is_plain(one) {
        return one.to_owned();
    }
    format!("'{}'", one.replace('\'', "''"))
}

/// Returns `|` with the chomping indicator for the end of the text.
fn literal(one: &str, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let sign = match (one.ends_with('\n'), one.ends_with("\n\n")) {
        (false, _) => "|-",
        (true, false) => "|",
        (true, true) => "|+",
    };
    let indent = if one.starts_with([' ', '\n']) { "2" } else { "" };
    let body = one.strip_suffix('\n').unwrap_or(one);
    let lines: Vec<String> = body
        .split('\n')
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("{pad}{line}")
            }
        })
        .collect();
    let sign = sign.replacen('|', &format!("|{indent}"), 1);
    format!("{sign}\n{}", lines.join("\n"))
}

/// Whether a YAML 1.1 parser reads it as a number, a boolean, null or a timestamp.
fn is_other_type(one: &str) -> bool {
    let lower = one.to_lowercase();
    let word = matches!(
        lower.as_str(),
        "" | "~"
            | "null"
            | "true"
            | "false"
            | "y"
            | "n"
            | "yes"
            | "no"
            | "on"
            | "off"
            | ".inf"
            | "-.inf"
            | "+.inf"
            | ".nan"
    );
    let date = one.len() >= 8
        && one.bytes().take(4).all(|byte| byte.is_ascii_digit())
        && one.as_bytes().get(4) == Some(&b'-')
        && one
            .bytes()
            .next_back()
            .is_some_and(|byte| byte.is_ascii_digit() || byte == b'Z')
        && one
            .bytes()
            .skip(5)
            .all(|byte| byte.is_ascii_digit() || b"-:TtZz+. ".contains(&byte));
    let digits = one.trim_start_matches(['-', '+']).replace('_', "");
    let number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && (digits.parse::<f64>().is_ok()
            || ["0x", "0b", "0o"].iter().any(|prefix| digits.starts_with(prefix)));
    let sixty = one.contains(':')
        && one
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b':' || byte == b'.');
    word || date || number || sixty
}

/// Whether it can be written without quotes.
fn is_plain(one: &str) -> bool {
    let first = one.chars().next().unwrap_or(' ');
    let second = one.chars().nth(1);
    let indicator = "[]{},#&*!|>'\"%@`".contains(first)
        || ("-?:".contains(first) && second.is_none_or(char::is_whitespace));
    !indicator
        && !one.starts_with(' ')
        && !one.ends_with([' ', ':'])
        && !one.contains(": ")
        && !one.contains(" #")
        && !one.starts_with("---")
        && !one.starts_with("...")
        && one != "<<"
        && one != "="
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::decode;
    use serde_json::json;

    #[test]
    fn written_yaml_parses_to_same_value() {
        let value = json!({
            "b": {"yes": "on", "n": "1", "e": "", "x": {}, "l": []}, "a": [{"k": "v", "m": [1, "two: 2"]}, [1, 2]],
            "t": "line\nother\n", "u": "no end\nhere", "d": "2026-01-01T00:00:00Z", "c": 1.5, "q": "it's #1 # yes",
            "k:{\"name\":\"main\"}": null, "dash": "- x",
        });
        let text = document(&value);
        let (read, _) = decode::parse(text.as_bytes(), decode::Format::Yaml).unwrap();
        assert_eq!(read, value, "{text}");
        assert!(
            text.starts_with("a:\n- k: v\n  m:\n  - 1\n  - 'two: 2'\n- - 1\n  - 2\nb:\n"),
            "{text}"
        );
    }
}
