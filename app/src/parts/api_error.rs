//! Rendered [`ApiError`]: what happened, what to do, and the message of the cluster.

use leptos::prelude::*;

use crate::api::error::ApiError;
use crate::foreign_text::{into_visible, visible};
use crate::i18n::t;
use crate::kit::notice::{Notice, Tone};

/// Failed call in the flow of the page.
#[component]
pub fn Failure(
    /// Error.
    error: ApiError,
) -> impl IntoView {
    let causes = match &error {
        ApiError::Invalid { causes, .. } => causes.clone(),
        _ => Vec::new(),
    };
    let detail = error
        .detail()
        .filter(|_| causes.is_empty())
        .map(|detail| visible(detail).into_owned());
    view! {
        <Notice tone=Tone::Error>
            <strong>{t(error.advice())}</strong>
            {detail.map(|detail| view! { <span class="notice-detail">{detail}</span> })}
            {(!causes.is_empty())
                .then(|| {
                    view! {
                        <ul class="notice-causes">
                            {causes
                                .into_iter()
                                .map(|cause| {
                                    view! {
                                        <li>
                                            <code>{into_visible(cause.field)}</code>
                                            ": "
                                            {into_visible(cause.message)}
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    }
                })}
        </Notice>
    }
}
