//! Monaco editor on the page, synchronized with the document.

use leptos::prelude::*;

use crate::i18n::{t, wizard as text};
use crate::kit::erased::dynamic;
use crate::pages::create_job::state::Wizard;
use crate::pages::create_job::text_pane::TextAreaReason;

/// Monaco editor.
#[component]
pub fn Monaco(
    /// Wizard state.
    wizard: Wizard,
    /// Set if the editor cannot be used.
    text_area: RwSignal<Option<TextAreaReason>>,
) -> impl IntoView {
    let container = NodeRef::<leptos::html::Div>::new();
    let ready = RwSignal::new(false);
    #[cfg(feature = "hydrate")]
    monaco::mount(wizard, container, ready, text_area);
    #[cfg(not(feature = "hydrate"))]
    let _ = (wizard, text_area);
    view! {
        <div class="editor" node_ref=container>
            {dynamic(move || (!ready.get()).then(|| view! { <p class="hint editor-wait">{t(text::EDITOR_LOADING)}</p> }))}
        </div>
        <p class="hint">{t(text::EDITOR_HINT)}</p>
    }
}

#[cfg(feature = "hydrate")]
mod monaco {
    //! Creates the editor and keeps it synchronized with the document.

    use std::cell::RefCell;
    use std::rc::Rc;

    use leptos::prelude::*;
    use manifest::{Severity, Splice};

    use crate::editor::utf16::to_byte;
    use crate::editor::{Editor, EditorError, Marker};
    use crate::i18n::{t, wizard as text};
    use crate::pages::create_job::problems::message;
    use crate::pages::create_job::state::{EditorPort, Wizard};
    use crate::pages::create_job::text_pane::TextAreaReason;
    use crate::pages::create_job::text_pane::language_service::DocumentHost;

    type Shared = Rc<RefCell<Option<Editor>>>;

    struct Port(Shared);

    impl EditorPort for Port {
        fn splice(&self, before: &str, splices: &[Splice]) {
            if let Some(editor) = self.0.borrow().as_ref() {
                editor.splice(before, splices);
            }
        }

        fn reveal(&self, text: &str, offset: usize) {
            if let Some(editor) = self.0.borrow().as_ref() {
                editor.reveal(text, offset);
            }
        }
    }

    pub fn mount(
        wizard: Wizard,
        container: NodeRef<leptos::html::Div>,
        ready: RwSignal<bool>,
        text_area: RwSignal<Option<TextAreaReason>>,
    ) {
        let shared: Shared = Rc::default();
        let stored = StoredValue::new_local(shared.clone());
        Effect::new(move |_| {
            let Some(element) = container.get() else { return };
            let Some(shared) = stored.try_get_value() else {
                return;
            };
            leptos::task::spawn_local(async move {
                let document = wizard.shown.get_untracked();
                let host = Rc::new(DocumentHost(wizard));
                match Editor::create(&element, t(text::MANIFEST), host).await {
                    // The pane may have been removed while the editor was loading.
                    Ok(_) if stored.try_get_value().is_none() => {}
                    Ok(editor) => {
                        let focused = wizard.focused.get_untracked();
                        let entry = wizard.entry.get_untracked();
                        if let Some(offset) = wizard.offset_of(entry, &focused) {
                            editor.reveal(document.text(), offset);
                        }
                        *shared.borrow_mut() = Some(editor);
                        wizard.set_editor(Some(Box::new(Port(shared))));
                        ready.set(true);
                    }
                    Err(EditorError::Unavailable) => text_area.set(Some(TextAreaReason::Failed)),
                    Err(EditorError::LineEnds) => text_area.set(Some(TextAreaReason::LineEnds)),
                }
            });
        });
        Effect::new(move |_| {
            let problems = wizard.problems.get();
            if !ready.get() {
                return;
            }
            let markers: Vec<_> = problems
                .iter()
                .map(|problem| Marker {
                    range: problem.range.clone(),
                    severity: match problem.severity {
                        Severity::Error => "error",
                        Severity::Warning => "warning",
                        Severity::Advice => "advice",
                    },
                    message: message(problem),
                })
                .collect();
            stored.with_value(|shared| {
                if let Some(editor) = shared.borrow().as_ref() {
                    wizard
                        .shown
                        .with_untracked(|document| editor.show_problems(document.text(), &markers));
                }
            });
        });
        let shared = send_wrapper::SendWrapper::new(shared);
        let is_json = wizard.json.with_untracked(Option::is_some);
        on_cleanup(move || {
            // The field at the cursor gets the focus back, unless another text is shown by now.
            let same = wizard.json.with_untracked(Option::is_some) == is_json;
            if let Some(editor) = shared.borrow().as_ref().filter(|_| same) {
                let offset = wizard
                    .shown
                    .with_untracked(|shown| to_byte(shown.text(), editor.cursor()));
                if let Some((entry, path)) = wizard.path_at(offset)
                    && entry == wizard.entry.get_untracked()
                {
                    wizard.focused.set(path);
                }
            }
            wizard.set_editor(None);
            *shared.borrow_mut() = None;
        });
    }
}
