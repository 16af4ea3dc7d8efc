//! What has changed since the import: the imported text and the text as it is, side by side.

use leptos::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::pages::create_job::state::Wizard;

/// The comparison; it follows the text.
#[component]
pub fn Changes(
    /// The wizard.
    wizard: Wizard,
) -> impl IntoView {
    let place = NodeRef::<leptos::html::Div>::new();
    let failed = RwSignal::new(false);
    #[cfg(feature = "hydrate")]
    browser::mount(wizard, place, failed);
    #[cfg(not(feature = "hydrate"))]
    let _ = wizard;
    view! {
        <div class="editor" node_ref=place role="region" aria-label=t(text::CHANGES)></div>
        <Show when=move || failed.get()>
            <p class="hint">{t(text::EDITOR_FAILED)}</p>
        </Show>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;

    use crate::editor::Comparison;
    use crate::pages::create_job::state::Wizard;

    pub fn mount(wizard: Wizard, place: NodeRef<leptos::html::Div>, failed: RwSignal<bool>) {
        let shown = StoredValue::new_local(None::<Comparison>);
        Effect::new(move |_| {
            let Some(element) = place.get() else { return };
            let before = wizard.imported.get().unwrap_or_default();
            let after = wizard.document.with(|document| document.text().to_owned());
            leptos::task::spawn_local(async move {
                shown.try_update_value(|shown| *shown = None);
                match Comparison::create(&element, &before, &after).await {
                    // The pane may have gone in the meantime; the comparison then goes with it.
                    Ok(comparison) => {
                        shown.try_update_value(|shown| *shown = Some(comparison));
                    }
                    Err(_) => {
                        let _ = failed.try_set(true);
                    }
                }
            });
        });
    }
}
