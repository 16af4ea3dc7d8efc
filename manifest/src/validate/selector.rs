//! Label selectors, and how a Job finds its Pods (`ValidateLabelSelector`, `validateGeneratedSelector`).

use serde_json::{Map, Value};

use super::Check;
use super::job::name;
use crate::names;
use crate::path::Path;

impl Check<'_> {
    /// The Job's own selector. Kubernetes makes it, and labels the Pods with the Job's name, unless `manualSelector`
    /// is true.
    pub(super) fn selector(&mut self, object: &Map<String, Value>, spec: &Map<String, Value>, at: &Path) {
        let manual = self.boolean(spec, at, "manualSelector").unwrap_or(false);
        let selector = self.mapping(spec, at, "selector");
        if !manual {
            if selector.is_some() {
                self.error("job.selector", &at.key("selector"), &[]);
            }
            // It is reported at the labels, as the server does, and shown at the name, which is what has to change.
            if let Some(name) = name(object).filter(|name| names::label_value(name).is_err()) {
                let labels = at.key("template").key("metadata").key("labels");
                let mut problem = self.problem(crate::Severity::Error, "job.name.label", &labels, &[name]);
                problem.range = super::nearest(self.document, self.entry, &Path::of(["metadata", "name"]));
                self.problems.push(problem);
            }
            return;
        }
        if selector.is_none() {
            self.error("field.required", &at.key("selector"), &["selector"]);
        }
        self.label_selector(spec, at, "selector");
        let labels = spec
            .get("template")
            .and_then(|template| template.get("metadata")?.get("labels")?.as_object());
        if !selector.is_some_and(|selector| selects(selector, labels)) {
            let path = at.key("template").key("metadata").key("labels");
            self.error("job.selector.labels", &path, &[]);
        }
    }

    pub(super) fn label_selector(&mut self, holder: &Map<String, Value>, at: &Path, key: &str) {
        let Some(selector) = self.mapping(holder, at, key) else {
            return;
        };
        let at = at.key(key);
        if let Some(labels) = self.mapping(selector, &at, "matchLabels") {
            self.label_pairs(labels, &at.key("matchLabels"));
        }
        for (path, expression) in self.items(selector, &at, "matchExpressions") {
            self.expression(expression, &path, &["In", "NotIn", "Exists", "DoesNotExist"]);
            self.label_values(expression, &path);
        }
    }

    /// Values of an expression over labels.
    pub(super) fn label_values(&mut self, expression: &Map<String, Value>, at: &Path) {
        for (index, value) in self.list(expression, at, "values").iter().enumerate() {
            if let Some(value) = value.as_str().filter(|value| names::label_value(value).is_err()) {
                self.error("label.value", &at.key("values").index(index), &[value]);
            }
        }
    }

    /// Keys whose values a Pod's own labels give; they narrow a selector, so there has to be one.
    pub(super) fn label_keys(&mut self, holder: &Map<String, Value>, at: &Path, key: &str) {
        let keys = self.list(holder, at, key);
        if !keys.is_empty() && holder.get("labelSelector").is_none_or(Value::is_null) {
            self.forbidden(holder, at, key);
        }
        for (index, name) in keys.iter().enumerate() {
            if let Some(name) = name.as_str().filter(|name| names::label_key(name).is_err()) {
                self.error("label.key", &at.key(key).index(index), &[name]);
            }
        }
    }
}

/// The selector picks a Pod with these labels.
fn selects(selector: &Map<String, Value>, labels: Option<&Map<String, Value>>) -> bool {
    let label = |key: &str| labels.and_then(|labels| labels.get(key)?.as_str());
    let pairs = selector.get("matchLabels").and_then(Value::as_object);
    let pairs_fit = pairs
        .into_iter()
        .flatten()
        .all(|(key, value)| label(key) == value.as_str());
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    let expressions_fit = expressions.into_iter().flatten().all(|expression| {
        let text = |key: &str| expression.get(key).and_then(Value::as_str).unwrap_or_default();
        let label = label(text("key"));
        let listed = || {
            let values = expression.get("values").and_then(Value::as_array);
            let mut values = values.into_iter().flatten();
            values.any(|value| label.is_some() && value.as_str() == label)
        };
        match text("operator") {
            "In" => listed(),
            "NotIn" => !listed(),
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            _ => false,
        }
    });
    pairs_fit && expressions_fit
}

#[cfg(test)]
mod tests {
    use super::selects;
    use serde_json::json;

    #[test]
    fn selectors_pick_pods_by_their_labels() {
        let labels = json!({"app": "x", "tier": "web"});
        for (selector, picks) in [
            (json!({"matchLabels": {"app": "x"}}), true),
            (json!({"matchLabels": {"app": "y"}}), false),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["web", "db"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}),
                false,
            ),
            (
                json!({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}),
                false,
            ),
        ] {
            assert_eq!(
                selects(selector.as_object().unwrap(), labels.as_object()),
                picks,
                "{selector}"
            );
        }
        assert!(!selects(
            json!({"matchLabels": {"app": "x"}}).as_object().unwrap(),
            None
        ));
    }
}
