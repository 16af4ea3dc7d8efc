//! Where a Pod may run: affinity, tolerations, spread, gates (`validateAffinity`, `ValidateTolerations` …).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

impl Check<'_> {
    pub(super) fn scheduling(&mut self, pod: &Map<String, Value>, at: &Path) {
        if let Some(affinity) = self.mapping(pod, at, "affinity") {
            let path = at.key("affinity");
            if let Some(node) = self.mapping(affinity, &path, "nodeAffinity") {
                self.node_affinity(node, &path.key("nodeAffinity"));
            }
            for key in ["podAffinity", "podAntiAffinity"] {
                if let Some(terms) = self.mapping(affinity, &path, key) {
                    self.pod_affinity(terms, &path.key(key));
                }
            }
        }
        self.tolerations(pod, at);
        self.spread(pod, at);
        let mut gates = HashSet::new();
        for (path, gate) in self.items(pod, at, "schedulingGates") {
            // The server names the gate as a whole.
            let name = self.text(gate, &path, "name").unwrap_or_default();
            if names::label_key(name).is_err() {
                self.error("field.grammar", &path, &[name]);
            }
            self.once(&mut gates, name, &path);
        }
        for (path, gate) in self.items(pod, at, "readinessGates") {
            self.grammar(gate, &path, "conditionType", names::label_key);
        }
        self.choice(pod, at, "preemptionPolicy", &["PreemptLowerPriority", "Never"]);
    }

    fn node_affinity(&mut self, affinity: &Map<String, Value>, at: &Path) {
        if let Some(required) = self.mapping(affinity, at, REQUIRED) {
            let at = at.key(REQUIRED);
            if self.list(required, &at, "nodeSelectorTerms").is_empty() {
                self.error(
                    "field.required",
                    &at.key("nodeSelectorTerms"),
                    &["nodeSelectorTerms"],
                );
            }
            for (path, term) in self.items(required, &at, "nodeSelectorTerms") {
                self.node_term(term, &path);
                for (path, expression) in self.items(term, &path, "matchExpressions") {
                    self.label_values(expression, &path);
                }
            }
        }
        for (path, weighted) in self.items(affinity, at, PREFERRED) {
            self.weight(weighted, &path);
            if let Some(term) = self.mapping(weighted, &path, "preference") {
                self.node_term(term, &path.key("preference"));
            }
        }
    }

    fn weight(&mut self, weighted: &Map<String, Value>, at: &Path) {
        if self.within(weighted, at, "weight", 1, 100).is_none() {
            self.error("field.required", &at.key("weight"), &["weight"]);
        }
    }

    fn node_term(&mut self, term: &Map<String, Value>, at: &Path) {
        for (path, expression) in self.items(term, at, "matchExpressions") {
            self.expression(
                expression,
                &path,
                &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"],
            );
        }
        for (path, field) in self.items(term, at, "matchFields") {
            if let Some(key) = self
                .required(field, &path, "key")
                .filter(|key| *key != "metadata.name")
            {
                self.error("field.enum", &path.key("key"), &[key, "metadata.name"]);
            }
            self.required_choice(field, &path, "operator", &["In", "NotIn"]);
            let values = self.list(field, &path, "values");
            if values.len() != 1 {
                self.error("list.one", &path.key("values"), &[]);
            }
            for (index, value) in values.iter().enumerate() {
                if let Some(value) = value
                    .as_str()
                    .filter(|value| names::dns_subdomain(value).is_err())
                {
                    self.error("field.grammar", &path.key("values").index(index), &[value]);
                }
            }
        }
    }

    /// One expression of a selector, of nodes or of labels.
    pub(super) fn expression(&mut self, expression: &Map<String, Value>, at: &Path, operators: &[&str]) {
        if self.required(expression, at, "key").is_some() {
            self.grammar(expression, at, "key", names::label_key);
        }
        self.required_choice(expression, at, "operator", operators);
        let values = self.list(expression, at, "values").len();
        let path = at.key("values");
        match expression.get("operator").and_then(Value::as_str) {
            Some("In" | "NotIn") if values == 0 => self.error("field.required", &path, &["values"]),
            Some("Exists" | "DoesNotExist") if values > 0 => self.forbidden(expression, at, "values"),
            Some("Gt" | "Lt") if values != 1 && operators.contains(&"Gt") => {
                self.error("field.required", &path, &["values"]);
            }
            _ => {}
        }
    }

    fn pod_affinity(&mut self, affinity: &Map<String, Value>, at: &Path) {
        for (path, term) in self.items(affinity, at, REQUIRED) {
            self.pod_term(term, &path);
        }
        for (path, weighted) in self.items(affinity, at, PREFERRED) {
            self.weight(weighted, &path);
            if let Some(term) = self.mapping(weighted, &path, "podAffinityTerm") {
                self.pod_term(term, &path.key("podAffinityTerm"));
            }
        }
    }

    fn pod_term(&mut self, term: &Map<String, Value>, at: &Path) {
        if self.required(term, at, "topologyKey").is_some() {
            self.grammar(term, at, "topologyKey", names::label_key);
        }
        self.label_selector(term, at, "labelSelector");
        self.label_selector(term, at, "namespaceSelector");
        for key in ["matchLabelKeys", "mismatchLabelKeys"] {
            self.label_keys(term, at, key);
        }
        for (index, namespace) in self.list(term, at, "namespaces").iter().enumerate() {
            if let Some(name) = namespace.as_str().filter(|name| names::dns_label(name).is_err()) {
                self.error("field.grammar", &at.key("namespaces").index(index), &[name]);
            }
        }
    }

    fn tolerations(&mut self, pod: &Map<String, Value>, at: &Path) {
        for (path, toleration) in self.items(pod, at, "tolerations") {
            self.grammar(toleration, &path, "key", names::label_key);
            self.choice(
                toleration,
                &path,
                "effect",
                &["NoSchedule", "PreferNoSchedule", "NoExecute"],
            );
            // Gt and Lt compare numbers, where the cluster has them (KEP-5471).
            self.choice(toleration, &path, "operator", &["Equal", "Exists", "Gt", "Lt"]);
            let text = |key: &str| toleration.get(key).and_then(Value::as_str).unwrap_or_default();
            if matches!(text("operator"), "" | "Equal") && names::label_value(text("value")).is_err() {
                self.error("label.value", &path.key("operator"), &[text("value")]);
            }
            if text("operator") == "Exists" && !text("value").is_empty() {
                self.error("toleration.value", &path.key("operator"), &[text("value")]);
            }
            if toleration.get("tolerationSeconds").is_some_and(Value::is_number)
                && text("effect") != "NoExecute"
            {
                self.error("toleration.seconds", &path.key("effect"), &[]);
            }
            if text("key").is_empty() && !matches!(text("operator"), "Exists") {
                self.error("toleration.key", &path.key("operator"), &[]);
            }
        }
    }

    fn spread(&mut self, pod: &Map<String, Value>, at: &Path) {
        let constraints = self.items(pod, at, "topologySpreadConstraints");
        let pair = |spread: &Map<String, Value>| {
            ["topologyKey", "whenUnsatisfiable"].map(|key| spread.get(key).cloned().unwrap_or_default())
        };
        for (index, (path, spread)) in constraints.iter().enumerate() {
            // The server names the first of two.
            let key = spread
                .get("topologyKey")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if constraints[index + 1..]
                .iter()
                .any(|(_, other)| pair(other) == pair(spread))
            {
                self.error("name.duplicate", path, &[key]);
            }
        }
        for (path, spread) in constraints {
            self.at_least(spread, &path, "maxSkew", 1);
            self.required(spread, &path, "topologyKey");
            self.required_choice(
                spread,
                &path,
                "whenUnsatisfiable",
                &["DoNotSchedule", "ScheduleAnyway"],
            );
            let unsatisfiable = spread
                .get("whenUnsatisfiable")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if self.at_least(spread, &path, "minDomains", 1).is_some() && unsatisfiable == "ScheduleAnyway" {
                self.forbidden(spread, &path, "minDomains");
            }
            for key in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
                self.choice(spread, &path, key, &["Honor", "Ignore"]);
            }
            self.label_selector(spread, &path, "labelSelector");
            self.label_keys(spread, &path, "matchLabelKeys");
        }
    }
}
