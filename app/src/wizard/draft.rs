//! The draft: the text as typed, kept in this browser per project, so that a reload, a crash or a sign-out loses
//! nothing. It lies in IndexedDB, which has room for the largest manifest. A text with a Secret in it is kept only
//! if the person says so.

use leptos::prelude::*;
use manifest::Document;

#[cfg(feature = "hydrate")]
use crate::address::base;

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
    Full,
}

/// Keeps drafts; at most one write runs at a time, and only the newest text waits for it.
#[derive(Clone, Copy)]
pub struct Drafts {
    /// The state of the newest text.
    pub kept: RwSignal<Kept>,
    /// The person wants a Secret in the draft too.
    pub with_secret: RwSignal<bool>,
    waiting: StoredValue<Option<(String, Option<String>)>>,
    writing: StoredValue<bool>,
}

impl Drafts {
    /// Nothing kept yet.
    pub fn new() -> Self {
        Self {
            kept: RwSignal::new(Kept::Yes),
            with_secret: RwSignal::new(false),
            waiting: StoredValue::new(None),
            writing: StoredValue::new(false),
        }
    }

    /// Leaving the page loses nothing.
    pub fn is_kept(self) -> bool {
        !matches!(self.kept.get_untracked(), Kept::Secret | Kept::Full)
    }

    /// The draft of a project.
    pub async fn load(project: &str) -> Option<String> {
        #[cfg(feature = "hydrate")]
        return browser::load(&key(project))
            .await
            .ok()
            .flatten()
            .filter(|text| !text.is_empty());
        #[cfg(not(feature = "hydrate"))]
        {
            let _ = project;
            None
        }
    }

    /// Keeps a text, or takes the draft away where a Secret must not be kept.
    pub fn save(self, project: &str, document: &Document) {
        if holds_secret(document) && !self.with_secret.get_untracked() {
            self.kept.set(Kept::Secret);
            self.write(project, None);
        } else {
            self.write(project, Some(document.text().to_owned()));
        }
    }

    /// Forgets the draft of a project.
    pub fn clear(self, project: &str) {
        self.write(project, None);
    }

    fn write(self, project: &str, text: Option<String>) {
        self.waiting.set_value(Some((project.to_owned(), text)));
        if self.writing.get_value() {
            return;
        }
        self.writing.set_value(true);
        leptos::task::spawn_local(async move {
            // The page may end while a write runs: everything of it is gone then.
            while let Some((project, text)) = self.waiting.try_update_value(Option::take).flatten() {
                let is_text = text.is_some();
                let stored = store(&project, text).await;
                // A newer state tells its own.
                let newest = self.waiting.try_with_value(Option::is_none) == Some(true);
                if is_text && newest {
                    let _ = self.kept.try_set(if stored { Kept::Saved } else { Kept::Full });
                }
            }
            let _ = self.writing.try_update_value(|writing| *writing = false);
        });
    }
}

/// Writes a draft, or removes it; false if the browser refuses.
async fn store(project: &str, text: Option<String>) -> bool {
    #[cfg(feature = "hydrate")]
    return browser::store(&key(project), text.as_deref()).await.is_ok();
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (project, text);
        false
    }
}

/// What a project's draft is kept under: two clusters may have a project of the same name.
#[cfg(feature = "hydrate")]
fn key(project: &str) -> String {
    match base().as_str() {
        "" => project.to_owned(),
        base => format!("{base}/{project}"),
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

#[cfg(feature = "hydrate")]
mod browser {
    //! IndexedDB: one database, one store, the project's name (after its cluster's, where there are several) as key and
    //! the text as value.

    use idb::{Database, DatabaseEvent, Error, Factory, ObjectStoreParams, TransactionMode};
    use wasm_bindgen::JsValue;

    const DATABASE: &str = "jobwright";
    const STORE: &str = "drafts";

    async fn open() -> Result<Database, Error> {
        let mut request = Factory::new()?.open(DATABASE, Some(1))?;
        request.on_upgrade_needed(|event| {
            // A browser that refuses this refuses the reads and writes that follow, which say so.
            if let Ok(database) = event.database() {
                let _ = database.create_object_store(STORE, ObjectStoreParams::new());
            }
        });
        request.await
    }

    pub async fn load(project: &str) -> Result<Option<String>, Error> {
        let database = open().await?;
        let transaction = database.transaction(&[STORE], TransactionMode::ReadOnly)?;
        let value: Option<JsValue> = transaction
            .object_store(STORE)?
            .get(JsValue::from_str(project))?
            .await?;
        transaction.await?;
        database.close();
        Ok(value.and_then(|value| value.as_string()))
    }

    pub async fn store(project: &str, text: Option<&str>) -> Result<(), Error> {
        let database = open().await?;
        let transaction = database.transaction(&[STORE], TransactionMode::ReadWrite)?;
        let store = transaction.object_store(STORE)?;
        let key = JsValue::from_str(project);
        match text {
            Some(text) => {
                store.put(&JsValue::from_str(text), Some(&key))?.await?;
            }
            None => store.delete(key)?.await?,
        }
        transaction.commit()?.await?;
        database.close();
        Ok(())
    }
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
