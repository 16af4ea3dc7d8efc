//! The draft: the text as typed, kept in this browser per project, so that a reload, a crash or a sign-out loses
//! nothing. A text with a Secret in it is not kept.

use manifest::Document;

/// A Secret's values must not lie about in a browser.
#[cfg(any(feature = "hydrate", test))]
fn holds_secret(document: &Document) -> bool {
    let is_secret = |kind: Option<&str>| kind == Some("Secret");
    document.entries().iter().any(|entry| is_secret(entry.kind.as_deref()))
        // A text that does not parse may hold one too.
        || !document.is_valid() && names_secret(document.text())
}

/// True if a text says `kind: Secret` in whatever quotes and on whatever line; rather too often than not.
#[cfg(any(feature = "hydrate", test))]
fn names_secret(text: &str) -> bool {
    let bare: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\''))
        .collect();
    bare.contains("kind:Secret")
}

#[cfg(feature = "hydrate")]
fn storage() -> Option<web_sys::Storage> {
    leptos::prelude::window().local_storage().ok().flatten()
}

#[cfg(feature = "hydrate")]
fn key(project: &str) -> String {
    format!("jobwright.draft.{project}")
}

/// The draft of a project.
pub fn load(project: &str) -> Option<String> {
    #[cfg(feature = "hydrate")]
    return storage()?
        .get_item(&key(project))
        .ok()
        .flatten()
        .filter(|text| !text.is_empty());
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = project;
        None
    }
}

/// Keeps a draft; false if it is not kept, for its Secret or because the browser has no room.
pub fn save(project: &str, document: &Document) -> bool {
    #[cfg(feature = "hydrate")]
    {
        let Some(storage) = storage() else { return false };
        if holds_secret(document) {
            clear(project);
            return false;
        }
        storage.set_item(&key(project), document.text()).is_ok()
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (project, document);
        false
    }
}

/// Forgets the draft of a project.
pub fn clear(project: &str) {
    #[cfg(feature = "hydrate")]
    if let Some(storage) = storage() {
        // Fails only where nothing could be stored.
        let _ = storage.remove_item(&key(project));
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = project;
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
