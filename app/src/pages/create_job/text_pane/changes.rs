//! Diff of the imported and the current text, side by side.

use leptos::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::pages::create_job::state::Wizard;

/// Diff that follows the text.
#[component]
pub fn Changes(
    /// Wizard state.
    wizard: Wizard,
) -> impl IntoView {
    let container = NodeRef::<leptos::html::Div>::new();
    let failed = RwSignal::new(false);
    #[cfg(feature = "hydrate")]
    browser::mount(wizard, container, failed);
    #[cfg(not(feature = "hydrate"))]
    let _ = wizard;
    view! {
        <div class="editor" node_ref=container role="region" aria-label=t(text::CHANGES)></div>
        <Show when=move || failed.get()>
            <p class="hint">{t(text::EDITOR_FAILED)}</p>
        </Show>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::prelude::*;

    use crate::editor::DiffEditor;
    use crate::pages::create_job::state::Wizard;

    pub fn mount(wizard: Wizard, container: NodeRef<leptos::html::Div>, failed: RwSignal<bool>) {
        let shown = StoredValue::new_local(None::<DiffEditor>);
        Effect::new(move |_| {
            let Some(element) = container.get() else { return };
            let before = wizard.imported.get().unwrap_or_default();
            let after = wizard.document.with(|document| document.text().to_owned());
            leptos::task::spawn_local(async move {
                shown.try_update_value(|shown| *shown = None);
                match DiffEditor::create(&element, &before, &after).await {
                    // The pane may have been removed meanwhile; the diff is dropped with it.
                    Ok(diff) => {
                        shown.try_update_value(|shown| *shown = Some(diff));
                    }
                    Err(_) => {
                        let _ = failed.try_set(true);
                    }
                }
            });
        });
    }
}
