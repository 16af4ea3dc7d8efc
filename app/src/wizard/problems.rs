//! All that is wrong with a text: what its reading, its rules and the cluster's schema say, and what the server said.

use manifest::{Document, Edit, Path, Problem, Schema, Segment, Severity, validate};
use serde_json::Value;

use crate::api::create::{CreateOutcome, DocumentOutcome};
use crate::api::error::{ApiError, Cause};
use crate::i18n::{t, tf, wizard as text};
use crate::kit::foreign_text::into_visible;

/// Code of a problem that the server told.
pub const SERVER: &str = "server";

/// What the server said, and to which text.
pub type Said = Option<(String, Result<CreateOutcome, ApiError>)>;

/// The longest value that is named in a button.
const NAMEABLE: usize = 24;

/// What a fix does, in a few words.
pub fn remedy(edit: &Edit) -> String {
    match edit {
        Edit::Rename { key, .. } => tf(text::FIX_RENAME, &[("name", key)]),
        Edit::Remove { path } => tf(text::FIX_REMOVE, &[("name", &tail(path))]),
        Edit::Set { path, value } => match nameable(value) {
            Some(value) => tf(text::FIX_SET_TO, &[("name", &tail(path)), ("value", &value)]),
            None => tf(text::FIX_SET, &[("name", &tail(path))]),
        },
        Edit::Insert { .. } | Edit::Move { .. } => t(text::FIX).to_owned(),
    }
}

/// The end of a path from its last key on: `env`, `env[2]`.
fn tail(path: &Path) -> String {
    let segments = path.segments();
    let key = segments
        .iter()
        .rposition(|segment| matches!(segment, Segment::Key(_)));
    Path::from(segments[key.unwrap_or_default()..].to_vec()).to_string()
}

/// A short scalar, as a person would write it.
fn nameable(value: &Value) -> Option<String> {
    let written = match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => return None,
        other => other.to_string(),
    };
    (!written.is_empty() && written.chars().count() <= NAMEABLE).then_some(written)
}

/// The problems that need no server to be found.
pub fn own_problems(document: &Document, schema: Option<&Schema>) -> Vec<Problem> {
    let mut problems = document.problems().to_vec();
    if document.is_valid() {
        problems.extend(match schema {
            Some(schema) => manifest::schema::check(document, schema),
            None => validate(document),
        });
    }
    problems
}

/// Those, and what the server has against this text, the worst first.
pub fn all_problems(document: &Document, own: Vec<Problem>, said: [&Said; 2]) -> Vec<Problem> {
    let mut problems = own;
    for said in said {
        // What the server said holds only for the text that it was asked about.
        let Some((_, Ok(outcome))) = said.as_ref().filter(|(text, _)| text == document.text()) else {
            continue;
        };
        for result in &outcome.documents {
            for cause in causes(result) {
                let problem = server_problem(document, result.entry, &cause);
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
        }
    }
    problems.sort_by_key(|problem| problem.severity);
    problems
}

/// What the server has against a document, field by field.
fn causes(result: &DocumentOutcome) -> Vec<Cause> {
    match &result.error {
        Some(ApiError::Invalid { causes, .. }) => causes.clone(),
        Some(ApiError::AlreadyExists { message }) => vec![Cause {
            field: "metadata.name".to_owned(),
            reason: "AlreadyExists".to_owned(),
            message: message.clone(),
        }],
        _ => Vec::new(),
    }
}

fn server_problem(document: &Document, entry: usize, cause: &Cause) -> Problem {
    let path: Path = cause.field.parse().unwrap_or_default();
    let mut near = path.clone();
    let range = loop {
        if let Some(range) = document
            .key_range(entry, &near)
            .or_else(|| document.range(entry, &near))
        {
            break range;
        }
        match near.parent() {
            Some(parent) => near = parent,
            None => break 0..0,
        }
    };
    Problem {
        code: SERVER,
        severity: Severity::Error,
        entry: Some(entry),
        path,
        field: Some(cause.field.clone()),
        range,
        subjects: vec![cause.message.clone()],
        fix: None,
    }
}

/// A problem in the person's words; the server's in its own.
pub fn words(problem: &Problem) -> String {
    if problem.code == SERVER || problem.code == super::json::WAITS {
        return into_visible(problem.subjects.concat());
    }
    into_visible(problem.text(match crate::preferences::current().lang {
        crate::i18n::Lang::En => manifest::Language::En,
        crate::i18n::Lang::Zh => manifest::Language::Zh,
    }))
}
