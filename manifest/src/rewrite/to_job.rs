//! A Pod, or an object that makes Pods of a template, becomes a Job of the same Pods.

use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::operation::{Edit, EditError};
use crate::path::Path;
use crate::problem::Report;
use crate::rewrite::source::{checked, indented, source};

/// Kinds with a template of Pods at `spec.template`.
const TEMPLATED: [&str; 5] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
];

/// Members of a Pod's spec that the cluster wrote.
const BOUND: [&str; 3] = ["nodeName", "priority", "preemptionPolicy"];

/// Tolerations that the cluster adds to each Pod.
const ADDED_TOLERATIONS: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Returns where the Pods of an object are described, if a Job can be made of it: the path of a Job's spec, of a
/// template, or of a Pod's own spec.
pub(crate) fn template_of(kind: &str) -> Option<Path> {
    match kind {
        "CronJob" => Some(Path::of(["spec", "jobTemplate"])),
        "Pod" => Some(Path::of(["spec"])),
        "PodTemplate" => Some(Path::of(["template"])),
        kind if TEMPLATED.contains(&kind) => Some(Path::of(["spec", "template"])),
        _ => None,
    }
}

/// A member of the new Job, by its keys, and the path in the object that it comes from.
type Part = (&'static [&'static str], Path);

/// What is known about a conversion, for its report.
#[derive(Default)]
struct Notes {
    taken: Vec<String>,
    left: Vec<String>,
    changed: Vec<String>,
}

/// Replaces an object by a Job of the same Pods.
pub(super) fn to_job(document: &Document, entry: usize) -> Result<(Document, Report), EditError> {
    let object = document.value(entry).ok_or(EditError::Unreadable)?;
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    let from = template_of(kind).ok_or(EditError::Unsupported)?;
    if !document.get(entry, &from).is_some_and(Value::is_object) {
        return Err(EditError::NoSuchPlace(from));
    }
    let mut notes = Notes::default();
    // Members of the new Job, each from a path of the object.
    let parts: Vec<Part> = match kind {
        "CronJob" => vec![
            (&["metadata", "labels"], from.key("metadata").key("labels")),
            (
                &["metadata", "annotations"],
                from.key("metadata").key("annotations"),
            ),
            (&["spec"], from.key("spec")),
        ],
        "Pod" => vec![
            (
                &["spec", "template", "metadata", "labels"],
                Path::of(["metadata", "labels"]),
            ),
            (
                &["spec", "template", "metadata", "annotations"],
                Path::of(["metadata", "annotations"]),
            ),
            (&["spec", "template", "spec"], from),
        ],
        _ => vec![
            (
                &["spec", "template", "metadata", "labels"],
                from.key("metadata").key("labels"),
            ),
            (
                &["spec", "template", "metadata", "annotations"],
                from.key("metadata").key("annotations"),
            ),
            (&["spec", "template", "spec"], from.key("spec")),
        ],
    };
    let is_given = |path: &Path| document.get(entry, path).is_some_and(|value| !value.is_null());
    let parts: Vec<_> = parts.into_iter().filter(|(_, path)| is_given(path)).collect();
    notes.taken.extend(parts.iter().map(|(_, path)| path.to_string()));
    notes.left = left_out(object, &parts);
    let name = object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let text = assemble(document, entry, name, &parts);
    let mut job = Document::parse(text);
    adjust(&mut job, kind, &mut notes)?;
    let range = document.entries()[entry].range.clone();
    let is_json = document.text()[range].starts_with('{');
    // A document in JSON may stand among others, and YAML contains JSON.
    let after = if is_json && document.entries().len() == 1 {
        Document::parse(job.text())
    } else {
        document.with_entry_text(entry, job.text().trim_end())
    };
    let report = Report {
        code: if notes.changed.is_empty() {
            "job.made"
        } else {
            "job.made.changed"
        },
        subjects: vec![
            format!("{kind} {name}").trim().to_owned(),
            notes.taken.join(", "),
            if notes.left.is_empty() {
                "–".to_owned()
            } else {
                notes.left.join(", ")
            },
            notes.changed.join(", "),
        ],
    };
    Ok((after, report))
}

/// Lists the members of an object that no part of the Job comes from, below `metadata` and `spec` by their path.
fn left_out(object: &Value, parts: &[Part]) -> Vec<String> {
    let mut left = Vec::new();
    let Some(members) = object.as_object() else {
        return left;
    };
    for (key, value) in members {
        if matches!(key.as_str(), "apiVersion" | "kind" | "status") {
            continue;
        }
        let path = Path::of([key.as_str()]);
        let inner = value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(inner, _)| path.key(inner));
        let inner = inner.filter(|inner| *inner != Path::of(["metadata", "name"]));
        let is_used = |path: &Path| {
            parts
                .iter()
                .any(|(_, from)| from.starts_with(path) || path.starts_with(from))
        };
        left.extend(inner.filter(|path| !is_used(path)).map(|path| path.to_string()));
    }
    left
}

/// Writes the Job from the source of its parts, with their comments.
fn assemble(document: &Document, entry: usize, name: &str, parts: &[Part]) -> String {
    let mut value = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}});
    let mut text = String::from("apiVersion: batch/v1\nkind: Job\n");
    let mut above: Vec<&str> = Vec::new();
    let mut heads = |keys: &[&'static str], text: &mut String| {
        let shared = above.iter().zip(keys).take_while(|(a, b)| a == b).count();
        for (depth, key) in keys.iter().enumerate().skip(shared) {
            text.extend(["  ".repeat(depth).as_str(), key, ":\n"]);
        }
        above = keys.to_vec();
    };
    heads(&["metadata"], &mut text);
    let name_text = crate::edit::format_block(&json!({ "name": name }));
    text.extend([indented(&name_text, 2).as_str(), "\n"]);
    for (keys, path) in parts {
        heads(keys, &mut text);
        let block = source(document, entry, path).unwrap_or_default();
        text.push_str(&indented(&block, keys.len() * 2));
        text.push('\n');
        let taken = document.get(entry, path).cloned().unwrap_or_default();
        let mut at = &mut value;
        for key in *keys {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            at = &mut at[*key];
        }
        *at = taken;
    }
    let mut text = checked(text, &value);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Makes the Pods those of a Job: they end, and no cluster has placed them yet.
fn adjust(job: &mut Document, kind: &str, notes: &mut Notes) -> Result<(), EditError> {
    let pod = Path::of(["spec", "template", "spec"]);
    let policy = pod.key("restartPolicy");
    let written = job.get(0, &policy).and_then(Value::as_str).map(str::to_owned);
    if !matches!(written.as_deref(), Some("Never" | "OnFailure")) {
        let set = Edit::Set {
            path: policy,
            value: "Never".into(),
        };
        job.apply(0, &set)?;
        let before = written.unwrap_or_else(|| "Always".to_owned());
        notes.changed.push(format!("restartPolicy {before} → Never"));
    }
    let mut removed: Vec<Path> = BOUND.iter().map(|key| pod.key(*key)).collect();
    if kind != "Pod" {
        removed.clear();
    }
    let text = |path: &Path, key: &str| {
        job.get(0, &path.key(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let indexes = |path: &Path| {
        let length = job.get(0, path).and_then(Value::as_array).map_or(0, Vec::len);
        (0..length)
            .rev()
            .map(|index| path.index(index))
            .collect::<Vec<_>>()
    };
    // The token that the cluster mounts into each container. Removed from the end, so that positions stay valid.
    let is_token = |name: &str| name.starts_with("kube-api-access-");
    for list in ["containers", "initContainers"] {
        for container in indexes(&pod.key(list)) {
            let mounts = container.key("volumeMounts");
            let all = indexes(&mounts);
            let tokens: Vec<_> = all
                .iter()
                .filter(|mount| is_token(&text(mount, "name")))
                .cloned()
                .collect();
            removed.extend(if tokens.len() == all.len() && !all.is_empty() {
                vec![mounts]
            } else {
                tokens
            });
        }
    }
    for (list, is_added) in [
        (
            "volumes",
            &(|path: &Path| is_token(&text(path, "name"))) as &dyn Fn(&Path) -> bool,
        ),
        ("tolerations", &|path: &Path| {
            kind == "Pod" && ADDED_TOLERATIONS.contains(&text(path, "key").as_str())
        }),
    ] {
        let path = pod.key(list);
        let all = indexes(&path);
        let added: Vec<_> = all.iter().filter(|item| is_added(item)).cloned().collect();
        removed.extend(if added.len() == all.len() && !all.is_empty() {
            vec![path]
        } else {
            added
        });
    }
    let removed: Vec<_> = removed
        .into_iter()
        .filter(|path| job.get(0, path).is_some())
        .collect();
    for path in removed {
        job.apply(0, &Edit::Remove { path: path.clone() })?;
        notes.left.push(path.to_string());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::problem::{Fix, Language, Severity};
    use crate::{Document, validate};

    fn made(text: &str) -> (String, String) {
        let document = Document::parse(text);
        let problems = validate(&document);
        let problem = problems
            .iter()
            .find(|problem| problem.code == "job.template")
            .unwrap_or_else(|| panic!("{problems:?}"));
        assert!(matches!(problem.fix, Some(Fix::Rewrite(_))));
        let (document, report) = document.fixed(problem).unwrap();
        let errors: Vec<_> = validate(&document)
            .into_iter()
            .filter(|problem| problem.severity == Severity::Error)
            .collect();
        assert_eq!(errors, [], "{}", document.text());
        (document.text().to_owned(), report.unwrap().text(Language::En))
    }

    #[test]
    fn cron_job_becomes_a_job_of_its_template() {
        let (text, report) = made(
            "# nightly\napiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: backup\nspec:\n  schedule: \"0 3 * * *\"\n  jobTemplate:\n    metadata:\n      labels:\n        app: backup # who\n    spec:\n      # twice\n      backoffLimit: 2\n      template:\n        spec:\n          restartPolicy: OnFailure\n          containers:\n            - name: c\n              image: x:1\n",
        );
        assert_eq!(
            text,
            "# nightly\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: backup\n  labels:\n    app: backup # who\nspec:\n  # twice\n  backoffLimit: 2\n  template:\n    spec:\n      restartPolicy: OnFailure\n      containers:\n        - name: c\n          image: x:1\n"
        );
        assert!(
            report.contains("CronJob backup") && report.contains("spec.schedule"),
            "{report}"
        );
    }

    #[test]
    fn deployment_becomes_a_job_whose_pods_end() {
        let (text, report) = made(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: c # the one\n        image: x:1\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
        );
        assert_eq!(
            text,
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: web\nspec:\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n      - name: c # the one\n        image: x:1\n      restartPolicy: Never\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
        );
        for part in ["spec.replicas", "spec.selector", "restartPolicy Always → Never"] {
            assert!(report.contains(part), "{part}: {report}");
        }
    }

    #[test]
    fn running_pod_becomes_a_job_without_its_node_and_token() {
        let (text, report) = made(
            r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "uid": "u", "labels": {"run": "p"}},
               "spec": {"nodeName": "n1", "restartPolicy": "Always", "priority": 0,
                 "containers": [{"name": "c", "image": "x:1", "volumeMounts": [{"name": "kube-api-access-abcde", "mountPath": "/t"}]}],
                 "volumes": [{"name": "kube-api-access-abcde", "projected": {}}],
                 "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]},
               "status": {"phase": "Running"}}"#,
        );
        assert_eq!(
            text,
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: p\nspec:\n  template:\n    metadata:\n      labels:\n        run: p\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: c\n          image: x:1\n"
        );
        assert!(report.contains("nodeName"), "{report}");
    }

    #[test]
    fn a_text_with_a_job_is_left_alone() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: []}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\n";
        assert!(
            validate(&Document::parse(text))
                .iter()
                .all(|problem| problem.code != "job.template")
        );
    }
}
