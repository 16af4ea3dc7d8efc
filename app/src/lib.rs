//! What a person sees.

use leptos::prelude::*;

/// The application.
#[component]
pub fn App() -> impl IntoView {
    view! { <p>"Jobwright"</p> }
}
pub mod api;
