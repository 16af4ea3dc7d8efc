//! The meaning of plain scalars in Kubernetes.
//!
//! The API server reads YAML with sigs.k8s.io/yaml, a fork of goyaml v2, which follows YAML 1.1: `on` is a Boolean
//! and `0644` octal; dates and `12:30` stay strings. YAML 1.2 parsers disagree on some of these, so a string is
//! written without quotes only where every parser reads a string ([`is_plain_string`]).

use serde_json::{Number, Value};

/// Resolves a scalar without quotes like goyaml v2's `resolve`. `None` for what JSON cannot represent (`.inf`,
/// `.nan`).
pub(crate) fn resolve(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(Value::Bool(true));
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(Value::Bool(false));
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf"
        | "-.Inf" | "-.INF" => return None,
        _ => {}
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        // goyaml takes underscores out of numbers, except of those that begin with a point.
        let plain = if text.starts_with('.') {
            text.to_owned()
        } else {
            text.replace('_', "")
        };
        if let Some(number) = integer(&plain).or_else(|| float(&plain)) {
            return Some(Value::Number(number));
        }
    }
    Some(Value::String(text.to_owned()))
}

/// Returns whether a plain scalar that starts with this is always a string: no number, Boolean or null does.
pub(crate) fn is_never_special(first: char) -> bool {
    first.is_ascii_alphabetic() && !matches!(first, 'y' | 'Y' | 'n' | 'N' | 't' | 'T' | 'f' | 'F' | 'o' | 'O')
        || first == '/'
}

/// Parses like Go's `ParseInt(text, 0, 64)`, then `ParseUint`: decimal, `0x`, `0o`, `0b` and a leading zero for
/// octal.
fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        i64::try_from(-i128::from(magnitude)).ok().map(Number::from)
    } else if text.starts_with('+') {
        i64::try_from(magnitude).ok().map(Number::from)
    } else {
        Some(Number::from(magnitude))
    }
}

/// Parses goyaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`. An integral number below 10²¹ becomes
/// an integer, since Go writes a float64 that way into JSON.
fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let shaped = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let powered = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !shaped || !powered {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        #[allow(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

/// Resolves a scalar with an explicit tag: `!!str 5`, `!!int "5"`. With a tag of its own it is a string. `None` if
/// the text cannot have that type.
pub(crate) fn resolve_tagged(tag: &str, text: &str) -> Option<Value> {
    if matches!(tag, "binary" | "!!binary" | "tag:yaml.org,2002:binary") {
        let bytes = base64(text)?;
        return Some(Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    }
    if !matches!(tag, "null" | "bool" | "int" | "float") {
        return Some(Value::String(text.to_owned()));
    }
    let value = resolve(text)?;
    let fits = match tag {
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "int" => value.is_i64() || value.is_u64(),
        "float" => value.is_number(),
        _ => false,
    };
    fits.then_some(value)
}

/// Decodes Base64 with padding (RFC 4648); line breaks are skipped.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    let mut out = Vec::with_capacity(digits.len() / 4 * 3);
    let mut bits = 0_u32;
    for (at, digit) in digits.iter().enumerate() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if padding <= 2 && at >= digits.len() - padding => 0,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        if at % 4 == 3 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            bits = 0;
        }
    }
    out.truncate(out.len() - padding);
    Some(out)
}

/// Returns whether the character ends a line for goyaml, though no editor shows it: YAML 1.2 has dropped these breaks.
pub(crate) fn is_hidden_break(one: char) -> bool {
    matches!(one, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Returns whether a double-quoted scalar contains an escaped surrogate (`\ud83d`), which JSON allows in pairs and
/// goyaml refuses.
pub(crate) fn has_escaped_surrogate(source: &str) -> bool {
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        let is_surrogate =
            |hex: &str| u32::from_str_radix(hex, 16).is_ok_and(|code| (0xd800..0xe000).contains(&code));
        if escape.starts_with('u') && escape.get(1..5).is_some_and(is_surrogate) {
            return true;
        }
        rest = escape
            .get(escape.chars().next().map_or(0, char::len_utf8)..)
            .unwrap_or_default();
    }
    false
}

/// Returns whether every YAML 1.1 and 1.2 parser reads this text without quotes as the same string, in block or
/// flow.
pub(crate) fn is_plain_string(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    if text.trim() != text
        || text
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}'))
    {
        return false;
    }
    let second = text.chars().nth(1);
    let opens = match first {
        '-' | '?' | ':' => second.is_none_or(|c| c.is_whitespace() || ",[]{}".contains(c)),
        ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`'
        | '=' => true,
        _ => false,
    };
    let inside = text.contains(": ")
        || text.contains(" #")
        || text.ends_with(':')
        || text.contains([',', '[', ']', '{', '}']);
    if opens || inside || text.starts_with("---") || text.starts_with("...") || text == "<<" {
        return false;
    }
    // Numbers, sexagesimals (`12:30`), dates: anything that starts like one and has only their characters.
    let numeric = first.is_ascii_digit() || matches!(first, '+' | '-' | '.');
    if numeric && text.chars().any(|c| c.is_ascii_digit()) && looks_numeric(text) {
        return false;
    }
    matches!(resolve(text), Some(Value::String(_)))
}

fn looks_numeric(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let body = lower.trim_start_matches(['+', '-']);
    let radix = |prefix: &str| {
        body.strip_prefix(prefix)
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_hexdigit() || c == '_'))
    };
    radix("0x")
        || radix("0o")
        || radix("0b")
        || body
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | ':' | '-' | '+' | 'e' | 't' | 'z' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Each row was recorded from or read in sigs.k8s.io/yaml v1.4 (goyaml.v2 `resolve.go`).
    #[test]
    fn plain_scalars_are_resolved_as_in_the_api_server() {
        for (text, value) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("y", json!(true)),
            ("N", json!(false)),
            ("on", json!(true)),
            ("Off", json!(false)),
            ("yes", json!(true)),
            ("yEs", json!("yEs")),
            ("0644", json!(420)),
            ("0o644", json!(420)),
            ("0b101", json!(5)),
            ("0x1F", json!(31)),
            ("1_000", json!(1000)),
            ("010", json!(8)),
            ("08", json!(8)),
            ("1e3", json!(1000)),
            ("2.0", json!(2)),
            ("0.5", json!(0.5)),
            (".5", json!(0.5)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
            ("1:30", json!("1:30")),
            ("2001-01-01", json!("2001-01-01")),
            ("100m", json!("100m")),
            ("1.5Gi", json!("1.5Gi")),
            ("perl:5.28.0", json!("perl:5.28.0")),
            ("-", json!("-")),
        ] {
            assert_eq!(resolve(text), Some(value), "{text}");
        }
        assert_eq!(resolve(".inf"), None);
        assert_eq!(resolve("._5"), Some(json!("._5")));
        assert_eq!(resolve("1_0.5"), Some(json!(10.5)));
    }

    #[test]
    fn tagged_scalars_are_resolved_as_in_the_api_server() {
        for (tag, text, value) in [
            ("str", "5", Some(json!("5"))),
            ("int", "5", Some(json!(5))),
            ("int", "x", None),
            ("bool", "yes", Some(json!(true))),
            ("float", "5", Some(json!(5))),
            ("!foo", "5", Some(json!("5"))),
            ("binary", "aGVsbG8=", Some(json!("hello"))),
            ("binary", "aGVs\nbG8h", Some(json!("hello!"))),
            ("binary", "aGVsbG8", None),
            ("binary", "a===", None),
            ("binary", "=aaa", None),
        ] {
            assert_eq!(resolve_tagged(tag, text), value, "{tag} {text}");
        }
    }

    #[test]
    fn escaped_surrogates_are_found() {
        assert!(has_escaped_surrogate(r#""a\ud83d\ude00""#));
        assert!(!has_escaped_surrogate(r#""\\ud83d \u00e9 \""#));
    }

    #[test]
    fn ambiguous_strings_need_quotes() {
        for text in [
            "",
            "on",
            "Y",
            "no",
            "0644",
            "1e3",
            "12:30",
            "null",
            "~",
            "2001-01-01",
            "0o7",
            "1_000",
            " a",
            "a ",
            "a: b",
            "a #b",
            "- a",
            "*x",
            "&x",
            "!x",
            "#x",
            "%x",
            "@x",
            "a:",
            "[a",
            "a,b",
            "{}",
            "=",
            "<<",
            "---",
            "2001-01-01T00:00:00Z",
            "1.",
            ".5",
            "+1",
            "a\nb",
            "true",
            "0x1f",
            "'a'",
            "\"a\"",
            "1:2:3",
            "? a",
            "|",
        ] {
            assert!(!is_plain_string(text), "{text:?}");
        }
        for text in [
            "perl:5.28.0",
            "100m",
            "1Gi",
            "a-b",
            "-wle",
            "print",
            "任务示例",
            "a'b",
            "v1.2.3x",
            "-Mbignum=bpi",
            "/tmp/x",
            "a#b",
            "1a",
        ] {
            assert!(is_plain_string(text), "{text:?}");
        }
    }
}
