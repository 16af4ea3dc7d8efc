//! The WebAssembly entry: brings the server-rendered page to life.

#![recursion_limit = "256"]

use wasm_bindgen::prelude::wasm_bindgen;

/// Attaches the application to the HTML that the server rendered. Called once by the page's start script.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    // Server functions go to the cluster that the page's address names.
    let base = app::urls::base();
    if !base.is_empty() {
        leptos::server_fn::client::set_server_url(Box::leak(base.into_boxed_str()));
    }
    leptos::mount::hydrate_body(app::App);
}
