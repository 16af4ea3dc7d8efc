//! Lints: accepted by the cluster, but against best practices.

use std::collections::HashSet;

use serde_json::Value;

use crate::file_mode;
use crate::image;
use crate::operation::Edit;
use crate::path::Path;
use crate::problem::{Fix, Severity};
use crate::references::{Target, collect, names};
use crate::suggestion::nearest;
use crate::validate::Check;

/// Iterates over the members of a list, each with its path.
fn items<'v>(parent: &'v Value, at: &Path, key: &str) -> impl Iterator<Item = (Path, &'v Value)> {
    let at = at.key(key);
    let list = parent.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .enumerate()
        .map(move |(index, value)| (at.index(index), value))
}

fn text<'v>(parent: &'v Value, key: &str) -> &'v str {
    parent.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the container on a path.
fn container_of(path: &Path) -> Option<Path> {
    path.segments()
        .get(..5)
        .map(|segments| Path::from(segments.to_vec()))
}

impl Check<'_> {
    pub(super) fn advice(&mut self, job: &Value) {
        let at = Path::of(["spec"]);
        let number = |key: &str| job.get("spec").and_then(|spec| spec.get(key)?.as_i64());
        if let (Some(deadline), Some(retries)) = (number("activeDeadlineSeconds"), number("backoffLimit")) {
            self.deadline(deadline, retries, &at);
        }
        let at = at.key("template").key("spec");
        let Some(pod) = job.pointer("/spec/template/spec") else {
            return;
        };
        let mut mounted = HashSet::new();
        for list in ["containers", "initContainers"] {
            for (at, container) in items(pod, &at, list) {
                self.image(text(container, "image"), &at.key("image"));
                self.variables(container, &at);
                for list in ["volumeMounts", "volumeDevices"] {
                    mounted.extend(items(container, &at, list).map(|(_, mount)| text(mount, "name")));
                }
                let files = items(container, &at, "env").filter_map(|(_, variable)| {
                    variable
                        .pointer("/valueFrom/fileKeyRef/volumeName")
                        .and_then(Value::as_str)
                });
                mounted.extend(files);
            }
        }
        self.volumes(pod, &at, &mounted);
        self.references(job);
    }

    /// Checks references within the Pod that the API server does not check, but the kubelet does.
    fn references(&mut self, job: &Value) {
        for reference in collect(job) {
            let (code, within) = match reference.target {
                Target::Container => ("reference.container", None),
                Target::Port => ("reference.port", container_of(&reference.path)),
                Target::Volume | Target::Object(_) => continue,
            };
            let names = names(job, reference.target, within.as_ref());
            let is_policy = reference
                .path
                .starts_with(&Path::of(["spec", "podFailurePolicy"]));
            if is_policy || names.iter().any(|(_, name)| *name == reference.name) {
                continue;
            }
            let mut problem = self.problem(Severity::Warning, code, &reference.path, &[&reference.name]);
            let near = nearest(&reference.name, names.iter().map(|(_, name)| name.as_str()));
            problem.fix = near.map(|name| {
                Fix::Edit(Edit::Set {
                    path: reference.path.clone(),
                    value: name.into(),
                })
            });
            self.problems.push(problem);
        }
    }

    /// Checks an image for white space, which makes it invalid in a Pod, and for a mutable tag.
    fn image(&mut self, text: &str, at: &Path) {
        if !text.is_empty() && text.trim() != text {
            return self.report(Severity::Warning, "container.image.space", at, &[]);
        }
        let Some(image) = image::parse(text) else { return };
        if image.digest.is_none() && matches!(image.tag, None | Some("latest")) {
            self.report(
                Severity::Advice,
                "container.image.latest",
                at,
                &[image.repository],
            );
        }
    }

    fn variables(&mut self, container: &Value, at: &Path) {
        let list = container.get("env").and_then(Value::as_array);
        let mut taken = HashSet::new();
        for (index, variable) in list.into_iter().flatten().enumerate() {
            let name = text(variable, "name");
            if !name.is_empty() && !taken.insert(name) {
                let path = at.key("env").index(index).key("name");
                self.report(Severity::Warning, "env.duplicate", &path, &[name]);
            }
        }
    }

    /// Checks for volumes without a source, which the server makes empty directories, and for unused volumes.
    fn volumes(&mut self, pod: &Value, at: &Path, mounted: &HashSet<&str>) {
        for (path, volume) in items(pod, at, "volumes") {
            let name = text(volume, "name");
            let is_bare = volume.as_object().is_some_and(|members| {
                members
                    .iter()
                    .all(|(key, value)| key == "name" || value.is_null())
            });
            if is_bare {
                self.report(Severity::Warning, "volume.source.missing", &path, &[name]);
            }
            self.modes(volume, &path);
            if !name.is_empty() && !mounted.contains(name) {
                self.report(Severity::Warning, "volume.unmounted", &path.key("name"), &[name]);
            }
        }
    }

    /// Checks the modes of a volume's files for decimal numbers that look like octal ones.
    fn modes(&mut self, value: &Value, at: &Path) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    let path = at.key(key);
                    let is_valid = value.as_i64().is_some_and(|mode| (0..=0o777).contains(&mode));
                    if is_valid && file_mode::is_mode(&path) {
                        self.mode_digits(Severity::Warning, &path);
                    } else {
                        self.modes(value, &path);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.modes(item, &at.index(index));
                }
            }
            _ => {}
        }
    }

    /// Compares the deadline with the backoff delays: 10 s, doubled for each retry up to 6 minutes (Job
    /// controller).
    fn deadline(&mut self, deadline: i64, retries: i64, at: &Path) {
        let waits: i64 = (0..retries.clamp(0, 100))
            .map(|retry| (10 << retry.min(10)).min(360))
            .sum();
        if (1..waits).contains(&deadline) {
            let subjects = [deadline.to_string(), retries.to_string()];
            self.report(
                Severity::Advice,
                "job.deadline.short",
                &at.key("activeDeadlineSeconds"),
                &[&subjects[0], &subjects[1]],
            );
        }
    }
}
