//! Closed part of a form, whose fields are built when it is first opened.

use leptos::html::Details;
use leptos::prelude::*;
use manifest::Path;

use crate::kit::erased::dynamic;
use crate::pages::create_job::state::Wizard;

/// Closed part of a form. It also opens for a field that is looked for.
#[component]
pub fn Lazy(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the object that the fields belong to.
    path: Path,
    /// Whether the fields are built at once.
    built: bool,
    /// Label.
    #[prop(into)]
    label: String,
    /// Builds the fields.
    fields: fn(Wizard, Path) -> AnyView,
) -> impl IntoView {
    let path = StoredValue::new(path);
    let built = RwSignal::new(built);
    let details = NodeRef::<Details>::new();
    let build = move || {
        // Once: a signal that is set again would build the fields again.
        if !built.get_untracked() {
            built.set(true);
        }
    };
    Effect::new(move |_| {
        let Some(details) = details.get() else { return };
        if wizard
            .wanted_in(&path.get_value())
            .is_some_and(|wanted| wanted.is_missing)
        {
            details.set_open(true);
        }
        // It may have been opened before the page was hydrated.
        if details.open() {
            build();
        }
    });
    view! {
        <details class="more" node_ref=details on:toggle=move |_| build()>
            <summary>{label}</summary>
            {dynamic(move || built.get().then(|| fields(wizard, path.get_value())))}
        </details>
    }
    .into_any()
}
