//! The wizard that creates a Job.

use leptos::prelude::*;

/// The wizard.
#[component]
pub fn CreateJob() -> impl IntoView {
    view! { <h1>"Create"</h1> }
}
