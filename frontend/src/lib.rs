//! WebAssembly entry point that hydrates the server-rendered page.

#![recursion_limit = "256"]

use app::bundle_pages::Bundle;
use app::{App, AppProps};
use wasm_bindgen::prelude::wasm_bindgen;

/// Hydrates the HTML that the server rendered. The page's start script calls it once.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    // Sends server functions to the cluster in the page's URL.
    let base = app::urls::base();
    if !base.is_empty() {
        leptos::server_fn::client::set_server_url(Box::leak(base.into_boxed_str()));
    }
    let bundle = if cfg!(feature = "wizard") {
        Bundle::WIZARD
    } else {
        Bundle::JOBS
    };
    leptos::mount::hydrate_body(move || App(AppProps { bundle }));
}
