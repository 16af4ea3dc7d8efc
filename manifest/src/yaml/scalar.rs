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
        let plain = text.replace('_', "");
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

/// Resolves a scalar with an explicit core tag: `!!str 5`, `!!int "5"`. `None` if the text cannot have that type.
pub(crate) fn resolve_tagged(tag: &str, text: &str) -> Option<Value> {
    let value = resolve(text)?;
    let fits = match tag {
        "str" | "binary" | "timestamp" => return Some(Value::String(text.to_owned())),
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "int" => value.is_i64() || value.is_u64(),
        "float" => value.is_number(),
        _ => true,
    };
    fits.then_some(value)
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
