//! JSON view of a YAML document: shown in the text pane, with its changes applied to the YAML. A text that cannot
//! be applied stays pending, and the form is disabled meanwhile.

use leptos::prelude::*;
use manifest::{AssignError, Document, Format, Path, Problem, Segment, Severity, difference, line_column};
use serde_json::Value;

use crate::i18n::{t, tf, wizard as text};
use crate::pages::create_job::state::Wizard;

/// Problem code of a pending JSON text.
pub const PENDING_JSON: &str = "json";

/// JSON view of the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Json {
    /// Document shown.
    pub document: Document,
    /// YAML document that typed changes are applied to: its state before the first change, so that text that is cut
    /// and pasted, or cleared and retyped, keeps its comments.
    pub base: Document,
    /// Reason why the YAML does not match the view; none if both have the same content.
    pub pending: Option<AssignError>,
}

impl Json {
    /// Parses a text as the view of a document.
    pub fn parse(text: &str, yaml: &Document) -> Self {
        let document = Document::parse(text);
        let differs = yaml.with_json(&document, false).map(|after| after != *yaml);
        let pending = match differs {
            Ok(true) => Some(AssignError::Unsupported),
            Ok(false) => None,
            Err(error) => Some(error),
        };
        Self {
            document,
            base: yaml.clone(),
            pending,
        }
    }

    /// Converts a path in a document of the stream to a path in the view: several documents are an array.
    fn path(&self, entry: usize, path: &Path) -> Path {
        let several = matches!(self.document.value(0), Some(Value::Array(_)));
        let first =
            (several && !path.starts_with(&Path::root().index(entry))).then_some(Segment::Index(entry));
        Path::from(
            first
                .into_iter()
                .chain(path.segments().iter().cloned())
                .collect::<Vec<_>>(),
        )
    }

    /// Returns the byte range of a path, or of its nearest existing ancestor.
    pub fn range(&self, entry: usize, path: &Path) -> std::ops::Range<usize> {
        let mut at = Some(self.path(entry, path));
        while let Some(path) = at {
            let key = self.document.key_range(0, &path);
            if let Some(range) = key.or_else(|| self.document.range(0, &path)) {
                return range;
            }
            at = path.parent();
        }
        0..0
    }

    /// Converts a problem of the document to its range in the view.
    pub fn displayed_problem(&self, problem: &Problem) -> Problem {
        let mut problem = problem.clone();
        problem.range = self.range(problem.entry.unwrap_or_default(), &problem.path);
        problem
    }

    /// Returns the problems of the view's own text.
    pub fn problems(&self) -> Vec<Problem> {
        let Some(reason) = &self.pending else {
            return Vec::new();
        };
        // Duplicate keys and invalid numbers have specific problems; everything else is reported as invalid JSON.
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(self.document.text()).is_ok();
        if *reason == AssignError::NotJson && is_json && !self.document.is_valid() {
            return self.document.problems().to_vec();
        }
        let shown = self.document.text();
        let at = match reason {
            AssignError::NotJson => json_error_offset(shown),
            _ => 0,
        };
        let message = match reason {
            AssignError::NotJson => {
                let line = line_column(shown, at).0.to_string();
                tf(text::JSON_STRICT, &[("line", &line)])
            }
            AssignError::Shared(anchor) => tf(text::JSON_SHARED, &[("anchor", anchor)]),
            AssignError::Unsupported | AssignError::Unreadable => t(text::JSON_UNSUPPORTED).to_owned(),
        };
        vec![Problem {
            code: PENDING_JSON,
            severity: Severity::Error,
            entry: None,
            path: Path::root(),
            field: None,
            range: at..at,
            subjects: vec![message],
            fix: None,
        }]
    }
}

/// Returns the offset at which a text stops being JSON.
fn json_error_offset(text: &str) -> usize {
    let Err(error) = serde_json::from_str::<Value>(text) else {
        return 0;
    };
    let line = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum::<usize>();
    let mut at = (line + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Wizard {
    /// Shows the text in a format: for YAML, JSON is a view; a JSON document is converted to YAML. Returns false if
    /// it cannot be parsed, or if a JSON text is pending.
    pub fn show(self, format: Format) -> bool {
        // Typing in one view is a separate undo step from typing in the other.
        self.history.update(manifest::History::seal);
        let document = self.document.get_untracked();
        match (self.json.get_untracked(), document.format(), format) {
            (Some(json), _, Format::Yaml) => {
                let follows = json.pending.is_none();
                if follows {
                    self.json.set(None);
                }
                follows
            }
            (None, Format::Yaml, Format::Json) => {
                let text = document.convert(Format::Json).ok();
                let found = text.is_some();
                self.highlighted.set(Vec::new());
                self.json.set(text.map(|text| Json {
                    document: Document::parse(text),
                    base: document,
                    pending: None,
                }));
                found
            }
            (None, Format::Json, Format::Yaml) => {
                let text = document.convert(Format::Yaml).ok();
                if let Some(text) = &text {
                    self.replace(text);
                }
                text.is_some()
            }
            _ => true,
        }
    }

    /// Applies a change typed in the view.
    pub fn on_json_change(self, json: &Json, new: &str) {
        let Some(change) = difference(json.document.text(), new) else {
            return;
        };
        self.highlighted.set(Vec::new());
        self.discarded_json.set_value(None);
        let before = self.document.get_untracked();
        let pasted = Document::parse(new);
        if pasted.format() == Format::Yaml
            && pasted.is_valid()
            && pasted.value(0).is_some_and(Value::is_object)
        {
            // Another document, in YAML: it replaces this one.
            self.json.set(None);
            self.replace(new);
            return;
        }
        let mut document = json.document.clone();
        document.splice(&[change]);
        let mut base = json.base.clone();
        let from_base = base.with_json(&document, false);
        let after = from_base.or_else(|_| {
            let after = before.with_json(&document, false);
            if after.is_ok() {
                base = before.clone();
            }
            after
        });
        let pending = match after {
            Ok(after) => {
                self.follow_json(&before, after, Some("text"));
                None
            }
            Err(error) => Some(error),
        };
        self.json.set(Some(Json {
            document,
            base,
            pending,
        }));
    }

    /// Applies the pending text by rewriting the affected documents, without their comments and anchors.
    pub fn rewrite_from_json(self) {
        let Some(json) = self.json.get_untracked() else {
            return;
        };
        let before = self.document.get_untracked();
        if let Ok(after) = before.with_json(&json.document, true) {
            self.follow_json(&before, after.clone(), None);
            self.json.set(Some(Json {
                base: after,
                pending: None,
                ..json
            }));
        }
    }

    /// Discards the pending text; redo restores it.
    pub fn discard_pending_json(self) -> bool {
        let Some(json) = self.json.get_untracked().filter(|json| json.pending.is_some()) else {
            return false;
        };
        let Ok(text) = self
            .document
            .with_untracked(|document| document.convert(Format::Json))
        else {
            return false;
        };
        self.show_json(&json, &text, self.document.get_untracked());
        self.discarded_json.set_value(Some(json));
        true
    }

    /// Restores the discarded text.
    pub fn restore_discarded_json(self) -> bool {
        let dropped = self.discarded_json.try_update_value(Option::take).flatten();
        let (Some(json), Some(now)) = (dropped, self.json.get_untracked()) else {
            return false;
        };
        let text = json.document.text().to_owned();
        self.show_json(&now, &text, now.base.clone());
        self.json.set(Some(json));
        true
    }

    /// Replaces the text of the view, which shows a document.
    pub fn show_json(self, before: &Json, text: &str, base: Document) {
        let splices: Vec<_> = difference(before.document.text(), text).into_iter().collect();
        self.notify_editor(before.document.text(), &splices);
        self.highlight(&splices);
        self.json.set(Some(Json {
            document: Document::parse(text),
            base,
            pending: None,
        }));
    }

    /// Returns whether a JSON text is pending.
    pub fn is_json_pending(self) -> bool {
        self.json
            .with(|json| json.as_ref().is_some_and(|json| json.pending.is_some()))
    }

    /// Returns document and path of the field at a byte offset of the displayed text.
    pub fn path_at(self, offset: usize) -> Option<(usize, Path)> {
        let (entry, path) = self.shown.with_untracked(|shown| shown.path_at(offset))?;
        if self.json.with_untracked(Option::is_none)
            || self.document.with_untracked(|document| document.entries().len()) < 2
        {
            return Some((entry, path));
        }
        match path.segments().split_first() {
            Some((Segment::Index(entry), rest)) => Some((*entry, Path::from(rest.to_vec()))),
            _ => Some((entry, path)),
        }
    }

    /// Returns the offset of a document's path in the displayed text.
    pub fn offset_of(self, entry: usize, path: &Path) -> Option<usize> {
        self.json.with_untracked(|json| match json {
            Some(json) => Some(json.range(entry, path).start),
            None => self
                .document
                .with_untracked(|document| document.range(entry, path))
                .map(|range| range.start),
        })
    }
}
