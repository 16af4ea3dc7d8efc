//! Tabs that are links: each has its own URL and works without JavaScript.

use leptos::prelude::*;
use leptos_router::components::A;

/// One tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Value of `?tab=`.
    pub key: &'static str,
    /// Label.
    pub label: &'static str,
}

/// Row of tabs that sets the current page's `?tab=`.
#[component]
pub fn Tabs(
    /// Accessible name of the row.
    label: &'static str,
    /// Path of the page.
    #[prop(into)]
    path: Signal<String>,
    /// Tabs.
    tabs: Vec<Tab>,
    /// Key of the current tab.
    #[prop(into)]
    current: Signal<String>,
) -> impl IntoView {
    view! {
        <nav class="tabs" aria-label=label>
            {tabs
                .into_iter()
                .map(|tab| {
                    let open = move || current.get() == tab.key;
                    view! {
                        <A
                            href=move || format!("{}?tab={}", path.get(), tab.key)
                            attr:class=move || if open() { "tab tab-open" } else { "tab" }
                            attr:aria-current=move || if open() { "page" } else { "false" }
                            scroll=false
                        >
                            {tab.label}
                        </A>
                    }
                })
                .collect_view()}
        </nav>
    }
}
