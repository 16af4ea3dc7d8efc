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
                self.container(container, &path, &volumes, &mut mounted);
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
        self.at_least(pod, at, "activeDeadlineSeconds", 1);
        self.choice(
            pod,
            at,
            "dnsPolicy",
            &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
        );
        for key in ["serviceAccountName", "priorityClassName", "nodeName"] {
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
