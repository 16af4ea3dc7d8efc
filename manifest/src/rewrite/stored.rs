//! What a cluster writes into an object: identity, versions, status, and the labels and selector of a Job's Pods.
//! It belongs to the one stored object, and keeps a copy from being created.

use serde_json::Value;

use crate::document::Document;
use crate::generated::{ANNOTATIONS, LABELS, METADATA, NAME_LABELS, TIES, UID_LABELS};
use crate::operation::{Edit, EditError};
use crate::path::Path;
use crate::problem::Report;

fn at<'v>(object: &'v Value, path: &Path) -> Option<&'v Value> {
    path.segments()
        .iter()
        .try_fold(object, |value, segment| match segment {
            crate::path::Segment::Key(key) => value.get(key),
            crate::path::Segment::Index(index) => value.get(index),
        })
}

/// Returns the path `spec.template.metadata.labels`.
fn template_labels() -> Path {
    Path::of(["spec", "template", "metadata", "labels"])
}

/// Returns whether a Job's Pods have labels that another Job's controller wrote: the cluster refuses them.
pub(crate) fn has_stale_labels(job: &Value) -> bool {
    let is_manual = job.pointer("/spec/manualSelector") == Some(&Value::Bool(true));
    let label = |key: &str| at(job, &template_labels())?.get(key)?.as_str();
    let name = job.pointer("/metadata/name").and_then(Value::as_str);
    // Without a name the server generates one.
    let is_other = |key: &&str| label(key).is_some_and(|label| Some(label) != name);
    !is_manual && (UID_LABELS.iter().any(|key| label(key).is_some()) || NAME_LABELS.iter().any(is_other))
}

/// Returns the fields that a cluster wrote, in the order in which they can be removed; none if the object was not
/// read from a cluster.
pub(crate) fn stored_fields(object: &Value) -> Vec<Path> {
    let metadata = Path::of(["metadata"]);
    let is_set = |path: &Path| at(object, path).is_some_and(|value| !is_empty(value));
    let identity = METADATA.map(|key| metadata.key(key));
    let is_job = object.get("kind").and_then(Value::as_str) == Some("Job");
    let status = Path::of(["status"]);
    let stale = is_job && has_stale_labels(object);
    if !identity.iter().any(is_set) && !is_set(&status) && !stale {
        return Vec::new();
    }
    let mut wanted = identity.to_vec();
    wanted.extend(TIES.map(|key| metadata.key(key)));
    wanted.push(status);
    let mut maps = vec![(metadata.key("annotations"), ANNOTATIONS.to_vec())];
    if is_job {
        let template = Path::of(["spec", "template", "metadata"]);
        wanted.push(template.key("creationTimestamp"));
        if object.pointer("/spec/manualSelector") != Some(&Value::Bool(true)) {
            wanted.push(Path::of(["spec", "selector"]));
            maps.extend([metadata.key("labels"), template.key("labels")].map(|path| (path, LABELS.to_vec())));
        }
    }
    let mut found: Vec<Path> = wanted
        .into_iter()
        .filter(|path| at(object, path).is_some())
        .collect();
    for (path, keys) in maps {
        let Some(map) = at(object, &path).and_then(Value::as_object) else {
            continue;
        };
        let removed: Vec<_> = keys.iter().filter(|key| map.contains_key(**key)).collect();
        if !removed.is_empty() && removed.len() == map.len() {
            found.push(path);
        } else {
            found.extend(removed.into_iter().map(|key| path.key(*key)));
        }
    }
    found
}

/// Returns whether a value says nothing: `creationTimestamp: null` and `status: {}` are what Go prints for a new
/// object.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(_) => false,
    }
}

/// Removes what a cluster wrote; everything else stays as it is written.
pub(super) fn without_stored(document: &Document, entry: usize) -> Result<(Document, Report), EditError> {
    let fields = document.value(entry).map(stored_fields).unwrap_or_default();
    let mut after = document.clone();
    for path in &fields {
        after.apply(entry, &Edit::Remove { path: path.clone() })?;
    }
    let template = Path::of(["spec", "template", "metadata"]);
    if after.get(entry, &template).is_some_and(is_empty) {
        after.apply(entry, &Edit::Remove { path: template })?;
    }
    let report = Report {
        code: "stored.removed",
        subjects: vec![listed(&fields)],
    };
    Ok((after, report))
}

/// Lists paths, separated by commas.
pub(super) fn listed(paths: &[Path]) -> String {
    paths
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use crate::problem::{Fix, Severity};
    use crate::{Document, validate};

    const STORED: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  annotations:\n    batch.kubernetes.io/job-tracking: \"\"\n  creationTimestamp: \"2026-11-23T10:00:00Z\"\n  generation: 1\n  labels:\n    app: pi # mine\n    job-name: pi\n  name: pi\n  resourceVersion: \"7\"\n  uid: u1\nspec:\n  selector:\n    matchLabels:\n      batch.kubernetes.io/controller-uid: u1\n  template:\n    metadata:\n      labels:\n        batch.kubernetes.io/controller-uid: u1\n        batch.kubernetes.io/job-name: pi\n        controller-uid: u1\n        job-name: pi\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: c\n          image: x:1 # kept\n          resources: {limits: {memory: 1Mi}}\nstatus:\n  succeeded: 1\n";

    fn rewritten(text: &str) -> String {
        let document = Document::parse(text);
        let problems = validate(&document);
        let problem = problems
            .iter()
            .find(|problem| matches!(problem.fix, Some(Fix::Rewrite(_))))
            .unwrap_or_else(|| panic!("{problems:?}"));
        document.fixed(problem).unwrap().0.text().to_owned()
    }

    #[test]
    fn what_the_cluster_wrote_is_removed_and_the_rest_kept() {
        let clean = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  labels:\n    app: pi # mine\n  name: pi\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: c\n          image: x:1 # kept\n          resources: {limits: {memory: 1Mi}}\n";
        assert_eq!(rewritten(STORED), clean);
        assert_eq!(validate(&Document::parse(clean)), []);
    }

    #[test]
    fn labels_of_another_job_are_an_error_of_their_own() {
        let text = STORED
            .replace("  resourceVersion: \"7\"\n  uid: u1\n", "")
            .replace(
                "  selector:\n    matchLabels:\n      batch.kubernetes.io/controller-uid: u1\n",
                "",
            );
        let problems = validate(&Document::parse(text.clone()));
        let stale = problems
            .iter()
            .find(|problem| problem.code == "job.labels.stale")
            .unwrap();
        assert_eq!(stale.severity, Severity::Error);
        assert_eq!(stale.path.to_string(), "spec.template.metadata.labels");
        let clean = rewritten(&text);
        assert_eq!(validate(&Document::parse(clean)), []);
    }

    #[test]
    fn new_object_as_go_prints_it_is_not_one_of_a_cluster() {
        let text = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  creationTimestamp: null\n  name: pi\nspec:\n  template:\n    metadata:\n      creationTimestamp: null\n      labels:\n        job-name: pi\n    spec:\n      restartPolicy: Never\n      containers: [{name: c, image: 'x:1'}]\nstatus: {}\n";
        assert_eq!(validate(&Document::parse(text)), []);
    }
}
