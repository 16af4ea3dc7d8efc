//! Changes of the wizard's document: edits of fields, renames, fixes, typed and replaced text, undo and redo. Each
//! keeps the history, the editor and the JSON view in step.

use leptos::prelude::*;
use manifest::{
    Document, Edit, EditError, Fix, Format, History, Path, Problem, Segment, Splice, difference, differences,
};
use send_wrapper::SendWrapper;
use serde_json::Value;

use crate::i18n::{Text, wizard as text};
use crate::pages::create_job::focus_field::{focus_after_removal, focus_field};
use crate::pages::create_job::state::{EditorPort, Wizard};

/// Typing session in one field: each keystroke is applied to the document as it was before the first one. So a
/// field that is cleared and filled in again keeps its place and its comments, and a multi-line text that has one
/// line in between keeps its style.
pub(super) struct TypingSession {
    entry: usize,
    path: Path,
    base: Document,
    latest: Document,
}

impl Wizard {
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

    /// Appends an item to a list, and goes to it.
    pub fn add(self, path: &Path, value: Value) {
        let index = untrack(|| self.length(path));
        self.push(path, value);
        focus_field(self, self.other, &path.index(index), None);
    }

    /// Removes an item of a list with its comments. Rows stay where they are, so that the button of the last one
    /// goes away with the focus.
    pub fn remove_item(self, path: &Path) {
        self.remove(path);
        if let (Some(list), Some(Segment::Index(index))) = (path.parent(), path.last())
            && untrack(|| self.length(&list)) == *index
        {
            focus_after_removal(self.other, &list);
        }
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
}

/// Returns why an edit was rejected.
fn rejection(error: &EditError) -> Text {
    match error {
        EditError::Shared(_) => text::SHARED,
        _ => text::ONLY_TEXT,
    }
}
