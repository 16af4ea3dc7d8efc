//! `podFailurePolicy` and `successPolicy` of a Job (`validatePodFailurePolicy`, `validateSuccessPolicy`).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;

/// Most rules of either policy, and most conditions of a rule.
const MAX_RULES: usize = 20;
/// Most exit codes of a rule.
const MAX_CODES: usize = 255;

impl Check<'_> {
    pub(super) fn failure_policy(&mut self, spec: &Map<String, Value>, at: &Path, containers: &[&str]) {
        let Some(policy) = self.mapping(spec, at, "podFailurePolicy") else {
            return;
        };
        let at = at.key("podFailurePolicy");
        self.at_most(policy, &at, "rules", MAX_RULES);
        for (path, rule) in self.items(policy, &at, "rules") {
            self.required_choice(
                rule,
                &path,
                "action",
                &["FailIndex", "FailJob", "Ignore", "Count"],
            );
            let conditions = !self.list(rule, &path, "onPodConditions").is_empty();
            let codes = self.mapping(rule, &path, "onExitCodes");
            if conditions == codes.is_some() {
                self.error("field.one-of", &path, &["onExitCodes, onPodConditions"]);
            }
            if rule.get("action").and_then(Value::as_str) == Some("FailIndex")
                && spec.get("backoffLimitPerIndex").is_none_or(Value::is_null)
            {
                self.error("job.policy.per-index", &path.key("action"), &[]);
            }
            if let Some(codes) = codes {
                let path = path.key("onExitCodes");
                self.exit_codes(codes, &path);
                if let Some(name) = self
                    .text(codes, &path, "containerName")
                    .filter(|name| !containers.contains(name))
                {
                    self.error("job.policy.container", &path.key("containerName"), &[name]);
                }
            }
            self.at_most(rule, &path, "onPodConditions", MAX_RULES);
            for (path, condition) in self.items(rule, &path, "onPodConditions") {
                if self.required(condition, &path, "type").is_some() {
                    self.grammar(condition, &path, "type", names::label_key);
                }
                self.choice(condition, &path, "status", &["True", "False", "Unknown"]);
            }
        }
    }

    fn exit_codes(&mut self, codes: &Map<String, Value>, at: &Path) {
        self.required_choice(codes, at, "operator", &["In", "NotIn"]);
        let values = self.list(codes, at, "values");
        let path = at.key("values");
        if values.is_empty() {
            self.error("field.required", &path, &["values"]);
        }
        self.at_most(codes, at, "values", MAX_CODES);
        let mut taken = HashSet::new();
        let mut sorted = true;
        let mut last = i64::MIN;
        for (index, value) in values.iter().enumerate() {
            let path = path.index(index);
            let Some(code) = value.as_i64() else {
                self.wrong_type(&path, "a whole number", value);
                continue;
            };
            if code == 0 && codes.get("operator").and_then(Value::as_str) == Some("In") {
                self.error("job.policy.zero", &path, &[]);
            }
            if !taken.insert(code) {
                self.error("name.duplicate", &path, &[&code.to_string()]);
            }
            sorted &= code >= last;
            last = code;
        }
        if !sorted {
            self.error("list.order", &path, &[]);
        }
    }

    pub(super) fn success_policy(&mut self, spec: &Map<String, Value>, at: &Path, completions: Option<i64>) {
        let Some(policy) = self.mapping(spec, at, "successPolicy") else {
            return;
        };
        let at = at.key("successPolicy");
        if self.list(policy, &at, "rules").is_empty() {
            self.error("field.required", &at.key("rules"), &["rules"]);
        }
        self.at_most(policy, &at, "rules", MAX_RULES);
        for (path, rule) in self.items(policy, &at, "rules") {
            let indexes = self.text(rule, &path, "succeededIndexes");
            let count = self.at_least(rule, &path, "succeededCount", 0);
            if indexes.is_none() && count.is_none() {
                self.error("job.success.empty", &path, &[]);
            }
            let mut limit = completions;
            if let Some(indexes) = indexes {
                match index_count(indexes, completions) {
                    Some(total) => limit = Some(total),
                    None => self.error("job.success.indexes", &path.key("succeededIndexes"), &[indexes]),
                }
            }
            if let (Some(count), Some(limit)) = (count, limit)
                && count > limit
            {
                self.error(
                    "job.success.count",
                    &path.key("succeededCount"),
                    &[&limit.to_string()],
                );
            }
        }
    }
}

/// How many indexes `0-2,5` names. None if it is not ascending, overlaps, or goes beyond the completions.
fn index_count(text: &str, completions: Option<i64>) -> Option<i64> {
    let mut last = -1;
    let mut total = 0;
    for part in text.split(',') {
        let (first, end) = part.split_once('-').unwrap_or((part, part));
        let (first, end): (i64, i64) = (first.parse().ok()?, end.parse().ok()?);
        let interval = part.contains('-');
        if first <= last || end < first || (interval && end == first) {
            return None;
        }
        if completions.is_some_and(|completions| end >= completions) {
            return None;
        }
        total += end - first + 1;
        last = end;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::index_count;

    #[test]
    fn index_lists_are_counted() {
        assert_eq!(index_count("0-2,5", Some(6)), Some(4));
        assert_eq!(index_count("3", None), Some(1));
        for text in ["", "a", "2,1", "3-1", "0-2,2", "0-9"] {
            assert_eq!(index_count(text, Some(6)), None, "{text}");
        }
    }
}
