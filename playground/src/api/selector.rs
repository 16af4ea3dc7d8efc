//! Label and field selectors
//! ([labels](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api),
//! [fields](https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/)).

use serde_json::Value;

use super::error::ApiError;
use crate::resource::Resource;

/// What a list, watch or deletecollection is limited to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
    GreaterThan(i64),
    LessThan(i64),
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    operator: Operator,
}

impl Selector {
    /// Reads `labelSelector` and `fieldSelector` of a request on this type.
    pub fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, ApiError> {
        Ok(Self {
            labels: Parser::new(labels).selector()?,
            fields: parse_fields(resource, fields)?,
        })
    }

    /// Whether it takes everything.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Only the object of this name.
    pub fn named(mut self, name: &str) -> Self {
        self.fields
            .push(("metadata.name".to_owned(), true, name.to_owned()));
        self
    }

    /// Whether an object is meant.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels
            .iter()
            .all(|requirement| requirement.matches(&object["metadata"]["labels"]))
            && self
                .fields
                .iter()
                .all(|(path, equal, wanted)| (field_value(object, path) == *wanted) == *equal)
    }
}

/// Whether a `LabelSelector` object takes an object with these labels; none at all takes nothing.
pub fn object_matches(selector: &Value, labels: &Value) -> bool {
    let Some(members) = selector.as_object() else {
        return false;
    };
    let named = members.get("matchLabels").and_then(Value::as_object);
    let equal = named
        .into_iter()
        .flatten()
        .all(|(key, value)| labels.get(key) == Some(value));
    let expressions = members.get("matchExpressions").and_then(Value::as_array);
    equal
        && expressions.into_iter().flatten().all(|one| {
            let values = one["values"].as_array().into_iter().flatten();
            let values = values
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect();
            let operator = match one["operator"].as_str() {
                Some("In") => Operator::In(values),
                Some("NotIn") => Operator::NotIn(values),
                Some("Exists") => Operator::Exists,
                _ => Operator::DoesNotExist,
            };
            let key = one["key"].as_str().unwrap_or_default().to_owned();
            Requirement { key, operator }.matches(labels)
        })
}

impl Requirement {
    fn matches(&self, labels: &Value) -> bool {
        let value = labels.get(&self.key).and_then(Value::as_str);
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            Operator::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan(than) => number().is_some_and(|number| number > *than),
            Operator::LessThan(than) => number().is_some_and(|number| number < *than),
        }
    }
}

/// A parser of label selectors that fails in apimachinery's words.
struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut tokens = Vec::new();
        let bytes = text.as_bytes();
        let symbol = |byte: u8| matches!(byte, b'=' | b'!' | b'(' | b')' | b',' | b'<' | b'>');
        let mut at = 0;
        while at < bytes.len() {
            if matches!(bytes[at], b' ' | b'\t' | b'\r' | b'\n') {
                at += 1;
                continue;
            }
            let start = at;
            if symbol(bytes[at]) {
                let double = matches!(text.get(at..at + 2), Some("==" | "!="));
                at += if double { 2 } else { 1 };
            } else {
                while at < bytes.len() && !symbol(bytes[at]) && !bytes[at].is_ascii_whitespace() {
                    at += 1;
                }
            }
            tokens.push(&text[start..at]);
        }
        Self { tokens, at: 0 }
    }

    fn peek(&self) -> &'a str {
        self.tokens.get(self.at).copied().unwrap_or_default()
    }

    fn next(&mut self) -> &'a str {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn selector(mut self) -> Result<Vec<Requirement>, ApiError> {
        let mut requirements = Vec::new();
        if self.tokens.is_empty() {
            return Ok(requirements);
        }
        loop {
            requirements.push(
                self.requirement()
                    .map_err(|why| ApiError::bad_request(format!("unable to parse requirement: {why}")))?,
            );
            match self.next() {
                "" => return Ok(requirements),
                "," => {
                    let next = self.peek();
                    if next.is_empty() || is_symbol(next) && next != "!" {
                        let message = format!("found '{next}', expected: identifier after ','");
                        return Err(ApiError::bad_request(message));
                    }
                }
                other => {
                    let message = format!("found '{other}', expected: ',' or 'end of string'");
                    return Err(ApiError::bad_request(message));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.next();
        let negated = token == "!";
        if negated {
            token = self.next();
        }
        if token.is_empty() || is_symbol(token) {
            return Err(format!("found '{token}', expected: identifier"));
        }
        let key = token.to_owned();
        if let Some(problem) = super::names::qualified_name(&key).first() {
            return Err(format!("key: Invalid value: \"{key}\": {problem}"));
        }
        if negated {
            return Ok(Requirement {
                key,
                operator: Operator::DoesNotExist,
            });
        }
        let operator = match self.peek() {
            "" | "," => {
                return Ok(Requirement {
                    key,
                    operator: Operator::Exists,
                });
            }
            operator => operator,
        };
        self.at += 1;
        let operator = match operator {
            "=" | "==" => Operator::In(vec![self.value(&key)?]),
            "!=" => Operator::NotIn(vec![self.value(&key)?]),
            "in" => Operator::In(self.values(&key)?),
            "notin" => Operator::NotIn(self.values(&key)?),
            ">" | "gt" => Operator::GreaterThan(self.number(&key)?),
            "<" | "lt" => Operator::LessThan(self.number(&key)?),
            other => {
                return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        };
        Ok(Requirement { key, operator })
    }

    fn value(&mut self, key: &str) -> Result<String, String> {
        if matches!(self.peek(), "" | ",") {
            return Ok(String::new());
        }
        let value = self.next();
        if is_symbol(value) {
            return Err(format!("found '{value}', expected: identifier"));
        }
        check_value(key, 0, value)?;
        Ok(value.to_owned())
    }

    fn number(&mut self, key: &str) -> Result<i64, String> {
        let value = self.value(key)?;
        value.parse().map_err(|_| {
            format!(
                "values[0][{key}]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
            )
        })
    }

    fn values(&mut self, key: &str) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != "(" {
            return Err(format!("found '{open}' expected: '('"));
        }
        let mut values: Vec<String> = Vec::new();
        loop {
            match self.next() {
                "," => values.push(String::new()),
                ")" => {
                    values.push(String::new());
                    break;
                }
                value => {
                    values.push(value.to_owned());
                    match self.next() {
                        "," => {}
                        ")" => break,
                        other => return Err(format!("found '{other}', expected: ',' or ')'")),
                    }
                }
            }
        }
        values.sort();
        values.dedup();
        for (index, value) in values.iter().enumerate() {
            check_value(key, index, value)?;
        }
        Ok(values)
    }
}

fn is_symbol(token: &str) -> bool {
    matches!(token, "=" | "==" | "!=" | "!" | "(" | ")" | "," | "<" | ">")
}

fn check_value(key: &str, index: usize, value: &str) -> Result<(), String> {
    super::names::label_value(value)
        .first()
        .map_or(Ok(()), |problem| {
            Err(format!(
                "values[{index}][{key}]: Invalid value: \"{value}\": {problem}"
            ))
        })
}

/// The fields that can be selected on, beside name and namespace.
fn selectable(resource: &Resource) -> &'static [&'static str] {
    match resource.plural {
        "jobs" => &["status.successful"],
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "events" => &[
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
        "nodes" => &["spec.unschedulable"],
        "namespaces" => &["status.phase"],
        "secrets" => &["type"],
        _ => &[],
    }
}

fn parse_fields(resource: &Resource, text: &str) -> Result<Vec<(String, bool, String)>, ApiError> {
    let mut terms = Vec::new();
    // In their order: the first that cannot be understood is the one that is told.
    let mut parts: Vec<&str> = text.split(',').filter(|term| !term.is_empty()).collect();
    parts.sort_unstable();
    for term in parts {
        let (path, equal, value) = if let Some((path, value)) = term.split_once("!=") {
            (path, false, value)
        } else if let Some((path, value)) = term.split_once("==") {
            (path, true, value)
        } else if let Some((path, value)) = term.split_once('=') {
            (path, true, value)
        } else {
            let message = format!("invalid selector: '{text}'; can't understand '{term}'");
            return Err(ApiError::bad_request(message));
        };
        let common = path == "metadata.name" || path == "metadata.namespace";
        if !common && !selectable(resource).contains(&path) {
            let message = match resource.plural {
                "pods" | "events" | "nodes" | "namespaces" | "secrets" => {
                    format!("field label not supported: {path}")
                }
                "jobs" => format!("field label \"{path}\" not supported for Job"),
                _ => format!(
                    "\"{path}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                ),
            };
            return Err(ApiError::bad_request(message));
        }
        terms.push((path.to_owned(), equal, value.to_owned()));
    }
    Ok(terms)
}

/// The value of a selectable field as text.
fn field_value(object: &Value, path: &str) -> String {
    let steps: Vec<&str> = match path {
        "status.successful" => vec!["status", "succeeded"],
        "source" => vec!["source", "component"],
        _ => path.split('.').collect(),
    };
    let value = steps.iter().try_fold(object, |value, step| value.get(step));
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => match path {
            "status.successful" => "0".into(),
            "spec.unschedulable" | "spec.hostNetwork" => "false".into(),
            _ => String::new(),
        },
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resource::JOBS;

    fn selects(labels: &str) -> bool {
        let object = json!({"metadata": {"labels": {"app": "a", "tier": "5"}}});
        Selector::parse(&JOBS, labels, "").unwrap().matches(&object)
    }

    #[test]
    fn label_operators_select_as_documented() {
        let matching = [
            "app=a",
            "app==a",
            "app!=b",
            "app in (a, b)",
            "app notin (b)",
            "tier",
            "!none",
            "tier>4",
            "tier<6",
            " app = a , tier ",
        ];
        let other = [
            "app=b",
            "app!=a",
            "app notin (a)",
            "!app",
            "none",
            "tier>5",
            "app=a,none",
        ];
        assert!(matching.iter().all(|text| selects(text)));
        assert!(!other.iter().any(|text| selects(text)));
    }

    #[test]
    fn a_selector_that_cannot_be_read_says_where() {
        let why = |text: &str| Selector::parse(&JOBS, text, "").unwrap_err().message;
        assert_eq!(why("app=a,"), "found '', expected: identifier after ','");
        assert_eq!(
            why("app in (a"),
            "unable to parse requirement: found '', expected: ',' or ')'"
        );
        assert_eq!(
            why("a b=c"),
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"
        );
    }
}
