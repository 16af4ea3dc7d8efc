//! Edit mode: the files at the left, the text in the editor, or in a plain text field where there can be none.

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
use crate::pages::create_job::text_pane::toolbar::Bar;

/// Why the plain text field stands in the editor's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "hydrate"),
    allow(dead_code, reason = "only a browser finds out")
)]
enum Plain {
    Chosen,
    Failed,
    LineEnds,
}

/// The pane.
#[component]
pub fn TextPane(
    /// The wizard.
    wizard: Wizard,
    /// Asks for a file at once.
    importing: bool,
) -> impl IntoView {
    let plain = RwSignal::new(None::<Plain>);
    let comparing = RwSignal::new(false);
    // The other text gets an editor of its own: this one would take over the line ends of its first text.
    let of_json = Memo::new(move |_| wizard.json.with(Option::is_some));
    view! {
        <div class="text-pane">
            <Files wizard importing/>
            <div class="text-main">
                <Bar wizard plain comparing/>
                {dynamic(move || {
                    of_json.track();
                    match plain.get() {
                    _ if comparing.get() => view! { <Changes wizard/> }.into_any(),
                    None => view! { <Monaco wizard plain/> }.into_any(),
                    Some(why) => view! { <PlainText wizard why/> }.into_any(),
                    }
                })}
            </div>
        </div>
    }
}
