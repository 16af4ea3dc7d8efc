//! Sign-in and sign-out.

use std::time::Duration;

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::session::attempts::Peer;
use crate::web::local_path::LocalPath;
use crate::web::state::AppState;

/// The form of the sign-in page.
#[derive(Deserialize)]
pub struct SignIn {
    token: String,
    #[serde(default)]
    back: LocalPath,
}

/// `POST /session`: signs in with the token of the form.
pub async fn sign_in(
    State(state): State<AppState>,
    peer: Peer,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    // Pasted from a terminal, the token may include a line break, or the whole URL.
    let token = form.token.trim();
    let token = token.rsplit_once("token=").map_or(token, |(_, token)| token);
    redeem(&state, peer, &headers, token, &form.back)
}

/// Signs in with `token` and redirects to `back`, or to the sign-in page. Clients that keep sending wrong tokens
/// have to wait, but the right one is always accepted, so that nobody can lock others out.
pub fn redeem(state: &AppState, peer: Peer, headers: &HeaderMap, token: &str, back: &LocalPath) -> Response {
    let service = &state.sessions;
    match service.token.redeem(token) {
        Ok(true) => service.attempts.reset(peer),
        Ok(false) => {
            // The token of a bookmarked start page is used up, but its session may still be valid.
            let id = service.cookie.read(headers);
            if id.is_some_and(|id| service.sessions.use_session(&id).is_some()) {
                return Redirect::to(back.as_str()).into_response();
            }
            if let Err(wait) = service.attempts.count(peer) {
                return too_many(wait);
            }
            renew_token(state);
            return Redirect::to(&format!("/sign-in?error=token&back={}", back.encoded())).into_response();
        }
        Err(error) => return no_random_numbers(error),
    }
    state.announce("Next sign-in");
    match service.sessions.start() {
        Ok(session) => {
            tracing::info!("signed in");
            (
                service.cookie.set(headers, session.id),
                Redirect::to(back.as_str()),
            )
                .into_response()
        }
        Err(error) => no_random_numbers(error),
    }
}

/// `POST /sign-out`: ends the session.
pub async fn sign_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let service = &state.sessions;
    if let Some(id) = service.cookie.read(&headers) {
        service.sessions.end_session(&id);
        tracing::info!("signed out");
    }
    (service.cookie.clear(&headers), Redirect::to("/sign-in")).into_response()
}

/// Prints a new sign-in URL if the last one has expired, so that the user who is asked for a token finds a valid
/// one.
pub fn renew_token(state: &AppState) {
    match state.sessions.token.renew() {
        Ok(true) => state.announce("Next sign-in"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "cannot create a sign-in token"),
    }
}

fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs() + 1;
    let text = format!(
        "Too many wrong tokens. Wait {seconds} seconds, then sign in with the one in the console's terminal.\n\
         错误的令牌过多，请等待 {seconds} 秒后使用控制台终端中的令牌登录。\n"
    );
    (
        StatusCode::TOO_MANY_REQUESTS,
        [(RETRY_AFTER, seconds.to_string())],
        text,
    )
        .into_response()
}

fn no_random_numbers(error: getrandom::Error) -> Response {
    tracing::error!(%error, "the operating system returns no random numbers");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
