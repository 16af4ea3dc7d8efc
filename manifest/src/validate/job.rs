//! `spec` of a Job (k8s.io/kubernetes `pkg/apis/batch/validation`).

use serde_json::{Map, Value};

use super::Check;
use crate::names;
use crate::path::Path;

/// Most Pods that an Indexed Job may run at once.
const MAX_PARALLELISM: i64 = 100_000;
/// Most of them with a back-off limit per index and more than 100,000 completions (KEP-3850).
const MAX_PARALLELISM_OF_MANY: i64 = 10_000;
/// Completions above which failed indexes have to be bounded, and most of those otherwise (KEP-3850).
const MANY: i64 = 100_000;

impl Check<'_> {
    pub(super) fn job(&mut self, object: &Map<String, Value>) {
        let root = Path::root();
        self.metadata(object, &root);
        let spec_path = root.key("spec");
        let empty = Map::new();
        let spec = self.mapping(object, &root, "spec").unwrap_or(&empty);

        let completions = self.at_least(spec, &spec_path, "completions", 0);
        let parallelism = self.at_least(spec, &spec_path, "parallelism", 0);
        let backoff = self.at_least(spec, &spec_path, "backoffLimit", 0);
        let deadline = self.at_least(spec, &spec_path, "activeDeadlineSeconds", 0);
        self.at_least(spec, &spec_path, "ttlSecondsAfterFinished", 0);
        self.boolean(spec, &spec_path, "suspend");
        self.choice(spec, &spec_path, "completionMode", &["NonIndexed", "Indexed"]);
        self.choice(
            spec,
            &spec_path,
            "podReplacementPolicy",
            &["TerminatingOrFailed", "Failed"],
        );
        if let (Some(deadline), Some(retries)) = (deadline, backoff) {
            self.deadline(deadline, retries, &spec_path);
        }

        let indexed = spec.get("completionMode").and_then(Value::as_str) == Some("Indexed");
        self.indexed(object, spec, &spec_path, indexed, completions, parallelism);

        self.selector(object, spec, &spec_path);

        let template_path = spec_path.key("template");
        let template = self.mapping(spec, &spec_path, "template").unwrap_or(&empty);
        if let Some(metadata) = self.mapping(template, &template_path, "metadata") {
            self.labels(metadata, &template_path.key("metadata"));
            self.annotations(metadata, &template_path.key("metadata"));
        }
        let pod = self.mapping(template, &template_path, "spec").unwrap_or(&empty);
        let pod_path = template_path.key("spec");
        let restart = self.restart_policy(pod, &pod_path);
        if restart == Some("OnFailure") && self.mapping(spec, &spec_path, "podFailurePolicy").is_some() {
            self.error("job.policy.restart", &pod_path.key("restartPolicy"), &[]);
        }
        self.failure_policy(spec, &spec_path, &container_names(pod));
        self.success_policy(spec, &spec_path, completions);
        if spec.get("podFailurePolicy").is_some_and(Value::is_object)
            && spec.get("podReplacementPolicy").and_then(Value::as_str) == Some("TerminatingOrFailed")
        {
            let path = spec_path.key("podReplacementPolicy");
            let set = crate::Edit::Set {
                path: path.clone(),
                value: "Failed".into(),
            };
            self.fixable(crate::Severity::Error, "job.replacement", &path, &[], set);
        }
        if let Some(manager) = self.text(spec, &spec_path, "managedBy") {
            let prefixed = manager.contains('/') && names::label_key(manager).is_ok();
            if !prefixed || manager.len() > 63 {
                self.error("job.managed-by", &spec_path.key("managedBy"), &[manager]);
            }
        }
        self.pod(pod, &pod_path);
    }

    fn indexed(
        &mut self,
        object: &Map<String, Value>,
        spec: &Map<String, Value>,
        at: &Path,
        indexed: bool,
        completions: Option<i64>,
        parallelism: Option<i64>,
    ) {
        if indexed {
            // Without both counts the API server gives completions 1.
            if completions.is_none() && parallelism.is_some() {
                self.error("job.indexed.completions", &at.key("completions"), &[]);
            }
            if parallelism.is_some_and(|parallelism| parallelism > MAX_PARALLELISM) {
                self.error("job.indexed.parallelism", &at.key("parallelism"), &[]);
            }
            // The Pods' host names are the Job's with the index behind it.
            if let (Some(name), Some(completions)) = (name(object), completions)
                && completions > 0
                && names::dns_subdomain(name).is_ok()
                && names::dns_label(&format!("{name}-{}", completions - 1)).is_err()
            {
                self.error("job.indexed.name", &Path::of(["metadata", "name"]), &[]);
            }
        }
        let per_index = self.at_least(spec, at, "backoffLimitPerIndex", 0);
        let max_failed = self.at_least(spec, at, "maxFailedIndexes", 0);
        for (key, given) in [
            ("backoffLimitPerIndex", per_index),
            ("maxFailedIndexes", max_failed),
        ] {
            if given.is_some() && !indexed {
                self.error("job.per-index.mode", &at.key(key), &[]);
            }
        }
        let many = per_index.is_some() && completions.is_some_and(|completions| completions > MANY);
        if many && max_failed.is_none() {
            self.error(
                "field.required",
                &at.key("maxFailedIndexes"),
                &["maxFailedIndexes"],
            );
        }
        let most = if many { MAX_PARALLELISM_OF_MANY } else { MANY };
        if max_failed.is_some_and(|failed| failed > most) {
            self.error("field.maximum", &at.key("maxFailedIndexes"), &[&most.to_string()]);
        }
        if let (Some(failed), Some(completions)) = (max_failed, completions)
            && failed > completions
        {
            self.error(
                "job.per-index.max-failed",
                &at.key("maxFailedIndexes"),
                &[&completions.to_string()],
            );
        }
        if many && parallelism.is_some_and(|parallelism| parallelism > MAX_PARALLELISM_OF_MANY) {
            self.error("job.per-index.parallelism", &at.key("parallelism"), &[]);
        }
        if max_failed.is_some() && per_index.is_none() {
            self.error("job.per-index.missing", &at.key("backoffLimitPerIndex"), &[]);
        }
        if self.mapping(spec, at, "successPolicy").is_some() && !indexed {
            self.error("job.per-index.mode", &at.key("successPolicy"), &[]);
        }
    }

    fn restart_policy<'v>(&mut self, pod: &'v Map<String, Value>, at: &Path) -> Option<&'v str> {
        let path = at.key("restartPolicy");
        match self.text(pod, at, "restartPolicy") {
            None | Some("") => {
                let set = crate::Edit::Set {
                    path: path.clone(),
                    value: "Never".into(),
                };
                self.fixable(crate::Severity::Error, "job.restart.missing", &path, &[], set);
                None
            }
            Some(policy @ ("Never" | "OnFailure")) => Some(policy),
            Some(other) => {
                let set = crate::Edit::Set {
                    path: path.clone(),
                    value: "OnFailure".into(),
                };
                self.fixable(crate::Severity::Error, "job.restart.always", &path, &[other], set);
                None
            }
        }
    }
}

/// `metadata.name`, if it is a text.
pub(super) fn name(object: &Map<String, Value>) -> Option<&str> {
    object.get("metadata")?.get("name")?.as_str()
}

/// Names of the containers and init containers of a Pod.
fn container_names(pod: &Map<String, Value>) -> Vec<&str> {
    ["containers", "initContainers"]
        .into_iter()
        .filter_map(|list| pod.get(list)?.as_array())
        .flatten()
        .filter_map(|container| container.get("name")?.as_str())
        .collect()
}
