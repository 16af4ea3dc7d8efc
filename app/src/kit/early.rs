//! A page is seen before it works: its WebAssembly comes after its HTML. What a person does in between is kept by
//! `early.js`, and done once the page is alive.

use leptos::prelude::*;

/// The script, for the page's head.
#[cfg(feature = "ssr")]
pub const SCRIPT: &str = include_str!("early.js");

/// Whether the page answers already.
#[derive(Clone, Copy)]
pub struct Alive {
    holds: RwSignal<usize>,
}

impl Alive {
    /// Provides it, and says on the document when the page has come to life: for styles, for what waits, and for
    /// whoever drives a browser.
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
                // Fails only for a name that is no attribute's.
                let _ = root.set_attribute("data-alive", "true");
                if let Ok(event) = web_sys::Event::new("jobwright-alive") {
                    let _ = root.dispatch_event(&event);
                }
            }
        });
    }

    /// The page waits for more than its WebAssembly, until [`Alive::release`].
    pub fn hold(self) {
        self.holds.update(|holds| *holds += 1);
    }

    /// What was waited for is there.
    pub fn release(self) {
        let _ = self.holds.try_update(|holds| *holds = holds.saturating_sub(1));
    }
}
