//! YAML parser with the rules of `sigs.k8s.io/yaml`: only the first document, YAML 1.1 scalars, merge keys;
//! of duplicate keys the last one wins, and they are reported.
//!
//! The API server's parser, goyaml v2, is a port of libyaml, and so is the one used here: they agree on what is an
//! error, on its words, and on its line.

use std::collections::HashMap;
use std::fmt::Write as _;

use k8s_rules::machinery::go::quote;
use libyaml_safer::{Error, ErrorKind, Event, EventData, Parser, ScalarStyle};
use serde_json::{Number, Value};

/// Maximum number of nodes after expanding aliases, against alias bombs.
const MAX_NODES: usize = 500_000;
/// Maximum nesting depth; the reader is recursive.
const MAX_DEPTH: usize = 200;

const AFTER_TAG: &str = "yaml: did not find expected whitespace or line break";

/// The namespace of YAML's own tags.
const OWN_TAGS: &str = "tag:yaml.org,2002:";

/// Parses the first document; returns the value and messages about duplicate keys. The error is go-yaml's
/// message.
pub(super) fn parse(body: &[u8]) -> Result<(Value, Vec<String>), String> {
    // The parser panics where a comma follows a tag in a flow collection.
    std::panic::catch_unwind(|| read(body)).unwrap_or_else(|_| Err(AFTER_TAG.to_owned()))
}

fn read(body: &[u8]) -> Result<(Value, Vec<String>), String> {
    // The parser panics at some texts that end within a line.
    let padded = (!body.ends_with(b"\n")).then(|| [body, b"\n"].concat());
    let mut input = padded.as_deref().unwrap_or(body);
    let mut composer = Composer {
        parser: Parser::new(),
        unpadded: padded.is_some().then_some(body.len()),
        anchors: HashMap::new(),
        nodes: Vec::new(),
    };
    composer.parser.set_input_string(&mut input);
    let Some(root) = composer.document()? else {
        return Ok((Value::Null, Vec::new()));
    };
    let mut decoder = Decoder {
        nodes: composer.nodes,
        within: Vec::new(),
        repeated: Vec::new(),
        count: 0,
    };
    let value = decoder.decode(root)?;
    Ok((json(&value)?, decoder.repeated))
}

/// Position of a node in the document.
type NodeId = usize;

/// A node of the document.
enum Node {
    Scalar {
        text: String,
        tag: Option<String>,
        /// Whether the type is that of the text, not of the style.
        is_implicit: bool,
    },
    Alias {
        name: String,
        target: NodeId,
    },
    List(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
}

/// Builds the nodes of a document from events.
struct Composer<'a, 'b> {
    parser: Parser<&'b mut &'a [u8]>,
    /// Length of the text before the newline that was added to it.
    unpadded: Option<usize>,
    anchors: HashMap<String, NodeId>,
    /// The nodes with their zero-based lines.
    nodes: Vec<(Node, u64)>,
}

impl Composer<'_, '_> {
    fn next(&mut self) -> Result<Event, String> {
        self.parser.parse().map_err(|error| describe(&error))
    }

    /// Returns the root of the first document; `None` if there is none.
    fn document(&mut self) -> Result<Option<NodeId>, String> {
        loop {
            let event = self.next()?;
            match event.data {
                EventData::DocumentStart {
                    version_directive: Some(version),
                    ..
                } if (version.major, version.minor) != (1, 1) => {
                    let place = match event.start_mark.line {
                        0 => String::new(),
                        line => format!("line {line}: "),
                    };
                    return Err(format!("yaml: {place}found incompatible YAML document"));
                }
                EventData::StreamStart { .. } | EventData::DocumentStart { .. } => {}
                EventData::StreamEnd => return Ok(None),
                _ => {
                    let root = self.node(event, 0)?;
                    // The end of the document is part of it.
                    self.next()?;
                    return Ok(Some(root));
                }
            }
        }
    }

    fn node(&mut self, event: Event, depth: usize) -> Result<NodeId, String> {
        if depth > MAX_DEPTH {
            return Err(format!("yaml: exceeded max depth of {MAX_DEPTH}"));
        }
        let (line, end) = (event.start_mark.line, event.end_mark.index);
        // The place is taken before that of the children: an anchor is known within its own value.
        let id = self.nodes.len();
        self.nodes.push((Node::List(Vec::new()), line));
        let node = match event.data {
            EventData::Scalar {
                anchor,
                tag,
                value,
                plain_implicit,
                style,
                ..
            } => {
                self.anchor(anchor, id);
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let is_last = self
                    .unpadded
                    .is_some_and(|length| usize::try_from(end).is_ok_and(|end| end >= length));
                let text = if is_block && is_last {
                    value.strip_suffix('\n').unwrap_or(&value).to_owned()
                } else {
                    value
                };
                Node::Scalar {
                    text,
                    is_implicit: plain_implicit && style == ScalarStyle::Plain,
                    tag,
                }
            }
            EventData::Alias { anchor } => match self.anchors.get(&anchor) {
                Some(target) => Node::Alias {
                    name: anchor,
                    target: *target,
                },
                None => return Err(format!("yaml: unknown anchor '{anchor}' referenced")),
            },
            EventData::SequenceStart { anchor, .. } => {
                self.anchor(anchor, id);
                let mut items = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.data == EventData::SequenceEnd {
                        break Node::List(items);
                    }
                    items.push(self.node(event, depth + 1)?);
                }
            }
            EventData::MappingStart { anchor, .. } => {
                self.anchor(anchor, id);
                let mut pairs = Vec::new();
                loop {
                    let event = self.next()?;
                    if event.data == EventData::MappingEnd {
                        break Node::Mapping(pairs);
                    }
                    let key = self.node(event, depth + 1)?;
                    let event = self.next()?;
                    pairs.push((key, self.node(event, depth + 1)?));
                }
            }
            _ => return Err("yaml: did not find expected node content".to_owned()),
        };
        self.nodes[id].0 = node;
        Ok(id)
    }

    fn anchor(&mut self, anchor: Option<String>, id: NodeId) {
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
    }
}

/// A value as go-yaml decodes it into an empty interface.
#[derive(Clone)]
enum Decoded {
    Nil,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    List(Vec<Decoded>),
    Map(Members),
}

/// The members of a map.
#[derive(Clone, Default)]
struct Members {
    entries: Vec<(Decoded, Decoded)>,
    /// Positions by the key in Go's syntax.
    positions: HashMap<String, usize>,
}

impl Members {
    /// Sets a member; returns whether it was there before.
    fn set(&mut self, key: Decoded, value: Decoded) -> bool {
        let name = syntax(&key);
        if let Some(at) = self.positions.get(&name) {
            self.entries[*at].1 = value;
            return true;
        }
        self.positions.insert(name, self.entries.len());
        self.entries.push((key, value));
        false
    }
}

/// Decodes nodes.
struct Decoder {
    nodes: Vec<(Node, u64)>,
    /// Aliases that are being expanded.
    within: Vec<NodeId>,
    repeated: Vec<String>,
    count: usize,
}

impl Decoder {
    fn decode(&mut self, id: NodeId) -> Result<Decoded, String> {
        self.count += 1;
        if self.count > MAX_NODES {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        match &self.nodes[id].0 {
            Node::Scalar {
                text,
                tag,
                is_implicit,
            } => scalar(text, tag.as_deref(), *is_implicit),
            Node::Alias { name, target } => {
                let target = *target;
                if self.within.contains(&id) {
                    return Err(format!("yaml: anchor '{name}' value contains itself"));
                }
                self.within.push(id);
                let value = self.decode(target)?;
                self.within.pop();
                Ok(value)
            }
            Node::List(items) => {
                let items = items.clone();
                let items: Result<_, _> = items.into_iter().map(|item| self.decode(item)).collect();
                Ok(Decoded::List(items?))
            }
            Node::Mapping(_) => {
                let mut members = Members::default();
                self.mapping(id, &mut members)?;
                Ok(Decoded::Map(members))
            }
        }
    }

    /// Adds the members of a mapping. Those of a merge key replace the ones before it.
    fn mapping(&mut self, id: NodeId, members: &mut Members) -> Result<(), String> {
        let Node::Mapping(pairs) = &self.nodes[id].0 else {
            return Ok(());
        };
        for (key, value) in pairs.clone() {
            if self.is_merge(key) {
                self.merge(value, members)?;
                continue;
            }
            let key = self.decode(key)?;
            if matches!(key, Decoded::List(_) | Decoded::Map(_)) {
                return Err(format!("yaml: invalid map key: {}", syntax(&key)));
            }
            let line = self.nodes[value].1 + 1;
            let value = self.decode(value)?;
            let shown = syntax(&key);
            if members.set(key, value) {
                self.repeated
                    .push(format!("line {line}: key {shown} already set in map"));
            }
        }
        Ok(())
    }

    fn is_merge(&self, key: NodeId) -> bool {
        matches!(
            &self.nodes[key].0,
            Node::Scalar { text, tag, is_implicit }
                if text == "<<" && (*is_implicit || tag.as_deref() == Some("tag:yaml.org,2002:merge"))
        )
    }

    fn merge(&mut self, id: NodeId, members: &mut Members) -> Result<(), String> {
        let merged = match &self.nodes[id].0 {
            // Earlier ones win.
            Node::List(items) => items.iter().rev().copied().collect(),
            _ => vec![id],
        };
        for id in merged {
            self.count += 1;
            let target = match &self.nodes[id].0 {
                Node::Alias { target, .. } => *target,
                _ => id,
            };
            if !matches!(self.nodes[target].0, Node::Mapping(_)) {
                return Err("yaml: map merge requires map or sequence of maps as the value".to_owned());
            }
            if self.within.contains(&target) || self.count > MAX_NODES {
                return Err("yaml: document contains excessive aliasing".to_owned());
            }
            self.within.push(target);
            self.mapping(target, members)?;
            self.within.pop();
        }
        Ok(())
    }
}

/// Formats a value as `fmt` does with `%#v`.
fn syntax(value: &Decoded) -> String {
    match value {
        Decoded::Nil => "interface {}(nil)".to_owned(),
        Decoded::Bool(value) => value.to_string(),
        Decoded::Int(value) => value.to_string(),
        Decoded::Uint(value) => format!("{value:#x}"),
        Decoded::Float(value) => float_text(*value),
        Decoded::Text(text) => quote(text),
        Decoded::List(items) => {
            let items: Vec<String> = items.iter().map(syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Decoded::Map(members) => {
            let mut entries: Vec<String> = members
                .entries
                .iter()
                .map(|(key, value)| format!("{}:{}", syntax(key), syntax(value)))
                .collect();
            entries.sort();
            format!("map[interface {{}}]interface {{}}{{{}}}", entries.join(", "))
        }
    }
}

/// Formats a number as `strconv.FormatFloat(value, 'g', -1, 64)` does.
fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    // Go writes an exponent below 10⁻⁴ and from 10²¹ on, which is the precision of the shortest text.
    if (-4..21).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// Converts a value to JSON as `sigs.k8s.io/yaml` does.
fn json(value: &Decoded) -> Result<Value, String> {
    Ok(match value {
        Decoded::Nil => Value::Null,
        Decoded::Bool(value) => (*value).into(),
        Decoded::Int(value) => (*value).into(),
        Decoded::Uint(value) => (*value).into(),
        Decoded::Float(value) => number(*value)?,
        Decoded::Text(text) => text.clone().into(),
        Decoded::List(items) => Value::Array(items.iter().map(json).collect::<Result<_, _>>()?),
        Decoded::Map(members) => {
            let mut entries = Vec::with_capacity(members.entries.len());
            for (key, value) in &members.entries {
                entries.push((key_text(key, value)?, json(value)?));
            }
            // Go writes the members of a map sorted.
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
    })
}

/// Converts a number to JSON: Go writes a float without fractional part as an integer.
fn number(value: f64) -> Result<Value, String> {
    if value.is_nan() || value.is_infinite() {
        return Err(format!("json: unsupported value: {}", float_text(value)));
    }
    #[allow(clippy::cast_possible_truncation, reason = "guarded by the range check")]
    if value.fract() == 0.0 && value.abs() < 9.0e15 {
        return Ok(Value::from(value as i64));
    }
    Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
}

/// Converts a key to a string, as JSON requires.
fn key_text(key: &Decoded, value: &Decoded) -> Result<String, String> {
    let unsupported = |name: &str, key: &str| {
        let value = match value {
            Decoded::Nil => "<nil>".to_owned(),
            other => syntax(other),
        };
        format!("unsupported map key of type: {name}, key: {key}, value: {value}")
    };
    match key {
        Decoded::Text(text) => Ok(text.clone()),
        Decoded::Int(number) => Ok(number.to_string()),
        Decoded::Bool(value) => Ok(value.to_string()),
        Decoded::Float(number) => Ok(match float_text(*number).as_str() {
            "+Inf" => ".inf".to_owned(),
            "-Inf" => "-.inf".to_owned(),
            "NaN" => ".nan".to_owned(),
            text => text.to_owned(),
        }),
        Decoded::Nil => Err(unsupported("%!s(<nil>)", "<nil>")),
        Decoded::Uint(number) => Err(unsupported("uint64", &format!("{number:#x}"))),
        Decoded::List(_) | Decoded::Map(_) => Err(unsupported("map", &syntax(key))),
    }
}

/// Resolves a scalar (`decoder.scalar` and `resolve` of go-yaml).
fn scalar(text: &str, tag: Option<&str>, is_implicit: bool) -> Result<Decoded, String> {
    let Some(tag) = tag else {
        return Ok(if is_implicit {
            plain(text)
        } else {
            Decoded::Text(text.to_owned())
        });
    };
    let Some(own) = tag.strip_prefix(OWN_TAGS) else {
        return Ok(Decoded::Text(text.to_owned()));
    };
    let value = match own {
        "binary" => {
            use base64::Engine as _;
            let plain: String = text.chars().filter(|one| !matches!(one, '\r' | '\n')).collect();
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(plain)
                .map_err(|_| "yaml: !!binary value contains invalid base64 data".to_owned())?;
            return Ok(Decoded::Text(String::from_utf8_lossy(&bytes).into_owned()));
        }
        "bool" | "int" | "float" | "null" | "timestamp" => plain(text),
        _ => return Ok(Decoded::Text(text.to_owned())),
    };
    let (resolved, value) = match (own, value) {
        #[allow(clippy::cast_precision_loss, reason = "as Go converts it")]
        ("float", Decoded::Int(number)) => ("float", Decoded::Float(number as f64)),
        (_, value @ Decoded::Nil) => ("null", value),
        (_, value @ Decoded::Bool(_)) => ("bool", value),
        (_, value @ (Decoded::Int(_) | Decoded::Uint(_))) => ("int", value),
        (_, value @ Decoded::Float(_)) => ("float", value),
        (_, value) => ("str", value),
    };
    if own == "timestamp" {
        return Ok(Decoded::Text(text.to_owned()));
    }
    if resolved == own {
        Ok(value)
    } else {
        Err(format!("yaml: cannot decode !!{resolved} `{text}` as a !!{own}"))
    }
}

/// Resolves a plain scalar by the YAML 1.1 rules that go-yaml retains.
fn plain(text: &str) -> Decoded {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Decoded::Nil,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Decoded::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Decoded::Bool(false);
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Decoded::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Decoded::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Decoded::Float(f64::NAN),
        _ => {}
    }
    let number = match text.as_bytes().first() {
        // Underscores are part of numbers, except of those that begin with a point.
        Some(b'.') => float(text),
        Some(first) if first.is_ascii_digit() || matches!(first, b'+' | b'-') => {
            let digits = text.replace('_', "");
            integer(&digits).or_else(|| float(&digits))
        }
        _ => None,
    };
    number.unwrap_or_else(|| Decoded::Text(text.to_owned()))
}

/// Parses an integer as `strconv.ParseInt` and `ParseUint` do with base 0.
fn integer(text: &str) -> Option<Decoded> {
    let (sign, magnitude) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (0, text),
    };
    let lower = magnitude.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some(_) if lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || !digits.chars().all(|one| one.is_digit(radix)) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if sign < 0 {
        return 0_i64.checked_sub_unsigned(value).map(Decoded::Int);
    }
    match i64::try_from(value) {
        Ok(value) => Some(Decoded::Int(value)),
        Err(_) => (sign == 0).then_some(Decoded::Uint(value)),
    }
}

/// Parses goyaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
fn float(text: &str) -> Option<Decoded> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && are_digits(fraction),
        Some((whole, fraction)) => are_digits(whole) && are_digits(fraction),
        None => !mantissa.is_empty() && are_digits(mantissa),
    };
    let is_exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && are_digits(digits)
    });
    let value: f64 = (is_mantissa && is_exponent).then(|| text.parse().ok())??;
    // Go refuses what does not fit; the text is a string then.
    value.is_finite().then_some(Decoded::Float(value))
}

/// Returns go-yaml's message: the problem with the line of the problem or, if that is the first, of its context.
/// Lines are zero-based, except those of scanner errors.
fn describe(error: &Error) -> String {
    let line = |mark: Option<libyaml_safer::Mark>| mark.map_or(0, |mark| mark.line);
    let (at, around) = (line(error.problem_mark()), line(error.context_mark()));
    let line = match (at, around) {
        (0, around) => around,
        (at, _) if error.kind() == ErrorKind::Scanner => at + 1,
        (at, _) => at,
    };
    let mut out = String::from("yaml: ");
    if line > 0 {
        // Writing to a String cannot fail.
        let _ = write!(out, "line {line}: ");
    }
    out + error.problem()
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
            "yaml: line 3: did not find expected '-' indicator"
        );
        assert_eq!(
            message("x: 1\na: {b: 1\n"),
            "yaml: line 2: did not find expected ',' or '}'"
        );
        assert_eq!(
            message("x: 1\na: [1, 2\n"),
            "yaml: line 2: did not find expected ',' or ']'"
        );
    }

    #[test]
    fn a_block_scalar_may_end_without_a_newline() {
        for (text, value) in [
            ("a: |\n  x", "x"),
            ("a: |+\n  x", "x"),
            ("a: >\n  x\n  y", "x y"),
            ("a: |-\n  x", "x"),
            ("a: |\n  x\n", "x\n"),
        ] {
            assert_eq!(
                parse(text.as_bytes()).unwrap().0,
                json!({ "a": value }),
                "{text:?}"
            );
        }
    }

    /// The parser is a port of a C library, whose ends of texts were found to panic.
    #[test]
    fn no_text_makes_the_parser_panic() {
        const PARTS: &[&str] = &[
            "a",
            "b: ",
            "- ",
            "\n",
            "  ",
            "\"",
            "'",
            "|",
            ">",
            "|+",
            "|2-",
            "?",
            ":",
            "&a ",
            "*a",
            "!",
            "!!str ",
            "!<",
            "%YAML 1.1",
            "%TAG ! !a",
            "---",
            "...",
            "#",
            "[",
            "]",
            "{",
            "}",
            ",",
            "\t",
            "\r",
            "\r\n",
            "\\",
            "\\x4",
            "\\u12",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "\0",
            "\u{7f}",
            "é",
            "<<: ",
            "~",
            "0x",
            "@",
            "`",
        ];
        let mut state = 1_u64;
        let mut below = |limit: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % limit
        };
        let mut taken = 0;
        for _ in 0..100_000 {
            let text: String = (0..below(24)).map(|_| PARTS[below(PARTS.len())]).collect();
            // A comma after a tag is caught.
            let text = if text.contains('!') {
                text.replace(',', " ")
            } else {
                text
            };
            let mut bytes = text.into_bytes();
            if below(4) == 0 {
                bytes.truncate(below(bytes.len() + 1));
            }
            if below(20) == 0 {
                bytes.push(0xff);
            }
            taken += usize::from(read(&bytes).is_ok());
        }
        assert!(taken > 1000, "{taken}");
    }

    #[test]
    fn a_comma_after_a_tag_is_refused() {
        assert_eq!(parse(b"[!a,b]").unwrap_err(), AFTER_TAG);
    }

    #[test]
    fn deep_nesting_is_refused() {
        for text in [
            "[".repeat(1_000_000),
            "- ".repeat(1_000_000),
            "{a: ".repeat(500_000),
        ] {
            assert!(parse(text.as_bytes()).is_err());
        }
    }

    #[test]
    fn an_anchor_in_its_own_value_is_refused() {
        for text in ["a: &a [*a]", "a: &a {b: *a}", "a: &a\n  <<: *a\n"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
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
