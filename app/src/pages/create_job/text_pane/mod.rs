//! Edit mode: files on the left, and the text in the editor, or in a plain text area as a fallback.

mod changes;
mod editor;
mod files;
#[cfg(feature = "hydrate")]
mod language_service;
mod textarea;
mod toolbar;

use leptos::prelude::*;

use crate::kit::erased::dynamic;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::text_pane::changes::Changes;
use crate::pages::create_job::text_pane::editor::Monaco;
use crate::pages::create_job::text_pane::files::Files;
use crate::pages::create_job::text_pane::textarea::PlainText;
use crate::pages::create_job::text_pane::toolbar::Toolbar;

/// Reason why the plain text area replaces the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    allow(dead_code, reason = "only the browser can detect the other reasons")
)]
enum TextAreaReason {
    Chosen,
    Failed,
    LineEnds,
}

/// Text pane.
#[component]
pub fn TextPane(
    /// Wizard state.
    wizard: Wizard,
    /// Whether to focus the file chooser at once.
    importing: bool,
) -> impl IntoView {
    let text_area = RwSignal::new(None::<TextAreaReason>);
    let shows_changes = RwSignal::new(false);
    // The other text gets its own editor: this one would impose the line endings of its first text.
    let is_json = Memo::new(move |_| wizard.json.with(Option::is_some));
    view! {
        <div class="text-pane">
            <Files wizard importing/>
            <div class="text-main">
                <Toolbar wizard text_area shows_changes/>
                {dynamic(move || {
                    is_json.track();
                    match text_area.get() {
                    _ if shows_changes.get() => view! { <Changes wizard/> }.into_any(),
                    None => view! { <Monaco wizard text_area/> }.into_any(),
                    Some(reason) => view! { <PlainText wizard reason/> }.into_any(),
                    }
                })}
            </div>
        </div>
    }
}
