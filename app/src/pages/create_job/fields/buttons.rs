//! Buttons that add and remove items.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{tf, wizard as text};
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::state::Wizard;

/// Button that removes an item.
#[component]
pub fn RemoveButton(
    /// Wizard state.
    wizard: Wizard,
    /// Path of the item.
    path: Path,
    /// Name of the item, for the accessible name.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let label = tf(text::REMOVE, &[("what", &what)]);
    view! {
        <button
            type="button"
            class="button button-icon"
            data-early="remove"
            aria-label=label.clone()
            title=label
            on:click=move |_| wizard.remove_item(&path)
        >
            <Icon glyph=Glyph::Trash/>
        </button>
    }
}

/// Button that adds an item.
#[component]
pub fn AddButton(
    /// Label.
    #[prop(into)]
    label: String,
    /// Handler.
    on_add: Callback<()>,
) -> impl IntoView {
    view! {
        <button type="button" class="button" data-early="repeat" on:click=move |_| on_add.run(())>
            <Icon glyph=Glyph::Add/>
            {label}
        </button>
    }
}
