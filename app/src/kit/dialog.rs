//! A question that has to be answered first: a modal `<dialog>`, which brings focus handling and Escape with it.

use leptos::prelude::*;

use crate::i18n::{common, t};
use crate::kit::erased::dynamic;

/// A modal dialog with a title, a body and two buttons.
#[component]
pub fn Dialog(
    /// Open or not; the dialog sets it to false when it is dismissed.
    open: RwSignal<bool>,
    /// The question.
    #[prop(into)]
    title: Signal<String>,
    /// Words on the button that does it.
    #[prop(into)]
    action: Signal<String>,
    /// The action cannot be undone.
    #[prop(optional)]
    dangerous: bool,
    /// The action is running: the button waits.
    #[prop(into, optional)]
    busy: Signal<bool>,
    /// What the button does. It closes the dialog by setting `open`.
    on_action: Callback<()>,
    /// The explanation, and fields if any.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        if open.get() && !dialog.open() {
            // Fails only when the element has left the page, and then there is nothing to show.
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
