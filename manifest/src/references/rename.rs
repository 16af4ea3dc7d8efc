//! Renames a volume, container, port, variable or object together with everything that refers to it.

use serde_json::Value;

use crate::document::Document;
use crate::operation::{Edit, EditError};
use crate::path::{Path, Segment};
use crate::references::collect::{collect, containers, names, pod_path};
use crate::references::{Reference, Target};

/// Kinds whose objects a Job refers to by name.
const KINDS: [&str; 4] = ["ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount"];

/// What the name at a path defines.
enum Definition {
    Pod(Target),
    Port(Path),
    Variable(Path),
    Object(&'static str),
}

/// Sets the name at a path and everything that refers to it, in all documents of the text. A name that defines
/// nothing, or that another definition has too, is set alone.
///
/// # Errors
/// Returns why one of the edits was rejected; nothing is renamed then.
pub fn rename(document: &Document, entry: usize, path: &Path, new: &str) -> Result<Document, EditError> {
    let set = |path: &Path, value: &str| Edit::Set {
        path: path.clone(),
        value: value.into(),
    };
    let mut renamed = document.clone();
    for (entry, path, text) in followers(document, entry, path, new) {
        renamed.apply(entry, &set(&path, &text))?;
    }
    renamed.apply(entry, &set(path, new))?;
    Ok(renamed)
}

/// Returns the texts that follow a new name: document, path and new text of each.
fn followers(document: &Document, entry: usize, path: &Path, new: &str) -> Vec<(usize, Path, String)> {
    let old = document
        .get(entry, path)
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(definition) = definition(document, entry, path).filter(|_| !old.is_empty() && old != new) else {
        return Vec::new();
    };
    let Some(value) = document.value(entry) else {
        return Vec::new();
    };
    let of = |entry: usize, references: Vec<Reference>, is: &dyn Fn(&Reference) -> bool| {
        references
            .into_iter()
            .filter(|reference| reference.name == old && is(reference))
            .map(|reference| (entry, reference.path, new.to_owned()))
            .collect::<Vec<_>>()
    };
    let is_unique = |names: &[(Path, String)]| names.iter().filter(|(_, name)| name == old).count() == 1;
    match definition {
        Definition::Pod(target) if is_unique(&names(value, target, None)) => {
            of(entry, collect(value), &|reference| reference.target == target)
        }
        Definition::Port(container) if is_unique(&names(value, Target::Port, Some(&container))) => {
            of(entry, collect(value), &|reference| {
                reference.target == Target::Port && reference.path.starts_with(&container)
            })
        }
        Definition::Variable(container) => variables(value, &container, old, new)
            .into_iter()
            .map(|(path, text)| (entry, path, text))
            .collect(),
        Definition::Object(kind) => {
            let entries = document.entries();
            let twins = entries
                .iter()
                .filter(|other| other.kind.as_deref() == Some(kind) && other.name.as_deref() == Some(old));
            if twins.count() != 1 {
                return Vec::new();
            }
            let jobs = entries.iter().enumerate();
            jobs.filter(|(_, other)| other.kind.as_deref() == Some("Job"))
                .filter_map(|(entry, other)| Some((entry, other.value.as_ref()?)))
                .flat_map(|(entry, job)| {
                    of(entry, collect(job), &|reference| {
                        reference.target == Target::Object(kind)
                    })
                })
                .collect()
        }
        Definition::Pod(_) | Definition::Port(_) => Vec::new(),
    }
}

/// Returns whether the name at a path may be referred to, so that it is renamed with its references.
pub fn is_definition(document: &Document, entry: usize, path: &Path) -> bool {
    definition(document, entry, path).is_some()
}

/// Returns what the name at a path defines.
fn definition(document: &Document, entry: usize, path: &Path) -> Option<Definition> {
    let kind = document.entries().get(entry)?.kind.as_deref()?;
    if *path == Path::of(["metadata", "name"]) {
        return KINDS
            .into_iter()
            .find(|known| *known == kind)
            .map(Definition::Object);
    }
    let pod = pod_path();
    let rest = path.segments().get(pod.segments().len()..)?;
    if kind != "Job" || !path.starts_with(&pod) {
        return None;
    }
    let container = || Path::from(path.segments()[..pod.segments().len() + 2].to_vec());
    let key = |segment: &Segment| match segment {
        Segment::Key(key) => Some(key.clone()),
        Segment::Index(_) => None,
    };
    let keys: Vec<String> = rest.iter().filter_map(key).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    match keys.as_slice() {
        ["volumes", "name"] => Some(Definition::Pod(Target::Volume)),
        ["containers" | "initContainers", "name"] => Some(Definition::Pod(Target::Container)),
        ["containers" | "initContainers", "ports", "name"] => Some(Definition::Port(container())),
        ["containers" | "initContainers", "env", "name"] => Some(Definition::Variable(container())),
        _ => None,
    }
}

/// Returns the texts of a container that refer to a variable by `$(NAME)`, each with its path and new text.
fn variables(job: &Value, container: &Path, old: &str, new: &str) -> Vec<(Path, String)> {
    let all = containers(job);
    let Some((_, value)) = all.iter().find(|(path, _)| path == container) else {
        return Vec::new();
    };
    let list = |key: &str| value.get(key).and_then(Value::as_array).into_iter().flatten();
    let definitions =
        list("env").filter(|variable| variable.get("name").and_then(Value::as_str) == Some(old));
    if definitions.count() != 1 {
        return Vec::new();
    }
    let words = ["command", "args"].into_iter().flat_map(|key| {
        list(key)
            .enumerate()
            .map(move |(index, word)| (container.key(key).index(index), word))
    });
    let env = container.key("env");
    let values = list("env")
        .enumerate()
        .filter_map(|(index, variable)| Some((env.index(index).key("value"), variable.get("value")?)));
    words
        .chain(values)
        .filter_map(|(path, text)| Some((path, replace_variable(text.as_str()?, old, new)?)))
        .collect()
}

/// Replaces `$(OLD)` by `$(NEW)`, as Kubernetes reads them: `$$` is an escaped `$`. None if there is no such
/// reference, or if the new name cannot be one.
fn replace_variable(text: &str, old: &str, new: &str) -> Option<String> {
    let reference = format!("$({old})");
    let (mut out, mut rest, mut found) = (String::new(), text, false);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with(&reference) {
            found = true;
            out.extend(["$(", new, ")"]);
            reference.len()
        } else {
            let length = if rest.starts_with("$$") { 2 } else { 1 };
            out.push_str(&rest[..length]);
            length
        };
        rest = &rest[length..];
    }
    out.push_str(rest);
    (found && !new.is_empty() && !new.contains(')')).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"apiVersion: batch/v1
kind: Job
metadata: {name: a}
spec:
  podFailurePolicy:
    rules:
      - {action: FailJob, onExitCodes: {containerName: main, operator: In, values: [1]}}
  template:
    spec:
      containers:
        - name: main # the one
          command: [sh, -c, "echo $(DIR) $$(DIR) $(OTHER)"]
          env:
            - {name: DIR, value: /x}
            - {name: SUB, value: $(DIR)/y}
            - {name: CPU, valueFrom: {resourceFieldRef: {containerName: main, resource: limits.cpu}}}
          envFrom: [{configMapRef: {name: settings}}]
          ports: [{name: http, containerPort: 80}]
          livenessProbe: {httpGet: {port: http}}
          volumeMounts:
            - {name: data, mountPath: /a}
            - {name: data, mountPath: /b} # again
        - name: other
          volumeMounts: [{name: "data", mountPath: /c}]
      volumes:
        - {name: data, emptyDir: {}}
        - {name: data2, configMap: {name: settings}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings} # mine
"#;

    fn renamed(entry: usize, path: &str, new: &str) -> String {
        let document = Document::parse(TEXT);
        rename(&document, entry, &path.parse().unwrap(), new)
            .unwrap()
            .text()
            .to_owned()
    }

    #[test]
    fn renamed_volume_takes_its_mounts_along() {
        assert_eq!(
            renamed(0, "spec.template.spec.volumes[0].name", "disk"),
            TEXT.replace("name: data,", "name: disk,")
                .replace("\"data\"", "\"disk\"")
        );
    }

    #[test]
    fn renamed_container_is_followed_by_policies_and_resource_fields() {
        assert_eq!(
            renamed(0, "spec.template.spec.containers[0].name", "app"),
            TEXT.replace("ame: main", "ame: app")
        );
    }

    #[test]
    fn renamed_port_is_followed_by_the_probes_of_its_container() {
        assert_eq!(
            renamed(0, "spec.template.spec.containers[0].ports[0].name", "web"),
            TEXT.replace("{name: http", "{name: web")
                .replace("port: http", "port: web")
        );
    }

    #[test]
    fn renamed_variable_is_followed_by_its_references() {
        assert_eq!(
            renamed(0, "spec.template.spec.containers[0].env[0].name", "HOME"),
            TEXT.replace("name: DIR", "name: HOME")
                .replace("echo $(DIR)", "echo $(HOME)")
                .replace("$(DIR)/y", "$(HOME)/y")
        );
    }

    #[test]
    fn renamed_object_is_followed_by_the_jobs_of_the_text() {
        assert_eq!(
            renamed(1, "metadata.name", "config"),
            TEXT.replace("settings", "config")
        );
    }

    #[test]
    fn ambiguous_and_unused_names_are_set_alone() {
        let twice = TEXT.replace("name: data2", "name: data");
        let document = Document::parse(twice.clone());
        let path = "spec.template.spec.volumes[0].name".parse().unwrap();
        assert_eq!(
            rename(&document, 0, &path, "x").unwrap().text(),
            twice.replace("{name: data, emptyDir", "{name: x, emptyDir")
        );
        assert_eq!(
            renamed(0, "metadata.name", "b"),
            TEXT.replace("name: a}", "name: b}")
        );
    }

    #[test]
    fn rejected_rename_changes_nothing() {
        let text = TEXT
            .replace("{name: data, mountPath: /a}", "&m {name: data, mountPath: /a}")
            .replace("{name: data, mountPath: /b}", "*m");
        let document = Document::parse(text);
        let path = "spec.template.spec.volumes[0].name".parse().unwrap();
        assert!(matches!(
            rename(&document, 0, &path, "x"),
            Err(EditError::Shared(_))
        ));
    }
}
