//! Empty state of a page or list: says what belongs there and how to start.

use leptos::prelude::*;

use crate::kit::icon::{Glyph, Icon};

/// Empty state.
#[component]
pub fn Empty(
    /// Icon of what is missing.
    glyph: Glyph,
    /// Title: what does not exist.
    #[prop(into)]
    title: String,
    /// Reason, or what to do.
    #[prop(into, optional)]
    text: String,
    /// Links to start from.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <span class="empty-glyph"><Icon glyph/></span>
            <h2>{title}</h2>
            {(!text.is_empty()).then(|| view! { <p>{text}</p> })}
            {children.map(|children| view! { <div class="empty-doors">{children()}</div> })}
        </div>
    }
}
