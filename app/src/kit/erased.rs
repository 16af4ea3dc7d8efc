//! Type-erased dynamic parts of a view.
//!
//! The framework monomorphizes code for the type of each closure; with hundreds of them in forms that is a large
//! part of the bundle. Behind a pointer they all share one type.

use std::sync::{Arc, Mutex};

use leptos::prelude::*;

/// Return type of [`dynamic`].
pub type Dynamic = Arc<Mutex<dyn FnMut() -> AnyView + Send>>;

/// Wraps a reactive view, which is rendered again whenever a signal that it reads changes.
pub fn dynamic<V: IntoAny>(mut view: impl FnMut() -> V + Send + 'static) -> Dynamic {
    Arc::new(Mutex::new(move || view().into_any()))
}
