//! The rules that the API server holds a Job against, and good practice.
//!
//! Source of the rules: k8s.io/kubernetes `pkg/apis/batch/validation`, `pkg/apis/core/validation`, and what a 1.36
//! API server answered (the recordings in `tests/fixtures/validation`). The cluster decides in the end: a dry run
//! tells what this does not.

mod advice;
mod container;
mod job;
mod metadata;
mod mount;
mod need;
mod network;
mod platform;
mod pod;
mod policy;
mod port;
mod probe;
mod resource;
mod restart;
mod scheduling;
mod security;
mod selector;
mod source;
mod storage;
mod volume;

use serde_json::{Map, Value};

use crate::document::Document;
use crate::edit::Edit;
use crate::path::Path;
use crate::problem::{Fix, Problem, Severity};

/// All problems of all documents, beyond those of syntax.
pub fn validate(document: &Document) -> Vec<Problem> {
    let mut check = Check {
        document,
        entry: 0,
        problems: Vec::new(),
    };
    for entry in 0..document.entries().len() {
        check.entry = entry;
        if let Some(value) = document.meant(entry) {
            check.object(value);
        }
    }
    check.repeated();
    let has_text = document.entries().iter().any(|entry| entry.value.is_some());
    if has_text && document.is_valid() && document.job().is_none() && check.problems.is_empty() {
        check.entry = 0;
        check.report(Severity::Warning, "job.missing", &Path::root(), &[]);
    }
    check.problems
}

/// Collects the problems of one document.
struct Check<'a> {
    document: &'a Document,
    entry: usize,
    problems: Vec<Problem>,
}

impl Check<'_> {
    /// Two documents of one kind and name: creating never overwrites, so the second could only be refused.
    fn repeated(&mut self) {
        let entries = self.document.entries();
        for (entry, this) in entries.iter().enumerate() {
            let (Some(kind), Some(name)) = (&this.kind, &this.name) else {
                continue;
            };
            let namespace = |entry: usize| {
                let path = Path::of(["metadata", "namespace"]);
                self.document.get(entry, &path).cloned().unwrap_or_default()
            };
            let same = |other: &usize| {
                let that = &entries[*other];
                that.api_version == this.api_version
                    && that.kind == this.kind
                    && that.name == this.name
                    && namespace(*other) == namespace(entry)
            };
            if (0..entry).any(|other| same(&other)) {
                let (kind, name) = (kind.clone(), name.clone());
                self.entry = entry;
                self.report(
                    Severity::Error,
                    "name.repeated",
                    &Path::of(["metadata", "name"]),
                    &[&kind, &name],
                );
            }
        }
    }

    fn object(&mut self, value: &Value) {
        let root = Path::root();
        let Some(object) = value.as_object() else {
            self.error("object.mapping", &root, &[]);
            return;
        };
        match object.get("kind").and_then(Value::as_str) {
            None | Some("") => self.error("object.kind.missing", &root, &[]),
            Some("Job") => {
                match object.get("apiVersion").and_then(Value::as_str) {
                    None | Some("") => {
                        let set = Edit::Set {
                            path: root.key("apiVersion"),
                            value: "batch/v1".into(),
                        };
                        self.fixable(Severity::Error, "object.version.missing", &root, &[], set);
                    }
                    Some("batch/v1") => {}
                    Some(other) => {
                        let path = root.key("apiVersion");
                        let set = Edit::Set {
                            path: path.clone(),
                            value: "batch/v1".into(),
                        };
                        self.fixable(Severity::Error, "object.version.job", &path, &[other], set);
                    }
                }
                self.job(object);
            }
            Some(_) => {
                if object
                    .get("apiVersion")
                    .and_then(Value::as_str)
                    .is_none_or(str::is_empty)
                {
                    self.error("object.version.missing", &root, &[]);
                }
                self.metadata(object, &root);
            }
        }
    }

    fn error(&mut self, code: &'static str, path: &Path, subjects: &[&str]) {
        self.report(Severity::Error, code, path, subjects);
    }

    fn report(&mut self, severity: Severity, code: &'static str, path: &Path, subjects: &[&str]) {
        let problem = self.problem(severity, code, path, subjects);
        self.problems.push(problem);
    }

    fn fixable(
        &mut self,
        severity: Severity,
        code: &'static str,
        path: &Path,
        subjects: &[&str],
        edit: Edit,
    ) {
        let mut problem = self.problem(severity, code, path, subjects);
        problem.fix = Some(Fix { edit });
        self.problems.push(problem);
    }

    fn problem(&self, severity: Severity, code: &'static str, path: &Path, subjects: &[&str]) -> Problem {
        Problem {
            code,
            severity,
            entry: Some(self.entry),
            path: path.clone(),
            range: nearest(self.document, self.entry, path),
            subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
            fix: None,
        }
    }

    /// A mapping at a key; reports anything else that stands there. Null counts as absent, as the API server reads it.
    fn mapping<'v>(
        &mut self,
        parent: &'v Map<String, Value>,
        at: &Path,
        key: &str,
    ) -> Option<&'v Map<String, Value>> {
        match parent.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => Some(map),
            Some(other) => {
                self.wrong_type(&at.key(key), "a mapping", other);
                None
            }
        }
    }

    fn list<'v>(&mut self, parent: &'v Map<String, Value>, at: &Path, key: &str) -> &'v [Value] {
        match parent.get(key) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.wrong_type(&at.key(key), "a list", other);
                &[]
            }
        }
    }

    fn text<'v>(&mut self, parent: &'v Map<String, Value>, at: &Path, key: &str) -> Option<&'v str> {
        match parent.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => {
                let path = at.key(key);
                if let Some(text) = scalar_text(self.document, self.entry, &path, other) {
                    let set = Edit::Set {
                        path: path.clone(),
                        value: Value::String(text),
                    };
                    let words = ["a text (put it in quotes)", type_name(other)];
                    self.fixable(Severity::Error, "field.type", &path, &words, set);
                } else {
                    self.wrong_type(&path, "a text", other);
                }
                None
            }
        }
    }

    fn integer(&mut self, parent: &Map<String, Value>, at: &Path, key: &str) -> Option<i64> {
        match parent.get(key) {
            None | Some(Value::Null) => None,
            Some(value) => {
                let number = value.as_i64();
                if number.is_none() {
                    self.wrong_type(&at.key(key), "a whole number", value);
                }
                number
            }
        }
    }

    fn boolean(&mut self, parent: &Map<String, Value>, at: &Path, key: &str) -> Option<bool> {
        match parent.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::Bool(value)) => Some(*value),
            Some(other) => {
                self.wrong_type(&at.key(key), "true or false", other);
                None
            }
        }
    }

    fn at_least(&mut self, parent: &Map<String, Value>, at: &Path, key: &str, minimum: i64) -> Option<i64> {
        let number = self.integer(parent, at, key)?;
        if number < minimum {
            self.error("field.minimum", &at.key(key), &[&minimum.to_string()]);
        }
        Some(number)
    }

    fn choice(&mut self, parent: &Map<String, Value>, at: &Path, key: &str, allowed: &[&str]) {
        if let Some(text) = self
            .text(parent, at, key)
            .filter(|text| !text.is_empty() && !allowed.contains(text))
        {
            self.error("field.enum", &at.key(key), &[text, &allowed.join(", ")]);
        }
    }

    fn wrong_type(&mut self, path: &Path, wanted: &str, found: &Value) {
        self.error("field.type", path, &[wanted, type_name(found)]);
    }
}

/// A field's place in the text: a collection is marked at its key, a missing field at its parent.
pub(crate) fn nearest(document: &Document, entry: usize, path: &Path) -> std::ops::Range<usize> {
    let mut at = path.clone();
    loop {
        let collection = document
            .get(entry, &at)
            .is_some_and(|value| value.is_object() || value.is_array());
        let found = if collection {
            document.key_range(entry, &at)
        } else {
            None
        };
        if let Some(range) = found.or_else(|| document.range(entry, &at).filter(|_| !collection)) {
            return range;
        }
        let Some(parent) = at.parent() else {
            let start = document.entries().get(entry).map_or(0, |entry| entry.range.start);
            let length = document.text()[start..].lines().next().map_or(0, str::len);
            return start..start + length;
        };
        at = parent;
    }
}

pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

/// What a person wrote where a text belongs, such as `on` or `0644`: the fix puts it in quotes.
pub(crate) fn scalar_text(document: &Document, entry: usize, path: &Path, value: &Value) -> Option<String> {
    let written = document
        .range(entry, path)
        .and_then(|range| document.text().get(range));
    (!value.is_object() && !value.is_array())
        .then(|| written.map_or_else(|| value.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use crate::messages::MESSAGES;
    use crate::{Document, Language, validate};

    #[test]
    fn every_code_has_a_message_in_both_languages() {
        let sources = [
            include_str!("mod.rs"),
            include_str!("job.rs"),
            include_str!("pod.rs"),
            include_str!("container.rs"),
            include_str!("volume.rs"),
            include_str!("need.rs"),
            include_str!("network.rs"),
            include_str!("policy.rs"),
            include_str!("probe.rs"),
            include_str!("resource.rs"),
            include_str!("scheduling.rs"),
            include_str!("security.rs"),
            include_str!("selector.rs"),
            include_str!("source.rs"),
            include_str!("platform.rs"),
            include_str!("restart.rs"),
            include_str!("storage.rs"),
            include_str!("metadata.rs"),
            include_str!("mount.rs"),
            include_str!("port.rs"),
            include_str!("advice.rs"),
            include_str!("../value.rs"),
            include_str!("../document.rs"),
            include_str!("../document/text.rs"),
            include_str!("../schema/problems.rs"),
        ];
        for (code, en, zh) in MESSAGES {
            assert!(!en.is_empty() && !zh.is_empty(), "{code}");
        }
        for source in sources {
            for part in source.split('"').skip(1).step_by(2) {
                let is_code = part.contains('.')
                    && !["metadata.", "kernel.", "fs.", "net."]
                        .iter()
                        .any(|other| part.starts_with(other))
                    && !part.starts_with('.')
                    && part
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || matches!(c, '.' | '-'));
                let known = MESSAGES.iter().any(|(code, ..)| *code == part);
                assert!(
                    !is_code
                        || known
                        || std::path::Path::new(part)
                            .extension()
                            .is_some_and(|ending| ending == "rs"),
                    "no message for {part}"
                );
            }
        }
    }

    #[test]
    fn a_number_where_a_text_belongs_can_be_quoted() {
        let mut document = Document::parse(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: c\n          image: x:1\n          env:\n            - name: MODE\n              value: 0644\n",
        );
        let problem = validate(&document)
            .into_iter()
            .find(|problem| problem.code == "field.type")
            .unwrap();
        assert_eq!(
            problem.path.to_string(),
            "spec.template.spec.containers[0].env[0].value"
        );
        assert!(problem.text(Language::Zh).contains("此处"));
        document.apply(0, &problem.fix.unwrap().edit).unwrap();
        assert!(document.text().ends_with("value: \"0644\"\n"));
        assert!(
            validate(&document)
                .iter()
                .all(|problem| problem.code != "field.type")
        );
    }
}
