//! Problems of a manifest: what is wrong, where, and what to do about it, in both languages.

mod messages;

use std::ops::Range;

use crate::operation::Edit;
use crate::path::Path;

/// A language of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The API server would refuse the manifest.
    Error,
    /// It is accepted, and probably not what was meant.
    Warning,
    /// Good practice.
    Advice,
}

/// A change that mends a problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What to do, on the problem's entry.
    pub edit: Edit,
}

/// One problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Stable name, such as `job.deadline.minimum`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The document it is in.
    pub entry: Option<usize>,
    /// The field it is about.
    pub path: Path,
    /// The field as the API server names it in its answer, which is not always the path; none for what it does not
    /// name.
    pub field: Option<String>,
    /// Bytes of the text it is about.
    pub range: Range<usize>,
    /// What the message names: a key, a value, a limit.
    pub subjects: Vec<String>,
    /// A one-click mend, where there is one.
    pub fix: Option<Fix>,
}

impl Problem {
    /// A text that does not parse.
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

    /// What is wrong and what to do.
    pub fn text(&self, language: Language) -> String {
        let template = messages::template(self.code, language);
        let mut out = String::with_capacity(template.len());
        // In one pass: a subject may hold what looks like a place for another.
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let found = after.split_once('}').and_then(|(number, after)| {
                let subject = self.subjects.get(number.parse::<usize>().ok()?)?;
                Some((messages::word(subject, language), after))
            });
            let (filled, after) = found.unwrap_or(("{", after));
            out.push_str(filled);
            rest = after;
        }
        out + rest
    }
}
