//! YAML parser with the rules of `sigs.k8s.io/yaml`: only the first document, YAML 1.1 scalars, merge keys;
//! of duplicate keys the last one wins, and they are reported.

use std::collections::HashMap;
use std::iter::Peekable;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Number, Value};

/// Maximum number of nodes after expanding aliases, against alias bombs.
const MAX_NODES: usize = 500_000;
/// Maximum nesting depth; the reader is recursive.
const MAX_DEPTH: usize = 200;

/// Parses the first document; returns the value and messages about duplicate keys. The error is go-yaml's
/// message.
pub(super) fn parse(body: &[u8]) -> Result<(Value, Vec<String>), String> {
    let text = std::str::from_utf8(body).map_err(|_| "yaml: invalid UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text
        .lines()
        .take_while(|line| !line.starts_with("---"))
        .any(|line| {
            line.strip_prefix("%YAML")
                .is_some_and(|version| version.trim() != "1.1")
        })
    {
        return Err("yaml: found incompatible YAML document".to_owned());
    }
    let mut reader = Reader {
        events: Parser::new_from_str(text).peekable(),
        anchors: HashMap::new(),
        repeated: Vec::new(),
        nodes: 0,
        open: Vec::new(),
    };
    let value = reader.document()?;
    Ok((value, reader.repeated))
}

struct Reader<'a> {
    events: Peekable<Parser<'a, StrInput<'a>>>,
    /// Anchored values with the number of nodes in each.
    anchors: HashMap<usize, (Value, usize)>,
    repeated: Vec<String>,
    nodes: usize,
    /// The first lines of the open mappings and sequences.
    open: Vec<usize>,
}

type Step<'a> = (Event<'a>, Span);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Step<'a>, String> {
        match self.events.next() {
            Some(Ok(step)) => {
                match &step.0 {
                    Event::MappingStart(..) | Event::SequenceStart(..) => self.open.push(step.1.start.line()),
                    Event::MappingEnd | Event::SequenceEnd => drop(self.open.pop()),
                    _ => {}
                }
                Ok(step)
            }
            Some(Err(error)) => Err(describe(&error, self.open.last().copied().unwrap_or(1))),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Value, String> {
        loop {
            match self.next()?.0 {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
                first => {
                    let value = self.node(first, 0)?;
                    return Ok(value);
                }
            }
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("yaml: exceeded max depth of 200".to_owned());
        }
        let before = self.nodes;
        self.count(1)?;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref())?),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let (value, size) = known.ok_or("yaml: unknown anchor referenced")?;
                self.count(size)?;
                return Ok(value);
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()?.0 {
                        Event::SequenceEnd => break,
                        item => items.push(self.node(item, depth + 1)?),
                    }
                }
                (anchor, Value::Array(items))
            }
            Event::MappingStart(anchor, _) => (anchor, self.mapping(depth)?),
            _ => return Err("yaml: did not find expected node content".to_owned()),
        };
        if anchor != 0 {
            let size = self.nodes - before;
            self.anchors.insert(anchor, (value.clone(), size));
        }
        Ok(value)
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, String> {
        let mut map = Map::new();
        let mut merged = Map::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let merge = matches!(
                &event,
                Event::Scalar(text, ScalarStyle::Plain, _, None) if text.as_ref() == "<<"
            );
            let key = self.node(event, depth + 1)?;
            let value_event = self.next()?.0;
            let value = self.node(value_event, depth + 1)?;
            if merge {
                merge_into(&mut merged, value)?;
                continue;
            }
            let key = key_text(&key)?;
            if map.insert(key.clone(), value).is_some() {
                let line = span.start.line();
                self.repeated
                    .push(format!("line {line}: key \"{key}\" already set in map"));
            }
        }
        for (key, value) in merged {
            map.entry(key).or_insert(value);
        }
        Ok(map.into())
    }
}

/// Adds the members of a merge key's value; earlier ones win.
fn merge_into(merged: &mut Map<String, Value>, value: Value) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                merged.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::Array(maps) => maps.into_iter().try_for_each(|one| merge_into(merged, one)),
        _ => Err("yaml: map merge requires map or sequence of maps as the value".to_owned()),
    }
}

/// Converts a key to a string, as JSON requires.
fn key_text(key: &Value) -> Result<String, String> {
    match key {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Null => Ok("null".to_owned()),
        Value::Array(_) | Value::Object(_) => {
            Err("error converting YAML to JSON: unsupported map key".to_owned())
        }
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    if let Some(tag) = tag
        && tag.handle.starts_with("tag:yaml.org,2002:")
    {
        match tag.suffix.as_str() {
            "str" => return Ok(text.into()),
            "binary" => {
                use base64::Engine as _;
                let plain: String = text.split_whitespace().collect();
                let bytes = base64::engine::general_purpose::STANDARD
                    .decode(plain)
                    .map_err(|_| "yaml: !!binary value contains invalid base64 data".to_owned())?;
                return Ok(String::from_utf8_lossy(&bytes).into_owned().into());
            }
            "int" | "float" | "bool" | "null" => return plain(text),
            _ => {}
        }
    }
    if style == ScalarStyle::Plain {
        plain(text)
    } else {
        Ok(text.into())
    }
}

/// Resolves a plain scalar by the YAML 1.1 rules that go-yaml retains.
fn plain(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(true.into());
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(false.into());
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Err("json: unsupported value: +Inf".to_owned());
        }
        "-.inf" | "-.Inf" | "-.INF" => return Err("json: unsupported value: -Inf".to_owned()),
        ".nan" | ".NaN" | ".NAN" => return Err("json: unsupported value: NaN".to_owned()),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Ok(text.into());
    }
    let digits = text.replace('_', "");
    if let Some(number) = integer(&digits) {
        return Ok(number);
    }
    Ok(float(&digits).unwrap_or_else(|| text.into()))
}

fn integer(text: &str) -> Option<Value> {
    let (negative, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !magnitude.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let radix = |prefixes: [&str; 2], radix: u32| {
        prefixes
            .iter()
            .find_map(|prefix| magnitude.strip_prefix(prefix))
            .and_then(|digits| u64::from_str_radix(digits, radix).ok())
    };
    let octal = || {
        let digits = magnitude.strip_prefix('0').filter(|digits| !digits.is_empty())?;
        u64::from_str_radix(digits, 8).ok()
    };
    let value = radix(["0x", "0X"], 16)
        .or_else(|| radix(["0b", "0B"], 2))
        .or_else(|| radix(["0o", "0O"], 8))
        .or_else(octal)
        .or_else(|| {
            magnitude
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| magnitude.parse().ok())?
        })?;
    if !negative {
        return Some(value.into());
    }
    0_i64.checked_sub_unsigned(value).map(Value::from)
}

fn float(text: &str) -> Option<Value> {
    let shaped = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && text.bytes().any(|byte| byte.is_ascii_digit());
    if !shaped {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    // Go serializes a float without fractional part as a JSON integer.
    #[allow(clippy::cast_possible_truncation, reason = "guarded by the range check")]
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        return Some(Value::from(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

/// Returns go-yaml's message: the problem without its context. The line of a parser error is that of the
/// start of the enclosing mapping or sequence, or its own if that starts in the first line, both zero-based;
/// the line of a scanner error is its own, one-based.
fn describe(error: &ScanError, around: usize) -> String {
    let (info, line) = (error.info(), error.marker().line());
    if info.starts_with("tabs disallowed") {
        return format!("yaml: line {line}: found character that cannot start any token");
    }
    let problem = match info.split_once(", ") {
        Some((context, problem)) if context.starts_with("while ") => problem,
        _ => info,
    };
    let problem = match problem.strip_prefix("expected ") {
        Some(expected) => format!("did not find expected {expected}"),
        None => problem.to_owned(),
    };
    if !info.starts_with("while parsing a ") {
        return format!("yaml: line {line}: {problem}");
    }
    match if around > 1 {
        around - 1
    } else {
        line.saturating_sub(1)
    } {
        0 => format!("yaml: {problem}"),
        line => format!("yaml: line {line}: {problem}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_follow_yaml_1_1() {
        let text =
            "[y, on, off, 0644, 0o644, 0x1A, 1e3, 1_000, 1:30, 2026-01-01, 010, 08, 0b101, 2.0, 1.5, ~, '1']";
        let expected = json!([
            true,
            true,
            false,
            420,
            420,
            26,
            1000,
            1000,
            "1:30",
            "2026-01-01",
            8,
            8,
            5,
            2,
            1.5,
            null,
            "1"
        ]);
        assert_eq!(parse(text.as_bytes()).unwrap().0, expected);
    }

    #[test]
    fn merge_keys_and_aliases_are_expanded() {
        let text = "a: &a {x: 1, z: 2}\nb: {<<: *a, x: 3}\n---\nsecond: document\n";
        let expected = json!({"a": {"x": 1, "z": 2}, "b": {"x": 3, "z": 2}});
        assert_eq!(parse(text.as_bytes()).unwrap().0, expected);
    }

    #[test]
    fn errors_are_reported_with_the_messages_of_go_yaml() {
        let message = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            message("a:\n  b: 1\n c: 2\n"),
            "yaml: line 2: did not find expected key"
        );
        assert_eq!(
            message("x: 1\na:\n  - b\n  c: 2\n"),
            "yaml: line 2: did not find expected '-' indicator"
        );
        assert_eq!(
            message("x: 1\na: {b: 1\n"),
            "yaml: line 1: did not find expected ',' or '}'"
        );
        assert_eq!(
            message("x: 1\na: [1, 2\n"),
            "yaml: line 1: did not find expected ',' or ']'"
        );
    }

    #[test]
    fn alias_bomb_is_refused() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..9 {
            let alias = vec![format!("*a{}", level - 1); 10].join(",");
            text = format!("{text}a{level}: &a{level} [{alias}]\n");
        }
        let error = parse(text.as_bytes()).unwrap_err();
        assert_eq!(error, "yaml: document contains excessive aliasing");
    }
}
