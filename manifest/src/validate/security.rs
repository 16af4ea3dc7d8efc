//! Security contexts of Pods and containers (`ValidatePodSecurityContext`, `ValidateSecurityContext`).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use crate::path::Path;

/// Largest user and group number.
const MAX_ID: i64 = 2_147_483_647;

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
        self.choice(context, &at, "seLinuxChangePolicy", &["MountOption", "Recursive"]);
        self.sysctls(pod, context, &at);
        self.pod_platform(pod, context, &at);
    }

    fn sysctls(&mut self, pod: &Map<String, Value>, context: &Map<String, Value>, at: &Path) {
        let shares = |key: &str| pod.get(key) == Some(&Value::Bool(true));
        let mut taken = HashSet::new();
        for (path, sysctl) in self.items(context, at, "sysctls") {
            let Some(name) = self.required(sysctl, &path, "name") else {
                continue;
            };
            let path = path.key("name");
            let dotted = name.replace('/', ".");
            if !is_sysctl(name) {
                self.error("field.grammar", &path, &[name]);
            } else if dotted.starts_with("net.") && shares("hostNetwork")
                || ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."]
                    .iter()
                    .any(|prefix| dotted.starts_with(prefix))
                    && shares("hostIPC")
            {
                self.error("security.sysctl.host", &path, &[name]);
            }
            self.once(&mut taken, name, &path);
        }
    }

    pub(super) fn container_security(
        &mut self,
        container: &Map<String, Value>,
        at: &Path,
        pod: &Map<String, Value>,
    ) {
        let Some(context) = self.mapping(container, at, "securityContext") else {
            return;
        };
        let at = at.key("securityContext");
        self.identity(context, &at);
        self.choice(context, &at, "procMount", &["Default", "Unmasked"]);
        if context.get("procMount").and_then(Value::as_str) == Some("Unmasked")
            && pod.get("hostUsers") != Some(&Value::Bool(false))
        {
            self.error("security.proc-mount", &at.key("procMount"), &[]);
        }
        let is = |key: &str, value: bool| context.get(key) == Some(&Value::Bool(value));
        let added = context
            .get("capabilities")
            .and_then(|capabilities| capabilities.get("add")?.as_array());
        let admin = added
            .into_iter()
            .flatten()
            .any(|capability| capability == "CAP_SYS_ADMIN");
        if is("allowPrivilegeEscalation", false) && (is("privileged", true) || admin) {
            self.error("security.escalation", &at, &[]);
        }
        self.container_platform(pod, context, &at);
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
                let inside = super::container::is_inside;
                if let Some(file) = self.required(profile, &at, "localhostProfile")
                    && (key == "seccompProfile" && !inside(file) || file.trim() != file)
                {
                    self.error("item.path", &at.key("localhostProfile"), &[file]);
                }
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
