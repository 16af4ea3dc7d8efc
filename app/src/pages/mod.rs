//! Pages, one per file or folder.

pub mod create_job;
pub mod job_detail;
pub mod job_list;
pub mod not_found;
pub mod sessions;
pub mod sign_in;

use crate::api::error::ApiError;
use crate::kit::notice::Tone;
use crate::kit::toast::Toaster;
use crate::preferences;

/// Reports the result of an action in a toast: success, or the error with what to do. An expired session leads to
/// the sign-in page.
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

/// Navigates to the sign-in page, which leads back here afterwards. This is a full page load: nothing of the old
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
        if let Err(error) = location.assign(&crate::urls::own(&format!("/sign-in?ended=1&back={back}"))) {
            leptos::logging::warn!("cannot navigate to the sign-in page: {error:?}");
        }
    }
}

/// Navigates to the sign-in page if the session has expired. For streams, whose errors carry no status.
pub fn leave_if_signed_out() {
    #[cfg(feature = "hydrate")]
    leptos::task::spawn_local(async {
        if matches!(crate::api::workspace().await, Err(ApiError::SignedOut)) {
            to_sign_in();
        }
    });
}

/// Loads the page again since the user may no longer read what it shows: the server then says so, and nothing of it
/// stays in the page.
pub fn reload_refused() {
    #[cfg(feature = "hydrate")]
    if let Err(error) = leptos::prelude::window().location().reload() {
        leptos::logging::warn!("cannot reload the page: {error:?}");
    }
}

/// Sets the HTTP status of a rendered page to that of the error it shows. An unreachable cluster is not an error of
/// the page, which reports it and recovers by itself.
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
