//! Modal confirmation based on `<dialog>`, which provides focus handling and Escape.

use leptos::prelude::*;

use crate::i18n::{common, t};
use crate::kit::erased::dynamic;

/// Modal dialog with a title, a body and two buttons.
#[component]
pub fn Dialog(
    /// Whether the dialog is open; it sets this to false when dismissed.
    open: RwSignal<bool>,
    /// Question.
    #[prop(into)]
    title: Signal<String>,
    /// Label of the confirming button.
    #[prop(into)]
    action: Signal<String>,
    /// Whether the action cannot be undone.
    #[prop(optional)]
    dangerous: bool,
    /// Whether the action is running: the button is disabled meanwhile.
    #[prop(into, optional)]
    busy: Signal<bool>,
    /// Handler of the confirming button. It closes the dialog by setting `open`.
    on_action: Callback<()>,
    /// Explanation, and fields if any.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        if open.get() && !dialog.open() {
            // Fails only if the element has left the page; then there is nothing to show.
            let _ = dialog.show_modal();
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog class="dialog" node_ref=node on:close=move |_| open.set(false)>
            <form
                method="dialog"
                on:submit=move |event| {
                    event.prevent_default();
                    on_action.run(());
                }
            >
                <h2>{move || title.get()}</h2>
                <div class="dialog-body">{children()}</div>
                <div class="dialog-foot">
                    <button type="button" class="button" on:click=move |_| open.set(false)>
                        {t(common::CANCEL)}
                    </button>
                    <button
                        type="submit"
                        class=if dangerous { "button button-danger" } else { "button button-primary" }
                        disabled=move || busy.get()
                        aria-busy=move || busy.get().to_string()
                    >
                        {dynamic(move || action.get())}
                    </button>
                </div>
            </form>
        </dialog>
    }
}
