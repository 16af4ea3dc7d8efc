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
            if let Some(name) = self.required(gate, &path, "name") {
                self.grammar(gate, &path, "name", names::label_key);
                self.once(&mut gates, name, &path);
            }
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

    fn label_selector(&mut self, holder: &Map<String, Value>, at: &Path, key: &str) {
        let Some(selector) = self.mapping(holder, at, key) else {
            return;
        };
        let at = at.key(key);
        if let Some(labels) = self.mapping(selector, &at, "matchLabels") {
            self.label_pairs(labels, &at.key("matchLabels"));
        }
        for (path, expression) in self.items(selector, &at, "matchExpressions") {
            self.expression(expression, &path, &["In", "NotIn", "Exists", "DoesNotExist"]);
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
            let text = |key: &str| toleration.get(key).and_then(Value::as_str).unwrap_or_default();
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
        let mut taken = HashSet::new();
        for (path, spread) in self.items(pod, at, "topologySpreadConstraints") {
            self.at_least(spread, &path, "maxSkew", 1);
            let key = self.required(spread, &path, "topologyKey").unwrap_or_default();
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
            if !taken.insert((key, unsatisfiable)) {
                self.error("name.duplicate", &path, &[key]);
            }
            if self.at_least(spread, &path, "minDomains", 1).is_some() && unsatisfiable == "ScheduleAnyway" {
                self.forbidden(spread, &path, "minDomains");
            }
            for key in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
                self.choice(spread, &path, key, &["Honor", "Ignore"]);
            }
            self.label_selector(spread, &path, "labelSelector");
        }
    }
}
