//! Checks whether a value has a schema's type, as the API server's JSON decoder does (sigs.k8s.io/json and the
//! `UnmarshalJSON` of `Quantity`, `Time` and `IntOrString`).

use serde_json::Value;

use crate::schema::node::Type;
use k8s_rules::Quantity;

/// Why a value does not have a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// It must have this type.
    Type(&'static str),
    /// It is not a quantity.
    Quantity,
    /// It is not an RFC 3339 time.
    Time,
    /// It is not base64.
    Base64,
    /// It does not fit into this many bits.
    Range(u32),
}

/// Returns why a value does not have the type; `None` if it has. Null counts as absent.
pub(super) fn misfit(kind: Type, value: &Value) -> Option<Misfit> {
    let wrong = match (kind, value) {
        (Type::Any, _)
        | (_, Value::Null)
        | (Type::Object | Type::Map, Value::Object(_))
        | (Type::List, Value::Array(_))
        | (Type::String | Type::IntOrString, Value::String(_))
        | (Type::Number, Value::Number(_))
        | (Type::Boolean, Value::Bool(_)) => return None,
        (Type::Integer, Value::Number(number)) if number.is_i64() => return None,
        (Type::Integer, Value::Number(number)) if number.is_u64() => return Some(Misfit::Range(64)),
        (Type::Integer32 | Type::IntOrString, Value::Number(number)) if !number.is_f64() => {
            let fits = number
                .as_i64()
                .is_some_and(|number| i32::try_from(number).is_ok());
            return (!fits).then_some(Misfit::Range(32));
        }
        (Type::Quantity, Value::String(text)) => return quantity(text),
        (Type::Quantity, Value::Number(number)) => return quantity(&number.to_string()),
        (Type::Time, Value::String(text)) => return (!is_time(text)).then_some(Misfit::Time),
        (Type::Bytes, Value::String(text)) => return (!is_base64(text)).then_some(Misfit::Base64),
        (Type::Object | Type::Map, _) => "a mapping",
        (Type::List, _) => "a list",
        (Type::String | Type::Time | Type::Bytes, _) => "a text",
        (Type::Integer | Type::Integer32, _) => "a whole number",
        (Type::Number, _) => "a number",
        (Type::Boolean, _) => "true or false",
        (Type::IntOrString, _) => "a whole number or a text",
        (Type::Quantity, _) => "a quantity",
    };
    Some(Misfit::Type(wrong))
}

/// Checks the format of a quantity only: the server accepts amounts of any size (and clamps them), and outer
/// blanks.
fn quantity(text: &str) -> Option<Misfit> {
    Quantity::parse(text.trim()).is_err().then_some(Misfit::Quantity)
}

/// Returns whether it is an RFC 3339 time: `2026-11-23T10:00:00Z`, with an optional fraction and an offset.
fn is_time(text: &str) -> bool {
    let two = |range: std::ops::Range<usize>, low: u32, high: u32| {
        text.get(range)
            .filter(|digits| digits.bytes().all(|c| c.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .is_some_and(|number: u32| (low..=high).contains(&number))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let shaped = text.is_ascii()
        && marks
            .iter()
            .all(|(at, mark)| text.as_bytes().get(*at) == Some(mark))
        && two(0..2, 0, 99)
        && two(2..4, 0, 99)
        && two(5..7, 1, 12)
        && two(8..10, 1, 31)
        && two(11..13, 0, 23)
        && two(14..16, 0, 59)
        && two(17..19, 0, 59);
    let Some(rest) = text.get(19..).filter(|_| shaped) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let start = text.len() - zone.len();
    zone == "Z"
        || zone.len() == 6
            && zone.starts_with(['+', '-'])
            && zone.as_bytes()[3] == b':'
            && two(start + 1..start + 3, 0, 23)
            && two(start + 4..start + 6, 0, 59)
}

/// Returns whether it is standard base64 with padding; line breaks are allowed anywhere (Go's `encoding/base64`).
fn is_base64(text: &str) -> bool {
    let bytes: Vec<u8> = text.bytes().filter(|c| !matches!(c, b'\n' | b'\r')).collect();
    let padding = bytes.iter().rev().take_while(|c| **c == b'=').count();
    bytes.len().is_multiple_of(4)
        && padding <= 2
        && bytes[..bytes.len() - padding]
            .iter()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_match_types_as_in_the_server_decoder() {
        for (kind, value, wrong) in [
            (Type::Integer32, json!(2_147_483_647), None),
            (Type::Integer32, json!(2_147_483_648_u64), Some(Misfit::Range(32))),
            (Type::Integer, json!(u64::MAX), Some(Misfit::Range(64))),
            (Type::Integer, json!(1.5), Some(Misfit::Type("a whole number"))),
            (Type::Integer, json!(null), None),
            (Type::IntOrString, json!("http"), None),
            (
                Type::IntOrString,
                json!(true),
                Some(Misfit::Type("a whole number or a text")),
            ),
            (Type::Quantity, json!("1 Gi"), Some(Misfit::Quantity)),
            (Type::Quantity, json!(0.5), None),
            (Type::Quantity, json!("123456789012345678901234567890"), None),
            (Type::Time, json!("2026-11-23T10:00:00Z"), None),
            (Type::Time, json!("2026-11-23T10:00:00.5+08:00"), None),
            (Type::Time, json!("2026-11-23"), Some(Misfit::Time)),
            (Type::Time, json!("2026-13-23T10:00:00Z"), Some(Misfit::Time)),
            (Type::Bytes, json!("aGVsbG8="), None),
            (Type::Bytes, json!("hello"), Some(Misfit::Base64)),
            (Type::Map, json!([]), Some(Misfit::Type("a mapping"))),
        ] {
            assert_eq!(misfit(kind, &value), wrong, "{kind:?} {value}");
        }
    }
}
