//! Validates documents by the API server's rules and best practices.
//!
//! The rules are those of `k8s_rules`; [`explain`] converts their results to problems of the text. The cluster has
//! the last word: a dry run reports the rest.

mod explain;
mod fixes;
mod lints;
mod missing;
mod project;

use serde_json::Value;

use crate::document::Document;
use crate::operation::{Edit, Rewrite};
use crate::path::Path;
use crate::problem::{Fix, Problem, Severity};
use crate::rewrite;

pub use crate::validate::missing::KnownNames;
pub use crate::validate::project::project_problems;

/// Maximum number of fields named in a message.
const SHOWN_FIELDS: usize = 4;

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
    check.templates();
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
    /// Offers to make a Job of each object that describes Pods, if the text has no Job.
    fn templates(&mut self) {
        if !self.document.is_valid() || self.document.job().is_some() {
            return;
        }
        for (entry, read) in self.document.entries().iter().enumerate() {
            let kind = read.kind.as_deref().unwrap_or_default();
            let template = rewrite::template_of(kind);
            let has_pods = template
                .and_then(|path| self.document.get(entry, &path))
                .is_some_and(Value::is_object);
            if has_pods {
                self.entry = entry;
                let path = Path::of(["kind"]);
                let mut problem = self.problem(Severity::Warning, "job.template", &path, &[kind]);
                problem.fix = Some(Fix::Rewrite(Rewrite::ToJob));
                self.problems.push(problem);
            }
        }
    }

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
        if let Some(items) = object.get("items").and_then(Value::as_array)
            && kind.ends_with("List")
            && !items.is_empty()
        {
            let count = items.len().to_string();
            let mut problem = self.problem(Severity::Error, "object.list", &root.key("kind"), &[&count]);
            problem.fix = Some(Fix::Rewrite(Rewrite::Unfold));
            return self.problems.push(problem);
        }
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

    /// Reports fields that only objects in a cluster have. Those that keep it from being created are errors.
    fn stored_fields(&mut self, object: &Value) {
        let fields = rewrite::stored_fields(object);
        let Some(first) = fields.first().cloned() else {
            return;
        };
        let rewrite = Some(Fix::Rewrite(Rewrite::WithoutStored));
        let is_job = object.get("kind").and_then(Value::as_str) == Some("Job");
        // With a selector the rules report the labels themselves.
        if is_job && object.pointer("/spec/selector").is_none() && rewrite::has_stale_labels(object) {
            let path = Path::of(["spec", "template", "metadata", "labels"]);
            let mut problem = self.problem(Severity::Error, "job.labels.stale", &path, &[]);
            problem.field = Some(path.server());
            problem.fix.clone_from(&rewrite);
            self.problems.push(problem);
            return;
        }
        let version = object
            .get("metadata")
            .and_then(|metadata| metadata.get("resourceVersion"))
            .and_then(Value::as_str);
        if version.is_some_and(|version| !version.is_empty()) {
            let path = Path::of(["metadata", "resourceVersion"]);
            let mut problem = self.problem(Severity::Error, "field.forbidden", &path, &["resourceVersion"]);
            problem.fix = rewrite;
            self.problems.push(problem);
            return;
        }
        let shown: Vec<String> = fields
            .iter()
            .take(SHOWN_FIELDS)
            .map(ToString::to_string)
            .collect();
        let more = if fields.len() > SHOWN_FIELDS { ", …" } else { "" };
        let subject = format!("{}{more}", shown.join(", "));
        let mut problem = self.problem(Severity::Warning, "object.stored", &first, &[&subject]);
        problem.fix = rewrite;
        self.problems.push(problem);
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
        problem.fix = Some(Fix::Edit(edit));
        self.problems.push(problem);
    }

    /// Reports a problem that another value at its path fixes.
    fn set(&mut self, severity: Severity, code: &'static str, path: &Path, subjects: &[&str], value: Value) {
        let edit = Edit::Set {
            path: path.clone(),
            value,
        };
        self.fixable(severity, code, path, subjects, edit);
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
    (!value.is_object() && !value.is_array()).then(|| {
        document
            .spelling(entry, path)
            .map_or_else(|| value.to_string(), str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use crate::{Document, Format, Language, Path, Problem, Severity, validate};

    /// Returns a Job with these lines below its Pod's `spec`, and its problems but for best practices.
    fn check(pod: &str) -> (Document, Vec<Problem>) {
        let document = Document::parse(format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n{pod}"
        ));
        let problems = validate(&document).into_iter();
        let problems = problems
            .filter(|problem| problem.severity != Severity::Advice)
            .collect();
        (document, problems)
    }

    /// Returns a Pod with a Secret's files of this mode.
    fn with_mode(mode: &str) -> String {
        format!(
            "      containers: [{{name: c, image: 'x:1', volumeMounts: [{{name: v, mountPath: /v}}]}}]\n      volumes:\n        - name: v\n          secret: {{secretName: s, defaultMode: {mode}, items: [{{key: k, path: p, mode: 0440}}]}}\n"
        )
    }

    #[test]
    fn file_mode_in_decimal_digits_is_told_with_its_fix() {
        for (written, severity, code, fixed) in [
            ("666", Severity::Error, "file.mode.decimal", Some("0666")),
            ("644", Severity::Error, "file.mode.decimal", Some("0644")),
            ("400", Severity::Warning, "file.mode.decimal", Some("0400")),
            ("\"0666\"", Severity::Error, "file.mode.text", Some("0666")),
            ("'0o600'", Severity::Error, "file.mode.text", Some("0600")),
            ("\"rw\"", Severity::Error, "file.mode", None),
            ("1000", Severity::Error, "file.mode.range", None),
        ] {
            let (document, problems) = check(&with_mode(written));
            let problem = problems.first().unwrap_or_else(|| panic!("{written}"));
            assert_eq!((problem.code, problem.severity), (code, severity), "{written}");
            assert!(
                problem
                    .text(Language::En)
                    .contains(written.trim_matches(['"', '\'']))
            );
            let Some(fixed) = fixed else { continue };
            let document = document.fixed(problem).unwrap().0;
            assert!(
                document.text().contains(&format!("defaultMode: {fixed}, items")),
                "{}",
                document.text()
            );
            assert_eq!(
                validate(&document)
                    .iter()
                    .filter(|problem| problem.severity != Severity::Advice)
                    .count(),
                0
            );
        }
        for right in ["0644", "0o644", "420", "256", "511", "0"] {
            assert_eq!(check(&with_mode(right)).1, [], "{right}");
        }
    }

    #[test]
    fn file_mode_in_json_is_fixed_in_decimal() {
        let (document, _) = check(&with_mode("0666"));
        let json = document
            .convert(Format::Json)
            .unwrap()
            .replace("\"defaultMode\": 438", "\"defaultMode\": 666");
        let document = Document::parse(json);
        let problems = validate(&document);
        let problem = problems
            .iter()
            .find(|problem| problem.code == "file.mode.decimal")
            .unwrap();
        assert!(
            document
                .fixed(problem)
                .unwrap()
                .0
                .text()
                .contains("\"defaultMode\": 438")
        );
    }

    #[test]
    fn number_in_another_spelling_is_told_with_its_fix() {
        let job = |completions: &str| {
            format!(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  completions: {completions}\n  template:\n    spec: {{restartPolicy: Never, containers: [{{name: c, image: 'x:1'}}]}}\n"
            )
        };
        for (written, code, fixed) in [
            ("\"1e3\"", "field.number", "completions: 1000\n"),
            ("' 7 '", "field.number", "completions: 7\n"),
            ("\"1,000\"", "field.number", "completions: 1000\n"),
            ("２", "field.number", "completions: 2\n"),
            ("2.5", "field.fraction", ""),
            ("many", "field.type", ""),
        ] {
            let document = Document::parse(job(written));
            let problems = validate(&document);
            let problem = problems
                .iter()
                .find(|problem| problem.severity == Severity::Error)
                .unwrap_or_else(|| panic!("{written}"));
            assert_eq!(problem.code, code, "{written}");
            if !fixed.is_empty() {
                let document = document.fixed(problem).unwrap().0;
                assert!(document.text().contains(fixed), "{}", document.text());
            }
        }
        assert!(
            validate(&Document::parse(job("1e3"))).is_empty(),
            "an integer in YAML"
        );
    }

    #[test]
    fn scalar_keeps_its_spelling() {
        let document = Document::parse("a: 1.10\nb: &x 0x1F\nc: *x\nd: !!str on\ne: \"q\"\nf: [~, 007]\n");
        let spelling = |path: &str| document.spelling(0, &path.parse::<Path>().unwrap());
        for (path, spelled) in [
            ("a", Some("1.10")),
            ("b", Some("0x1F")),
            ("c", Some("0x1F")),
            ("d", Some("on")),
            ("e", Some("q")),
            ("f[0]", Some("~")),
            ("f[1]", Some("007")),
            ("f", None),
            ("g", None),
        ] {
            assert_eq!(spelling(path), spelled, "{path}");
        }
    }

    #[test]
    fn mount_without_volume_is_fixed_by_the_nearest_name_or_removed() {
        let pod = |mounted: &str| {
            format!(
                "      containers: [{{name: c, image: 'x:1', volumeMounts: [{{name: data, mountPath: /a}}, {{name: {mounted}, mountPath: /b}}]}}]\n      volumes: [{{name: data, emptyDir: {{}}}}]\n"
            )
        };
        for (mounted, after) in [
            ("dta", "name: data, mountPath: /b"),
            ("cache", "[{name: data, mountPath: /a}]"),
        ] {
            let (document, problems) = check(&pod(mounted));
            let [problem] = problems.as_slice() else {
                panic!("{problems:?}")
            };
            assert_eq!(problem.code, "volume.unknown");
            let document = document.fixed(problem).unwrap().0;
            assert!(document.text().contains(after), "{}", document.text());
        }
    }

    #[test]
    fn container_and_port_that_do_not_exist_are_warned_about() {
        let (document, problems) = check(
            "      containers:\n        - name: main\n          image: x:1\n          ports: [{name: http, containerPort: 80}]\n          livenessProbe: {httpGet: {port: htp}}\n          env: [{name: A, valueFrom: {resourceFieldRef: {containerName: mian, resource: limits.cpu}}}]\n",
        );
        let codes: Vec<_> = problems
            .iter()
            .map(|problem| (problem.code, problem.severity))
            .collect();
        assert_eq!(
            codes,
            [
                ("reference.container", Severity::Warning),
                ("reference.port", Severity::Warning)
            ]
        );
        let text = problems
            .iter()
            .fold(document, |document, problem| document.fixed(problem).unwrap().0);
        assert!(text.text().contains("containerName: main,") && text.text().contains("port: http}"));
    }

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
        document = document.fixed(&problem).unwrap().0;
        assert!(document.text().ends_with("value: \"0644\"\n"));
        assert!(
            validate(&document)
                .iter()
                .all(|problem| problem.code != "field.type")
        );
    }
}
