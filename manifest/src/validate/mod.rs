//! Validates documents by the API server's rules and best practices.
//!
//! The rules are those of `k8s_rules`; [`explain`] converts their results to problems of the text. The cluster has
//! the last word: a dry run reports the rest.

mod explain;
mod fixes;
mod lints;

use serde_json::Value;

use crate::document::Document;
use crate::operation::Edit;
use crate::path::Path;
use crate::problem::{Fix, Problem, Severity};

/// Returns all problems of all documents, except syntax errors.
pub fn validate(document: &Document) -> Vec<Problem> {
    let mut check = Check {
        document,
        entry: 0,
        problems: Vec::new(),
    };
    for entry in 0..document.entries().len() {
        check.entry = entry;
        if let Some(value) = document.lenient_value(entry) {
            check.object(value);
        }
    }
    check.duplicates();
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
    /// Reports two documents of one kind and name: creating never overwrites, so the second would be rejected.
    fn duplicates(&mut self) {
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
                let path = Path::of(["metadata", "name"]);
                self.report(Severity::Error, "name.repeated", &path, &[&kind, &name]);
            }
        }
    }

    fn object(&mut self, value: &Value) {
        let root = Path::root();
        let Some(object) = value.as_object() else {
            return self.report(Severity::Error, "object.mapping", &root, &[]);
        };
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (kind, version) = (text("kind"), text("apiVersion"));
        let batch = |path: Path| Edit::Set {
            path,
            value: "batch/v1".into(),
        };
        match (kind, version) {
            ("", _) => return self.report(Severity::Error, "object.kind.missing", &root, &[]),
            ("Job", "") => {
                let set = batch(root.key("apiVersion"));
                self.fixable(Severity::Error, "object.version.missing", &root, &[], set);
            }
            (_, "") => self.report(Severity::Error, "object.version.missing", &root, &[]),
            ("Job", "batch/v1") => {}
            ("Job", other) => {
                let path = root.key("apiVersion");
                let set = batch(path.clone());
                self.fixable(Severity::Error, "object.version.job", &path, &[other], set);
            }
            _ => {}
        }
        let report = if kind == "Job" {
            k8s_rules::validation::job(value, &k8s_rules::Options::default())
        } else {
            explain::metadata(value, kind)
        };
        self.explain(value, report);
        self.stored_fields(value);
        if kind == "Job" {
            self.advice(value);
        }
    }

    /// Reports fields that only objects in a cluster have.
    fn stored_fields(&mut self, object: &Value) {
        let version = object
            .get("metadata")
            .and_then(|metadata| metadata.get("resourceVersion"))
            .and_then(Value::as_str);
        if version.is_some_and(|version| !version.is_empty()) {
            let path = Path::of(["metadata", "resourceVersion"]);
            let remove = Edit::Remove { path: path.clone() };
            self.fixable(
                Severity::Error,
                "field.forbidden",
                &path,
                &["resourceVersion"],
                remove,
            );
        }
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
            field: None,
            range: nearest(self.document, self.entry, path),
            subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
            fix: None,
        }
    }
}

/// Returns a field's range in the text: the key of a collection, the parent of a missing field.
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

/// Returns the source of a scalar where a string is expected, such as `on` or `0644`: the fix puts it in quotes.
pub(crate) fn scalar_text(document: &Document, entry: usize, path: &Path, value: &Value) -> Option<String> {
    let written = document
        .range(entry, path)
        .and_then(|range| document.text().get(range));
    (!value.is_object() && !value.is_array())
        .then(|| written.map_or_else(|| value.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use crate::{Document, Language, validate};

    #[test]
    fn number_instead_of_string_is_fixed_by_quotes() {
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
