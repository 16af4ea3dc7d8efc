//! Label and field selectors: what a list, a watch or a deletecollection is limited to.

mod fields;
mod labels;

use serde_json::Value;

use crate::api::error::ApiError;
use crate::resource::Resource;

/// What a list, watch or deletecollection is limited to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<fields::Term>,
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
            labels: labels::parse(labels)?,
            fields: fields::parse(resource, fields)?,
        })
    }

    /// Whether it takes everything.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Only the object of this name.
    pub fn named(mut self, name: &str) -> Self {
        self.fields.push(fields::Term {
            path: "metadata.name".to_owned(),
            equal: true,
            value: name.to_owned(),
        });
        self
    }

    /// Whether an object is meant.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels
            .iter()
            .all(|requirement| requirement.matches(&object["metadata"]["labels"]))
            && self.fields.iter().all(|term| term.matches(object))
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
}
