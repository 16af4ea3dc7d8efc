//! The draft: the text as typed, kept in this browser per project, so that a reload, a crash or a sign-out loses
//! nothing. It lies in `IndexedDB`, which has room for the largest manifest. A text with a Secret in it is kept only
//! if the person says so. Tabs do not write over each other's: each has a place of its own (`place.rs`).

#[cfg(feature = "hydrate")]
mod place;
#[cfg(feature = "hydrate")]
mod store;

use leptos::prelude::*;
use manifest::Document;

/// Which draft a person begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// One that no open tab works on, if there is one.
    Again,
    /// None, since they bring a text, and every draft stays; but a page that is loaded again begins with its own.
    Anew,
}

/// Whether the text is kept in this browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Nothing to keep yet.
    Yes,
    /// Kept.
    Saved,
    /// It came from a draft that was kept.
    Restored,
    /// Not kept, for the Secret in it.
    Secret,
    /// Not kept: the browser gives no room.
    #[cfg_attr(
        not(feature = "hydrate"),
        allow(dead_code, reason = "only the browser has drafts")
    )]
    Full,
}

/// What becomes of the draft.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Write {
    /// It is this text.
    Keep(String),
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
    // Where this tab keeps its draft; empty until it is known, and nothing is written until then.
    place: StoredValue<String>,
    waiting: StoredValue<Option<Write>>,
    writing: StoredValue<bool>,
}

impl Drafts {
    /// Nothing kept yet.
    pub fn new() -> Self {
        Self {
            kept: RwSignal::new(Kept::Yes),
            with_secret: RwSignal::new(false),
            place: StoredValue::new(String::new()),
            waiting: StoredValue::new(None),
            writing: StoredValue::new(false),
        }
    }

    /// Leaving the page loses nothing.
    pub fn is_kept(self) -> bool {
        !matches!(self.kept.get_untracked(), Kept::Secret | Kept::Full)
    }

    /// Finds a place for this tab's draft of a project, and gives the draft that lies there.
    #[cfg_attr(
        not(feature = "hydrate"),
        allow(clippy::unused_async, reason = "only the browser has drafts")
    )]
    pub async fn begin(self, project: &str, begin: Begin) -> Option<String> {
        #[cfg(feature = "hydrate")]
        {
            let (place, draft) = place::take(project, begin).await;
            let _ = self.place.try_set_value(place);
            self.write_on();
            draft
        }
        #[cfg(not(feature = "hydrate"))]
        {
            let _ = (project, begin);
            None
        }
    }

    /// Whether the page was here before: it is loaded again, or the person came back to it.
    pub fn is_return() -> bool {
        #[cfg(feature = "hydrate")]
        return place::is_return();
        #[cfg(not(feature = "hydrate"))]
        false
    }

    /// Keeps a text, or takes the draft away where a Secret must not be kept.
    pub fn save(self, document: &Document) {
        if holds_secret(document) && !self.with_secret.get_untracked() {
            self.kept.set(Kept::Secret);
            self.write(Write::Forget);
        } else {
            self.write(Write::Keep(document.text().to_owned()));
        }
    }

    /// Forgets the draft.
    pub fn clear(self) {
        self.write(Write::Forget);
    }

    fn write(self, write: Write) {
        self.waiting.set_value(Some(write));
        self.write_on();
    }

    /// Writes what waits, once it is known where.
    fn write_on(self) {
        let placed = self.place.try_with_value(|place| !place.is_empty());
        if placed != Some(true) || self.writing.get_value() {
            return;
        }
        self.writing.set_value(true);
        #[cfg(feature = "hydrate")]
        leptos::task::spawn_local(async move {
            // The page may end while a write runs: everything of it is gone then.
            while let Some(write) = self.waiting.try_update_value(Option::take).flatten() {
                let Some(place) = self.place.try_get_value() else {
                    return;
                };
                let text = match &write {
                    Write::Keep(text) => Some(text.as_str()),
                    Write::Forget => None,
                };
                let stored = store::put(&place, text).await.is_ok();
                // A newer state tells its own.
                let newest = self.waiting.try_with_value(Option::is_none) == Some(true);
                if text.is_some() && newest {
                    let _ = self.kept.try_set(if stored { Kept::Saved } else { Kept::Full });
                }
            }
            let _ = self.writing.try_update_value(|writing| *writing = false);
        });
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
