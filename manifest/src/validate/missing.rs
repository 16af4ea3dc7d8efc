//! References to objects that neither the text nor the project has.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::Document;
use crate::operation::Edit;
use crate::problem::{Fix, Problem, Severity};
use crate::references::{Target, collect};
use crate::suggestion::nearest;
use crate::validate::nearest as range_of;

/// Names of the objects in the project. A list is none where it is unknown: nothing of that kind is reported then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNames {
    /// `ConfigMap`s with their keys.
    pub config_maps: Option<Vec<(String, Vec<String>)>>,
    /// Secrets with their keys.
    pub secrets: Option<Vec<(String, Vec<String>)>>,
    /// `PersistentVolumeClaim`s.
    pub claims: Option<Vec<String>>,
    /// `ServiceAccount`s.
    pub service_accounts: Option<Vec<String>>,
    /// `PriorityClass`es of the cluster.
    pub priority_classes: Option<Vec<String>>,
}

impl KnownNames {
    /// Returns the objects of a kind with their keys.
    fn of(&self, kind: &str) -> Option<Vec<(String, Vec<String>)>> {
        let plain = |names: &Option<Vec<String>>| {
            let names = names.as_ref()?.iter();
            Some(names.map(|name| (name.clone(), Vec::new())).collect())
        };
        match kind {
            "ConfigMap" => self.config_maps.clone(),
            "Secret" => self.secrets.clone(),
            "PersistentVolumeClaim" => plain(&self.claims),
            "ServiceAccount" => plain(&self.service_accounts),
            "PriorityClass" => plain(&self.priority_classes),
            _ => None,
        }
    }
}

/// Returns a warning for each object, or key of an object, that a Job of the text refers to and that neither the
/// text nor the project has. The Pods would wait for it.
pub(super) fn missing(document: &Document, known: &KnownNames) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (entry, read) in document.entries().iter().enumerate() {
        let Some(job) = read
            .value
            .as_ref()
            .filter(|_| read.kind.as_deref() == Some("Job"))
        else {
            continue;
        };
        for reference in collect(job).into_iter().filter(|reference| !reference.optional) {
            let Target::Object(kind) = reference.target else {
                continue;
            };
            let own = objects(document, kind);
            let in_text = own.iter().find(|(name, _)| *name == reference.name);
            let in_project = known.of(kind);
            let mut report = |code, path: &crate::path::Path, subjects: Vec<String>, names: Vec<String>| {
                let written = subjects.last().cloned().unwrap_or_default();
                let near = nearest(&written, names.iter().map(String::as_str));
                let edit = near.map(|name| Edit::Set {
                    path: path.clone(),
                    value: name.into(),
                });
                problems.push(Problem {
                    code,
                    severity: Severity::Warning,
                    entry: Some(entry),
                    path: path.clone(),
                    field: None,
                    range: range_of(document, entry, path),
                    subjects,
                    fix: edit.map(Fix::Edit),
                });
            };
            let keys = match (in_text, &in_project) {
                (Some((_, keys)), _) => keys.clone(),
                (None, None) => continue,
                (None, Some(objects)) => {
                    if let Some((_, keys)) = objects.iter().find(|(name, _)| *name == reference.name) {
                        keys.clone()
                    } else {
                        let names: BTreeSet<_> =
                            own.iter().chain(objects).map(|(name, _)| name.clone()).collect();
                        report(
                            "reference.missing",
                            &reference.path,
                            vec![kind.to_owned(), reference.name.clone()],
                            names.into_iter().collect(),
                        );
                        continue;
                    }
                }
            };
            for (path, key) in reference.keys.iter().filter(|(_, key)| !keys.contains(key)) {
                report(
                    "reference.key",
                    path,
                    vec![kind.to_owned(), reference.name.clone(), key.clone()],
                    keys.clone(),
                );
            }
        }
    }
    problems
}

/// Returns the objects of a kind in the text with their keys.
fn objects(document: &Document, kind: &str) -> Vec<(String, Vec<String>)> {
    let entries = document.entries().iter();
    entries
        .filter(|entry| entry.kind.as_deref() == Some(kind))
        .filter_map(|entry| {
            let keys = ["data", "stringData", "binaryData"]
                .iter()
                .filter_map(|field| entry.value.as_ref()?.get(field)?.as_object())
                .flat_map(|data: &serde_json::Map<String, Value>| data.keys().cloned());
            Some((entry.name.clone()?, keys.collect()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(pod: &str) -> Document {
        Document::parse(format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  template:\n    spec: {pod}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: here}}\ndata: {{a: b}}\n"
        ))
    }

    fn known() -> KnownNames {
        KnownNames {
            config_maps: Some(vec![("there".to_owned(), vec!["key".to_owned()])]),
            secrets: None,
            claims: Some(vec!["disk-data".to_owned()]),
            service_accounts: Some(vec!["default".to_owned()]),
            priority_classes: Some(Vec::new()),
        }
    }

    fn found(pod: &str) -> Vec<(&'static str, String, Option<Fix>)> {
        missing(&job(pod), &known())
            .into_iter()
            .map(|problem| (problem.code, problem.subjects.join(" "), problem.fix))
            .collect()
    }

    #[test]
    fn objects_that_neither_text_nor_project_has_are_warned_about() {
        let all = found(
            "{serviceAccountName: robot, volumes: [{name: v, persistentVolumeClaim: {claimName: dsk-data}}, {name: w, configMap: {name: gone}}]}",
        );
        let subjects: Vec<_> = all.iter().map(|(_, subjects, _)| subjects.as_str()).collect();
        assert_eq!(
            subjects,
            [
                "PersistentVolumeClaim dsk-data",
                "ConfigMap gone",
                "ServiceAccount robot"
            ]
        );
        let Some(Fix::Edit(Edit::Set { value, .. })) = &all[0].2 else {
            panic!("no fix: {all:?}")
        };
        assert_eq!(value, "disk-data");
    }

    #[test]
    fn objects_of_text_and_project_are_known_and_optional_ones_may_be_missing() {
        let pod = "{volumes: [{name: a, configMap: {name: here}}, {name: b, configMap: {name: there}}, {name: c, configMap: {name: gone, optional: true}}, {name: d, secret: {secretName: unknown}}]}";
        assert_eq!(found(pod), []);
    }

    #[test]
    fn missing_keys_are_warned_about() {
        let env = |name: &str, key: &str| {
            format!(
                "{{containers: [{{name: c, env: [{{name: A, valueFrom: {{configMapKeyRef: {{name: {name}, key: {key}}}}}}}]}}]}}"
            )
        };
        assert_eq!(found(&env("there", "key")), []);
        assert_eq!(found(&env("here", "a")), []);
        assert_eq!(found(&env("there", "keyx"))[0].0, "reference.key");
        assert!(found(&env("there", "keyx"))[0].2.is_some());
        assert_eq!(found(&env("here", "zz"))[0].1, "ConfigMap here zz");
    }
}
