//! Sign-in and sign-out.

pub mod open_id;

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;

use app::sign_in_mode::SignInMode;

use crate::audit::Audit;
use crate::identity::bearer::{self, Verdict};
use crate::identity::{BearerToken, Identity};
use crate::metrics::METRICS;
use crate::session::{SessionCookie, StartError};
use crate::web::local_path::LocalPath;
use crate::web::prefix::Paths;
use crate::web::state::AppState;
use crate::web::visitor::Visitor;

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
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    match state.sign_in {
        SignInMode::LocalToken => {
            // Pasted from a terminal, the token may include a line break, or the whole URL.
            let token = form.token.trim();
            let token = token.rsplit_once("token=").map_or(token, |(_, token)| token);
            redeem(&state, &visitor, &headers, token, &form.back).await
        }
        SignInMode::BearerToken => sign_in_with_bearer(&state, &visitor, &headers, &form).await,
        SignInMode::OpenIdConnect => Redirect::to(&state.local("/sign-in")).into_response(),
    }
}

/// Delay of sign-ins from an address that has sent many wrong tokens.
const SLOW_LANE_DELAY: Duration = Duration::from_millis(500);

/// Signs in with a token that the cluster accepts. Many wrong tokens from one address are
/// tried one after the other.
async fn sign_in_with_bearer(
    state: &AppState,
    visitor: &Visitor,
    headers: &HeaderMap,
    form: &SignIn,
) -> Response {
    let service = &state.sessions;
    let rejected = |error| to_sign_in(state, error, &form.back);
    let Some(token) = BearerToken::read(&form.token) else {
        METRICS.sign_in("format");
        return rejected("format");
    };
    // Not refused: behind a proxy all users have one address, and nobody may lock the others out. Who keeps sending
    // wrong tokens waits in a queue of their own.
    let lane = if service.attempts.count(visitor.peer).is_ok() {
        &service.checks
    } else {
        tokio::time::sleep(SLOW_LANE_DELAY).await;
        &service.slow_checks
    };
    let Ok(_permit) = lane.acquire().await else {
        return rejected("unreachable");
    };
    let identity = Identity::Bearer(token.clone());
    let verdict = match state.requested(None, identity.clone()).open().await {
        Ok(cluster) => bearer::verify(&cluster).await,
        Err(error) => Verdict::Unknown(error),
    };
    let user = match verdict {
        Verdict::Accepted(user) => user,
        refused => {
            state.people.forget(&identity);
            let error = match refused {
                Verdict::Unknown(error) => {
                    tracing::warn!(%error, "cannot check a token");
                    "unreachable"
                }
                Verdict::Accepted(_) | Verdict::Rejected => "token",
            };
            record_sign_in(state, visitor, None, Err(error));
            return rejected(error);
        }
    };
    service.attempts.reset(visitor.peer);
    state.people.renew(&identity);
    let expires = token.expires();
    start(
        state,
        visitor,
        headers,
        &Identity::Bearer(token.of_user(user)),
        expires,
        &form.back,
    )
    .await
}

/// Starts a session and redirects to `back`.
async fn start(
    state: &AppState,
    visitor: &Visitor,
    headers: &HeaderMap,
    identity: &Identity,
    expires: Option<Timestamp>,
    back: &LocalPath,
) -> Response {
    let service = &state.sessions;
    match service.sessions.sign_in(identity, expires, &visitor.agent).await {
        Ok(cookie) => {
            tracing::info!(user = ?identity.key(), "signed in");
            record_sign_in(state, visitor, Some(identity), Ok(&cookie));
            (
                service.cookie.set(headers, &cookie),
                Redirect::to(&state.back(back)),
            )
                .into_response()
        }
        Err(error) => cannot_start(&error),
    }
}

/// Records a sign-in, or why it failed.
fn record_sign_in(
    state: &AppState,
    visitor: &Visitor,
    identity: Option<&Identity>,
    outcome: Result<&SessionCookie, &str>,
) {
    METRICS.sign_in(outcome.err().unwrap_or("done"));
    let user = identity.map(Identity::user_name).unwrap_or_default().to_owned();
    let origin = (visitor.request.clone(), visitor.address);
    let session = outcome.map(SessionCookie::id).unwrap_or_default();
    Audit::new(state.audit, session, origin, user).record_session("sign-in", &[], outcome.err());
}

/// Signs in with `token` and redirects to `back`, or to the sign-in page. Clients that keep sending wrong tokens
/// have to wait, but the right one is always accepted, so that nobody can lock others out.
pub async fn redeem(
    state: &AppState,
    visitor: &Visitor,
    headers: &HeaderMap,
    token: &str,
    back: &LocalPath,
) -> Response {
    let service = &state.sessions;
    match service.token.redeem(token) {
        Ok(true) => service.attempts.reset(visitor.peer),
        Ok(false) => {
            // The token of a bookmarked start page is used up, but its session may still be valid.
            let cookie = service.cookie.read(headers);
            let is_valid = match cookie {
                Some(cookie) => service.sessions.find(&cookie).await.is_some(),
                None => false,
            };
            if is_valid {
                return Redirect::to(&state.back(back)).into_response();
            }
            if let Err(wait) = service.attempts.count(visitor.peer) {
                METRICS.sign_in("limited");
                return too_many(wait);
            }
            renew_token(state);
            record_sign_in(state, visitor, None, Err("token"));
            return to_sign_in(state, "token", back);
        }
        Err(error) => return no_random_numbers(error),
    }
    state.announce("Next sign-in");
    start(state, visitor, headers, &Identity::Console, None, back).await
}

/// `POST /sign-out`: ends the session, and that at the provider, if the user signed in at one.
pub async fn sign_out(
    State(state): State<AppState>,
    audit: Option<Extension<Audit>>,
    headers: HeaderMap,
) -> Response {
    let service = &state.sessions;
    let mut provider_url = None;
    if let Some(cookie) = service.cookie.read(&headers) {
        let used = service.sessions.find(&cookie).await;
        service.sessions.sign_out(&cookie).await;
        if let Some(used) = used {
            let identity = used.session.identity;
            tracing::info!(user = ?identity.key(), "signed out");
            if let Some(Extension(audit)) = audit {
                audit.record_session("sign-out", &[], None);
            }
            state.people.forget(&identity);
            if let (Identity::OpenId(user), Some(provider)) = (&identity, state.people.provider()) {
                provider_url = provider.sign_out_url(&user.tokens).await;
            }
        }
    }
    let cleared = service.cookie.clear(&headers);
    match provider_url {
        Some(url) => (cleared, open_id::navigate(&url)).into_response(),
        None => (cleared, Redirect::to(&state.local("/sign-in"))).into_response(),
    }
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

/// Redirects to the sign-in page, which says what is wrong.
fn to_sign_in(state: &AppState, error: &str, back: &LocalPath) -> Response {
    let path = format!(
        "/sign-in?error={error}&back={}",
        LocalPath::new(&state.back(back)).encoded()
    );
    Redirect::to(&state.local(&path)).into_response()
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

fn cannot_start(error: &StartError) -> Response {
    tracing::error!(%error, "a session cannot start");
    let text = "The session cannot be stored. Try again in a moment; if it lasts, tell whoever runs this console.\n\
                无法保存会话，请稍后重试；如果问题持续，请联系控制台管理员。\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

fn no_random_numbers(error: getrandom::Error) -> Response {
    tracing::error!(%error, "the operating system returns no random numbers");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
