//! Tells the users of one browser apart, so that a draft of one is never offered to another.

/// A short hash of the signed-in user's name; empty if all users share the console's credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserKey(pub String);

/// Returns the key of the current request's user, which the server provides as a context.
#[cfg(feature = "ssr")]
pub fn current() -> UserKey {
    leptos::prelude::use_context::<UserKey>().unwrap_or_default()
}

/// Returns the key that the server wrote into `<html data-user>`.
#[cfg(all(feature = "hydrate", not(feature = "ssr")))]
pub fn current() -> UserKey {
    let root = leptos::prelude::document().document_element();
    let key = root.and_then(|root| root.get_attribute("data-user"));
    UserKey(key.unwrap_or_default())
}

/// Fallback for neither half, only so that the crate compiles without a feature.
#[cfg(not(any(feature = "ssr", feature = "hydrate")))]
pub fn current() -> UserKey {
    UserKey::default()
}
