//! Problems of a text: from the parser, the rules, the cluster's schema and the API server.

use manifest::{
    Document, Edit, Fix, KnownNames, Language, Path, Problem, Rewrite, Schema, Segment, Severity, file_mode,
    validate,
};
use serde_json::Value;

use crate::api::create::{CreateOutcome, DocumentOutcome, KeyedObject, Offers};
use crate::api::error::{ApiError, Cause};
use crate::foreign_text::into_visible;
use crate::i18n::{t, tf, wizard as text};

/// Code of a problem reported by the API server.
pub const SERVER: &str = "server";

/// Response of the API server, with the text it refers to.
pub type ServerResponse = Option<(String, Result<CreateOutcome, ApiError>)>;

/// Maximum length of a value named in a button.
const MAX_VALUE_LENGTH: usize = 24;

/// Returns the label of a fix.
pub fn fix_label(fix: &Fix) -> String {
    let edit = match fix {
        Fix::Edit(edit) => edit,
        Fix::Rewrite(rewrite) => {
            return t(match rewrite {
                Rewrite::Unfold => text::FIX_UNFOLD,
                Rewrite::ToJob => text::FIX_TO_JOB,
                Rewrite::WithoutStored => text::FIX_STORED,
            })
            .to_owned();
        }
    };
    match edit {
        Edit::Rename { key, .. } => tf(text::FIX_RENAME, &[("name", key)]),
        Edit::Remove { path } => tf(text::FIX_REMOVE, &[("name", &path_tail(path))]),
        Edit::Set { path, value } => match short_value(path, value) {
            Some(value) => tf(text::FIX_SET_TO, &[("name", &path_tail(path)), ("value", &value)]),
            None => tf(text::FIX_SET, &[("name", &path_tail(path))]),
        },
        Edit::Insert { .. } | Edit::Move { .. } => t(text::FIX).to_owned(),
    }
}

/// Returns the end of a path, from its last key on: `env`, `env[2]`.
fn path_tail(path: &Path) -> String {
    let segments = path.segments();
    let key = segments
        .iter()
        .rposition(|segment| matches!(segment, Segment::Key(_)));
    Path::from(segments[key.unwrap_or_default()..].to_vec()).to_string()
}

/// Formats the scalar at a path, if it is short.
fn short_value(path: &Path, value: &Value) -> Option<String> {
    let written = match value {
        Value::Number(mode) if file_mode::is_mode(path) => file_mode::format(mode.as_i64()?),
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => return None,
        other => other.to_string(),
    };
    (!written.is_empty() && written.chars().count() <= MAX_VALUE_LENGTH).then_some(written)
}

/// Returns the names that the project has.
pub fn known_names(offers: Option<&Offers>) -> KnownNames {
    let Some(offers) = offers else {
        return KnownNames::default();
    };
    let keyed = |objects: Option<&Vec<KeyedObject>>| {
        let objects = objects?.iter();
        Some(
            objects
                .map(|object| (object.name.clone(), object.keys.clone()))
                .collect(),
        )
    };
    KnownNames {
        config_maps: keyed(offers.config_maps.as_ref()),
        secrets: keyed(offers.secrets.as_ref()),
        claims: offers
            .claims
            .as_ref()
            .map(|claims| claims.iter().map(|claim| claim.name.clone()).collect()),
        service_accounts: offers.service_accounts.clone(),
        priority_classes: offers.priority_classes.clone(),
    }
}

/// Returns the problems that can be found without the server.
pub fn find_local_problems(
    document: &Document,
    schema: Option<&Schema>,
    project: &str,
    known: &KnownNames,
) -> Vec<Problem> {
    let mut problems = document.problems().to_vec();
    if document.is_valid() {
        problems.extend(match schema {
            Some(schema) => manifest::schema::check(document, schema),
            None => validate(document),
        });
        problems.extend(manifest::project_problems(document, project, known));
    }
    problems
}

/// Returns the local problems and those that the server reported for this text, the most severe first, in the order of the document.
pub fn all_problems(
    document: &Document,
    local: Vec<Problem>,
    responses: [&ServerResponse; 2],
) -> Vec<Problem> {
    let mut problems = local;
    for response in responses {
        // A response holds only for the text that was sent.
        let Some((_, Ok(outcome))) = response.as_ref().filter(|(text, _)| text == document.text()) else {
            continue;
        };
        for result in &outcome.documents {
            for cause in causes(result) {
                let problem = server_problem(document, result.entry, &cause);
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
            }
            problems.extend(refusal(document, result));
        }
    }
    // In the order of the document, as a reader mends them.
    problems.sort_by_key(|problem| (problem.severity, problem.range.start));
    problems
}

/// Returns the rejected fields of a document.
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

/// Returns the reason why a whole document was refused: for want of a right, or by a quota.
fn refusal(document: &Document, result: &DocumentOutcome) -> Option<Problem> {
    let error = result.error.as_ref()?;
    let is_whole = matches!(
        error,
        ApiError::Forbidden { .. }
            | ApiError::NotFound { .. }
            | ApiError::Unreadable { .. }
            | ApiError::Other { .. }
    );
    let cause = Cause {
        field: String::new(),
        reason: String::new(),
        message: error.sentence(crate::preferences::current().lang),
    };
    is_whole.then(|| Problem {
        field: None,
        ..server_problem(document, result.entry, &cause)
    })
}

fn server_problem(document: &Document, entry: usize, cause: &Cause) -> Problem {
    let path: Path = cause.field.parse().unwrap_or_default();
    let mut ancestor = path.clone();
    let range = loop {
        if let Some(range) = document
            .key_range(entry, &ancestor)
            .or_else(|| document.range(entry, &ancestor))
        {
            break range;
        }
        match ancestor.parent() {
            Some(parent) => ancestor = parent,
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

/// Returns the message of a problem in the user's language; the API server's messages are not translated.
pub fn message(problem: &Problem) -> String {
    if problem.code == SERVER || problem.code == crate::pages::create_job::json::PENDING_JSON {
        return into_visible(problem.subjects.concat());
    }
    into_visible(problem.text(language()))
}

/// Returns the user's language.
pub fn language() -> Language {
    match crate::preferences::current().lang {
        crate::i18n::Lang::En => Language::En,
        crate::i18n::Lang::Zh => Language::Zh,
    }
}
