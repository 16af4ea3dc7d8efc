//! Names, labels and annotations.

use serde_json::{Map, Value};

use super::Check;
use crate::names::{self, NameError};
use crate::path::Path;

/// Most bytes of all annotations together (`TotalAnnotationSizeLimitB`).
const MAX_ANNOTATIONS: usize = 256 * 1024;

impl Check<'_> {
    /// `metadata` of any object.
    pub(super) fn metadata(&mut self, object: &Map<String, Value>, at: &Path) {
        let path = at.key("metadata");
        let empty = Map::new();
        let metadata = self.mapping(object, at, "metadata").unwrap_or(&empty);
        let prefix = self.text(metadata, &path, "generateName").unwrap_or_default();
        let generated = !prefix.is_empty();
        // What is generated goes behind the prefix, so it may end with a dash.
        if generated && names::dns_subdomain(prefix.strip_suffix('-').unwrap_or(prefix)).is_err() {
            self.error("field.grammar", &path.key("generateName"), &[prefix]);
        }
        self.grammar(metadata, &path, "namespace", names::dns_label);
        if self
            .text(metadata, &path, "resourceVersion")
            .is_some_and(|version| !version.is_empty())
        {
            self.forbidden(metadata, &path, "resourceVersion");
        }
        match self.text(metadata, &path, "name") {
            None | Some("") if !generated => self.error("object.name.missing", &path.key("name"), &[]),
            Some(name) if !name.is_empty() => self.name(name, &path.key("name"), names::dns_subdomain(name)),
            _ => {}
        }
        self.labels(metadata, &path);
        self.annotations(metadata, &path);
        let finalizers = self.list(metadata, &path, "finalizers");
        let has = |name: &str| {
            finalizers
                .iter()
                .any(|finalizer| finalizer.as_str() == Some(name))
        };
        for (index, finalizer) in finalizers.iter().enumerate() {
            // Kubernetes' own have no domain; all others need one (`validateKubeFinalizerName`).
            let Some(finalizer) = finalizer.as_str() else {
                continue;
            };
            let own = matches!(finalizer, "orphan" | "foregroundDeletion" | "kubernetes");
            if names::label_key(finalizer).is_err() || !own && !finalizer.contains('/') {
                self.error(
                    "object.finalizer",
                    &path.key("finalizers").index(index),
                    &[finalizer],
                );
            }
        }
        if has("orphan") && has("foregroundDeletion") {
            self.error("object.finalizers", &path.key("finalizers"), &[]);
        }
        let mut controllers = 0;
        for (path, owner) in self.items(metadata, &path, "ownerReferences") {
            for key in ["apiVersion", "kind", "name", "uid"] {
                self.required(owner, &path, key);
            }
            controllers += usize::from(owner.get("controller") == Some(&Value::Bool(true)));
        }
        if controllers > 1 {
            self.error("object.owners", &path.key("ownerReferences"), &[]);
        }
    }

    /// `annotations` of a metadata.
    pub(super) fn annotations(&mut self, metadata: &Map<String, Value>, at: &Path) {
        if let Some(annotations) = self.mapping(metadata, at, "annotations") {
            let bytes: usize = annotations
                .iter()
                .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
                .sum();
            if bytes > MAX_ANNOTATIONS {
                self.error("annotation.size", &at.key("annotations"), &[]);
            }
            for (key, value) in annotations {
                // Annotation keys are label keys after lower-casing (k8s.io/apimachinery api/validation).
                if names::label_key(&key.to_ascii_lowercase()).is_err() {
                    self.error("annotation.key", &at.key("annotations"), &[key]);
                }
                if !value.is_string() {
                    self.text(annotations, &at.key("annotations"), key);
                }
            }
        }
    }

    /// `labels` of a metadata.
    pub(super) fn labels(&mut self, metadata: &Map<String, Value>, at: &Path) {
        if let Some(labels) = self.mapping(metadata, at, "labels") {
            self.label_pairs(labels, &at.key("labels"));
        }
    }

    /// Keys and values that follow the grammar of labels.
    pub(super) fn label_pairs(&mut self, pairs: &Map<String, Value>, at: &Path) {
        for key in pairs.keys() {
            if names::label_key(key).is_err() {
                self.error("label.key", at, &[key]);
            }
            if let Some(value) = self
                .text(pairs, at, key)
                .filter(|value| names::label_value(value).is_err())
            {
                // The API server reports a bad value at the mapping.
                self.error("label.value", at, &[value]);
            }
        }
    }

    /// A name that was checked.
    pub(super) fn name(&mut self, name: &str, path: &Path, checked: Result<(), NameError>) {
        match checked {
            Ok(()) => {}
            Err(NameError::Empty) => self.error("object.name.missing", path, &[]),
            Err(NameError::TooLong(limit)) => self.error("object.name.long", path, &[&limit.to_string()]),
            Err(NameError::Characters) => self.error("object.name.invalid", path, &[name]),
        }
    }
}
