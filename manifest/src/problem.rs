//! Problems of a manifest: what is wrong, where, and what to do about it, in both languages.

use std::ops::Range;

use crate::edit::Edit;
use crate::messages;
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
        let mut out = template.to_owned();
        for (position, subject) in self.subjects.iter().enumerate() {
            out = out.replace(&format!("{{{position}}}"), messages::word(subject, language));
        }
        out
    }
}
