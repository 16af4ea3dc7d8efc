//! The draft: the text as typed, kept in this browser per project, so that a reload, a crash or a sign-out loses
//! nothing. It lies in `IndexedDB`, which has room for the largest manifest. A text with a Secret in it is kept only
//! if the person says so. Tabs do not write over each other's: each has a place of its own (`place.rs`).

#[cfg(feature = "hydrate")]
mod slot;
#[cfg(feature = "hydrate")]
mod store;

use leptos::prelude::*;
use manifest::Document;

use crate::pages::create_job::state::Wizard;

/// Which draft a person begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// One that no open tab works on, if there is one.
    Again,
    /// None, since they bring a text, and every draft stays.
    Anew,
    /// The one at this place, which the address names; if it is gone, as with [`Begin::Again`].
    At(usize),
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The document's text.
    pub text: String,
    /// What its view in JSON says, while that is shown.
    pub json: Option<String>,
}

/// Whether the text is kept in this browser.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    allow(dead_code, reason = "only the browser has drafts")
)]
pub enum Kept {
    /// Nothing to keep yet.
    Yes,
    /// Kept.
    Saved,
    /// It came from a draft that was kept.
    Restored,
    /// Not kept, for the Secret in it.
    Secret,
    /// Not kept, for this reason; it is tried again.
    Failed(String),
    /// An earlier draft, without the Secret, could not be taken away, for this reason; it is tried again.
    NotForgotten(String),
    /// The drafts cannot be read, for this reason: nothing is written, so that none is lost.
    Unreadable(String),
}

/// What becomes of the draft.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Write {
    /// It is this.
    Keep(Draft),
    /// It is no more.
    Forget,
}

/// Keeps drafts; at most one write runs at a time, and only the newest text waits for it.
#[derive(Clone, Copy)]
pub struct Drafts {
    /// The state of the newest text.
    pub kept: RwSignal<Kept>,
    /// The person wants a Secret in the draft too.
    pub with_secret: RwSignal<bool>,
    /// The number of this tab's place, once there is a draft.
    pub number: RwSignal<Option<usize>>,
    // Where this tab keeps its draft, with its number; none until it is known, and nothing is written until then.
    place: StoredValue<Option<(String, usize)>>,
    waiting: StoredValue<Option<Write>>,
    writing: StoredValue<bool>,
}

impl Drafts {
    /// Nothing kept yet.
    pub fn new() -> Self {
        Self {
            kept: RwSignal::new(Kept::Yes),
            with_secret: RwSignal::new(false),
            number: RwSignal::new(None),
            place: StoredValue::new(None),
            waiting: StoredValue::new(None),
            writing: StoredValue::new(false),
        }
    }

    /// Leaving the page loses nothing.
    pub fn is_kept(self) -> bool {
        self.kept
            .with_untracked(|kept| matches!(kept, Kept::Yes | Kept::Saved | Kept::Restored))
    }

    /// A text waits to be written, or is being written.
    #[cfg(feature = "hydrate")]
    pub fn is_busy(self) -> bool {
        self.writing.get_value() || self.waiting.with_value(Option::is_some)
    }

    /// Waits a moment for a write.
    #[cfg(feature = "hydrate")]
    pub async fn pause(self) {
        slot::rest(10).await;
    }

    /// Finds a place for this tab's draft of a project, and gives the draft that lies there.
    #[cfg_attr(
        not(feature = "hydrate"),
        allow(clippy::unused_async, reason = "only the browser has drafts")
    )]
    pub async fn begin(self, project: &str, begin: Begin) -> Option<Draft> {
        #[cfg(feature = "hydrate")]
        {
            match slot::take(project, begin).await {
                Ok((place, number, draft)) => {
                    if draft.is_some() {
                        let _ = self.number.try_set(Some(number));
                    }
                    let _ = self.place.try_set_value(Some((place, number)));
                    self.write_on();
                    draft
                }
                Err(reason) => {
                    let _ = self.kept.try_set(Kept::Unreadable(reason));
                    None
                }
            }
        }
        #[cfg(not(feature = "hydrate"))]
        {
            let _ = (project, begin);
            None
        }
    }

    /// Reads the drafts again after they could not be read. The text on the page gets an empty place.
    pub fn retry(self, wizard: Wizard) {
        leptos::task::spawn_local(async move {
            self.kept.set(Kept::Yes);
            self.begin(&wizard.project.get_untracked(), Begin::Anew).await;
        });
    }

    /// Keeps a text, or takes the draft away where a Secret must not be kept.
    pub fn save(self, document: &Document, json: Option<String>) {
        let secret = holds_secret(document) || json.as_deref().is_some_and(names_secret);
        if secret && !self.with_secret.get_untracked() {
            self.say(Kept::Secret);
            self.write(Write::Forget);
        } else {
            let text = document.text().to_owned();
            self.write(Write::Keep(Draft { text, json }));
        }
    }

    /// Forgets the draft.
    pub fn clear(self) {
        self.write(Write::Forget);
    }

    /// Says how the text is kept, unless it cannot be.
    fn say(self, kept: Kept) {
        let stays = self
            .kept
            .try_with_untracked(|now| matches!(now, Kept::Unreadable(_)) || *now == kept);
        if stays == Some(false) {
            self.kept.set(kept);
        }
    }

    fn write(self, write: Write) {
        self.waiting.set_value(Some(write));
        self.write_on();
    }

    /// Writes what waits, once it is known where.
    fn write_on(self) {
        let placed = self.place.try_with_value(Option::is_some);
        if placed != Some(true) || self.writing.get_value() {
            return;
        }
        self.writing.set_value(true);
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            let mut pause = 1;
            // The page may end while a write runs: everything of it is gone then.
            while let Some(write) = self.waiting.try_update_value(Option::take).flatten() {
                let Some((place, number)) = self.place.try_get_value().flatten() else {
                    return;
                };
                let draft = match &write {
                    Write::Keep(draft) => {
                        if self.number.try_get_untracked() == Some(None) {
                            let _ = self.number.try_set(Some(number));
                        }
                        Some(draft)
                    }
                    Write::Forget => None,
                };
                let result = store::put(&place, draft).await;
                // A newer state tells its own.
                let newest = self.waiting.try_with_value(Option::is_none) == Some(true);
                match result {
                    Ok(()) => {
                        pause = 1;
                        if newest && draft.is_some() {
                            self.say(Kept::Saved);
                        } else if newest
                            && self
                                .kept
                                .try_with_untracked(|kept| matches!(kept, Kept::NotForgotten(_)))
                                == Some(true)
                        {
                            self.say(Kept::Secret);
                        }
                    }
                    Err(error) => {
                        let reason = error.to_string();
                        self.say(if draft.is_some() {
                            Kept::Failed(reason)
                        } else {
                            Kept::NotForgotten(reason)
                        });
                        let _ = self.waiting.try_update_value(|waiting| {
                            waiting.get_or_insert(write);
                        });
                        slot::rest(pause * 1000).await;
                        pause = (pause * 2).min(30);
                    }
                }
            }
            let _ = self.writing.try_update_value(|writing| *writing = false);
        });
    }

    /// Keeps the history of the text for this tab's next page, if the text may be kept.
    #[cfg(feature = "hydrate")]
    pub fn leave(self, wizard: Wizard) {
        if !self.is_kept() {
            return;
        }
        if let Some((place, _)) = self.place.get_value() {
            let text = wizard
                .document
                .with_untracked(|document| document.text().to_owned());
            wizard
                .history
                .with_untracked(|history| slot::keep_history(&place, &text, history));
        }
    }

    /// The history that this tab kept of a text.
    pub fn history(self, text: &str) -> Option<manifest::History> {
        #[cfg(feature = "hydrate")]
        {
            slot::history(&self.place.get_value()?.0, text)
        }
        #[cfg(not(feature = "hydrate"))]
        {
            let _ = (self, text);
            None
        }
    }
}

/// A Secret's values must not lie about in a browser.
fn holds_secret(document: &Document) -> bool {
    let is_secret = |kind: Option<&str>| kind == Some("Secret");
    document.entries().iter().any(|entry| is_secret(entry.kind.as_deref()))
        // A text that does not parse may hold one too.
        || !document.is_valid() && names_secret(document.text())
}

/// True if a text says `kind: Secret` in whatever quotes and on whatever line; rather too often than not.
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
    fn a_secret_is_found_in_any_state_of_the_text() {
        let holds = |text: &str| holds_secret(&Document::parse(text));
        assert!(holds("kind: Job\n---\nkind: Secret\n"));
        assert!(holds("kind: Secret\ndata: [\n"));
        assert!(holds("{\"kind\": \"Secret\", \"data\": \n"));
        assert!(!holds("kind: Job\nspec: {secret: Secret}\n"));
    }
}
