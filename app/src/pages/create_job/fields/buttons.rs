//! The buttons that add and remove items.

use leptos::prelude::*;
use manifest::Path;

use crate::i18n::{tf, wizard as text};
use crate::kit::icon::{Glyph, Icon};
use crate::pages::create_job::state::Wizard;

/// The button that takes an item out.
#[component]
pub fn RemoveButton(
    /// The wizard.
    wizard: Wizard,
    /// The item.
    path: Path,
    /// What it is, for its accessible name.
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
            on:click=move |_| wizard.remove(&path)
        >
            <Icon glyph=Glyph::Trash/>
        </button>
    }
}

/// The button that adds an item.
#[component]
pub fn AddButton(
    /// Its words.
    #[prop(into)]
    label: String,
    /// What it does.
    on_add: Callback<()>,
) -> impl IntoView {
    view! {
        <button type="button" class="button" data-early="repeat" on:click=move |_| on_add.run(())>
            <Icon glyph=Glyph::Add/>
            {label}
        </button>
    }
}
