//! Converts the causes of the rules to problems of the text: code, path, range, subjects and fix.

use std::collections::HashSet;

use k8s_rules::validation::{self, NameRule, Report};
use k8s_rules::{Cause, Mistyped, Place, Rule, Wanted};
use serde_json::Value;

use crate::file_mode;
use crate::number;
use crate::operation::Edit;
use crate::path::{Path, Segment};
use crate::problem::Severity;
use crate::references::{Target, names};
use crate::validate::{Check, fixes, nearest, scalar_text, type_name};

/// Validates the metadata of an object that is not a Job.
pub(super) fn metadata(object: &Value, kind: &str) -> Report {
    let rule = match kind {
        "Namespace" => NameRule::Label,
        "Role" | "RoleBinding" | "ClusterRole" | "ClusterRoleBinding" => NameRule::PathSegment,
        _ => NameRule::Subdomain,
    };
    // The server generates a name from the prefix, so the prefix is validated instead.
    let prefix = object.pointer("/metadata/generateName").and_then(Value::as_str);
    let has_prefix = prefix.is_some_and(|prefix| !prefix.is_empty());
    let mut report = validation::object_meta(object, rule, &k8s_rules::Options::default());
    report
        .causes
        .retain(|cause| !(has_prefix && cause.rule == Rule::NameMissing));
    report
}

/// Converts the rules' path.
fn path(places: impl IntoIterator<Item = Place>) -> Path {
    let segments = places.into_iter().map(|place| match place {
        Place::Key(key) => Segment::Key(key),
        Place::Index(index) => Segment::Index(index),
    });
    Path::from(segments.collect::<Vec<Segment>>())
}

impl Check<'_> {
    /// Reports the results of the rules, each only once.
    pub(super) fn explain(&mut self, object: &Value, report: Report) {
        for mistyped in report.mistyped {
            self.mistyped(object, mistyped);
        }
        let mut reported = HashSet::new();
        let mut bad_name = false;
        for cause in report.causes {
            let code = self.code(object, &cause);
            let path = path(cause.path.places());
            // The cause about the name with an index adds nothing to one about the name itself.
            if bad_name && cause.rule == Rule::JobIndexedName {
                continue;
            }
            bad_name |= path == Path::of(["metadata", "name"]);
            if !reported.insert((code, path.clone(), cause.args.clone())) {
                continue;
            }
            if cause.rule == Rule::FieldRange && file_mode::is_mode(&path) {
                self.mode_range(&path, &cause);
                if let Some(problem) = self.problems.last_mut() {
                    problem.field = Some(cause.path.server());
                }
                continue;
            }
            let subjects: Vec<&str> = cause.args.iter().map(String::as_str).collect();
            let mut problem = self.problem(Severity::Error, code, &path, &subjects);
            problem.field = Some(cause.path.server());
            problem.fix = fixes::of(self.document, self.entry, &cause, &path);
            if let Some(shown) = shown(code, object, &path) {
                problem.range = nearest(self.document, self.entry, &shown);
            }
            self.problems.push(problem);
        }
    }

    /// Returns the code of a cause. A Job's name is the value of generated Pod labels, which the user has not
    /// written.
    fn code(&self, object: &Value, cause: &Cause) -> &'static str {
        let name = object.pointer("/metadata/name").and_then(Value::as_str);
        let is_name = cause.rule == Rule::LabelValue
            && cause.value.as_ref().and_then(Value::as_str) == name
            && matches!(cause.path.last_key().as_str(), "labels")
            && !["/metadata/labels", "/spec/template/metadata/labels"]
                .iter()
                .filter_map(|labels| object.pointer(labels)?.as_object())
                .flat_map(serde_json::Map::values)
                .any(|value| value.as_str() == name);
        let is_unsaid = cause.rule == Rule::JobRestart
            && object
                .pointer("/spec/template/spec/restartPolicy")
                .is_none_or(|policy| policy.is_null() || policy == "");
        // The server does not count a volume that has problems of its own.
        if cause.rule == Rule::VolumeUnknown
            && names(object, Target::Volume, None)
                .iter()
                .any(|(_, name)| cause.value.as_ref().and_then(Value::as_str) == Some(name))
        {
            return "volume.refused";
        }
        let rule = if is_unsaid {
            Rule::JobRestartMissing
        } else if is_name && self.document.entries()[self.entry].kind.as_deref() == Some("Job") {
            Rule::JobNameLabel
        } else {
            cause.rule
        };
        rule.code()
    }

    fn mistyped(&mut self, object: &Value, mistyped: Mistyped) {
        let path = path(mistyped.places);
        let found = path
            .segments()
            .iter()
            .try_fold(object, |value, segment| match segment {
                Segment::Key(key) => value.get(key),
                Segment::Index(index) => value.get(index),
            });
        // A default never has a wrong type, so a missing value cannot be the mistyped one.
        let Some(found) = found else { return };
        let written = scalar_text(self.document, self.entry, &path, found);
        if mistyped.wanted == Wanted::Integer
            && let Value::String(text) = found
            && file_mode::is_mode(&path)
        {
            return self.mode_text(&path, text);
        }
        let is_whole = matches!(mistyped.wanted, Wanted::Integer | Wanted::IntegerOrText);
        if is_whole
            && (found.is_string() || found.is_number())
            && let Some(text) = &written
        {
            if let Some(number) = number::meant(text) {
                return self.set(
                    Severity::Error,
                    "field.number",
                    &path,
                    &[text, &number.to_string()],
                    number.into(),
                );
            }
            if found.is_number() {
                return self.report(Severity::Error, "field.fraction", &path, &[text]);
            }
        }
        let wanted = match mistyped.wanted {
            Wanted::Text => {
                if let Some(text) = written {
                    let set = Edit::Set {
                        path: path.clone(),
                        value: Value::String(text),
                    };
                    let subjects = ["a text (put it in quotes)", type_name(found)];
                    return self.fixable(Severity::Error, "field.type", &path, &subjects, set);
                }
                "a text"
            }
            Wanted::Quantity if found.is_string() || found.is_number() => {
                let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                return self.report(Severity::Error, "quantity.invalid", &path, &[&text]);
            }
            Wanted::Quantity => "a quantity",
            Wanted::Integer => "a whole number",
            Wanted::IntegerOrText => "a whole number or a text",
            Wanted::Boolean => "true or false",
            Wanted::List => "a list",
            Wanted::Mapping => "a mapping",
        };
        self.report(Severity::Error, "field.type", &path, &[wanted, type_name(found)]);
    }
}

/// Modes of files.
impl Check<'_> {
    /// Reports a mode that is a text: Kubernetes takes a number.
    fn mode_text(&mut self, path: &Path, text: &str) {
        match file_mode::parse(text).filter(|mode| *mode <= 0o777) {
            Some(mode) => {
                let subjects = [text, &file_mode::format(mode), &mode.to_string()];
                self.set(Severity::Error, "file.mode.text", path, &subjects, mode.into());
            }
            None => self.report(Severity::Error, "file.mode", path, &[text]),
        }
    }

    /// Reports a number that is no mode.
    fn mode_range(&mut self, path: &Path, cause: &Cause) {
        if self.mode_digits(Severity::Error, path) {
            return;
        }
        let max = cause
            .args
            .get(1)
            .and_then(|max| max.parse().ok())
            .unwrap_or(0o777);
        let written = self.document.spelling(self.entry, path).unwrap_or_default();
        let (written, max) = (written.to_owned(), file_mode::format(max));
        self.report(Severity::Error, "file.mode.range", path, &[&written, &max]);
    }

    /// Reports a mode in decimal digits that are a common mode in octal. Returns whether it is one.
    pub(super) fn mode_digits(&mut self, severity: Severity, path: &Path) -> bool {
        let Some(written) = self.document.spelling(self.entry, path).map(str::to_owned) else {
            return false;
        };
        let Some(meant) = file_mode::meant(&written) else {
            return false;
        };
        let read = file_mode::format(written.parse().unwrap_or_default());
        let subjects = [written, read, file_mode::format(meant), meant.to_string()];
        let subjects = subjects.each_ref().map(String::as_str);
        self.set(severity, "file.mode.decimal", path, &subjects, meant.into());
        true
    }
}

/// Returns where a problem is displayed, if that differs from where it is fixed.
fn shown(code: &str, object: &Value, path: &Path) -> Option<Path> {
    if code == Rule::JobNameLabel.code() {
        return Some(Path::of(["metadata", "name"]));
    }
    // A Job without labels inherits those of its template.
    let own = object.pointer("/metadata/labels").and_then(Value::as_object);
    let is_inherited = *path == Path::of(["metadata", "labels"]) && own.is_none_or(serde_json::Map::is_empty);
    is_inherited.then(|| Path::of(["spec", "template", "metadata", "labels"]))
}
