//! Security contexts of Pods and containers (`ValidatePodSecurityContext`, `ValidateSecurityContext`).

use serde_json::{Map, Value};

use super::Check;
use crate::path::Path;

/// Largest user and group number.
const MAX_ID: i64 = 2_147_483_647;

/// Fields of a Linux Pod that a Windows Pod may not have.
const LINUX_ONLY: [&str; 10] = [
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsUser",
    "runAsGroup",
    "seLinuxOptions",
    "seccompProfile",
    "appArmorProfile",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "sysctls",
];

impl Check<'_> {
    pub(super) fn pod_security(&mut self, pod: &Map<String, Value>, at: &Path) {
        let Some(context) = self.mapping(pod, at, "securityContext") else {
            return;
        };
        let at = at.key("securityContext");
        self.identity(context, &at);
        self.within(context, &at, "fsGroup", 0, MAX_ID);
        for (index, group) in self.list(context, &at, "supplementalGroups").iter().enumerate() {
            if group.as_i64().is_none_or(|group| !(0..=MAX_ID).contains(&group)) {
                let path = at.key("supplementalGroups").index(index);
                self.error("field.range", &path, &["0", &MAX_ID.to_string()]);
            }
        }
        self.choice(context, &at, "fsGroupChangePolicy", &["Always", "OnRootMismatch"]);
        self.choice(context, &at, "supplementalGroupsPolicy", &["Merge", "Strict"]);
        for (path, sysctl) in self.items(context, &at, "sysctls") {
            if let Some(name) = self
                .required(sysctl, &path, "name")
                .filter(|name| !is_sysctl(name))
            {
                self.error("field.grammar", &path.key("name"), &[name]);
            }
        }
        let os = pod.get("os").and_then(|os| os.get("name")?.as_str());
        if os == Some("windows") {
            for key in LINUX_ONLY {
                self.forbidden(context, &at, key);
            }
        }
    }

    pub(super) fn container_security(&mut self, container: &Map<String, Value>, at: &Path) {
        if let Some(context) = self.mapping(container, at, "securityContext") {
            let at = at.key("securityContext");
            self.identity(context, &at);
            self.choice(context, &at, "procMount", &["Default", "Unmasked"]);
        }
    }

    /// What both kinds of context have.
    fn identity(&mut self, context: &Map<String, Value>, at: &Path) {
        for key in ["runAsUser", "runAsGroup"] {
            self.within(context, at, key, 0, MAX_ID);
        }
        self.boolean(context, at, "runAsNonRoot");
        for key in ["seccompProfile", "appArmorProfile"] {
            let Some(profile) = self.mapping(context, at, key) else {
                continue;
            };
            let at = at.key(key);
            self.required_choice(
                profile,
                &at,
                "type",
                &["Localhost", "RuntimeDefault", "Unconfined"],
            );
            if profile.get("type").and_then(Value::as_str) == Some("Localhost") {
                self.required(profile, &at, "localhostProfile");
            } else {
                self.forbidden(profile, &at, "localhostProfile");
            }
        }
    }
}

/// Lower-case words of letters, digits, `-` and `_`, joined by dots or slashes.
fn is_sysctl(name: &str) -> bool {
    name.len() <= 253
        && name.split(['.', '/']).all(|part| {
            let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_');
            !part.is_empty()
                && part.bytes().all(inner)
                && !part.starts_with(['-', '_'])
                && !part.ends_with(['-', '_'])
        })
}
