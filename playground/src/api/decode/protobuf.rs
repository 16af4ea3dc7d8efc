//! Decoder of Kubernetes' Protocol Buffers: an envelope with the object's type, and the object's fields by
//! number
//! ([protobuf encoding](https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding)).
//!
//! `openapi/messages.txt` maps numbers to fields, one message per line:
//! `core.v1.ConfigMap 1:metadata:meta.v1.ObjectMeta 2:data:{}string`. `[]` is a list, `{}` a map from strings; the
//! members of a field with `&` are inlined in the message.

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

const TEXT: &str = include_str!("../../../openapi/messages.txt");
/// The prefix of every message.
const MAGIC: &[u8] = b"k8s\0";
/// Maximum nesting depth.
const MAX_DEPTH: usize = 64;

/// The cardinality of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    One,
    List,
    Map,
    /// Its members are inlined in the message.
    Inline,
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    shape: Shape,
    kind: &'static str,
}

type Message = HashMap<u64, Field>;

static MESSAGES: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| {
    TEXT.lines()
        .filter_map(|line| {
            let mut parts = line.split(' ');
            Some((parts.next()?, parts.filter_map(field).collect()))
        })
        .collect()
});

fn field(text: &'static str) -> Option<(u64, Field)> {
    let mut parts = text.splitn(3, ':');
    let (number, name, kind) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
    let (name, inline) = name.strip_prefix('&').map_or((name, false), |name| (name, true));
    let (shape, kind) = match (kind.strip_prefix("[]"), kind.strip_prefix("{}")) {
        (Some(kind), _) => (Shape::List, kind),
        (_, Some(kind)) => (Shape::Map, kind),
        _ if inline => (Shape::Inline, kind),
        _ => (Shape::One, kind),
    };
    Some((number, Field { name, shape, kind }))
}

/// Returns the fields of a type, such as `batch.v1.JobSpec`, by number: their names, and the types of their
/// values or items. Empty if there is no such type.
pub fn fields_of(kind: &str) -> Vec<(&'static str, &'static str)> {
    let Some(message) = MESSAGES.get(kind) else {
        return Vec::new();
    };
    let mut numbers: Vec<u64> = message.keys().copied().collect();
    numbers.sort_unstable();
    let fields = numbers.iter().filter_map(|number| message.get(number));
    fields
        .flat_map(|field| match field.shape {
            Shape::Inline => fields_of(field.kind),
            Shape::Map => vec![(field.name, "")],
            Shape::One | Shape::List => vec![(field.name, field.kind)],
        })
        .collect()
}

/// Decodes an object; `apiVersion` and `kind` are those of the envelope.
pub fn parse(body: &[u8]) -> Result<Value, String> {
    let bytes = body
        .strip_prefix(MAGIC)
        .ok_or("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for part in fields(bytes) {
        match part? {
            (1, Part::Bytes(meta)) => {
                for part in fields(meta) {
                    match part? {
                        (1, Part::Bytes(text)) => api_version = utf8(text)?,
                        (2, Part::Bytes(text)) => kind = utf8(text)?,
                        _ => {}
                    }
                }
            }
            (2, Part::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("core", &api_version));
    let short = group.split('.').next().unwrap_or(group);
    let name = format!("{short}.{version}.{kind}");
    let known = MESSAGES.contains_key(name.as_str()) || kind == "DeleteOptions";
    if !known {
        return Err(format!(
            "no kind \"{kind}\" of version \"{api_version}\" can be decoded from protobuf"
        ));
    }
    let name = if kind == "DeleteOptions" {
        "meta.v1.DeleteOptions"
    } else {
        &name
    };
    let mut object = Map::new();
    object.insert("apiVersion".to_owned(), api_version.clone().into());
    object.insert("kind".to_owned(), kind.into());
    message(raw, name, &mut object, MAX_DEPTH)?;
    Ok(object.into())
}

/// A field's value on the wire.
enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Returns the fields of a message, up to its end or the first error.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Result<(u64, Part<'_>), String>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let read = next(&mut bytes).ok_or_else(|| "unexpected EOF".to_owned());
        if read.is_err() {
            bytes = &[];
        }
        Some(read)
    })
}

fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Part<'a>)> {
    let tag = varint(bytes)?;
    let part = match tag & 7 {
        0 => Part::Number(varint(bytes)?),
        1 => Part::Number(u64::from_le_bytes(take(bytes, 8)?.try_into().ok()?)),
        2 => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Part::Bytes(take(bytes, length)?)
        }
        5 => Part::Number(u64::from(u32::from_le_bytes(take(bytes, 4)?.try_into().ok()?))),
        _ => return None,
    };
    Some((tag >> 3, part))
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a string field contains invalid UTF-8".to_owned())
}

/// Decodes a message's fields into an object; unknown numbers are skipped.
fn message(bytes: &[u8], name: &str, into: &mut Map<String, Value>, depth: usize) -> Result<(), String> {
    let Some(known) = MESSAGES.get(name) else {
        return Err(format!("unknown message {name}"));
    };
    if depth == 0 {
        return Err("exceeded max depth".to_owned());
    }
    for part in fields(bytes) {
        let (number, part) = part?;
        let Some(field) = known.get(&number) else {
            continue;
        };
        match (field.shape, part) {
            (Shape::Inline, Part::Bytes(bytes)) => message(bytes, field.kind, into, depth - 1)?,
            (Shape::Map, Part::Bytes(entry)) => {
                let (key, value) = pair(entry, field.kind, depth)?;
                let map = into
                    .entry(field.name)
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Some(map) = map.as_object_mut() {
                    map.insert(key, value);
                }
            }
            (Shape::List, part) => {
                let value = one(&part, field.kind, depth)?;
                let list = into.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
                if let Some(list) = list.as_array_mut() {
                    list.push(value);
                }
            }
            (Shape::One, part) => {
                let value = one(&part, field.kind, depth)?;
                // Go serializes empty strings that are not pointers, too.
                let is_empty = value.as_str().is_some_and(str::is_empty) && field.name != "storageClassName";
                if !is_empty {
                    into.insert(field.name.to_owned(), value);
                }
            }
            (Shape::Inline | Shape::Map, Part::Number(_)) => {}
        }
    }
    Ok(())
}

/// Decodes a map entry, a message with key and value.
fn pair(entry: &[u8], kind: &str, depth: usize) -> Result<(String, Value), String> {
    let (mut key, mut value) = (String::new(), Value::String(String::new()));
    for part in fields(entry) {
        match part? {
            (1, Part::Bytes(text)) => key = utf8(text)?,
            (2, part) => value = one(&part, kind, depth)?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Decodes a value of type `kind`.
fn one(part: &Part<'_>, kind: &str, depth: usize) -> Result<Value, String> {
    Ok(match (kind, part) {
        ("string", Part::Bytes(bytes)) => utf8(bytes)?.into(),
        ("bytes", Part::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        ("bool", Part::Number(number)) => (*number != 0).into(),
        // Negative numbers are encoded in 64 bits, in two's complement.
        ("int32" | "int64", Part::Number(number)) => number.cast_signed().into(),
        ("double", Part::Number(number)) => f64::from_bits(*number).into(),
        ("meta.v1.Time" | "meta.v1.MicroTime", Part::Bytes(bytes)) => time(bytes)?,
        ("resource.Quantity", Part::Bytes(bytes)) => text_of(bytes, 1)?.into(),
        ("intstr.IntOrString", Part::Bytes(bytes)) => int_or_string(bytes)?,
        ("meta.v1.FieldsV1" | "runtime.RawExtension", Part::Bytes(bytes)) => {
            serde_json::from_str(&text_of(bytes, 1)?).unwrap_or_default()
        }
        (name, Part::Bytes(bytes)) if name.contains('.') => {
            let mut object = Map::new();
            message(bytes, name, &mut object, depth - 1)?;
            object.into()
        }
        _ => return Err(format!("a field of type {kind} has another wire type")),
    })
}

fn text_of(bytes: &[u8], wanted: u64) -> Result<String, String> {
    for part in fields(bytes) {
        if let (number, Part::Bytes(text)) = part?
            && number == wanted
        {
            return utf8(text);
        }
    }
    Ok(String::new())
}

fn time(bytes: &[u8]) -> Result<Value, String> {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    for part in fields(bytes) {
        match part? {
            (1, Part::Number(number)) => seconds = number.cast_signed(),
            (2, Part::Number(number)) => nanos = number.cast_signed(),
            _ => {}
        }
    }
    if seconds == 0 && nanos == 0 {
        return Ok(Value::Null);
    }
    let nanos = i32::try_from(nanos).unwrap_or(0);
    let at = jiff::Timestamp::new(seconds, nanos).map_err(|error| error.to_string())?;
    Ok(at.to_string().into())
}

fn int_or_string(bytes: &[u8]) -> Result<Value, String> {
    let (mut is_text, mut number, mut text) = (false, 0_i64, String::new());
    for part in fields(bytes) {
        match part? {
            (1, Part::Number(kind)) => is_text = kind == 1,
            (2, Part::Number(value)) => number = value.cast_signed(),
            (3, Part::Bytes(value)) => text = utf8(value)?,
            _ => {}
        }
    }
    Ok(if is_text { text.into() } else { number.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bytes(number: u8, value: &[u8]) -> Vec<u8> {
        let length = u8::try_from(value.len()).unwrap();
        [&[number << 3 | 2, length], value].concat()
    }

    fn envelope(raw: &[u8]) -> Vec<u8> {
        let meta = [bytes(1, b"v1"), bytes(2, b"ConfigMap")].concat();
        [MAGIC, &bytes(1, &meta), &bytes(2, raw)].concat()
    }

    #[test]
    fn object_is_decoded_by_field_numbers() {
        let metadata = [bytes(1, b"settings"), bytes(3, b"")].concat();
        let entry = [bytes(1, b"mode"), bytes(2, b"fast")].concat();
        let raw = [bytes(1, &metadata), bytes(2, &entry), vec![4 << 3, 1]].concat();
        assert_eq!(
            parse(&envelope(&raw)).unwrap(),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
                "data": {"mode": "fast"}, "immutable": true})
        );
    }

    #[test]
    fn truncated_bodies_do_not_panic_and_wrong_lengths_are_refused() {
        let whole = envelope(&bytes(1, &bytes(1, b"settings")));
        for end in 0..whole.len() {
            let _ = parse(&whole[..end]);
        }
        assert!(parse(&envelope(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])).is_err());
        assert!(parse(b"{}").is_err());
    }

    #[test]
    fn every_referenced_message_is_defined() {
        for (name, message) in MESSAGES.iter() {
            for field in message.values().filter(|field| field.kind.contains('.')) {
                assert!(
                    MESSAGES.contains_key(field.kind),
                    "{name}.{}: {}",
                    field.name,
                    field.kind
                );
            }
        }
    }
}
