//! Label selectors, as strings (`app=web,tier in (x, y),!old`) and as `LabelSelector` objects, and their matching
//! ([labels](https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api)).

mod parse;

use serde_json::Value;

pub use parse::parse;

/// The operator of a requirement.
#[derive(Clone, Debug, PartialEq)]
pub enum Operator {
    /// The value is one of these.
    In(Vec<String>),
    /// The value is none of these, or the label is missing.
    NotIn(Vec<String>),
    /// The label exists.
    Exists,
    /// The label is missing.
    DoesNotExist,
    /// The value is a greater integer.
    GreaterThan(i64),
    /// The value is a lesser integer.
    LessThan(i64),
}

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// The condition on the label's value.
    pub operator: Operator,
}

impl Requirement {
    /// Returns whether the labels satisfy it.
    pub fn matches(&self, labels: &Value) -> bool {
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

/// Converts a `LabelSelector` object to requirements, as `LabelSelectorAsSelector` does; `None` if it is invalid.
/// An empty list matches everything.
pub fn requirements(selector: &Value) -> Option<Vec<Requirement>> {
    let mut all = Vec::new();
    for (key, value) in selector
        .get("matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let value = value.as_str().unwrap_or_default().to_owned();
        all.push((key.clone(), Operator::In(vec![value])));
    }
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    for one in expressions.into_iter().flatten() {
        let text = |name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default();
        let values: Vec<String> = one
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|value| value.as_str().unwrap_or_default().to_owned())
            .collect();
        let operator = match text("operator") {
            "In" if !values.is_empty() => Operator::In(values),
            "NotIn" if !values.is_empty() => Operator::NotIn(values),
            "Exists" if values.is_empty() => Operator::Exists,
            "DoesNotExist" if values.is_empty() => Operator::DoesNotExist,
            _ => return None,
        };
        all.push((text("key").to_owned(), operator));
    }
    let sound = |(key, operator): &(String, Operator)| {
        let values = match operator {
            Operator::In(values) | Operator::NotIn(values) => values.as_slice(),
            _ => &[],
        };
        super::names::qualified_name(key).is_empty()
            && values
                .iter()
                .all(|value| super::names::label_value(value).is_empty())
    };
    all.iter().all(sound).then(|| {
        all.into_iter()
            .map(|(key, operator)| Requirement { key, operator })
            .collect()
    })
}

/// Returns whether a `LabelSelector` object matches these labels. A missing or invalid selector matches nothing.
#[must_use]
pub fn takes(selector: &Value, labels: &Value) -> bool {
    selector.is_object()
        && requirements(selector).is_some_and(|all| all.iter().all(|one| one.matches(labels)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selector_takes_objects_by_their_labels() {
        let labels = json!({"app": "x", "tier": "web"});
        let expression = |expression: Value| json!({"matchExpressions": [expression]});
        for (selector, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {"app": "x"}}), true),
            (json!({"matchLabels": {"app": "y"}}), false),
            (
                expression(json!({"key": "tier", "operator": "In", "values": ["web", "db"]})),
                true,
            ),
            (
                expression(json!({"key": "tier", "operator": "NotIn", "values": ["web"]})),
                false,
            ),
            (
                expression(json!({"key": "zone", "operator": "NotIn", "values": ["a"]})),
                true,
            ),
            (
                expression(json!({"key": "zone", "operator": "DoesNotExist"})),
                true,
            ),
            (expression(json!({"key": "zone", "operator": "Exists"})), false),
            // Cannot be read.
            (expression(json!({"key": "tier", "operator": "In"})), false),
            (expression(json!({"key": "tier", "operator": "is"})), false),
            (Value::Null, false),
        ] {
            assert_eq!(takes(&selector, &labels), expected, "{selector}");
        }
        assert!(!takes(&json!({"matchLabels": {"app": "x"}}), &Value::Null));
    }
}
