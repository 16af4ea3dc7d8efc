//! JSON as a view of a document in YAML: shown in the text pane, its changes carried out on the YAML. A text that cannot
//! be carried out waits as it is, and the form with it.

use leptos::prelude::*;
use manifest::{AssignError, Document, Format, Path, Problem, Segment, Severity, difference};
use serde_json::Value;

use super::state::Wizard;
use crate::i18n::{t, tf, wizard as text};

/// Code of the problem that a text in JSON waits for.
pub const WAITS: &str = "json";

/// The view.
#[derive(Debug, Clone, PartialEq)]
pub struct Json {
    /// What is shown.
    pub document: Document,
    /// Why the YAML has not followed it; none if both say the same.
    pub waits: Option<AssignError>,
}

impl Json {
    /// A text as the view of a document.
    pub fn of(text: &str, yaml: &Document) -> Self {
        let document = Document::parse(text);
        let differs = yaml.with_json(&document, false).map(|after| after != *yaml);
        let waits = match differs {
            Ok(true) => Some(AssignError::Unsupported),
            Ok(false) => None,
            Err(error) => Some(error),
        };
        Self { document, waits }
    }

    /// The place in the view of a place in a document of the stream: several documents are an array.
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

    /// Bytes of a place, or of the nearest one above it that is there.
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

    /// A problem of the document, at its place in the view.
    pub fn shown(&self, problem: &Problem) -> Problem {
        let mut problem = problem.clone();
        problem.range = self.range(problem.entry.unwrap_or_default(), &problem.path);
        problem
    }

    /// What the view itself has against its text.
    pub fn problems(&self) -> Vec<Problem> {
        let Some(why) = &self.waits else {
            return Vec::new();
        };
        if *why == AssignError::NotJson && !self.document.is_valid() {
            return self.document.problems().to_vec();
        }
        let words = match why {
            AssignError::NotJson => t(text::JSON_STRICT).to_owned(),
            AssignError::Shared(anchor) => tf(text::JSON_SHARED, &[("anchor", anchor)]),
            AssignError::Unsupported | AssignError::Unreadable => t(text::JSON_UNSUPPORTED).to_owned(),
        };
        let at = match why {
            AssignError::NotJson => strict_error(self.document.text()),
            _ => 0,
        };
        vec![Problem {
            code: WAITS,
            severity: Severity::Error,
            entry: None,
            path: Path::root(),
            field: None,
            range: at..at,
            subjects: vec![words],
            fix: None,
        }]
    }
}

/// Where a text ceases to be JSON.
fn strict_error(text: &str) -> usize {
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
    /// Shows the text in a format: JSON is a view of YAML, and what is JSON itself becomes YAML. False if it cannot be
    /// read, or what was typed in JSON waits.
    pub fn show(self, format: Format) -> bool {
        // What is typed in one view is a step of its own, not the end of what was typed in the other.
        self.history.update(manifest::History::seal);
        let document = self.document.get_untracked();
        match (self.json.get_untracked(), document.format(), format) {
            (Some(json), _, Format::Yaml) => {
                let follows = json.waits.is_none();
                if follows {
                    self.json.set(None);
                }
                follows
            }
            (None, Format::Yaml, Format::Json) => {
                let text = document.convert(Format::Json).ok();
                let found = text.is_some();
                self.lit.set(Vec::new());
                self.json.set(text.map(|text| Json {
                    document: Document::parse(text),
                    waits: None,
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

    /// The person typed in the view.
    pub fn typed_json(self, json: &Json, new: &str) {
        let Some(change) = difference(json.document.text(), new) else {
            return;
        };
        self.lit.set(Vec::new());
        self.dropped.set_value(None);
        let before = self.document.get_untracked();
        let pasted = Document::parse(new);
        if pasted.format() == Format::Yaml
            && pasted.is_valid()
            && pasted.value(0).is_some_and(Value::is_object)
        {
            // Another document, in YAML: it takes the place of this one.
            self.json.set(None);
            self.replace(new);
            return;
        }
        let mut document = json.document.clone();
        document.splice(&[change]);
        let waits = match before.with_json(&document, false) {
            Ok(after) => {
                self.follow(&before, after, Some("text"));
                None
            }
            Err(error) => Some(error),
        };
        self.json.set(Some(Json { document, waits }));
    }

    /// Carries out what waits by writing anew the documents that it is about, without their comments and anchors.
    pub fn write_anew(self) {
        let Some(json) = self.json.get_untracked() else {
            return;
        };
        let before = self.document.get_untracked();
        if let Ok(after) = before.with_json(&json.document, true) {
            self.follow(&before, after, None);
            self.json.set(Some(Json { waits: None, ..json }));
        }
    }

    /// Takes back what waits; the next step forward brings it again.
    pub fn drop_waiting(self) -> bool {
        let Some(json) = self.json.get_untracked().filter(|json| json.waits.is_some()) else {
            return false;
        };
        let Ok(text) = self
            .document
            .with_untracked(|document| document.convert(Format::Json))
        else {
            return false;
        };
        self.show_json(&json, &text);
        self.dropped.set_value(Some(json));
        true
    }

    /// Brings back what was taken back.
    pub fn bring_dropped(self) -> bool {
        let dropped = self.dropped.try_update_value(Option::take).flatten();
        let (Some(json), Some(now)) = (dropped, self.json.get_untracked()) else {
            return false;
        };
        let text = json.document.text().to_owned();
        self.show_json(&now, &text);
        self.json.set(Some(json));
        true
    }

    /// Puts another text into the view.
    pub fn show_json(self, before: &Json, text: &str) {
        let splices: Vec<_> = difference(before.document.text(), text).into_iter().collect();
        self.tell_editor(before.document.text(), &splices);
        self.light(&splices);
        self.json.set(Some(Json {
            document: Document::parse(text),
            waits: None,
        }));
    }

    /// What was typed in JSON waits.
    pub fn waits(self) -> bool {
        self.json
            .with(|json| json.as_ref().is_some_and(|json| json.waits.is_some()))
    }

    /// The document and path of the field at a byte of what is shown.
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

    /// Where a place of a document begins in what is shown.
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
