//! Page for an unknown URL.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::i18n::{common as text, t};
use crate::kit::empty_state::Empty;
use crate::kit::icon::Glyph;
use crate::urls::here;

/// Renders the message with status 404 and a link back.
#[component]
pub fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text=t(text::NOT_FOUND_TITLE)/>
        <div class="content">
            <Empty glyph=Glyph::Search title=t(text::NOT_FOUND_TITLE) text=t(text::NOT_FOUND_TEXT)>
                <a class="button button-primary" href=here("/") rel="external">{t(text::BACK_TO_JOBS)}</a>
            </Empty>
        </div>
    }
}
