//! The text in a plain text area.

use leptos::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::text_pane::Plain;

/// A text area: for those who choose it, and where the editor cannot be.
#[component]
pub fn PlainText(
    /// The wizard.
    wizard: Wizard,
    /// Why there is no editor.
    why: Plain,
) -> impl IntoView {
    let words = match why {
        Plain::Chosen => None,
        Plain::Failed => Some(text::EDITOR_FAILED),
        Plain::LineEnds => Some(text::EDITOR_LINE_ENDS),
    };
    // A text area shows every line end as one character and gives them back as `\n`: those that did not change keep
    // their own.
    let shown = move || {
        wizard
            .shown
            .with(|shown| manifest::shown(shown.text(), true).into_owned())
    };
    view! {
        {words.map(|words| view! { <Notice tone=Tone::Info>{t(words)}</Notice> })}
        <textarea
            class="input input-mono plain-text"
            aria-label=t(text::MANIFEST)
            spellcheck="false"
            autocomplete="off"
            prop:value=shown
            on:input=move |event| {
                let old = wizard.shown.with_untracked(|shown| shown.text().to_owned());
                wizard.typed(&manifest::retyped(&old, &event_target_value(&event), true));
            }
        ></textarea>
    }
}
