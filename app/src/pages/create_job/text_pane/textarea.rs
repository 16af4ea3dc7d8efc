//! Plain text area as a fallback for the editor.

use leptos::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::kit::notice::{Notice, Tone};
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::text_pane::TextAreaReason;

/// Plain text area: for users who select it, and if the editor cannot be used.
#[component]
pub fn PlainText(
    /// Wizard state.
    wizard: Wizard,
    /// Reason why there is no editor.
    reason: TextAreaReason,
) -> impl IntoView {
    let label = match reason {
        TextAreaReason::Chosen => None,
        TextAreaReason::Failed => Some(text::EDITOR_FAILED),
        TextAreaReason::LineEnds => Some(text::EDITOR_LINE_ENDS),
    };
    // A text area normalizes line endings to `\n`: unchanged lines keep their own.
    let shown = move || {
        wizard
            .shown
            .with(|shown| manifest::shown(shown.text(), true).into_owned())
    };
    view! {
        {label.map(|label| view! { <Notice tone=Tone::Info>{t(label)}</Notice> })}
        <textarea
            class="input input-mono plain-text"
            aria-label=t(text::MANIFEST)
            spellcheck="false"
            autocomplete="off"
            prop:value=shown
            on:input=move |event| {
                let old = wizard.shown.with_untracked(|shown| shown.text().to_owned());
                wizard.on_text_change(&manifest::retyped(&old, &event_target_value(&event), true));
            }
        ></textarea>
    }
}
