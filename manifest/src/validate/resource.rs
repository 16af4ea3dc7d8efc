//! Names and amounts of resources (`ValidateResourceRequirements`, `validateContainerResourceName`).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;
use crate::quantity::Quantity;

/// Resources of which a node gives more than it has; all others need a limit equal to the request.
fn is_native(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage")
}

impl Check<'_> {
    /// What a container may not ask for in this way; the amounts themselves were read before.
    pub(super) fn resource_rules(
        &mut self,
        at: &Path,
        requests: &[(&str, Quantity)],
        limits: &[(&str, Quantity)],
    ) {
        for (name, request) in requests.iter().filter(|(name, _)| !is_native(name)) {
            match limits.iter().find(|(other, _)| other == name) {
                None => self.error("resource.limit.missing", &at.key("limits"), &[name]),
                Some((_, limit)) if limit != request => {
                    self.error(
                        "resource.request.equal",
                        &at.key("requests"),
                        &[name, &limit.to_string()],
                    );
                }
                Some(_) => {}
            }
        }
        let huge = |(name, _): &(&str, Quantity)| name.starts_with("hugepages-");
        let base = |(name, _): &(&str, Quantity)| matches!(*name, "cpu" | "memory");
        if requests.iter().chain(limits).any(huge) && !requests.iter().chain(limits).any(base) {
            self.error("resource.hugepages", at, &[]);
        }
    }

    /// `cpu`, `memory`, `ephemeral-storage`, `hugepages-…`, or a name with a domain (an extended resource).
    pub(super) fn resource_name(&mut self, name: &str, path: &Path) {
        let standard = is_native(name) || name.starts_with("hugepages-");
        if !standard && (!name.contains('/') || names::label_key(name).is_err()) {
            self.error("resource.name", path, &[name]);
        }
    }

    /// Claims of devices: each once, and one of the Pod's.
    pub(super) fn resource_claims(
        &mut self,
        resources: &Map<String, Value>,
        at: &Path,
        known: &HashSet<&str>,
    ) {
        let mut taken = HashSet::new();
        for (path, claim) in self.items(resources, at, "claims") {
            let Some(name) = self.text(claim, &path, "name").filter(|name| !name.is_empty()) else {
                self.error("field.required", &path, &["name"]);
                continue;
            };
            let request = claim.get("request").and_then(Value::as_str).unwrap_or_default();
            if !known.contains(name) {
                self.error("resource.claim.unknown", &path, &[name]);
            }
            if !taken.insert((name, request)) {
                self.error("name.duplicate", &path, &[name]);
            }
        }
    }

    /// `resourceClaims` of the Pod. Gives their names.
    pub(super) fn pod_claims<'v>(&mut self, pod: &'v Map<String, Value>, at: &Path) -> HashSet<&'v str> {
        let mut taken = HashSet::new();
        for (path, claim) in self.items(pod, at, "resourceClaims") {
            if let Some(name) = self.required(claim, &path, "name") {
                self.grammar(claim, &path, "name", names::dns_label);
                self.once(&mut taken, name, &path.key("name"));
            }
            for key in ["resourceClaimName", "resourceClaimTemplateName"] {
                self.grammar(claim, &path, key, names::dns_subdomain);
            }
            self.one_of(claim, &path, &["resourceClaimName", "resourceClaimTemplateName"]);
        }
        taken
    }

    /// How a change of an amount is carried out. A Pod that never restarts cannot restart a container for it.
    pub(super) fn resize_policy(&mut self, container: &Map<String, Value>, at: &Path, restart: Option<&str>) {
        let path = at.key("resizePolicy");
        let mut taken = HashSet::new();
        for (item, policy) in self.items(container, at, "resizePolicy") {
            let text = |key: &str| policy.get(key).and_then(Value::as_str).unwrap_or_default();
            let (resource, how) = (text("resourceName"), text("restartPolicy"));
            if !taken.insert(resource) {
                self.error("name.duplicate", &item, &[resource]);
            }
            // The server names the list as a whole.
            if !matches!(resource, "cpu" | "memory") {
                self.error("field.enum", &path, &[resource, "cpu, memory"]);
            }
            if !matches!(how, "NotRequired" | "RestartContainer") {
                self.error("field.enum", &path, &[how, "NotRequired, RestartContainer"]);
            } else if how == "RestartContainer" && restart == Some("Never") {
                self.error("field.enum", &path, &[how, "NotRequired"]);
            }
        }
    }
}
