//! Ports of a container, and those of the host that they take (`validateContainerPorts`, `checkHostPortConflicts`).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use super::need::maps;
use crate::names;
use crate::path::Path;

impl Check<'_> {
    pub(super) fn ports(&mut self, container: &Map<String, Value>, at: &Path) {
        let mut taken = HashSet::new();
        for (index, port) in self.list(container, at, "ports").iter().enumerate() {
            let path = at.key("ports").index(index);
            let Some(port) = port.as_object() else { continue };
            let number = self.integer(port, &path, "containerPort");
            if !number.is_some_and(|number| (1..=65_535).contains(&number)) {
                self.error("port.range", &path.key("containerPort"), &[]);
            }
            self.within(port, &path, "hostPort", 0, 65_535);
            self.choice(port, &path, "protocol", &["TCP", "UDP", "SCTP"]);
            if let Some(name) = self.text(port, &path, "name").filter(|name| !name.is_empty()) {
                if names::port_name(name).is_err() {
                    self.error("port.name", &path.key("name"), &[name]);
                } else if !taken.insert(name) {
                    self.error("port.duplicate", &path.key("name"), &[name]);
                }
            }
        }
    }

    /// Ports of the host: each once among all containers, and those of a container in the host's network are its own.
    pub(super) fn host_ports(&mut self, pod: &Map<String, Value>, at: &Path) {
        let shares = pod.get("hostNetwork") == Some(&Value::Bool(true));
        let mut taken = HashSet::new();
        for list in ["containers", "initContainers"] {
            // Init containers run one after another, so each is alone.
            let alone = list == "initContainers";
            for (path, container) in maps(pod, at, list) {
                if alone {
                    taken.clear();
                }
                for (path, port) in maps(container, &path, "ports") {
                    let number = |key: &str| port.get(key).and_then(Value::as_i64).unwrap_or(0);
                    let text = |key: &str, default| port.get(key).and_then(Value::as_str).unwrap_or(default);
                    let host = number("hostPort");
                    if host == 0 {
                        continue;
                    }
                    if shares && host != number("containerPort") {
                        self.error(
                            "port.host-network",
                            &path.key("containerPort"),
                            &[&host.to_string()],
                        );
                    }
                    let (protocol, ip) = (text("protocol", "TCP"), text("hostIP", ""));
                    if !taken.insert((host, protocol, ip)) {
                        self.error("port.host.duplicate", &path.key("hostPort"), &[&host.to_string()]);
                    }
                }
            }
        }
    }
}
