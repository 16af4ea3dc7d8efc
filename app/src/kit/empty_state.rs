//! A page or list without content: says what belongs here and how to begin.

use leptos::prelude::*;

use crate::kit::icon::{Glyph, Icon};

/// An empty state.
#[component]
pub fn Empty(
    /// A drawing of what is missing.
    glyph: Glyph,
    /// What there is not.
    #[prop(into)]
    title: String,
    /// Why, or what to do.
    #[prop(into, optional)]
    text: String,
    /// The doors.
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
