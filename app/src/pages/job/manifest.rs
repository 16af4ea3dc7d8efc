//! The manifest, clean: it can be created again as it is.

use leptos::prelude::*;

use crate::api::job::JobDetail;
use crate::i18n::{common, job as text, t};
use crate::kit::icon::{Glyph, Icon};

/// The text with copy and download.
#[component]
pub fn Manifest(
    /// The Job.
    detail: Memo<JobDetail>,
) -> impl IntoView {
    let manifest = Memo::new(move |_| detail.with(|detail| detail.manifest.clone()));
    let file = move || detail.with(|detail| format!("job-{}.yaml", detail.row.name));
    let copied = RwSignal::new(false);
    view! {
        <div class="toolbar">
            <span class="hint">{t(text::MANIFEST_HINT)}</span>
            <span class="bar-space"></span>
            <button type="button" class="button" on:click=move |_| copy(manifest.get_untracked(), copied)>
                <Icon glyph=Glyph::Copy/>
                {move || t(if copied.get() { common::COPIED } else { common::COPY })}
            </button>
            <a
                class="button"
                download=file
                href=move || format!("data:application/yaml;charset=utf-8,{}", leptos_router::location::Url::escape(&manifest.get()))
            >
                <Icon glyph=Glyph::Download/>
                {t(text::DOWNLOAD)}
            </a>
        </div>
        <pre class="code-block" tabindex="0" aria-label=t(text::TAB_MANIFEST)>{move || manifest.get()}</pre>
    }
}

/// Puts the text on the clipboard and says so for a moment.
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
