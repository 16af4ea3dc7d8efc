//! Problems of a manifest: what is wrong, where, and how to fix it, in both languages.

mod messages;

use std::ops::Range;

use crate::operation::{Edit, Rewrite};
use crate::path::Path;

/// A language of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

/// The severity of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The API server would reject the manifest.
    Error,
    /// It is accepted, but probably not intended.
    Warning,
    /// A violated best practice.
    Advice,
}

/// A change that fixes a problem ([`Document::fixed`](crate::Document::fixed)).
#[derive(Debug, Clone, PartialEq)]
pub enum Fix {
    /// An edit of the problem's document.
    Edit(Edit),
    /// A change of the whole document.
    Rewrite(Rewrite),
}

/// What a change of a whole document did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Stable code, such as `list.unfolded`.
    pub code: &'static str,
    /// Arguments of the message.
    pub subjects: Vec<String>,
}

impl Report {
    /// Returns the message.
    pub fn text(&self, language: Language) -> String {
        fill(self.code, &self.subjects, language)
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Stable code, such as `job.deadline.minimum`.
    pub code: &'static str,
    /// The severity.
    pub severity: Severity,
    /// The document.
    pub entry: Option<usize>,
    /// The path of the field.
    pub path: Path,
    /// The field as the API server's response names it, which can differ from the path; `None` if the server does
    /// not name it.
    pub field: Option<String>,
    /// The range of the text, in bytes.
    pub range: Range<usize>,
    /// Arguments of the message: a key, a value, a limit.
    pub subjects: Vec<String>,
    /// An automatic fix, if there is one.
    pub fix: Option<Fix>,
}

impl Problem {
    /// Creates a syntax error.
    pub(crate) fn syntax(code: &'static str, range: Range<usize>, subject: &str) -> Self {
        Self {
            code,
            severity: Severity::Error,
            entry: None,
            path: Path::root(),
            field: None,
            range,
            subjects: vec![subject.to_owned()],
            fix: None,
        }
    }

    pub(crate) fn of_entry(mut self, entry: usize) -> Self {
        self.entry = Some(entry);
        self
    }

    /// Returns the message: what is wrong and how to fix it.
    pub fn text(&self, language: Language) -> String {
        fill(self.code, &self.subjects, language)
    }
}

/// Returns the message of a code with its subjects.
fn fill(code: &'static str, subjects: &[String], language: Language) -> String {
    let template = messages::template(code, language);
    let mut out = String::with_capacity(template.len());
    // In one pass: a subject may contain text that looks like a placeholder.
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let found = after.split_once('}').and_then(|(number, after)| {
            let subject = subjects.get(number.parse::<usize>().ok()?)?;
            Some((messages::word(subject, language), after))
        });
        let (filled, after) = found.unwrap_or(("{", after));
        out.push_str(filled);
        rest = after;
    }
    out + rest
}
