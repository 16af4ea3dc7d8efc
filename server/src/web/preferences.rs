//! Language and theme: a form that works without JavaScript, stored in cookies that the pages read.

use app::i18n::Lang;
use app::preferences::Theme;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;

use crate::web::local_path::LocalPath;
use crate::web::prefix::Paths;
use crate::web::state::AppState;

/// A year.
const MAX_AGE: std::time::Duration = std::time::Duration::from_hours(365 * 24);

/// The form: usually one of the two.
#[derive(Deserialize)]
pub struct Choice {
    lang: Option<String>,
    theme: Option<String>,
    #[serde(default)]
    back: LocalPath,
}

/// `POST /preferences`: sets the cookies. Unknown values are ignored.
pub async fn choose(
    State(state): State<AppState>,
    mut jar: CookieJar,
    Form(choice): Form<Choice>,
) -> Response {
    let path = state.cookie_path();
    if let Some(lang) = choice.lang.as_deref().and_then(Lang::from_tag) {
        jar = jar.add(cookie("lang", lang.tag(), path.clone()));
    }
    if let Some(theme) = choice.theme.as_deref() {
        jar = jar.add(cookie("theme", Theme::from_name(theme).name(), path));
    }
    (jar, Redirect::to(&state.back(&choice.back))).into_response()
}

/// Builds a cookie without `HttpOnly`: it is not secret, and the pages' code reads it.
fn cookie(name: &'static str, value: &'static str, path: String) -> Cookie<'static> {
    let mut cookie = Cookie::new(name, value);
    cookie.set_path(path);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_max_age(MAX_AGE.try_into().ok());
    cookie
}
