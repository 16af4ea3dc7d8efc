//! A short word about something that just happened. Never the only place where a problem is told.

use leptos::prelude::*;

use crate::foreign_text::into_visible;
use crate::i18n::{common, t};
use crate::kit::icon::{Glyph, Icon};
use crate::kit::notice::Tone;

#[derive(Clone)]
struct Toast {
    id: u64,
    tone: Tone,
    text: String,
}

/// Where pages leave their toasts.
#[derive(Clone, Copy)]
pub struct Toaster {
    toasts: RwSignal<Vec<Toast>>,
    next: StoredValue<u64>,
}

/// How long a toast stays; an error stays until it is closed.
const SHOWN: std::time::Duration = std::time::Duration::from_secs(6);

/// Where a toast for the next page waits.
#[cfg(feature = "hydrate")]
const LEFT: &str = "jobwright.toast";

#[cfg(feature = "hydrate")]
fn session_storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

impl Toaster {
    /// The application's toaster.
    pub fn provide() {
        let toaster = Self {
            toasts: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
        };
        provide_context(toaster);
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| {
            let storage = session_storage();
            let left = storage.and_then(|storage| {
                let left = storage.get_item(LEFT).ok().flatten()?;
                storage.remove_item(LEFT).ok().map(|()| left)
            });
            if let Some(text) = left {
                toaster.show(Tone::Good, text);
            }
        });
    }

    /// Shows a text.
    pub fn show(self, tone: Tone, text: impl Into<String>) {
        let Some(id) = self.next.try_update_value(|next| {
            *next += 1;
            *next
        }) else {
            return;
        };
        self.toasts.update(|toasts| {
            toasts.push(Toast {
                id,
                tone,
                text: into_visible(text.into()),
            });
        });
        if tone != Tone::Error {
            set_timeout(move || self.close(id), SHOWN);
        }
    }

    /// Shows a text on the next page, which is loaded anew.
    pub fn leave(text: &str) {
        #[cfg(feature = "hydrate")]
        if let Some(storage) = session_storage() {
            // A browser without room only shows no toast.
            let _ = storage.set_item(LEFT, text);
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = text;
    }

    fn close(self, id: u64) {
        let _ = self
            .toasts
            .try_update(|toasts| toasts.retain(|toast| toast.id != id));
    }
}

/// The application's toaster; pages call it in event handlers' closures.
pub fn use_toaster() -> Option<Toaster> {
    use_context()
}

/// The corner in which toasts appear.
#[component]
pub fn Toasts() -> impl IntoView {
    let Some(toaster) = use_toaster() else {
        return ().into_any();
    };
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toaster.toasts.get() key=|toast| toast.id let(toast)>
                <div class=format!("toast toast-{}", toast.tone.class())>
                    <Icon glyph=toast.tone.glyph()/>
                    <span>{toast.text.clone()}</span>
                    <button
                        type="button"
                        class="button button-icon"
                        aria-label=t(common::CLOSE)
                        on:click=move |_| toaster.close(toast.id)
                    >
                        <Icon glyph=Glyph::Close/>
                    </button>
                </div>
            </For>
        </div>
    }
    .into_any()
}
