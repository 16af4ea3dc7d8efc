//! JSON parser that reports duplicate members by path.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Parses one JSON text; returns the value and messages about duplicate members. The error is the message of
/// Go's `encoding/json`.
pub(super) fn parse(body: &[u8]) -> Result<(Value, Vec<String>), String> {
    let repeated = RefCell::new(Vec::new());
    let lossy;
    let text = if let Ok(text) = std::str::from_utf8(body) {
        text
    } else {
        lossy = String::from_utf8_lossy(body).into_owned();
        &lossy
    };
    let replaced = replace_lone_surrogates(text);
    let text = replaced.as_deref().unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_str(text);
    let seed = Seed {
        path: String::new(),
        repeated: &repeated,
    };
    let value = seed
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| describe(text, &error))?;
    Ok((value, repeated.into_inner()))
}

/// Replaces escapes of lone surrogates by U+FFFD, as Go does; serde refuses them. `None` if there are no
/// escapes.
fn replace_lone_surrogates(text: &str) -> Option<String> {
    if !text.contains("\\u") {
        return None;
    }
    let unit = |at: usize| {
        let rest = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(rest, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        if character != '\\' {
            out.push(character);
            at += character.len_utf8();
            continue;
        }
        match unit(at) {
            Some(0xD800..=0xDBFF) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => {
                out.push_str(&text[at..at + 12]);
                at += 12;
            }
            Some(0xD800..=0xDFFF) => {
                out.push_str("\\ufffd");
                at += 6;
            }
            _ => {
                // To find the next escape, any other one can be treated as two characters.
                let end = text[at + 1..]
                    .chars()
                    .next()
                    .map_or(1, |next| 1 + next.len_utf8());
                out.push_str(&text[at..at + end]);
                at += end;
            }
        }
    }
    Some(out)
}

/// Returns Go's message for a syntax error.
fn describe(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let line = text
        .split_inclusive('\n')
        .nth(error.line().saturating_sub(1))
        .unwrap_or(text);
    let column = error.column().saturating_sub(1);
    let found = line
        .char_indices()
        .rfind(|(at, _)| *at <= column)
        .map_or(' ', |(_, character)| character);
    let found = match found {
        '\'' => "\\'".to_owned(),
        '\u{feff}' => "\\ufeff".to_owned(),
        other => other.to_string(),
    };
    let message = error.to_string();
    let place = if message.starts_with("trailing characters") {
        "after top-level value"
    } else if message.starts_with("key must be") {
        "looking for beginning of object key string"
    } else if message.starts_with("expected `,` or `}`") {
        "after object key:value pair"
    } else if message.starts_with("expected `,` or `]`") {
        "after array element"
    } else if message.starts_with("expected `:`") {
        "after object key"
    } else if message.starts_with("trailing comma") {
        "looking for beginning of object key string"
    } else {
        "looking for beginning of value"
    };
    format!("invalid character '{found}' {place}")
}

#[derive(Clone)]
struct Seed<'a> {
    path: String,
    repeated: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let seed = Seed {
                path: format!("{}[{}]", self.path, list.len()),
                ..self.clone()
            };
            match items.next_element_seed(seed)? {
                Some(item) => list.push(item),
                None => return Ok(list.into()),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let path = if self.path.is_empty() {
                key.clone()
            } else {
                format!("{}.{key}", self.path)
            };
            if map.contains_key(&key) {
                let text = format!("duplicate field \"{path}\"");
                let mut repeated = self.repeated.borrow_mut();
                if repeated.len() >= 100 {
                    return Err(A::Error::custom("too many repeated fields"));
                }
                if !repeated.contains(&text) {
                    repeated.push(text);
                }
            }
            let value = members.next_value_seed(Seed {
                path,
                repeated: self.repeated,
            })?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}
