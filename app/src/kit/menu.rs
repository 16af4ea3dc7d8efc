//! Drop-down menu of links and actions, based on `<details>`, so it opens without JavaScript too.

use leptos::prelude::*;

use crate::kit::erased::dynamic;

/// Drop-down menu.
///
/// Escape and a click outside close it; the items are ordinary links and buttons, reached with Tab.
#[component]
pub fn Menu(
    /// Accessible name of the button.
    #[prop(into)]
    label: Signal<String>,
    /// Content of the button.
    button: ViewFn,
    /// Class of the button.
    #[prop(default = "button button-quiet")]
    class: &'static str,
    /// Aligns the menu with the button's end.
    #[prop(optional)]
    end: bool,
    /// Whether the items are built only when the menu is opened, since a list has many menus. Without JavaScript it is
    /// hidden.
    #[prop(optional)]
    lazy: bool,
    /// Items.
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<leptos::html::Details>::new();
    let built = RwSignal::new(!lazy);
    // Opened before hydration.
    Effect::new(move |_| {
        if node.get().is_some_and(|details| details.open()) {
            built.set(true);
        }
    });
    #[cfg(feature = "hydrate")]
    close_from_outside(node);
    view! {
        <details class="menu" class:menu-end=end class:menu-lazy=lazy node_ref=node on:keydown=move |event| {
            if event.key() == "Escape" {
                close(node);
            }
        } on:toggle=move |_| built.set(true)>
            <summary class=class aria-label=move || label.get()>{button.run()}</summary>
            <div class="menu-items" on:click=move |_| close(node)>
                {dynamic(move || built.get().then(|| children()))}
            </div>
        </details>
    }
}

fn close(node: NodeRef<leptos::html::Details>) {
    if let Some(details) = node.get_untracked() {
        details.set_open(false);
    }
}

#[cfg(feature = "hydrate")]
fn close_from_outside(node: NodeRef<leptos::html::Details>) {
    use wasm_bindgen::JsCast;

    Effect::new(move |_| {
        let handle = window_event_listener(leptos::ev::pointerdown, move |event| {
            let Some(details) = node.try_get_untracked().flatten() else {
                return;
            };
            let inside = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Node>().ok())
                .is_some_and(|target| details.contains(Some(&target)));
            if !inside {
                details.set_open(false);
            }
        });
        on_cleanup(move || handle.remove());
    });
}
