//! Label and field selectors.

use serde_json::Value;

use super::status::Status;

/// What a list or watch is narrowed to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, String, bool)>,
}

#[derive(Debug, Clone)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector`.
    pub(crate) fn parse(labels: &str, fields: &str) -> Result<Self, Status> {
        let labels = split(labels)
            .into_iter()
            .map(|part| requirement(&part))
            .collect::<Result<_, _>>()?;
        let fields = fields
            .split(',')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (path, value, equal) = match (part.split_once("!="), part.split_once('=')) {
                    (Some((path, value)), _) => (path, value, false),
                    (None, Some((path, value))) => (path, value.trim_start_matches('='), true),
                    (None, None) => {
                        return Err(Status::bad_request(format!(
                            "invalid selector: '{part}'; can't understand '{part}'"
                        )));
                    }
                };
                Ok((path.trim().to_owned(), value.trim().to_owned(), equal))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// The object is meant.
    pub(crate) fn matches(&self, object: &Value) -> bool {
        let label = |key: &str| object["metadata"]["labels"].get(key).and_then(Value::as_str);
        self.labels.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => {
                label(key).is_some_and(|value| values.iter().any(|other| other == value))
            }
            Requirement::NotIn(key, values) => {
                !label(key).is_some_and(|value| values.iter().any(|other| other == value))
            }
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Missing(key) => label(key).is_none(),
        }) && self.fields.iter().all(|(path, value, equal)| {
            let found = path.split('.').fold(object, |at, key| &at[key]);
            let text = match found {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            (text == *value) == *equal
        })
    }
}

/// Parts at the commas that are not within parentheses.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
        .into_iter()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

fn requirement(part: &str) -> Result<Requirement, Status> {
    let values = |text: &str| {
        text.trim()
            .trim_start_matches('(')
            .trim_end_matches(')')
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect()
    };
    if let Some((key, list)) = part.split_once(" notin ") {
        return Ok(Requirement::NotIn(key.trim().into(), values(list)));
    }
    if let Some((key, list)) = part.split_once(" in ") {
        return Ok(Requirement::In(key.trim().into(), values(list)));
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key.trim().into(), vec![value.trim().into()]));
    }
    if let Some((key, value)) = part.split_once('=') {
        return Ok(Requirement::In(
            key.trim().into(),
            vec![value.trim_start_matches('=').trim().into()],
        ));
    }
    if let Some(key) = part.strip_prefix('!') {
        return Ok(Requirement::Missing(key.trim().into()));
    }
    if part.contains([' ', '(']) {
        return Err(Status::bad_request(format!(
            "unable to parse requirement: {part}"
        )));
    }
    Ok(Requirement::Exists(part.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_follow_their_grammar() {
        let object = json!({"metadata": {"name": "a", "labels": {"app": "pi", "x/y": "1"}}, "spec": {"nodeName": "n"}});
        let holds = |labels: &str, fields: &str| Selector::parse(labels, fields).unwrap().matches(&object);
        assert!(holds(
            "app=pi,x/y in (1, 2),!z,app",
            "metadata.name=a,spec.nodeName!=m"
        ));
        assert!(holds("app==pi,z notin (3),z!=4", ""));
        assert!(!holds("app!=pi", ""));
        assert!(!holds("", "metadata.name=b"));
        assert!(Selector::parse("a b", "").is_err());
    }
}
