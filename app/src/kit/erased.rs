//! A part of a view that changes, of one type wherever it stands.
//!
//! The framework makes code anew for the type of each closure; with hundreds of them in forms that is a large part of
//! what a browser has to load. Behind a pointer they are all the same.

use std::sync::{Arc, Mutex};

use leptos::prelude::*;

/// What [`dynamic`] makes.
pub type Dynamic = Arc<Mutex<dyn FnMut() -> AnyView + Send>>;

/// The view that `view` gives, again whenever what it read changes.
pub fn dynamic<V: IntoAny>(mut view: impl FnMut() -> V + Send + 'static) -> Dynamic {
    Arc::new(Mutex::new(move || view().into_any()))
}
