//! Probes and lifecycle hooks of a container (`validateHandler`, `validateProbe`, `validateLifecycle`).

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;

impl Check<'_> {
    /// `grace` is the Pod's `terminationGracePeriodSeconds`; `is_run_once` an init container that is no sidecar.
    pub(super) fn probes(
        &mut self,
        container: &Map<String, Value>,
        at: &Path,
        grace: i64,
        is_run_once: bool,
    ) {
        for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if is_run_once {
                self.forbidden(container, at, key);
            } else if let Some(probe) = self.mapping(container, at, key) {
                self.probe(probe, &at.key(key), key);
            }
        }
        if is_run_once {
            self.forbidden(container, at, "lifecycle");
        }
        let Some(lifecycle) = self.mapping(container, at, "lifecycle") else {
            return;
        };
        for key in ["postStart", "preStop"] {
            if let Some(hook) = self.mapping(lifecycle, &at.key("lifecycle"), key) {
                self.hook(hook, &at.key("lifecycle").key(key), grace);
            }
        }
    }

    fn probe(&mut self, probe: &Map<String, Value>, at: &Path, kind: &str) {
        self.handler(probe, at, &["exec", "httpGet", "tcpSocket", "grpc"]);
        for key in [
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold",
        ] {
            self.at_least(probe, at, key, 0);
        }
        if kind == "readinessProbe" {
            self.forbidden(probe, at, "terminationGracePeriodSeconds");
        } else {
            self.at_least(probe, at, "terminationGracePeriodSeconds", 1);
            // 0 is filled in as 1.
            if probe
                .get("successThreshold")
                .and_then(Value::as_i64)
                .is_some_and(|count| count > 1)
            {
                let set = crate::Edit::Set {
                    path: at.key("successThreshold"),
                    value: 1.into(),
                };
                let path = at.key("successThreshold");
                self.fixable(crate::Severity::Error, "field.range", &path, &["1", "1"], set);
            }
        }
    }

    fn hook(&mut self, hook: &Map<String, Value>, at: &Path, grace: i64) {
        self.handler(hook, at, &["exec", "httpGet", "tcpSocket", "sleep"]);
        if let Some(sleep) = self.mapping(hook, at, "sleep") {
            let seconds = self.integer(sleep, &at.key("sleep"), "seconds").unwrap_or(0);
            if !(0..=grace).contains(&seconds) {
                self.error("field.range", &at.key("sleep"), &["0", &grace.to_string()]);
            }
        }
    }

    fn handler(&mut self, holder: &Map<String, Value>, at: &Path, kinds: &[&'static str]) {
        let Some((kind, _)) = self.only_first(holder, at, kinds) else {
            return self.error("field.one-of", at, &[&kinds.join(", ")]);
        };
        let Some(handler) = self.mapping(holder, at, kind) else {
            return;
        };
        let at = at.key(kind);
        match kind {
            "exec" if self.list(handler, &at, "command").is_empty() => {
                self.error("field.required", &at.key("command"), &["command"]);
            }
            "httpGet" => {
                self.port(handler, &at);
                self.choice(handler, &at, "scheme", &["HTTP", "HTTPS"]);
                for (path, header) in self.items(handler, &at, "httpHeaders") {
                    self.required_grammar(header, &path, "name", names::header_name);
                }
            }
            "tcpSocket" => self.port(handler, &at),
            "grpc" if self.within(handler, &at, "port", 1, 65_535).is_none() => {
                self.error("field.required", &at.key("port"), &["port"]);
            }
            _ => {}
        }
    }

    /// A number, or the name of a port.
    fn port(&mut self, handler: &Map<String, Value>, at: &Path) {
        let path = at.key("port");
        match handler.get("port") {
            None | Some(Value::Null) => self.error("field.required", &path, &["port"]),
            Some(Value::String(name)) if names::port_name(name).is_err() => {
                self.error("port.name", &path, &[name]);
            }
            Some(Value::String(_)) => {}
            Some(_) => {
                self.within(handler, at, "port", 1, 65_535);
            }
        }
    }
}
