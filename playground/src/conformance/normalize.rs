//! Normalizes two sides for comparison: generated, random and time-dependent values are replaced by placeholders.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// A pattern of generated strings.
struct Generated {
    /// A literal that every match contains: searching it is cheaper than the pattern.
    literal: &'static str,
    /// Minimum length of a match in bytes.
    min_length: usize,
    pattern: Regex,
    stand_in: &'static str,
}

static GENERATED: LazyLock<Vec<Generated>> = LazyLock::new(|| {
    [
        (
            "-",
            36,
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "<uid>",
        ),
        (
            "kube-api-access-",
            21,
            r"kube-api-access-[a-z0-9]{5}",
            "kube-api-access-<random>",
        ),
        (
            ":",
            20,
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
            "<time>",
        ),
        (".", 17, r"\.[0-9a-f]{16}\b", ".<event>"),
        ("?hash=", 7, r"\?hash=[0-9A-F]+", ""),
        (
            "resource version: ",
            19,
            r"resource version: \d+(, current: \d+| \(\d+\))?",
            "resource version: <version>",
        ),
        (
            "ResourceVersion in ",
            24,
            r"(ResourceVersion in (the precondition|record)) \(\d+\)",
            "$1 (<version>)",
        ),
        // The name of a rejected Pod appears only in this text.
        (
            "pods \"",
            12,
            r#"pods "([a-z0-9.-]+-)[bcdfghjklmnpqrstvwxz2456789]{5}""#,
            "pods \"$1<random>",
        ),
        (" to node-", 10, r" to node-\w+$", " to <node>"),
        (
            "resourceVersion: ",
            19,
            r#"resourceVersion: "\d+""#,
            "resourceVersion: <version>",
        ),
        // An object's JSON within a text.
        (
            "resourceVersion",
            20,
            r#"(resourceVersion\\*":\\*")\d+"#,
            "${1}<version>",
        ),
        ("X509SHA256=", 75, r"X509SHA256=[0-9a-f]{64}", "<credential>"),
    ]
    .into_iter()
    .filter_map(|(literal, min_length, pattern, stand_in)| {
        Some(Generated {
            literal,
            min_length,
            pattern: Regex::new(pattern).ok()?,
            stand_in,
        })
    })
    .collect()
});
static AGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(\d+[smhdy])+$|^<(invalid|unknown)>$").ok());

/// Whether a text quotes the real server's implementation.
pub(super) fn quotes_go(text: &str) -> bool {
    [
        "struct {",
        ".go:",
        "{\"Volumes\":null",
        "v1.PodTemplateSpec{",
        "core.PodTemplateSpec{",
    ]
    .iter()
    .any(|marker| text.contains(marker))
}

/// Collects the generated names, each with its placeholder.
pub(super) fn generated_names(value: &Value, names: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
            let (prefix, name) = (text("generateName"), text("name"));
            // A long prefix is truncated so that the suffix fits into 63 bytes.
            let prefix = prefix.get(..prefix.len().min(58)).unwrap_or(prefix);
            if !prefix.is_empty() && name.len() == prefix.len() + 5 && name.starts_with(prefix) {
                names.push((name.to_owned(), format!("{prefix}<random>")));
            }
            members.values().for_each(|value| generated_names(value, names));
        }
        Value::Array(items) => items.iter().for_each(|value| generated_names(value, names)),
        _ => {}
    }
}

/// Returns the value with placeholders.
pub(super) fn normal(value: &Value, names: &[(String, String)]) -> Value {
    match value {
        Value::Object(members) => {
            let mut out = serde_json::Map::new();
            for (name, value) in members {
                let value = match name.as_str() {
                    "hostIP"
                    | "podIP"
                    | "hostIPs"
                    | "podIPs"
                    | "storageVersionHash"
                    | "serverAddressByClientCIDRs"
                    // What the server was built from.
                    | "gitVersion" | "gitCommit" | "gitTreeState" | "buildDate" | "goVersion" | "compiler"
                    | "platform" => continue,
                    "resourceVersion" | "continue" | "startRevision"
                        if value.as_str().is_some_and(|text| !matches!(text, "" | "0")) =>
                    {
                        format!("<{name}>").into()
                    }
                    "authentication.kubernetes.io/credential-id" | "token" if !value.is_object() => {
                        "<credential>".into()
                    }
                    "nodeName" if value.as_str().is_some_and(|node| node.starts_with("node-")) => {
                        "<node>".into()
                    }
                    "cells" => cells(value, names),
                    _ => normal(value, names),
                };
                out.insert(text(name, names), value);
            }
            // Field managers are ordered by their times, which are not compared.
            if let Some(owners) = out.get_mut("managedFields").and_then(Value::as_array_mut) {
                owners.sort_by_key(|one| {
                    sorted(&one["manager"]) + &sorted(&one["operation"]) + &sorted(&one["subresource"])
                });
            }
            if let Some(items) = out.get_mut("items").and_then(Value::as_array_mut) {
                let random = items.iter().any(|item| {
                    item["metadata"]["generateName"].is_string() || item["involvedObject"].is_object()
                });
                if random {
                    items.sort_by_key(sorted);
                }
            }
            out.into()
        }
        Value::Array(items) => items.iter().map(|item| normal(item, names)).collect(),
        Value::String(string) => text(string, names).into(),
        other => other.clone(),
    }
}

/// Formats a value independently of the order of members.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut parts: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{name}:{}", sorted(value)))
                .collect();
            parts.sort();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

fn cells(value: &Value, names: &[(String, String)]) -> Value {
    let old = |text: &str| AGE.as_ref().is_some_and(|age| age.is_match(text));
    let cells = value.as_array().into_iter().flatten();
    cells
        .map(|cell| match cell.as_str() {
            Some(text) if old(text) => "<age>".into(),
            _ => normal(cell, names),
        })
        .collect()
}

fn text(text: &str, names: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (name, stand_in) in names {
        if text.contains(name.as_str()) {
            text = text.replace(name.as_str(), stand_in);
        }
    }
    for one in GENERATED.iter() {
        if text.len() >= one.min_length && text.contains(one.literal) {
            text = one.pattern.replace_all(&text, one.stand_in).into_owned();
        }
    }
    text
}

/// Returns where two values differ: pointer, recorded, seen.
pub(super) fn differences(at: &str, want: &Value, got: &Value, out: &mut Vec<String>) {
    match (want, got) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in a {
                match b.get(name) {
                    Some(other) => differences(&format!("{at}/{name}"), value, other, out),
                    None => out.push(format!("{at}/{name}: missing, recorded {}", short(value))),
                }
            }
            for (name, value) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
                out.push(format!("{at}/{name}: too much, {}", short(value)));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (one, other)) in a.iter().zip(b).enumerate() {
                differences(&format!("{at}/{index}"), one, other, out);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            out.push(format!(
                "{at}: {} items, recorded {}: {} / {}",
                b.len(),
                a.len(),
                short(got),
                short(want)
            ));
        }
        (Value::String(a), Value::String(_)) if quotes_go(a) => {}
        _ if want == got => {}
        _ => out.push(format!("{at}: {}, recorded {}", short(got), short(want))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    text.char_indices()
        .nth(400)
        .map_or_else(|| text.clone(), |(end, _)| format!("{}…", &text[..end]))
}
