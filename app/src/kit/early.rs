//! Input before hydration: a page is visible before its WebAssembly has loaded. `early.js` queues what a user does
//! in between and replays it once the page is hydrated.

use leptos::prelude::*;

/// Script for the `<head>` of the page, without comments and indentation: every page contains it.
#[cfg(feature = "ssr")]
pub static SCRIPT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let lines = include_str!("early.js").lines().map(str::trim);
    let code: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect();
    code.join("\n")
});

/// Tracks what the page waits for before it counts as hydrated.
#[derive(Clone, Copy)]
pub struct Alive {
    holds: RwSignal<usize>,
}

impl Alive {
    /// Provides the context, and marks the document once the page is hydrated (`data-alive`, event
    /// `jobwright-alive`): for styles, for `early.js` and for browser tests.
    pub fn provide() {
        let alive = Self {
            holds: RwSignal::new(0),
        };
        provide_context(alive);
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| {
            if alive.holds.get() == 0
                && let Some(root) = document().document_element()
            {
                // Fails only if the name is not a valid attribute name.
                let _ = root.set_attribute("data-alive", "true");
                if let Ok(event) = web_sys::Event::new("jobwright-alive") {
                    let _ = root.dispatch_event(&event);
                }
            }
        });
    }

    /// Delays hydration beyond the loading of the WebAssembly, until [`Alive::release`].
    pub fn hold(self) {
        self.holds.update(|holds| *holds += 1);
    }

    /// Ends one [`Alive::hold`].
    pub fn release(self) {
        let _ = self.holds.try_update(|holds| *holds = holds.saturating_sub(1));
    }
}
