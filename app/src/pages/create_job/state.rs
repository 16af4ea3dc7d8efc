//! What the wizard holds: one document, and how a person looks at it.
//!
//! The text is the only truth. Fields read it through paths and change it through edits; the editor changes it
//! directly; neither knows of the other.

use leptos::prelude::*;
use manifest::{Document, Edit, EditError, Format, History, Path, Problem, Severity, Splice, difference};
use send_wrapper::SendWrapper;
use serde_json::Value;

use crate::api::create::Offers;
use crate::i18n::{Text, wizard as text};
use crate::pages::create_job::fields::id_in;
use crate::pages::create_job::json::Json;
use crate::pages::create_job::problems::{Said, all_problems, own_problems};
use crate::pages::create_job::schema::ClusterSchema;
use crate::pages::create_job::step::Step;
use crate::pages::create_job::untouched::Young;

/// What the editor on the page is told; it stands in `Wizard::editor` while it is there.
pub trait EditorPort {
    /// The text has changed by these splices of `before`.
    fn splice(&self, before: &str, splices: &[Splice]);
    /// Shows a place, and gives it the focus.
    fn reveal(&self, text: &str, offset: usize);
}

/// The wizard's state. Cheap to copy; it lives as long as the page.
#[derive(Clone, Copy)]
pub struct Wizard {
    /// The project.
    pub project: Memo<String>,
    /// The truth.
    pub document: RwSignal<Document>,
    /// Its view in JSON, while that is shown.
    pub json: RwSignal<Option<Json>>,
    /// What is shown as the text: the document, or its view.
    pub shown: Memo<Document>,
    /// What was typed in the view, and taken back.
    pub dropped: StoredValue<Option<Json>>,
    /// The newest state that parsed: what the form shows.
    pub readable: Memo<Document>,
    /// The document that the form works on: the first Job.
    pub entry: Memo<usize>,
    /// Undo and redo.
    pub history: RwSignal<History>,
    /// The step shown.
    pub step: Memo<Step>,
    /// Edit mode is on.
    pub editing: Memo<bool>,
    /// The first text is known from the address alone, to the server too.
    pub is_chosen: bool,
    /// Byte ranges of the text that the last edit made.
    pub lit: RwSignal<Vec<std::ops::Range<usize>>>,
    /// Why the last edit was refused.
    pub refusal: RwSignal<Option<Text>>,
    /// What the server said last: to this text.
    pub answer: RwSignal<Said>,
    /// What the last dry run said: to this text. It runs by itself while a person works.
    pub checked: RwSignal<Said>,
    /// The cluster is being asked.
    pub checking: RwSignal<bool>,
    /// Texts of the documents that earlier tries created. One that was changed since is sent again, and refused by the
    /// cluster as existing.
    pub done: RwSignal<Vec<String>>,
    /// What the project offers.
    pub offers: RwSignal<Option<Offers>>,
    /// The cluster's minor version; none while it is not known.
    pub minor: RwSignal<Option<u16>>,
    /// The fields that the cluster knows; none until they have arrived.
    pub schema: ClusterSchema,
    /// The text as it was imported.
    pub imported: RwSignal<Option<String>>,
    /// Items that were just added.
    pub young: Young,
    /// The field that had the focus last.
    pub focused: RwSignal<Path>,
    // Problems that need no server to be found.
    own: Memo<Vec<Problem>>,
    /// All problems: of the text, of the rules, of the server's last answer.
    pub problems: Memo<Vec<Problem>>,
    // What a person types into one field, as long as they do.
    run: StoredValue<Option<Run>>,
    // The position of the document that this form is about, if it is not the Job.
    other: Option<usize>,
    // Wrapped only where there is one: the server drops its pages on any thread.
    editor: StoredValue<Option<SendWrapper<Box<dyn EditorPort>>>>,
}

/// Typing into one field: each key is carried out on the document as it was before the first one. So a field that is
/// cleared and filled in again stands where it stood, with its comments, and a text of several lines that is one line in
/// between keeps its style.
struct Run {
    entry: usize,
    path: Path,
    base: Document,
    newest: Document,
}

impl Wizard {
    /// A wizard on a text.
    pub fn new(project: Memo<String>, step: Memo<Step>, editing: Memo<bool>, first: Option<&str>) -> Self {
        let is_chosen = first.is_some();
        let first = first.map_or_else(|| crate::pages::create_job::examples::empty("job"), str::to_owned);
        let document = RwSignal::new(Document::parse(first));
        let json = RwSignal::new(None::<Json>);
        let shown = Memo::new(move |_| {
            json.with(|json| {
                json.as_ref()
                    .map_or_else(|| document.get(), |json| json.document.clone())
            })
        });
        let readable = Memo::new(move |last: Option<&Document>| {
            let now = document.get();
            if now.is_valid() {
                now
            } else {
                last.cloned().unwrap_or(now)
            }
        });
        let entry = Memo::new(move |_| readable.with(|document| document.job().unwrap_or_default()));
        let answer = RwSignal::new(None);
        let checked = RwSignal::new(None);
        let schema = ClusterSchema::new();
        let own =
            Memo::new(move |_| document.with(|document| own_problems(document, schema.get().as_deref())));
        let problems = Memo::new(move |_| {
            let all = document
                .with(|document| all_problems(document, own.get(), [&answer.read(), &checked.read()]));
            json.with(|json| match json {
                Some(json) if json.waits.is_some() => json.problems(),
                Some(json) => all.iter().map(|problem| json.shown(problem)).collect(),
                None => all,
            })
        });
        Self {
            project,
            document,
            json,
            shown,
            dropped: StoredValue::new(None),
            readable,
            entry,
            history: RwSignal::new(History::default()),
            step,
            editing,
            is_chosen,
            lit: RwSignal::new(Vec::new()),
            refusal: RwSignal::new(None),
            answer,
            checked,
            checking: RwSignal::new(false),
            own,
            done: RwSignal::new(Vec::new()),
            offers: RwSignal::new(None),
            minor: RwSignal::new(None),
            schema,
            imported: RwSignal::new(None),
            young: Young::new(),
            focused: RwSignal::new(Path::of(["metadata", "name"])),
            problems,
            run: StoredValue::new(None),
            other: None,
            editor: StoredValue::new(None),
        }
    }

    /// The value at a path of the form's document.
    pub fn get(self, path: &Path) -> Option<Value> {
        let entry = self.entry.get();
        self.readable.with(|document| document.get(entry, path).cloned())
    }

    /// How many items a list has.
    pub fn length(self, path: &Path) -> usize {
        let entry = self.entry.get();
        self.readable.with(|document| {
            document
                .get(entry, path)
                .and_then(Value::as_array)
                .map_or(0, Vec::len)
        })
    }

    /// The keys and values of a mapping of texts, in order.
    pub fn pairs(self, path: &Path) -> Vec<(String, String)> {
        let entry = self.entry.get();
        self.readable.with(|document| {
            let map = document.get(entry, path).and_then(Value::as_object);
            let pairs = map.into_iter().flatten();
            pairs.map(|(key, value)| (key.clone(), plain(value))).collect()
        })
    }

    /// The same wizard on another document of the stream, for the forms of what is created with the Job.
    pub fn on(self, entry: usize) -> Self {
        Self {
            entry: Memo::new(move |_| entry),
            other: Some(entry),
            ..self
        }
    }

    /// What a field shows first, in the server's HTML too; nothing as long as the text is nobody's choice.
    pub fn first(self, value: impl Fn() -> String) -> String {
        if self.is_chosen {
            untrack(value)
        } else {
            String::new()
        }
    }

    /// The element id of a path's input.
    pub fn id(self, path: &Path) -> String {
        id_in(self.other, path)
    }

    /// Adds documents at the end of the stream.
    pub fn append(self, document: &str) {
        let old = self
            .document
            .with_untracked(|document| document.text().to_owned());
        let line_end = if old.contains("\r\n") { "\r\n" } else { "\n" };
        let gap = if old.is_empty() || old.ends_with('\n') {
            ""
        } else {
            line_end
        };
        let document = document.replace('\n', line_end);
        // What was created already keeps its position: only the end changes.
        let before = self.document.get_untracked();
        self.history.update(History::seal);
        self.change_to(&before, &format!("{old}{gap}---{line_end}{document}"), true);
        self.history.update(History::seal);
    }

    /// Positions of the documents that exist already.
    pub fn existing(self) -> Vec<usize> {
        self.document.with_untracked(|document| {
            self.done.with_untracked(|done| {
                let texts = document
                    .entries()
                    .iter()
                    .map(|entry| &document.text()[entry.range.clone()]);
                let positions = texts
                    .enumerate()
                    .filter(|(_, text)| done.iter().any(|known| known == text));
                positions.map(|(position, _)| position).collect()
            })
        })
    }

    /// The form can be used: the text parses and holds a Job.
    pub fn is_usable(self) -> bool {
        !self.waits()
            && self
                .document
                .with(|document| document.is_valid() && document.job().is_some())
    }

    /// Whether the cluster has the field at a path; none while its schema is not here, or does not know the kind.
    pub fn knows(self, path: &Path) -> Option<bool> {
        let entry = self.entry.get();
        let schema = self.schema.get()?;
        self.readable.with(|document| {
            let entry = document.entries().get(entry)?;
            let root = schema.for_kind(entry.api_version.as_deref()?, entry.kind.as_deref()?)?;
            Some(root.at(path).is_some())
        })
    }

    /// Sets a value; consecutive changes of one field are one step of the history.
    pub fn set(self, path: &Path, value: Value) {
        self.edit(
            &Edit::Set {
                path: path.clone(),
                value,
            },
            Some(&path.to_string()),
        );
    }

    /// There is something to undo.
    pub fn can_undo(self) -> bool {
        self.waits() || self.history.with(History::can_undo)
    }

    /// There is something to redo.
    pub fn can_redo(self) -> bool {
        // Followed by whoever asks: the value itself is not.
        self.json.track();
        self.dropped.with_value(Option::is_some) || self.history.with(History::can_redo)
    }

    /// Takes a value out that a field no longer says; its comments stay.
    pub fn clear(self, path: &Path) {
        self.edit(&Edit::Remove { path: path.clone() }, Some(&path.to_string()));
    }

    /// Takes a value out, with its comments.
    pub fn remove(self, path: &Path) {
        self.edit(&Edit::Remove { path: path.clone() }, None);
    }

    /// Adds an item at the end of a list.
    pub fn push(self, path: &Path, value: Value) {
        let index = untrack(|| self.length(path));
        self.edit(
            &Edit::Insert {
                path: path.clone(),
                index,
                value,
            },
            None,
        );
    }

    /// Carries out an edit on the form's document.
    pub fn edit(self, edit: &Edit, group: Option<&str>) {
        self.edit_entry(self.entry.get_untracked(), edit, group);
    }

    /// Carries out an edit on a document of the stream.
    pub fn edit_entry(self, entry: usize, edit: &Edit, group: Option<&str>) {
        let before = self.document.get_untracked();
        let mut after = before.clone();
        let is_one = matches!(edit, Edit::Set { .. } | Edit::Remove { .. });
        let typing = is_one && group.is_some_and(|group| group == edit.path().to_string());
        let done = if typing {
            self.type_on(&mut after, entry, edit)
        } else {
            self.run.set_value(None);
            after.apply(entry, edit)
        };
        match done {
            Ok(splices) if splices.is_empty() => {}
            Ok(splices) => {
                self.refusal.set(None);
                self.history
                    .update(|history| history.record(before.text(), &splices, group));
                self.young.follow(entry, edit);
                self.put(&before, after, &splices);
            }
            Err(EditError::Shared(_)) => self.refusal.set(Some(text::SHARED)),
            Err(_) => self.refusal.set(Some(text::ONLY_TEXT)),
        }
    }

    /// Carries out what was typed into a field: on the document as it was before the typing began.
    fn type_on(self, document: &mut Document, entry: usize, edit: &Edit) -> Result<Vec<Splice>, EditError> {
        let before = document.clone();
        let base = self.run.with_value(|run| {
            let goes_on = |run: &&Run| run.entry == entry && run.path == *edit.path() && run.newest == before;
            run.as_ref().filter(goes_on).map(|run| run.base.clone())
        });
        let mut splices = None;
        if let Some(mut anew) = base.clone()
            && anew.apply_beside_comments(entry, edit).is_ok()
        {
            splices = Some(difference(before.text(), anew.text()).into_iter().collect());
            *document = anew;
        }
        let splices = match splices {
            Some(splices) => splices,
            None => document.apply_beside_comments(entry, edit)?,
        };
        self.run.set_value(Some(Run {
            entry,
            path: edit.path().clone(),
            base: base.unwrap_or(before),
            newest: document.clone(),
        }));
        Ok(splices)
    }

    /// Carries out a problem's own fix.
    pub fn fix(self, problem: &Problem) {
        if let Some(fix) = &problem.fix {
            let entry = problem.entry.unwrap_or_else(|| self.entry.get_untracked());
            self.edit_entry(entry, &fix.edit, None);
        }
    }

    /// The person typed in the editor. Only what changed is read again.
    pub fn typed(self, new: &str) {
        if let Some(json) = self.json.get_untracked() {
            return self.typed_json(&json, new);
        }
        let before = self.document.get_untracked();
        let Some(splice) = difference(before.text(), new) else {
            return;
        };
        let splices = [splice];
        let mut after = before.clone();
        after.splice(&splices);
        self.history
            .update(|history| history.record(before.text(), &splices, Some("text")));
        self.lit.set(Vec::new());
        self.document.set(after);
    }

    /// The document has followed its view.
    pub fn follow(self, before: &Document, after: Document, group: Option<&str>) {
        let splices: Vec<_> = difference(before.text(), after.text()).into_iter().collect();
        self.refusal.set(None);
        self.history
            .update(|history| history.record(before.text(), &splices, group));
        if !splices.is_empty() {
            self.document.set(after);
        }
    }

    /// The document is another one now; whoever shows it follows.
    fn put(self, before: &Document, after: Document, splices: &[Splice]) {
        self.dropped.set_value(None);
        match self.json.get_untracked() {
            None => {
                self.tell_editor(before.text(), splices);
                self.light(splices);
            }
            Some(json) if after.format() == Format::Yaml && after.is_valid() => {
                if let Some(text) = after.json_after(&json.document) {
                    self.show_json(&json, &text, after.clone());
                }
            }
            // A text of its own.
            Some(_) => self.json.set(None),
        }
        self.document.set(after);
    }

    /// Puts another text in the place of this one, as one step that can be undone.
    pub fn replace(self, new: &str) {
        let before = self.document.get_untracked();
        self.history.update(History::seal);
        self.change_to(&before, new, true);
        self.history.update(History::seal);
        self.done.set(Vec::new());
        self.answer.set(None);
    }

    /// Brings a text from outside in the place of this one: it is shown as it is written.
    pub fn import(self, new: &str) {
        self.json.set(None);
        self.replace(new);
    }

    /// Begins anew: nothing to undo, nothing remembered.
    pub fn restart(self, text: &str) {
        let before = self.document.get_untracked();
        self.change_to(&before, text, false);
        self.history.set(History::default());
        self.lit.set(Vec::new());
        self.done.set(Vec::new());
        self.answer.set(None);
    }

    /// One step back.
    pub fn undo(self) {
        if self.drop_waiting() {
            return;
        }
        let before = self.document.get_untracked();
        if let Some(text) = self
            .history
            .try_update(|history| history.undo(before.text()))
            .flatten()
        {
            self.change_to(&before, &text, false);
        }
    }

    /// One step forward again.
    pub fn redo(self) {
        if self.bring_dropped() {
            return;
        }
        let before = self.document.get_untracked();
        if let Some(text) = self
            .history
            .try_update(|history| history.redo(before.text()))
            .flatten()
        {
            self.change_to(&before, &text, false);
        }
    }

    fn change_to(self, before: &Document, text: &str, record: bool) {
        let splices: Vec<_> = difference(before.text(), text).into_iter().collect();
        if splices.is_empty() {
            return;
        }
        if record {
            self.history
                .update(|history| history.record(before.text(), &splices, None));
        }
        self.refusal.set(None);
        self.put(before, Document::parse(text), &splices);
    }

    /// Lights what splices wrote, in the text after them.
    pub fn light(self, splices: &[Splice]) {
        let mut moved = 0_isize;
        let mut ranges = Vec::new();
        for splice in splices {
            let start = splice.range.start.saturating_add_signed(moved);
            moved += splice.text.len().cast_signed() - splice.range.len().cast_signed();
            // A line break at the beginning belongs to the line before.
            let skip = splice.text.len() - splice.text.trim_start_matches(['\r', '\n']).len();
            ranges.push(start + skip..start + splice.text.len().max(skip));
        }
        self.lit.set(ranges);
    }

    pub fn tell_editor(self, before: &str, splices: &[Splice]) {
        self.editor.try_with_value(|editor| {
            if let Some(editor) = editor {
                editor.splice(before, splices);
            }
        });
    }

    /// The editor on the page; none when it has gone.
    pub fn set_editor(self, editor: Option<Box<dyn EditorPort>>) {
        let _ = self
            .editor
            .try_update_value(|slot| *slot = editor.map(SendWrapper::new));
    }

    /// Shows a place in the editor.
    pub fn reveal(self, offset: usize) {
        let text = self.shown.with_untracked(|shown| shown.text().to_owned());
        self.editor.try_with_value(|editor| {
            if let Some(editor) = editor {
                editor.reveal(&text, offset);
            }
        });
    }

    /// Problems at a path, the worst first; none of a field that is still to be filled in.
    pub fn problems_at(self, path: &Path) -> Vec<Problem> {
        let entry = self.entry.get();
        let is_empty =
            || matches!(self.get(path), None | Some(Value::Null)) || self.get(path) == Some("".into());
        if self.young.has(entry, path, &self.id(path)) && is_empty() {
            return Vec::new();
        }
        self.problems.with(|problems| {
            problems
                .iter()
                .filter(|problem| problem.entry == Some(entry) && problem.path == *path)
                .cloned()
                .collect()
        })
    }

    /// The text has no errors that can be found without the cluster, which may be asked then.
    pub fn is_sound(self) -> bool {
        !self.waits()
            && self
                .own
                .with(|problems| problems.iter().all(|p| p.severity != Severity::Error))
            && self.document.with(|document| !document.entries().is_empty())
    }
}

/// A value as a field shows it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
