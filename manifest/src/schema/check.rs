//! Validates a manifest against a schema: unknown fields, wrong types, missing fields, unsupported enum values.

use serde_json::{Map, Value};

use crate::document::Document;
use crate::operation::Edit;
use crate::path::{Path, Segment};
use crate::problem::{Fix, Problem, Severity};
use crate::schema::node::{Node, Type};
use crate::schema::types::{Misfit, misfit};
use crate::schema::{Schema, cursor};
use crate::suggestion::nearest;
use crate::validate::{nearest as place, scalar_text, type_name, validate};

/// Returns all problems except syntax errors: those of the rules, and those of the schema that the rules do not
/// report.
pub fn check(document: &Document, schema: &Schema) -> Vec<Problem> {
    let mut problems = validate(document);
    let more = schema_only(document, schema, &problems);
    problems.extend(more);
    problems
}

/// Returns the problems of the schema, except those that [`validate`] reports at the same path.
///
/// An unknown field or wrong type is an error, as for a server with `fieldValidation=Strict`. A missing field is
/// an error in a custom resource only; Kubernetes' own kinds use Go's zero value for it, and their rules decide.
pub fn schema_problems(document: &Document, schema: &Schema) -> Vec<Problem> {
    schema_only(document, schema, &validate(document))
}

fn schema_only(document: &Document, schema: &Schema, reported: &[Problem]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for entry in 0..document.entries().len() {
        if let Some(Value::Object(object)) = document.lenient_value(entry) {
            let mut walk = Walk {
                document,
                entry,
                problems: &mut problems,
                strict: false,
                chooses: true,
            };
            walk.entry(object, schema);
        }
    }
    problems.retain(|problem| !is_reported(problem, reported));
    problems
}

fn is_reported(problem: &Problem, reported: &[Problem]) -> bool {
    reported
        .iter()
        .filter(|other| other.severity == Severity::Error && other.entry == problem.entry)
        .any(|other| match problem.code {
            "field.unknown" | "field.unknown.near" => false,
            "field.expected" => other.path.starts_with(&problem.path),
            _ => other.path == problem.path,
        })
}

/// The path from the root, without copies.
#[derive(Clone, Copy)]
struct At<'a> {
    before: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    const ROOT: At<'static> = At {
        before: None,
        step: Step::Root,
    };

    fn then(&'a self, step: Step<'a>) -> At<'a> {
        At {
            before: Some(self),
            step,
        }
    }

    fn path(&self) -> Path {
        let mut segments = Vec::new();
        let mut at = Some(self);
        while let Some(here) = at {
            match here.step {
                Step::Root => {}
                Step::Key(key) => segments.push(Segment::Key(key.to_owned())),
                Step::Index(index) => segments.push(Segment::Index(index)),
            }
            at = here.before;
        }
        segments.reverse();
        Path::from(segments)
    }
}

/// Traverses one document with its schema.
struct Walk<'a> {
    document: &'a Document,
    entry: usize,
    problems: &'a mut Vec<Problem>,
    /// Whether a missing field is an error.
    strict: bool,
    /// Whether values are checked against the schema's enums. For a Job the rules do that, since they know more: a
    /// field that is disabled in a version may have any value.
    chooses: bool,
}

impl Walk<'_> {
    fn entry(&mut self, object: &Map<String, Value>, schema: &Schema) {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let Some(root) = schema.for_kind(api_version, kind) else {
            return self.unknown_kind(api_version, kind, schema);
        };
        self.strict = is_custom(api_version);
        self.chooses = (api_version, kind) != ("batch/v1", "Job");
        self.fields(root, object, At::ROOT, false);
    }

    /// Reports a kind that is missing in a group of the schema. `List` is kubectl's own. A group whose only known
    /// kinds have no list (`Scale`, `Eviction`: bodies of other groups' subresources) is not known completely.
    fn unknown_kind(&mut self, api_version: &str, kind: &str, schema: &Schema) {
        let names = || {
            schema
                .kinds()
                .filter(|(version, _)| *version == api_version)
                .map(|(_, name)| name)
        };
        let is_whole = names().any(|name| name.ends_with("List"));
        if kind.is_empty() || kind == "List" || !is_whole || names().any(|name| name == kind) {
            return;
        }
        let path = Path::of(["kind"]);
        let fix = nearest(kind, names()).map(|name| Edit::Set {
            path: path.clone(),
            value: name.into(),
        });
        let subjects = vec![kind.to_owned(), api_version.to_owned()];
        self.report(Severity::Error, "object.kind.unknown", path, subjects, fix);
    }

    fn value(&mut self, node: Node<'_>, value: &Value, at: At<'_>, within_status: bool) {
        if let Some(misfit) = misfit(node.kind(), value) {
            return self.misfit(misfit, value, &at);
        }
        match (node.kind(), value) {
            (Type::Object, Value::Object(map)) => self.fields(node, map, at, within_status),
            (Type::Map, Value::Object(map)) => {
                for (key, value) in map {
                    if let Some(held) = node.value() {
                        self.value(held, value, at.then(Step::Key(key)), within_status);
                    }
                }
            }
            (Type::List, Value::Array(items)) => {
                for (index, value) in items.iter().enumerate() {
                    if let Some(item) = node.item() {
                        self.value(item, value, at.then(Step::Index(index)), within_status);
                    }
                }
            }
            (_, Value::String(text)) if self.chooses && !within_status && !text.is_empty() => {
                let choices = node.choices();
                if !choices.is_empty() && !choices.contains(text) {
                    let subjects = vec![text.clone(), choices.join(", ")];
                    let path = at.path();
                    let fix = nearest(text, choices.iter().map(String::as_str)).map(|choice| Edit::Set {
                        path: path.clone(),
                        value: choice.into(),
                    });
                    self.report(Severity::Error, "field.enum", path, subjects, fix);
                }
            }
            _ => {}
        }
    }

    /// Checks the fields of a mapping. In `status`, which users do not set, only types and names are checked.
    fn fields(&mut self, node: Node<'_>, map: &Map<String, Value>, at: At<'_>, within_status: bool) {
        for (key, value) in map {
            let step = at.then(Step::Key(key));
            match node.field(key) {
                Some(field) => {
                    let is_status = matches!(at.step, Step::Root) && key == "status";
                    self.value(field, value, step, within_status || is_status);
                }
                None if node.is_open() => {}
                None => self.unknown(node, map, key, step.path()),
            }
        }
        if within_status {
            return;
        }
        for name in node.required() {
            if map.get(name).is_none_or(Value::is_null) {
                let (severity, code) = if self.strict {
                    (Severity::Error, "field.required")
                } else {
                    (Severity::Warning, "field.expected")
                };
                let path = at.then(Step::Key(name)).path();
                self.report(severity, code, path, vec![name.clone()], None);
            }
        }
    }

    fn unknown(&mut self, node: Node<'_>, map: &Map<String, Value>, key: &str, path: Path) {
        if key == cursor::PLACEHOLDER {
            return;
        }
        let free = node
            .fields()
            .map(|(name, _)| name)
            .filter(|name| !map.contains_key(*name));
        let (code, subjects, fix) = match nearest(key, free) {
            Some(near) => (
                "field.unknown.near",
                vec![key.to_owned(), near.to_owned()],
                Edit::Rename {
                    path: path.clone(),
                    key: near.to_owned(),
                },
            ),
            None => (
                "field.unknown",
                vec![key.to_owned()],
                Edit::Remove { path: path.clone() },
            ),
        };
        self.report(Severity::Error, code, path, subjects, Some(fix));
    }

    fn misfit(&mut self, misfit: Misfit, value: &Value, at: &At<'_>) {
        let path = at.path();
        let shown = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (code, subjects, fix) = match misfit {
            Misfit::Type(wanted) => {
                let quoted = Some(())
                    .filter(|()| wanted == "a text")
                    .and_then(|()| scalar_text(self.document, self.entry, &path, value))
                    .map(|text| Edit::Set {
                        path: path.clone(),
                        value: Value::String(text),
                    });
                let wanted = if quoted.is_some() {
                    "a text (put it in quotes)"
                } else {
                    wanted
                };
                let subjects = vec![wanted.to_owned(), type_name(value).to_owned()];
                ("field.type", subjects, quoted)
            }
            Misfit::Quantity => ("quantity.invalid", vec![shown()], None),
            Misfit::Time => ("field.time", vec![shown()], None),
            Misfit::Base64 => ("field.base64", Vec::new(), None),
            Misfit::Range(bits) => {
                let (low, high) = if bits == 32 {
                    (i64::from(i32::MIN), i64::from(i32::MAX))
                } else {
                    (i64::MIN, i64::MAX)
                };
                ("field.range", vec![low.to_string(), high.to_string()], None)
            }
        };
        self.report(Severity::Error, code, path, subjects, fix);
    }

    fn report(
        &mut self,
        severity: Severity,
        code: &'static str,
        path: Path,
        subjects: Vec<String>,
        fix: Option<Edit>,
    ) {
        let is_unknown = matches!(code, "field.unknown" | "field.unknown.near");
        // The key is wrong, not the value.
        let range = is_unknown
            .then(|| self.document.key_range(self.entry, &path))
            .flatten();
        self.problems.push(Problem {
            code,
            severity,
            entry: Some(self.entry),
            field: is_unknown.then(|| path.server()),
            range: range.unwrap_or_else(|| place(self.document, self.entry, &path)),
            path,
            subjects,
            fix: fix.map(Fix::Edit),
        });
    }
}

/// Returns whether a group has custom resources: Kubernetes' own have no dot, or end with `k8s.io`.
fn is_custom(api_version: &str) -> bool {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    group.contains('.') && !group.ends_with(".k8s.io")
}
