//! Signing in and out.

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

/// What the sign-in page sends.
#[derive(Deserialize)]
pub struct SignIn {
    token: String,
    #[serde(default)]
    back: LocalPath,
}

/// `POST /session`.
pub async fn sign_in(
    State(state): State<AppState>,
    peer: Peer,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    // Copied from a terminal, a token may bring a line's end along, or the whole address.
    let token = form.token.trim();
    let token = token.rsplit_once("token=").map_or(token, |(_, token)| token);
    redeem(&state, peer, &headers, token, &form.back)
}

/// Signs in with `token` and goes to `back`, or to the sign-in page. Whoever keeps trying wrong tokens has to wait; the
/// right one is taken in any case, so that nobody can lock others out.
pub fn redeem(state: &AppState, peer: Peer, headers: &HeaderMap, token: &str, back: &LocalPath) -> Response {
    let service = &state.sessions;
    match service.token.redeem(token) {
        Ok(true) => service.attempts.forget(peer),
        Ok(false) => {
            // The address of a start page that was kept is old; the session it began may live.
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
        Err(error) => return unavailable(error),
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
        Err(error) => unavailable(error),
    }
}

/// `POST /sign-out`.
pub async fn sign_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let service = &state.sessions;
    if let Some(id) = service.cookie.read(&headers) {
        service.sessions.end_session(&id);
        tracing::info!("signed out");
    }
    (service.cookie.clear(&headers), Redirect::to("/sign-in")).into_response()
}

/// Prints a new address when the last one is too old: the person who is asked for a token finds it.
pub fn renew_token(state: &AppState) {
    match state.sessions.token.renew() {
        Ok(true) => state.announce("Next sign-in"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "no new token"),
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

fn unavailable(error: getrandom::Error) -> Response {
    tracing::error!(%error, "no random numbers");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
