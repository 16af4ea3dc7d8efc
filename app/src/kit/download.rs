//! Button that saves a text of the page as a file.

use leptos::prelude::*;

use crate::i18n::Text;
use crate::i18n::t;
use crate::kit::icon::{Glyph, Icon};

/// Saves the text as a file. The text becomes an address when the button is clicked, not before: one of several
/// megabytes would be encoded at each change, and browsers refuse `data:` addresses of that length.
#[component]
pub fn DownloadButton(
    /// Label.
    label: Text,
    /// Name of the file.
    file: Signal<String>,
    /// The text.
    text: Signal<String>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button"
            on:click=move |_| save(&file.get_untracked(), &text.get_untracked())
        >
            <Icon glyph=Glyph::Download/>
            {t(label)}
        </button>
    }
}

#[cfg(feature = "hydrate")]
fn save(file: &str, text: &str) {
    // Fails only where a page may not make files at all; then nothing is saved, as the user sees.
    let _ = start(file, text);
}

#[cfg(feature = "hydrate")]
fn start(file: &str, text: &str) -> Result<(), wasm_bindgen::JsValue> {
    use wasm_bindgen::JsCast;

    let options = web_sys::BlobPropertyBag::new();
    options.set_type("text/plain;charset=utf-8");
    let parts = js_sys::Array::of1(&text.into());
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let address = web_sys::Url::create_object_url_with_blob(&blob)?;
    let link: web_sys::HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&address);
    link.set_download(file);
    link.click();
    // The browser reads the file after the click; the address keeps the text in memory until then.
    set_timeout(
        move || {
            let _ = web_sys::Url::revoke_object_url(&address);
        },
        std::time::Duration::from_mins(1),
    );
    Ok(())
}

#[cfg(not(feature = "hydrate"))]
fn save(_file: &str, _text: &str) {}
