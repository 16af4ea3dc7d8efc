//! State of the wizard: one document and how the user views it.
//!
//! The text is the single source of truth. Fields read it through paths and change it through edits; the editor
//! changes it directly; neither knows of the other.

use std::sync::Arc;

use leptos::prelude::*;
use manifest::{
    Document, Edit, EditError, Fix, Format, History, Path, Problem, Report, Severity, Splice, difference,
    differences,
};
use send_wrapper::SendWrapper;
use serde_json::Value;

use crate::api::create::Offers;
use crate::i18n::{Text, wizard as text};
use crate::pages::create_job::fields::id_in;
use crate::pages::create_job::json::Json;
use crate::pages::create_job::problems::{ServerResponse, all_problems, find_local_problems, known_names};
use crate::pages::create_job::schema::ClusterSchema;
use crate::pages::create_job::step::Step;
use crate::pages::create_job::untouched::Untouched;

/// Notifications to the editor on the page; `Wizard::editor` holds it while it exists.
pub trait EditorPort {
    /// Applies splices of `before` that changed the text.
    fn splice(&self, before: &str, splices: &[Splice]);
    /// Scrolls to an offset and focuses it.
    fn reveal(&self, text: &str, offset: usize);
}

/// Document of the form and the problems of the text. The parts derive from this one value: to leave a signal takes
/// time in proportion to its subscribers.
#[derive(Clone, PartialEq)]
struct Snapshot {
    entry: usize,
    document: Document,
    problems: Arc<Vec<Problem>>,
}

/// Part of the document: its text, and its problems without their place, which every edit above moves.
#[derive(Clone, PartialEq)]
struct Part {
    entry: usize,
    source: String,
    problems: Vec<Problem>,
}

/// Fields that are updated only when their part of the document changes: in a Job with hundreds of containers a key
/// concerns one of them.
#[derive(Clone, Copy)]
struct Scope {
    path: StoredValue<Path>,
    part: Memo<Part>,
}

/// State of the wizard. Cheap to copy; it lives as long as the page.
#[derive(Clone, Copy)]
pub struct Wizard {
    /// Project.
    pub project: Memo<String>,
    /// Document, the source of truth.
    pub document: RwSignal<Document>,
    /// JSON view of the document, while it is shown.
    pub json: RwSignal<Option<Json>>,
    /// Displayed text: the document, or its JSON view.
    pub shown: Memo<Document>,
    /// JSON text that undo discarded; redo restores it.
    pub discarded_json: StoredValue<Option<Json>>,
    /// Latest state of the document that parsed: what the form shows.
    pub readable: Memo<Document>,
    /// Position of the document that the form edits: the first Job.
    pub entry: Memo<usize>,
    /// Undo and redo history.
    pub history: RwSignal<History>,
    /// Current step.
    pub step: Memo<Step>,
    /// Whether edit mode is on.
    pub editing: Memo<bool>,
    /// Whether the URL alone determines the initial text, so that the server renders it too.
    pub has_url_text: bool,
    /// Byte ranges of the text that the last edit wrote.
    pub highlighted: RwSignal<Vec<std::ops::Range<usize>>>,
    /// Reason why the last edit was rejected.
    pub edit_error: RwSignal<Option<Text>>,
    /// What the last fix did to a whole document.
    pub report: RwSignal<Option<Report>>,
    /// Whether the user has seen the containers, or asked to create the Job: until then nothing blames an empty form.
    pub is_begun: RwSignal<bool>,
    /// Last response to Create, with its text.
    pub create_response: RwSignal<ServerResponse>,
    /// Last response to a dry run, with its text. Dry runs start by themselves while the user edits.
    pub dry_run_response: RwSignal<ServerResponse>,
    /// Whether a dry run is running.
    pub dry_run_pending: RwSignal<bool>,
    /// Texts of the documents that earlier attempts created. A document that was changed since is sent again, and
    /// the cluster rejects it as existing.
    pub created_texts: RwSignal<Vec<String>>,
    /// Objects that the project offers.
    pub offers: RwSignal<Option<Offers>>,
    /// Whether they could not be read. They are requested again.
    pub offers_failed: RwSignal<bool>,
    /// Minor version of the cluster; none while it is unknown.
    pub minor_version: RwSignal<Option<u16>>,
    /// Schema of the cluster; none until it has arrived.
    pub schema: ClusterSchema,
    /// Text as it was imported.
    pub imported: RwSignal<Option<String>>,
    /// Items that were just added.
    pub untouched: Untouched,
    /// Field that had the focus last.
    pub focused: RwSignal<Path>,
    // Problems that can be found without the server.
    local_problems: Memo<Vec<Problem>>,
    /// All problems: of the text, of the rules, of the server's last response.
    pub problems: Memo<Vec<Problem>>,
    // Typing in one field, as long as it goes on.
    typing: StoredValue<Option<TypingSession>>,
    // Position of the document that this form is about, if it is not the Job.
    other: Option<usize>,
    // What the parts of the document derive from.
    snapshot: Memo<Snapshot>,
    // Part of the document that these fields are in.
    scope: Option<Scope>,
    // Wrapped only if there is one: the server drops its pages on any thread.
    editor: StoredValue<Option<SendWrapper<Box<dyn EditorPort>>>>,
}

/// Typing session in one field: each keystroke is applied to the document as it was before the first one. So a
/// field that is cleared and filled in again keeps its place and its comments, and a multi-line text that has one
/// line in between keeps its style.
struct TypingSession {
    entry: usize,
    path: Path,
    base: Document,
    latest: Document,
}

impl Wizard {
    /// Creates the state for a text.
    pub fn new(project: Memo<String>, step: Memo<Step>, editing: Memo<bool>, url_text: Option<&str>) -> Self {
        let has_url_text = url_text.is_some();
        let text = url_text.map_or_else(|| crate::pages::create_job::examples::empty("job"), str::to_owned);
        let document = RwSignal::new(Document::parse(text));
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
        let create_response = RwSignal::new(None);
        let dry_run_response = RwSignal::new(None);
        let schema = ClusterSchema::new();
        let offers = RwSignal::new(None);
        let is_begun = RwSignal::new(false);
        let known = Memo::new(move |_| offers.with(|offers| known_names(offers.as_ref())));
        let local_problems = Memo::new(move |_| {
            let schema = schema.get();
            document.with(|document| {
                known.with(|known| find_local_problems(document, schema.as_deref(), &project.get(), known))
            })
        });
        let problems = Memo::new(move |_| {
            let mut all = document.with(|document| {
                all_problems(
                    document,
                    local_problems.get(),
                    [&create_response.read(), &dry_run_response.read()],
                )
            });
            if !is_begun.get() {
                for problem in all.iter_mut().filter(|problem| problem.code == NO_CONTAINERS) {
                    problem.severity = Severity::Advice;
                }
            }
            json.with(|json| match json {
                Some(json) if json.pending.is_some() => json.problems(),
                Some(json) => all
                    .iter()
                    .map(|problem| json.displayed_problem(problem))
                    .collect(),
                None => all,
            })
        });
        let snapshot = Memo::new(move |_| Snapshot {
            document: readable.get(),
            entry: entry.get(),
            problems: Arc::new(problems.get()),
        });
        Self {
            project,
            document,
            json,
            shown,
            discarded_json: StoredValue::new(None),
            readable,
            entry,
            history: RwSignal::new(History::default()),
            step,
            editing,
            has_url_text,
            highlighted: RwSignal::new(Vec::new()),
            edit_error: RwSignal::new(None),
            report: RwSignal::new(None),
            is_begun,
            create_response,
            dry_run_response,
            dry_run_pending: RwSignal::new(false),
            local_problems,
            created_texts: RwSignal::new(Vec::new()),
            offers,
            offers_failed: RwSignal::new(false),
            minor_version: RwSignal::new(None),
            schema,
            imported: RwSignal::new(None),
            untouched: Untouched::new(),
            focused: RwSignal::new(Path::of(["metadata", "name"])),
            problems,
            typing: StoredValue::new(None),
            other: None,
            snapshot,
            scope: None,
            editor: StoredValue::new(None),
        }
    }

    /// Returns the same wizard for the fields below a path, which are updated only when something there changes.
    pub fn scoped(self, path: &Path) -> Self {
        let path = StoredValue::new(path.clone());
        let snapshot = self.snapshot;
        let part = Memo::new(move |_| {
            snapshot.with(|snapshot| {
                let Snapshot {
                    entry,
                    document,
                    problems,
                } = snapshot;
                path.with_value(|path| {
                    // What an anchor stands for may change elsewhere.
                    let source = if document.has_references() {
                        document.text()
                    } else {
                        let range = document.range(*entry, path);
                        range
                            .and_then(|range| document.text().get(range))
                            .unwrap_or_default()
                    };
                    let problems = problems.iter();
                    let within = problems
                        .filter(|problem| problem.entry == Some(*entry) && problem.path.starts_with(path));
                    let without_place = |problem: &Problem| Problem {
                        range: 0..0,
                        ..problem.clone()
                    };
                    Part {
                        entry: *entry,
                        source: source.to_owned(),
                        problems: within.map(without_place).collect(),
                    }
                })
            })
        });
        Self {
            scope: Some(Scope { path, part }),
            ..self
        }
    }

    /// Reads the document for a path: tracks the part around the path if there is one, else the whole document.
    pub fn read<T>(self, path: &Path, read: impl FnOnce(usize, &Document) -> T) -> T {
        if let Some(scope) = self.scope_of(path) {
            scope.part.track();
            let entry = self.entry.get_untracked();
            return self.readable.with_untracked(|document| read(entry, document));
        }
        // Tracked before `entry`, which derives from it: an effect that is the first to update the document through
        // another source is not told of the change.
        self.readable.track();
        let entry = self.entry.get();
        self.readable.with_untracked(|document| read(entry, document))
    }

    /// Returns the part of the document that a path is in.
    fn scope_of(self, path: &Path) -> Option<Scope> {
        self.scope
            .filter(|scope| scope.path.with_value(|within| path.starts_with(within)))
    }

    /// Returns the value at a path of the form's document.
    pub fn get(self, path: &Path) -> Option<Value> {
        self.read(path, |entry, document| document.get(entry, path).cloned())
    }

    /// Returns the number of items of a list.
    pub fn length(self, path: &Path) -> usize {
        self.read(path, |entry, document| {
            document
                .get(entry, path)
                .and_then(Value::as_array)
                .map_or(0, Vec::len)
        })
    }

    /// Returns the keys and values of a mapping of strings, in order.
    pub fn pairs(self, path: &Path) -> Vec<(String, String)> {
        self.read(path, |entry, document| {
            let map = document.get(entry, path).and_then(Value::as_object);
            let pairs = map.into_iter().flatten();
            pairs
                .map(|(key, value)| (key.clone(), spelled(document, entry, &path.key(key), value)))
                .collect()
        })
    }

    /// Returns the value at a path as a field for a text displays it: a number or Boolean as it is written.
    pub fn text(self, path: &Path) -> String {
        self.read(path, |entry, document| {
            let value = document.get(entry, path);
            value.map_or_else(String::new, |value| spelled(document, entry, path, value))
        })
    }

    /// Returns the same wizard for another document of the stream, for the forms of additional objects.
    pub fn for_entry(self, entry: usize) -> Self {
        Self {
            entry: Memo::new(move |_| entry),
            other: Some(entry),
            scope: None,
            ..self
        }
    }

    /// Returns the initial content of a field, also in the server's HTML; empty unless the URL determines the text.
    pub fn initial(self, value: impl Fn() -> String) -> String {
        if self.has_url_text {
            untrack(value)
        } else {
            String::new()
        }
    }

    /// Returns the element id of a path's input.
    pub fn id(self, path: &Path) -> String {
        id_in(self.other, path)
    }

    /// Appends documents to the stream.
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
        // Documents that were created keep their position: only the end changes.
        let before = self.document.get_untracked();
        self.history.update(History::seal);
        self.replace_text(&before, &format!("{old}{gap}---{line_end}{document}"), true);
        self.history.update(History::seal);
    }

    /// Returns the positions of the documents that were already created.
    pub fn created_entries(self) -> Vec<usize> {
        self.document.with_untracked(|document| {
            self.created_texts.with_untracked(|created| {
                let texts = document
                    .entries()
                    .iter()
                    .map(|entry| &document.text()[entry.range.clone()]);
                let positions = texts
                    .enumerate()
                    .filter(|(_, text)| created.iter().any(|other| other == text));
                positions.map(|(position, _)| position).collect()
            })
        })
    }

    /// Returns whether the form can be used: the text parses and contains a Job.
    pub fn is_usable(self) -> bool {
        !self.is_json_pending()
            && self
                .document
                .with(|document| document.is_valid() && document.job().is_some())
    }

    /// Returns whether the cluster has the field at a path; none while its schema has not arrived or lacks the
    /// kind.
    pub fn schema_has(self, path: &Path) -> Option<bool> {
        let schema = self.schema.get()?;
        self.read(path, |entry, document| {
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

    /// Returns whether there is something to undo.
    pub fn can_undo(self) -> bool {
        self.is_json_pending() || self.history.with(History::can_undo)
    }

    /// Returns whether there is something to redo.
    pub fn can_redo(self) -> bool {
        // Tracked as a substitute: `StoredValue`s cannot be tracked.
        self.json.track();
        self.discarded_json.with_value(Option::is_some) || self.history.with(History::can_redo)
    }

    /// Removes the value of a field that was cleared; its comments stay.
    pub fn clear(self, path: &Path) {
        self.edit(&Edit::Remove { path: path.clone() }, Some(&path.to_string()));
    }

    /// Removes a value with its comments.
    pub fn remove(self, path: &Path) {
        self.edit(&Edit::Remove { path: path.clone() }, None);
    }

    /// Appends an item to a list.
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

    /// Applies an edit to the form's document.
    pub fn edit(self, edit: &Edit, group: Option<&str>) {
        self.edit_entry(self.entry.get_untracked(), edit, group);
    }

    /// Applies an edit to a document of the stream.
    pub fn edit_entry(self, entry: usize, edit: &Edit, group: Option<&str>) {
        let before = self.document.get_untracked();
        let mut after = before.clone();
        let is_single_value = matches!(edit, Edit::Set { .. } | Edit::Remove { .. });
        let is_typing = is_single_value && group.is_some_and(|group| group == edit.path().to_string());
        let result = if is_typing {
            self.apply_typing(&mut after, entry, edit)
        } else {
            self.typing.set_value(None);
            after.apply(entry, edit)
        };
        match result {
            Ok(splices) if splices.is_empty() => {}
            Ok(splices) => {
                self.edit_error.set(None);
                self.report.set(None);
                self.history
                    .update(|history| history.record(before.text(), &splices, group));
                self.untouched.record_edit(entry, edit);
                self.set_document(&before, after, &splices);
            }
            Err(error) => self.edit_error.set(Some(rejection(&error))),
        }
    }

    /// Applies typing in a field to the document as it was before the typing session.
    fn apply_typing(
        self,
        document: &mut Document,
        entry: usize,
        edit: &Edit,
    ) -> Result<Vec<Splice>, EditError> {
        let before = document.clone();
        let base = self.typing_base(entry, edit.path(), &before);
        let mut splices = None;
        if let Some(mut retyped) = base.clone()
            && retyped.apply_beside_comments(entry, edit).is_ok()
        {
            splices = Some(difference(before.text(), retyped.text()).into_iter().collect());
            *document = retyped;
        }
        let splices = match splices {
            Some(splices) => splices,
            None => document.apply_beside_comments(entry, edit)?,
        };
        self.typing.set_value(Some(TypingSession {
            entry,
            path: edit.path().clone(),
            base: base.unwrap_or(before),
            latest: document.clone(),
        }));
        Ok(splices)
    }

    /// Returns the document as it was before the user began to type in a field, while that goes on.
    fn typing_base(self, entry: usize, path: &Path, now: &Document) -> Option<Document> {
        self.typing.with_value(|session| {
            let continues = |session: &&TypingSession| {
                session.entry == entry && session.path == *path && session.latest == *now
            };
            session
                .as_ref()
                .filter(continues)
                .map(|session| session.base.clone())
        })
    }

    /// Sets a name with everything that refers to it, as one step of the history; all or nothing. Typing is applied
    /// to the text before it: a name that another object has in between takes nothing of it along.
    pub fn rename(self, path: &Path, new: &str) {
        let entry = self.entry.get_untracked();
        let before = self.document.get_untracked();
        let base = self
            .typing_base(entry, path, &before)
            .unwrap_or_else(|| before.clone());
        match manifest::references::rename(&base, entry, path, new) {
            Ok(after) => {
                self.typing.set_value(Some(TypingSession {
                    entry,
                    path: path.clone(),
                    base,
                    latest: after.clone(),
                }));
                self.commit(&before, after, Some(&path.to_string()));
            }
            Err(error) => self.edit_error.set(Some(rejection(&error))),
        }
    }

    /// Applies several edits of the form's document as one step of the history; all or nothing.
    pub fn edit_all(self, edits: &[Edit]) {
        let entry = self.entry.get_untracked();
        let before = self.document.get_untracked();
        let mut after = before.clone();
        for edit in edits {
            if let Err(error) = after.apply(entry, edit) {
                return self.edit_error.set(Some(rejection(&error)));
            }
        }
        self.typing.set_value(None);
        self.commit(&before, after, None);
        for edit in edits {
            self.untouched.record_edit(entry, edit);
        }
    }

    /// Applies the fix of a problem.
    pub fn fix(self, problem: &Problem) {
        let entry = problem.entry.unwrap_or_else(|| self.entry.get_untracked());
        match &problem.fix {
            None => {}
            Some(Fix::Edit(edit)) => self.edit_entry(entry, edit, None),
            Some(Fix::Rewrite(_)) => {
                let before = self.document.get_untracked();
                match before.fixed(problem) {
                    Ok((after, report)) => {
                        self.typing.set_value(None);
                        self.commit(&before, after, None);
                        self.report.set(report);
                    }
                    Err(error) => self.edit_error.set(Some(rejection(&error))),
                }
            }
        }
    }

    /// Replaces the document by a changed one, as a step of the history.
    fn commit(self, before: &Document, after: Document, group: Option<&str>) {
        let splices = differences(before.text(), after.text());
        if splices.is_empty() {
            return;
        }
        self.edit_error.set(None);
        self.report.set(None);
        self.history
            .update(|history| history.record(before.text(), &splices, group));
        self.set_document(before, after, &splices);
    }

    /// Applies a change typed in the editor. Only the changed part is parsed again.
    pub fn on_text_change(self, new: &str) {
        if let Some(json) = self.json.get_untracked() {
            return self.on_json_change(&json, new);
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
        self.report.set(None);
        self.highlighted.set(Vec::new());
        self.document.set(after);
    }

    /// Updates the document after a change of its JSON view.
    pub fn follow_json(self, before: &Document, after: Document, group: Option<&str>) {
        let splices: Vec<_> = difference(before.text(), after.text()).into_iter().collect();
        self.edit_error.set(None);
        self.history
            .update(|history| history.record(before.text(), &splices, group));
        if !splices.is_empty() {
            self.document.set(after);
        }
    }

    /// Replaces the document and notifies its views.
    fn set_document(self, before: &Document, after: Document, splices: &[Splice]) {
        self.discarded_json.set_value(None);
        match self.json.get_untracked() {
            None => {
                self.notify_editor(before.text(), splices);
                self.highlight(splices);
            }
            Some(json) if after.format() == Format::Yaml && after.is_valid() => {
                if let Some(text) = after.json_after(&json.document) {
                    self.show_json(&json, &text, after.clone());
                }
            }
            // A JSON document of its own.
            Some(_) => self.json.set(None),
        }
        self.document.set(after);
    }

    /// Replaces the text, as one step that can be undone.
    pub fn replace(self, new: &str) {
        let before = self.document.get_untracked();
        self.history.update(History::seal);
        self.replace_text(&before, new, true);
        self.history.update(History::seal);
        self.created_texts.set(Vec::new());
        self.create_response.set(None);
    }

    /// Replaces the text by an imported one, which is shown as written.
    pub fn import(self, new: &str) {
        self.json.set(None);
        self.replace(new);
    }

    /// Replaces the text and clears history and results.
    pub fn restart(self, text: &str) {
        let before = self.document.get_untracked();
        self.replace_text(&before, text, false);
        self.history.set(History::default());
        self.highlighted.set(Vec::new());
        self.created_texts.set(Vec::new());
        self.create_response.set(None);
    }

    /// Undoes one step.
    pub fn undo(self) {
        if self.discard_pending_json() {
            return;
        }
        let before = self.document.get_untracked();
        if let Some(text) = self
            .history
            .try_update(|history| history.undo(before.text()))
            .flatten()
        {
            self.replace_text(&before, &text, false);
        }
    }

    /// Redoes one step.
    pub fn redo(self) {
        if self.restore_discarded_json() {
            return;
        }
        let before = self.document.get_untracked();
        if let Some(text) = self
            .history
            .try_update(|history| history.redo(before.text()))
            .flatten()
        {
            self.replace_text(&before, &text, false);
        }
    }

    fn replace_text(self, before: &Document, text: &str, record: bool) {
        let splices: Vec<_> = difference(before.text(), text).into_iter().collect();
        if splices.is_empty() {
            return;
        }
        if record {
            self.history
                .update(|history| history.record(before.text(), &splices, None));
        }
        self.edit_error.set(None);
        self.report.set(None);
        self.set_document(before, Document::parse(text), &splices);
    }

    /// Highlights what splices wrote, in the text after them.
    pub fn highlight(self, splices: &[Splice]) {
        let mut moved = 0_isize;
        let mut ranges = Vec::new();
        for splice in splices {
            let start = splice.range.start.saturating_add_signed(moved);
            moved += splice.text.len().cast_signed() - splice.range.len().cast_signed();
            // A line break at the start belongs to the line before.
            let skip = splice.text.len() - splice.text.trim_start_matches(['\r', '\n']).len();
            ranges.push(start + skip..start + splice.text.len().max(skip));
        }
        self.highlighted.set(ranges);
    }

    /// Passes splices of the displayed text to the editor on the page.
    pub fn notify_editor(self, before: &str, splices: &[Splice]) {
        self.editor.try_with_value(|editor| {
            if let Some(editor) = editor {
                editor.splice(before, splices);
            }
        });
    }

    /// Sets the editor on the page; none when it was removed.
    pub fn set_editor(self, editor: Option<Box<dyn EditorPort>>) {
        let _ = self
            .editor
            .try_update_value(|slot| *slot = editor.map(SendWrapper::new));
    }

    /// Scrolls the editor to an offset.
    pub fn reveal(self, offset: usize) {
        let text = self.shown.with_untracked(|shown| shown.text().to_owned());
        self.editor.try_with_value(|editor| {
            if let Some(editor) = editor {
                editor.reveal(&text, offset);
            }
        });
    }

    /// Returns the problems at a path, the most severe first; none for an empty field that is untouched.
    pub fn problems_at(self, path: &Path) -> Vec<Problem> {
        let at_path = |entry: usize, problems: &[Problem]| {
            let here = problems.iter();
            here.filter(|problem| problem.entry == Some(entry) && problem.path == *path)
                .cloned()
                .collect::<Vec<_>>()
        };
        let found = if let Some(scope) = self.scope_of(path) {
            scope.part.with(|part| at_path(part.entry, &part.problems))
        } else {
            let entry = self.entry.get();
            self.problems.with(|problems| at_path(entry, problems))
        };
        let is_empty =
            || matches!(self.get(path), None | Some(Value::Null)) || self.get(path) == Some("".into());
        let is_untouched = || {
            self.untouched
                .contains(self.entry.get_untracked(), path, &self.id(path))
                && is_empty()
        };
        if found.is_empty() || is_untouched() {
            return Vec::new();
        }
        found
    }

    /// Returns whether the text has no errors that can be found without the cluster, which may then be asked.
    pub fn is_locally_valid(self) -> bool {
        !self.is_json_pending()
            && self
                .local_problems
                .with(|problems| problems.iter().all(|p| p.severity != Severity::Error))
            && self.document.with(|document| !document.entries().is_empty())
    }
}

/// Code of the problem that a Job has no containers.
const NO_CONTAINERS: &str = "containers.missing";

/// Returns why an edit was rejected.
fn rejection(error: &EditError) -> Text {
    match error {
        EditError::Shared(_) => text::SHARED,
        _ => text::ONLY_TEXT,
    }
}

/// Returns a value as a field for a text displays it.
fn spelled(document: &Document, entry: usize, path: &Path, value: &Value) -> String {
    match value {
        Value::Number(_) | Value::Bool(_) => document
            .spelling(entry, path)
            .map_or_else(|| display(value), str::to_owned),
        other => display(other),
    }
}

/// Returns a value as a field displays it.
pub fn display(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
