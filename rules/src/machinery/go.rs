//! Formats values as Go does in the server's messages.

use std::fmt::Write;

use serde_json::{Map, Value};

/// Quotes a string as Go does (`%q`).
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for one in text.chars() {
        match one {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            one if (one as u32) < 0x20 || one == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", one as u32);
            }
            one if is_printable(one) => out.push(one),
            one if (one as u32) < 0x1_0000 => {
                let _ = write!(out, "\\u{:04x}", one as u32);
            }
            one => {
                let _ = write!(out, "\\U{:08x}", one as u32);
            }
        }
    }
    out.push('"');
    out
}

/// Approximates Go's `IsPrint`: no control or format characters, no spaces except ASCII space.
pub fn is_printable(one: char) -> bool {
    !one.is_control()
        && (one == ' ' || !one.is_whitespace())
        && !matches!(one, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
}

/// Formats a character as Go does with `%U`.
#[must_use]
pub fn code_point(one: char) -> String {
    format!("U+{:04X}", one as u32)
}

/// Encodes a value as Go's `encoding/json` does, with HTML characters escaped.
#[must_use]
pub fn json(value: &Value) -> String {
    value
        .to_string()
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// Sorts the members of a mapping by key, as Go prints maps.
#[must_use]
pub fn by_name(map: &Value) -> Value {
    match map {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            members
                .into_iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect::<Map<_, _>>()
                .into()
        }
        other => other.clone(),
    }
}

/// The zero value of a field of the server's internal types.
#[derive(Clone, Copy)]
pub enum Zero {
    /// A pointer, list or map.
    Null,
    /// A string.
    Text,
    /// A pointer to a struct, with its fields.
    Struct(&'static [Field]),
    /// A list of structs.
    List(&'static [Field]),
}

/// A field of an internal type: its name in Go, its name in the API, its zero value.
pub type Field = (&'static str, &'static str, Zero);

/// Converts an object to the shape in which the server prints its internal type: all fields, by Go name and in
/// Go's order.
#[must_use]
pub fn internal(value: &Value, fields: &[Field]) -> Value {
    if !value.is_object() {
        return Value::Null;
    }
    let member = |(go, api, zero): &Field| {
        let given = value.get(*api).unwrap_or(&Value::Null);
        let shown = match zero {
            Zero::Text if given.is_null() => Value::from(""),
            Zero::Null | Zero::Text => given.clone(),
            Zero::Struct(fields) => internal(given, fields),
            Zero::List(fields) => given.as_array().map_or(Value::Null, |items| {
                items.iter().map(|item| internal(item, fields)).collect()
            }),
        };
        ((*go).to_owned(), shown)
    };
    fields.iter().map(member).collect::<Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strings_are_quoted_as_in_go() {
        assert_eq!(
            quote("a\"\\\n\u{1}\u{7f}é任\u{a0}"),
            r#""a\"\\\n\x01\x7fé任\u00a0""#
        );
    }

    #[test]
    fn internal_types_print_all_fields() {
        const INNER: &[Field] = &[("Add", "add", Zero::Null), ("Drop", "drop", Zero::Null)];
        const OUTER: &[Field] = &[
            ("Capabilities", "capabilities", Zero::Struct(INNER)),
            ("Privileged", "privileged", Zero::Null),
        ];
        let shown = internal(&json!({"capabilities": {"add": ["<"]}}), OUTER);
        assert_eq!(
            json(&shown),
            r#"{"Capabilities":{"Add":["\u003c"],"Drop":null},"Privileged":null}"#
        );
    }
}
