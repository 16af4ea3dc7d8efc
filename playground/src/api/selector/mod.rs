//! Label and field selectors of lists, watches and deletecollections.

mod fields;

use k8s_rules::machinery::labels::{self, Requirement};
use serde_json::Value;

use crate::api::error::ApiError;
use crate::resource::Resource;

/// The selectors of a list, watch or deletecollection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<fields::Term>,
}

impl Selector {
    /// Parses `labelSelector` and `fieldSelector` of a request for this type.
    pub fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, ApiError> {
        Ok(Self {
            labels: labels::parse(labels).map_err(ApiError::bad_request)?,
            fields: fields::parse(resource, fields)?,
        })
    }

    /// Reports whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Restricts the selector to the object of this name.
    pub fn named(mut self, name: &str) -> Self {
        self.fields.push(fields::Term {
            path: "metadata.name".to_owned(),
            equal: true,
            value: name.to_owned(),
        });
        self
    }

    /// Reports whether an object is selected.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels
            .iter()
            .all(|requirement| requirement.matches(&object["metadata"]["labels"]))
            && self.fields.iter().all(|term| term.matches(object))
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
