//! Where environment variables and projected files come from: keys of objects, fields of the Pod, its resources.

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;
use crate::quantity::Quantity;

/// Fields that an environment variable may take (core/v1 `EnvVarSource.fieldRef`).
const ENV_FIELDS: [&str; 11] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
    "metadata.labels",
    "metadata.annotations",
];

/// Fields that a file may take (core/v1 `DownwardAPIVolumeFile.fieldRef`).
const FILE_FIELDS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

impl Check<'_> {
    /// `envFrom` of a container.
    pub(super) fn env_from(&mut self, container: &Map<String, Value>, at: &Path) {
        for (path, source) in self.items(container, at, "envFrom") {
            self.grammar(source, &path, "prefix", names::env_name);
            if let Some((kind, _)) = self.one_of(source, &path, &["configMapRef", "secretRef"])
                && let Some(reference) = self.mapping(source, &path, kind)
            {
                self.required_grammar(reference, &path.key(kind), "name", names::dns_subdomain);
            }
        }
    }

    /// One source of a variable's value.
    pub(super) fn env_source(&mut self, kind: &str, source: &Map<String, Value>, at: &Path) {
        match kind {
            "configMapKeyRef" | "secretKeyRef" => {
                self.required_grammar(source, at, "name", names::dns_subdomain);
                if let Some(key) = self.required(source, at, "key") {
                    self.data_key(key, &at.key("key"));
                }
            }
            "fieldRef" => self.field(source, at, &ENV_FIELDS),
            "resourceFieldRef" => self.resource_field(source, at),
            _ => {}
        }
    }

    /// A key of a ConfigMap or Secret: letters, digits, `-`, `_` and `.` (`IsConfigMapKey`).
    fn data_key(&mut self, key: &str, path: &Path) {
        let fits = key
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'));
        if !fits || key.len() > 253 || key == "." || key.starts_with("..") {
            self.error("field.grammar", path, &[key]);
        }
    }

    fn field(&mut self, source: &Map<String, Value>, at: &Path, allowed: &[&str]) {
        let path = at.key("fieldPath");
        if self
            .text(source, at, "apiVersion")
            .is_some_and(|version| !matches!(version, "" | "v1"))
        {
            self.error("field.enum", &path, &["apiVersion", "v1"]);
        }
        if let Some(field) = self.required(source, at, "fieldPath") {
            let base = field.split_once('[').map_or(field, |(base, _)| base);
            let subscript = matches!(base, "metadata.labels" | "metadata.annotations");
            let whole = allowed.contains(&field) && (allowed.len() == FILE_FIELDS.len() || !subscript);
            let one = subscript && field != base && field.ends_with("']");
            if !whole && !one {
                self.error("field.enum", &path, &[field, &allowed.join(", ")]);
            }
        }
    }

    fn resource_field(&mut self, source: &Map<String, Value>, at: &Path) {
        if let Some(resource) = self.required(source, at, "resource") {
            let (side, name) = resource.split_once('.').unwrap_or_default();
            let known =
                matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
            if !matches!(side, "limits" | "requests") || !known {
                let allowed = "limits.cpu, limits.memory, limits.ephemeral-storage, requests.cpu, requests.memory, \
                               requests.ephemeral-storage";
                self.error("field.enum", &at.key("resource"), &[resource, allowed]);
            } else {
                self.divisor(source, at, name);
            }
        }
    }

    /// The unit that an amount is given in: one of a few (`validateContainerResourceDivisor`).
    fn divisor(&mut self, source: &Map<String, Value>, at: &Path, resource: &str) {
        let text = match source.get("divisor") {
            None | Some(Value::Null) => return,
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let allowed: &[&str] = if resource == "cpu" {
            &["1m", "1"]
        } else {
            &[
                "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
            ]
        };
        let Ok(divisor) = text.parse::<Quantity>() else {
            return self.error("quantity.invalid", &at.key("divisor"), &[&text]);
        };
        let known = allowed
            .iter()
            .any(|unit| unit.parse::<Quantity>().is_ok_and(|unit| unit == divisor));
        if !divisor.is_zero() && !known {
            self.error("field.enum", &at.key("divisor"), &[&text, &allowed.join(", ")]);
        }
    }

    /// Files of a downward API volume.
    pub(super) fn downward_files(&mut self, source: &Map<String, Value>, at: &Path) {
        for (path, item) in self.items(source, at, "items") {
            self.file_path(item, &path);
            self.within(item, &path, "mode", 0, 0o777);
            match self.one_of(item, &path, &["fieldRef", "resourceFieldRef"]) {
                Some(("fieldRef", _)) => {
                    if let Some(reference) = self.mapping(item, &path, "fieldRef") {
                        self.field(reference, &path.key("fieldRef"), &FILE_FIELDS);
                    }
                }
                Some((kind, _)) => {
                    if let Some(reference) = self.mapping(item, &path, kind) {
                        self.required(reference, &path.key(kind), "containerName");
                        self.resource_field(reference, &path.key(kind));
                    }
                }
                None => {}
            }
        }
    }

    /// A file's place within its volume.
    pub(super) fn file_path(&mut self, item: &Map<String, Value>, at: &Path) {
        if let Some(inside) = self.required(item, at, "path")
            && !super::container::is_inside(inside)
        {
            self.error("item.path", &at.key("path"), &[inside]);
        }
    }
}
