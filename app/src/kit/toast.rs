//! Toasts: short messages about something that just happened. A problem is never reported in a toast alone.

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

/// Queue of toasts that pages add to.
#[derive(Clone, Copy)]
pub struct Toaster {
    toasts: RwSignal<Vec<Toast>>,
    next: StoredValue<u64>,
}

/// Time that a toast stays; an error stays until it is closed.
const DISPLAY_TIME: std::time::Duration = std::time::Duration::from_secs(6);

/// Session storage key of a toast for the next page.
#[cfg(feature = "hydrate")]
const PENDING_KEY: &str = "jobwright.toast";

#[cfg(feature = "hydrate")]
fn session_storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

impl Toaster {
    /// Provides the application's toaster.
    pub fn provide() {
        let toaster = Self {
            toasts: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
        };
        provide_context(toaster);
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| {
            let storage = session_storage();
            let pending = storage.and_then(|storage| {
                let pending = storage.get_item(PENDING_KEY).ok().flatten()?;
                storage.remove_item(PENDING_KEY).ok().map(|()| pending)
            });
            if let Some(text) = pending {
                toaster.show(Tone::Good, text);
            }
        });
    }

    /// Shows a toast.
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
            set_timeout(move || self.close(id), DISPLAY_TIME);
        }
    }

    /// Shows a success toast on the next page, after a full page load.
    pub fn show_on_next_page(text: &str) {
        #[cfg(feature = "hydrate")]
        if let Some(storage) = session_storage() {
            // Without storage space only the toast is missing.
            let _ = storage.set_item(PENDING_KEY, text);
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

/// Returns the application's toaster; pages call it in closures of event handlers.
pub fn use_toaster() -> Option<Toaster> {
    use_context()
}

/// Corner of the page in which toasts appear.
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
