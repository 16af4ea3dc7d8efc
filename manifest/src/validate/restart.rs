//! A container's own restart policy and rules (KEP-5307, `validateContainerRestartPolicy`).

use serde_json::{Map, Value};

use super::Check;
use crate::path::Path;

/// Most rules of a container, and most exit codes of a rule.
const MAX_RULES: usize = 20;
const MAX_CODES: usize = 255;

impl Check<'_> {
    pub(super) fn restart(&mut self, container: &Map<String, Value>, at: &Path) {
        self.choice(container, at, "restartPolicy", &["Always", "Never", "OnFailure"]);
        let rules = self.items(container, at, "restartPolicyRules");
        if rules.is_empty() {
            return;
        }
        if container.get("restartPolicy").is_none_or(Value::is_null) {
            self.error("field.required", &at.key("restartPolicy"), &["restartPolicy"]);
        }
        self.at_most(container, at, "restartPolicyRules", MAX_RULES);
        for (path, rule) in rules {
            self.required_choice(rule, &path, "action", &["Restart", "RestartAllContainers"]);
            let Some(codes) = self.mapping(rule, &path, "exitCodes") else {
                self.error("field.required", &path.key("exitCodes"), &["exitCodes"]);
                continue;
            };
            let path = path.key("exitCodes");
            self.required_choice(codes, &path, "operator", &["In", "NotIn"]);
            self.at_most(codes, &path, "values", MAX_CODES);
        }
    }
}
