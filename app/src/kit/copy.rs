//! Button that copies a text.

use leptos::prelude::*;

use crate::i18n::{common, t};
use crate::kit::erased::dynamic;
use crate::kit::icon::{Glyph, Icon};

/// Copies the text to the clipboard and confirms it for two seconds.
#[component]
pub fn CopyButton(
    /// The text.
    text: Signal<String>,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    view! {
        <button type="button" class="button" on:click=move |_| copy(text.get_untracked(), copied)>
            <Icon glyph=Glyph::Copy/>
            {dynamic(move || t(if copied.get() { common::COPIED } else { common::COPY }))}
        </button>
    }
}

fn copy(text: String, copied: RwSignal<bool>) {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async move {
        let promise = window().navigator().clipboard().write_text(&text);
        if wasm_bindgen_futures::JsFuture::from(promise).await.is_ok() {
            copied.set(true);
            set_timeout(
                move || {
                    let _ = copied.try_set(false);
                },
                std::time::Duration::from_secs(2),
            );
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (text, copied);
}
