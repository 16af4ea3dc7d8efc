//! `spec` of a Pod template (k8s.io/kubernetes `pkg/apis/core/validation`).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;

impl Check<'_> {
    pub(super) fn pod(&mut self, pod: &Map<String, Value>, at: &Path) {
        let volumes = self.volumes(pod, at);
        let mut taken = HashSet::new();
        let claims = self.pod_claims(pod, at);
        // 30 s unless it is said (core/v1 PodSpec); the server takes a negative number for 1.
        let grace = self
            .integer(pod, at, "terminationGracePeriodSeconds")
            .map_or(30, |grace| grace.max(1));
        let mut mounted = HashSet::new();
        let containers = self.list(pod, at, "containers");
        if containers.is_empty() {
            self.error("containers.missing", &at.key("containers"), &[]);
        }
        for (list, containers) in [
            ("containers", containers),
            ("initContainers", self.list(pod, at, "initContainers")),
        ] {
            for (index, container) in containers.iter().enumerate() {
                let path = at.key(list).index(index);
                let Some(container) = container.as_object() else {
                    self.wrong_type(&path, "a mapping", container);
                    continue;
                };
                self.container(container, &path, pod, &volumes, &mut mounted);
                let is_sidecar = container.get("restartPolicy").and_then(Value::as_str) == Some("Always");
                self.probes(container, &path, grace, list == "initContainers" && !is_sidecar);
                if let Some(resources) = container.get("resources").and_then(Value::as_object) {
                    self.resource_claims(resources, &path.key("resources"), &claims);
                }
                self.devices(container, &path, pod);
                if let Some(name) = container
                    .get("name")
                    .and_then(Value::as_str)
                    .filter(|name| !name.is_empty())
                    && !taken.insert(name)
                {
                    self.error("name.duplicate", &path.key("name"), &[name]);
                }
            }
        }
        self.unmounted(pod, at, &mounted);
        if let Some(selector) = self.mapping(pod, at, "nodeSelector") {
            self.label_pairs(selector, &at.key("nodeSelector"));
        }
        self.within(pod, at, "activeDeadlineSeconds", 1, i64::from(i32::MAX));
        self.platform(pod, at);
        self.host_ports(pod, at);
        self.scheduling(pod, at);
        self.network(pod, at);
        self.pod_security(pod, at);
        self.forbidden(pod, at, "ephemeralContainers");
        if let Some(overhead) = self.mapping(pod, at, "overhead") {
            for (name, amount) in overhead {
                self.resource_name(name, &at.key("overhead").key(name));
                if amount.as_str().is_some_and(|amount| amount.starts_with('-')) {
                    self.error("quantity.negative", &at.key("overhead").key(name), &[]);
                }
            }
        }
        self.choice(
            pod,
            at,
            "dnsPolicy",
            &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
        );
        for key in [
            "serviceAccountName",
            "priorityClassName",
            "nodeName",
            "runtimeClassName",
        ] {
            if let Some(name) = self.text(pod, at, key).filter(|name| !name.is_empty()) {
                self.name(name, &at.key(key), names::dns_subdomain(name));
            }
        }
        for (index, secret) in self.list(pod, at, "imagePullSecrets").iter().enumerate() {
            if let Some(secret) = secret.as_object() {
                self.text(secret, &at.key("imagePullSecrets").index(index), "name");
            }
        }
    }
}
