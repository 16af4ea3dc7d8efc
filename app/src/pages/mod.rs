//! The pages, one a file or folder.

#[cfg(feature = "wizard")]
pub mod create_job;
#[cfg(feature = "jobs")]
pub mod job_detail;
#[cfg(feature = "jobs")]
pub mod job_list;
pub mod not_found;
pub mod sign_in;

use crate::api::error::ApiError;
#[cfg(feature = "jobs")]
use crate::kit::notice::Tone;
#[cfg(feature = "jobs")]
use crate::kit::toast::Toaster;
#[cfg(feature = "jobs")]
use crate::preferences;

/// Tells how an action went: its success in words, or the error with what to do. A session that has ended leads to
/// the sign-in page.
#[cfg(feature = "jobs")]
fn report<T>(toaster: Option<Toaster>, answer: Result<T, ApiError>, done: impl FnOnce(T) -> String) {
    match answer {
        Ok(value) => {
            if let Some(toaster) = toaster {
                toaster.show(Tone::Good, done(value));
            }
        }
        Err(ApiError::SignedOut) => to_sign_in(),
        Err(error) => {
            if let Some(toaster) = toaster {
                toaster.show(Tone::Error, error.sentence(preferences::current().lang));
            }
        }
    }
}

/// Leaves for the sign-in page, to come back here afterwards. The address is loaded anew: nothing of the old
/// session stays in the page.
pub fn to_sign_in() {
    #[cfg(feature = "hydrate")]
    {
        let location = leptos::prelude::window().location();
        let here = format!(
            "{}{}",
            location.pathname().unwrap_or_default(),
            location.search().unwrap_or_default()
        );
        let back = leptos_router::location::Url::escape(&here);
        if let Err(error) = location.assign(&format!("/sign-in?ended=1&back={back}")) {
            leptos::logging::warn!("cannot leave for the sign-in page: {error:?}");
        }
    }
}

/// Asks the server whether the session still stands, and leaves if not. For streams, whose errors carry no status.
pub fn leave_if_signed_out() {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async {
        if matches!(crate::api::workspace().await, Err(ApiError::SignedOut)) {
            to_sign_in();
        }
    });
}

/// Gives a rendered page the HTTP status of the refusal that it shows. A cluster that cannot be reached is no fault of
/// the page, which says so and works again by itself.
#[cfg(feature = "jobs")]
fn set_status(error: &ApiError) {
    #[cfg(feature = "ssr")]
    if let (ApiError::NotFound { .. } | ApiError::Forbidden { .. }, Some(response)) = (
        error,
        leptos::prelude::use_context::<leptos_axum::ResponseOptions>(),
    ) {
        response.set_status(error.status());
    }
    #[cfg(not(feature = "ssr"))]
    let _ = error;
}
