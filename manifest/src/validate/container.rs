//! One container: image, resources, ports, environment, mounts.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;
use crate::quantity::Quantity;

impl Check<'_> {
    pub(super) fn container<'v>(
        &mut self,
        container: &'v Map<String, Value>,
        at: &Path,
        pod: &Map<String, Value>,
        volumes: &HashSet<&str>,
        mounted: &mut HashSet<&'v str>,
    ) {
        // What is there and no text is told as that alone.
        let other = |key: &str| {
            container
                .get(key)
                .is_some_and(|value| !value.is_null() && !value.is_string())
        };
        match self.text(container, at, "name") {
            None if other("name") => {}
            None | Some("") => self.error("object.name.missing", &at.key("name"), &[]),
            Some(name) => self.name(name, &at.key("name"), names::dns_label(name)),
        }
        match self.text(container, at, "image") {
            None if other("image") => {}
            None | Some("") => self.error("container.image.missing", &at.key("image"), &[]),
            Some(image) if image.trim() != image => {
                self.error("container.image.space", &at.key("image"), &[]);
            }
            Some(image) => self.image_advice(image, &at.key("image")),
        }
        self.choice(
            container,
            at,
            "imagePullPolicy",
            &["Always", "IfNotPresent", "Never"],
        );
        for key in ["command", "args"] {
            for (index, word) in self.list(container, at, key).iter().enumerate() {
                if !word.is_string() {
                    let path = at.key(key).index(index);
                    self.word(word, &path);
                }
            }
        }
        self.choice(
            container,
            at,
            "terminationMessagePolicy",
            &["File", "FallbackToLogsOnError"],
        );
        self.restart(container, at);
        self.container_security(container, at, pod);
        self.resources(container, at);
        self.resize_policy(container, at, pod.get("restartPolicy").and_then(Value::as_str));
        self.ports(container, at);
        self.environment(container, at);
        self.env_from(container, at);
        self.mounts(container, at, volumes, mounted);
    }

    /// A word of a command that is no text: `true`, `1`.
    fn word(&mut self, word: &Value, path: &Path) {
        match super::scalar_text(self.document, self.entry, path, word) {
            Some(text) => {
                let set = crate::Edit::Set {
                    path: path.clone(),
                    value: Value::String(text),
                };
                let words = ["a text (put it in quotes)", super::type_name(word)];
                self.fixable(crate::Severity::Error, "field.type", path, &words, set);
            }
            None => self.wrong_type(path, "a text", word),
        }
    }

    fn resources(&mut self, container: &Map<String, Value>, at: &Path) {
        let path = at.key("resources");
        let Some(resources) = self.mapping(container, at, "resources") else {
            return;
        };
        let requests = self.quantities(resources, &path, "requests");
        let limits = self.quantities(resources, &path, "limits");
        self.resource_rules(&path, &requests, &limits);
        for (name, request) in &requests {
            if let Some((_, limit)) = limits.iter().find(|(other, _)| other == name)
                && request > limit
            {
                let at = path.key("requests");
                self.error(
                    "quantity.request",
                    &at.key(*name),
                    &[&request.to_string(), &limit.to_string()],
                );
            }
        }
    }

    fn quantities<'v>(
        &mut self,
        resources: &'v Map<String, Value>,
        at: &Path,
        key: &str,
    ) -> Vec<(&'v str, Quantity)> {
        let path = at.key(key);
        let Some(amounts) = self.mapping(resources, at, key) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for (name, amount) in amounts {
            let path = path.key(name);
            self.resource_name(name, &path);
            // A number is taken for its text, as the API's Quantity reads JSON.
            let text = match amount {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                other => {
                    self.wrong_type(&path, "a quantity", other);
                    continue;
                }
            };
            match text.parse::<Quantity>() {
                Err(_) => self.error("quantity.invalid", &path, &[&text]),
                Ok(quantity) if quantity.is_negative() => self.error("quantity.negative", &path, &[]),
                Ok(quantity) => {
                    let extended = !matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage");
                    if extended && !name.starts_with("hugepages-") && !quantity.is_whole() {
                        self.error("quantity.whole", &path, &[name]);
                    }
                    out.push((name.as_str(), quantity));
                }
            }
        }
        out
    }

    fn environment(&mut self, container: &Map<String, Value>, at: &Path) {
        let variables = self.list(container, at, "env");
        let mut taken = HashSet::with_capacity(variables.len());
        for (index, variable) in variables.iter().enumerate() {
            // Nearly all are a name and a text, and of those there may be thousands.
            if plain_variable(variable).is_some_and(|name| taken.insert(name)) {
                continue;
            }
            let path = at.key("env").index(index);
            let Some(variable) = variable.as_object() else {
                continue;
            };
            let name = self.text(variable, &path, "name").unwrap_or_default();
            if names::env_name(name).is_err() {
                self.error("env.name", &path.key("name"), &[name]);
            } else if !taken.insert(name) {
                self.report(
                    crate::Severity::Warning,
                    "env.duplicate",
                    &path.key("name"),
                    &[name],
                );
            }
            let value = self.text(variable, &path, "value");
            if let Some(source) = self.mapping(variable, &path, "valueFrom") {
                if value.is_some_and(|value| !value.is_empty()) {
                    self.error("env.both", &path.key("valueFrom"), &[]);
                } else if source.len() != 1 {
                    self.error("env.source", &path.key("valueFrom"), &[]);
                }
                for (kind, reference) in source {
                    if let Some(reference) = reference.as_object() {
                        self.env_source(kind, reference, &path.key("valueFrom").key(kind));
                    }
                }
            }
        }
    }
}

/// The name of a variable that has only a good name and a text.
fn plain_variable(variable: &Value) -> Option<&str> {
    let variable = variable.as_object()?;
    let name = variable
        .get("name")?
        .as_str()
        .filter(|name| names::env_name(name).is_ok())?;
    match (variable.len(), variable.get("value")) {
        (1, None) | (2, Some(Value::String(_) | Value::Null)) => Some(name),
        _ => None,
    }
}

/// A relative path without `..`.
pub(super) fn is_inside(path: &str) -> bool {
    !path.starts_with('/') && path.split('/').all(|part| part != "..")
}
