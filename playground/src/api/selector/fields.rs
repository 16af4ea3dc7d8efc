//! Field selectors
//! ([fields](https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/)).

use serde_json::Value;

use crate::api::error::ApiError;
use crate::resource::Resource;

/// A requirement on one field: equal or not equal to a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub path: String,
    pub equal: bool,
    pub value: String,
}

impl Term {
    pub(super) fn matches(&self, object: &Value) -> bool {
        (value_of(object, &self.path) == self.value) == self.equal
    }
}

/// Parses the `fieldSelector` of a request for this type.
pub(super) fn parse(resource: &Resource, text: &str) -> Result<Vec<Term>, ApiError> {
    // Sorted, as the API server does: the error is that of the first invalid term.
    let mut parts = split(text);
    parts.sort_unstable();
    let terms: Result<Vec<Term>, String> = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| term(text, part))
        .collect();
    let mut terms = terms.map_err(ApiError::bad_request)?;
    for term in &mut terms {
        check(resource, &term.path).map_err(ApiError::bad_request)?;
        if term.path == "spec.host" {
            "spec.nodeName".clone_into(&mut term.path);
        }
    }
    Ok(terms)
}

/// Splits a selector at unescaped commas.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn term(all: &str, text: &str) -> Result<Term, String> {
    let found = text.char_indices().find_map(|(at, _)| {
        let rest = &text[at..];
        let operator = ["!=", "==", "="].into_iter().find(|one| rest.starts_with(one))?;
        Some((&text[..at], operator, &rest[operator.len()..]))
    });
    let (path, operator, value) =
        found.ok_or_else(|| format!("invalid selector: '{all}'; can't understand '{text}'"))?;
    Ok(Term {
        path: path.to_owned(),
        equal: operator != "!=",
        value: unescaped(value)?,
    })
}

/// Replaces the escape sequences `\\`, `\,` and `\=`.
fn unescaped(text: &str) -> Result<String, String> {
    let bad = |sequence: String| format!("invalid field selector: invalid escape sequence: {sequence}");
    let mut value = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(next @ ('\\' | ',' | '=')) => value.push(next),
                next => return Err(bad(format!("\\{}", next.map(String::from).unwrap_or_default()))),
            },
            ',' | '=' => {
                return Err(format!(
                    "invalid field selector: unescaped character in value: {}",
                    u32::from(letter)
                ));
            }
            other => value.push(other),
        }
    }
    Ok(value)
}

/// Returns the selectable fields of the type; `None` if they are only those that [`check`] allows for all
/// types.
fn own(resource: &Resource) -> Option<&'static [&'static str]> {
    const COMMON: [&str; 2] = ["metadata.name", "metadata.namespace"];
    Some(match (resource.group, resource.plural) {
        ("", "pods") => &[
            COMMON[0],
            COMMON[1],
            "spec.nodeName",
            "spec.host",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            COMMON[0],
            COMMON[1],
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "nodes") => &[COMMON[0], "spec.unschedulable"],
        ("", "namespaces") => &[COMMON[0], "status.phase"],
        ("", "replicationcontrollers") => &[COMMON[0], COMMON[1], "status.replicas"],
        ("", "secrets") => &[COMMON[0], COMMON[1], "type"],
        ("", "services") => &[COMMON[0], COMMON[1], "spec.clusterIP", "spec.type"],
        ("batch", "jobs") => &[COMMON[0], COMMON[1], "status.successful"],
        _ => return None,
    })
}

fn check(resource: &Resource, path: &str) -> Result<(), String> {
    match own(resource) {
        Some(own) if own.contains(&path) => Ok(()),
        Some(_) if resource.kind == "Job" => Err(format!("field label \"{path}\" not supported for Job")),
        Some(_) => Err(format!("field label not supported: {path}")),
        None if matches!(path, "metadata.name" | "metadata.namespace") => Ok(()),
        None => Err(format!(
            "\"{path}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        )),
    }
}

/// Returns the value of a selectable field as text.
fn value_of(object: &Value, path: &str) -> String {
    let at = |path: &str| {
        path.split('.')
            .try_fold(object, |value, step| value.get(step))
            .filter(|value| !value.is_null())
    };
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    match path {
        "status.successful" => at("status.succeeded").map_or_else(|| "0".into(), Value::to_string),
        "spec.unschedulable" | "spec.hostNetwork" => (at(path) == Some(&Value::Bool(true))).to_string(),
        // Accepted as a selector, but without a value in any Pod.
        "status.podIPs" => String::new(),
        "source" => match text(at("source.component")) {
            none if none.is_empty() => text(at("reportingComponent")),
            component => component,
        },
        _ => text(at(path)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::{JOBS, NODES, PODS};

    #[test]
    fn terms_are_split_at_the_first_operator() {
        let why = |text: &str| parse(&PODS, text).unwrap_err().message;
        let cases = [
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            (
                "metadata.name=a=b",
                "invalid field selector: unescaped character in value: 61",
            ),
            (
                "metadata.name=a\\b",
                "invalid field selector: invalid escape sequence: \\b",
            ),
            (
                "status.reason=Evicted",
                "field label not supported: status.reason",
            ),
            // Syntax errors precede unknown fields.
            ("a=b,x", "invalid selector: 'a=b,x'; can't understand 'x'"),
        ];
        for (text, wanted) in cases {
            assert_eq!(why(text), wanted, "{text}");
        }
        let escaped = parse(&PODS, "metadata.name!=a\\,b\\=c").unwrap();
        assert_eq!((escaped[0].value.as_str(), escaped[0].equal), ("a,b=c", false));
    }

    #[test]
    fn selectable_fields_depend_on_the_type() {
        assert!(parse(&NODES, "metadata.namespace=x").is_err());
        let old = parse(&PODS, "spec.host=n").unwrap();
        assert!(old[0].matches(&json!({"spec": {"nodeName": "n"}})));
        let jobs = parse(&JOBS, "status.successful=0").unwrap();
        assert!(jobs[0].matches(&json!({"status": {}})));
    }
}
