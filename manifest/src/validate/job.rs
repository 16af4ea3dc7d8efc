//! `spec` of a Job (k8s.io/kubernetes `pkg/apis/batch/validation`).

use serde_json::{Map, Value};

use super::Check;
use crate::path::Path;

/// Most Pods that an Indexed Job may run at once.
const MAX_PARALLELISM: i64 = 100_000;
/// Most of them with a back-off limit per index and more than 100,000 completions (KEP-3850).
const MAX_PARALLELISM_OF_MANY: i64 = 10_000;

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
        // The API server's minimum is 1 since 1.36; older ones took 0 and failed the Job at once.
        let deadline = self.at_least(spec, &spec_path, "activeDeadlineSeconds", 1);
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

        let manual = self.boolean(spec, &spec_path, "manualSelector").unwrap_or(false);
        if !manual && self.mapping(spec, &spec_path, "selector").is_some() {
            self.error("job.selector", &spec_path.key("selector"), &[]);
        }

        if manual && self.mapping(spec, &spec_path, "selector").is_none() {
            self.error("field.required", &spec_path.key("selector"), &["selector"]);
        }

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
        self.failure_policy(spec, &spec_path);
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
            let prefixed = manager.contains('/') && crate::names::label_key(manager).is_ok();
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
            let name = object
                .get("metadata")
                .and_then(|metadata| metadata.get("name"))
                .and_then(Value::as_str);
            if let (Some(name), Some(last)) = (name, completions.map(|completions| (completions - 1).max(0)))
                && name.len() + 1 + last.to_string().len() > 63
            {
                self.error("job.indexed.name", &Path::of(["metadata", "name"]), &[]);
            }
        }
        let per_index = self.at_least(spec, at, "backoffLimitPerIndex", 0);
        let max_failed = self.at_least(spec, at, "maxFailedIndexes", 0);
        if per_index.is_some() && !indexed {
            self.error("job.per-index.mode", &at.key("backoffLimitPerIndex"), &[]);
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
        if per_index.is_some()
            && completions.is_some_and(|completions| completions > MAX_PARALLELISM)
            && parallelism.is_some_and(|parallelism| parallelism > MAX_PARALLELISM_OF_MANY)
        {
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
