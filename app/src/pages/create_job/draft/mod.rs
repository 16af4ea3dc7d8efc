//! Drafts: the text as typed, saved in this browser per project, so that a reload, a crash or a sign-out loses
//! nothing. Drafts are stored in `IndexedDB`, which has room for the largest manifest. A text that contains a
//! Secret is saved only if the user agrees. Tabs do not overwrite each other's drafts: each has its own slot
//! (`slot.rs`).

#[cfg(feature = "hydrate")]
mod slot;
#[cfg(feature = "hydrate")]
mod store;

use leptos::prelude::*;
use manifest::Document;

use crate::pages::create_job::state::Wizard;

/// Draft to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftChoice {
    /// A draft that no open tab is editing, if there is one.
    Resume,
    /// No draft, since the user brings a text; every draft stays.
    New,
    /// The draft in this slot, which the URL names; if it is gone, same as [`DraftChoice::Resume`].
    Slot(usize),
}

/// Saved content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Text of the document.
    pub text: String,
    /// Text of its JSON view, while that is shown.
    pub json: Option<String>,
}

/// State of the draft in this browser.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    allow(dead_code, reason = "only the browser has drafts")
)]
pub enum DraftState {
    /// Nothing to save yet.
    Empty,
    /// Saved.
    Saved,
    /// The text was restored from a saved draft.
    Restored,
    /// Not saved, because it contains a Secret.
    HasSecret,
    /// Saving failed for this reason; it is retried.
    NotSaved(String),
    /// An earlier draft without the Secret could not be deleted for this reason; it is retried.
    NotDeleted(String),
    /// The drafts cannot be read for this reason: nothing is written, so that none is lost.
    Unreadable(String),
}

/// Pending write of the draft.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Write {
    /// Save this draft.
    Save(Draft),
    /// Delete the draft.
    Delete,
}

/// Saves drafts; at most one write runs at a time, and only the latest text waits for it.
#[derive(Clone, Copy)]
pub struct Drafts {
    /// State of the latest text.
    pub state: RwSignal<DraftState>,
    /// Whether the user agreed to save Secrets too.
    pub with_secret: RwSignal<bool>,
    /// Number of this tab's slot, once there is a draft.
    pub slot_number: RwSignal<Option<usize>>,
    // Key and number of this tab's slot; none until it is acquired, and nothing is written until then.
    slot: StoredValue<Option<(String, usize)>>,
    pending: StoredValue<Option<Write>>,
    writing: StoredValue<bool>,
}

impl Drafts {
    /// Creates a store with nothing saved yet.
    pub fn new() -> Self {
        Self {
            state: RwSignal::new(DraftState::Empty),
            with_secret: RwSignal::new(false),
            slot_number: RwSignal::new(None),
            slot: StoredValue::new(None),
            pending: StoredValue::new(None),
            writing: StoredValue::new(false),
        }
    }

    /// Returns whether leaving the page loses nothing.
    pub fn is_saved(self) -> bool {
        self.state.with_untracked(|state| {
            matches!(
                state,
                DraftState::Empty | DraftState::Saved | DraftState::Restored
            )
        })
    }

    /// Returns whether a write is pending or running.
    #[cfg(feature = "hydrate")]
    pub fn is_busy(self) -> bool {
        self.writing.get_value() || self.pending.with_value(Option::is_some)
    }

    /// Waits 10 ms for a write.
    #[cfg(feature = "hydrate")]
    pub async fn wait(self) {
        slot::sleep(10).await;
    }

    /// Acquires a slot for this tab's draft of a project, and returns the draft stored there.
    #[cfg_attr(
        not(feature = "hydrate"),
        allow(clippy::unused_async, reason = "only the browser has drafts")
    )]
    pub async fn open(self, project: &str, choice: DraftChoice) -> Option<Draft> {
        #[cfg(feature = "hydrate")]
        {
            match slot::acquire(project, choice).await {
                Ok((slot, number, draft)) => {
                    if draft.is_some() {
                        let _ = self.slot_number.try_set(Some(number));
                    }
                    let _ = self.slot.try_set_value(Some((slot, number)));
                    self.write_pending();
                    draft
                }
                Err(reason) => {
                    let _ = self.state.try_set(DraftState::Unreadable(reason));
                    None
                }
            }
        }
        #[cfg(not(feature = "hydrate"))]
        {
            let _ = (project, choice);
            None
        }
    }

    /// Retries reading the drafts. The text on the page gets an empty slot.
    pub fn retry(self, wizard: Wizard) {
        leptos::task::spawn_local(async move {
            self.state.set(DraftState::Empty);
            self.open(&wizard.project.get_untracked(), DraftChoice::New).await;
        });
    }

    /// Saves a text, or deletes the draft if a Secret must not be saved.
    pub fn save(self, document: &Document, json: Option<String>) {
        let secret = contains_secret(document) || json.as_deref().is_some_and(names_secret);
        if secret && !self.with_secret.get_untracked() {
            self.set_state(DraftState::HasSecret);
            self.write(Write::Delete);
        } else {
            let text = document.text().to_owned();
            self.write(Write::Save(Draft { text, json }));
        }
    }

    /// Deletes the draft.
    pub fn clear(self) {
        self.write(Write::Delete);
    }

    /// Sets the state, unless the drafts are unreadable.
    fn set_state(self, state: DraftState) {
        let is_unchanged = self
            .state
            .try_with_untracked(|now| matches!(now, DraftState::Unreadable(_)) || *now == state);
        if is_unchanged == Some(false) {
            self.state.set(state);
        }
    }

    fn write(self, write: Write) {
        self.pending.set_value(Some(write));
        self.write_pending();
    }

    /// Writes the pending draft, once the slot is known.
    fn write_pending(self) {
        let has_slot = self.slot.try_with_value(Option::is_some);
        if has_slot != Some(true) || self.writing.get_value() {
            return;
        }
        self.writing.set_value(true);
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            let mut backoff = 1;
            // The page may be left while a write runs; its signals are disposed of then.
            while let Some(write) = self.pending.try_update_value(Option::take).flatten() {
                let Some((slot, number)) = self.slot.try_get_value().flatten() else {
                    return;
                };
                let draft = match &write {
                    Write::Save(draft) => {
                        if self.slot_number.try_get_untracked() == Some(None) {
                            let _ = self.slot_number.try_set(Some(number));
                        }
                        Some(draft)
                    }
                    Write::Delete => None,
                };
                let result = store::put(&slot, draft).await;
                // A newer write reports its own state.
                let is_latest = self.pending.try_with_value(Option::is_none) == Some(true);
                match result {
                    Ok(()) => {
                        backoff = 1;
                        if is_latest && draft.is_some() {
                            self.set_state(DraftState::Saved);
                        } else if is_latest
                            && self
                                .state
                                .try_with_untracked(|state| matches!(state, DraftState::NotDeleted(_)))
                                == Some(true)
                        {
                            self.set_state(DraftState::HasSecret);
                        }
                    }
                    Err(error) => {
                        let reason = error.to_string();
                        self.set_state(if draft.is_some() {
                            DraftState::NotSaved(reason)
                        } else {
                            DraftState::NotDeleted(reason)
                        });
                        let _ = self.pending.try_update_value(|pending| {
                            pending.get_or_insert(write);
                        });
                        slot::sleep(backoff * 1000).await;
                        backoff = (backoff * 2).min(30);
                    }
                }
            }
            let _ = self.writing.try_update_value(|writing| *writing = false);
        });
    }

    /// Stores the undo history of the text for this tab's next page, if the text may be saved.
    #[cfg(feature = "hydrate")]
    pub fn save_history(self, wizard: Wizard) {
        if !self.is_saved() {
            return;
        }
        if let Some((slot, _)) = self.slot.get_value() {
            let text = wizard
                .document
                .with_untracked(|document| document.text().to_owned());
            wizard
                .history
                .with_untracked(|history| slot::store_history(&slot, &text, history));
        }
    }

    /// Returns the undo history that this tab stored for a text.
    pub fn history(self, text: &str) -> Option<manifest::History> {
        #[cfg(feature = "hydrate")]
        {
            slot::history(&self.slot.get_value()?.0, text)
        }
        #[cfg(not(feature = "hydrate"))]
        {
            let _ = (self, text);
            None
        }
    }
}

/// Returns whether a document contains a Secret: its values must not be left in a browser.
fn contains_secret(document: &Document) -> bool {
    let is_secret = |kind: Option<&str>| kind == Some("Secret");
    document.entries().iter().any(|entry| is_secret(entry.kind.as_deref()))
        // A text that does not parse may contain one too.
        || !document.is_valid() && names_secret(document.text())
}

/// Returns whether a text contains `kind: Secret`, in any quotes and across lines; prefers false positives.
fn names_secret(text: &str) -> bool {
    let bare: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\''))
        .collect();
    bare.contains("kind:Secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_detected_in_unparsable_text() {
        let contains = |text: &str| contains_secret(&Document::parse(text));
        assert!(contains("kind: Job\n---\nkind: Secret\n"));
        assert!(contains("kind: Secret\ndata: [\n"));
        assert!(contains("{\"kind\": \"Secret\", \"data\": \n"));
        assert!(!contains("kind: Job\nspec: {secret: Secret}\n"));
    }
}
