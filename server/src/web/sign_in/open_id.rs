//! Sign-in at an `OpenID` Connect provider: the way there and back.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::identity::bearer::{self, Verdict};
use crate::identity::open_id::{Login, OpenIdError, OpenIdUser, TokenUse};
use crate::identity::{Identity, IdentityKey};
use crate::metrics::METRICS;
use crate::web::local_path::LocalPath;
use crate::web::prefix::Paths;
use crate::web::sign_in::{cannot_start, no_random_numbers, record_sign_in, to_sign_in};
use crate::web::state::AppState;
use crate::web::visitor::Visitor;

/// Query parameters of the start.
#[derive(Deserialize)]
pub struct StartQuery {
    #[serde(default)]
    back: LocalPath,
}

/// `GET /sign-in/start`: sends the user to the provider.
pub async fn start(
    State(state): State<AppState>,
    Query(query): Query<StartQuery>,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = state.people.provider() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match provider.start(query.back.as_str()).await {
        Ok((url, login)) => {
            // A text always serializes.
            let login = serde_json::to_string(&login).unwrap_or_default();
            let jar = state.sessions.cookie.set_login(&headers, login);
            (jar, navigate(&url)).into_response()
        }
        Err(error) => failed(&state, &error, &query.back),
    }
}

/// Query parameters of the callback (RFC 6749, 4.1.2).
#[derive(Deserialize)]
pub struct CallbackQuery {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// `GET /sign-in/callback`: the provider sends the user back, with a code or an error.
pub async fn callback(
    State(state): State<AppState>,
    Query(query): Query<CallbackQuery>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Response {
    let Some(provider) = state.people.provider() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let service = &state.sessions;
    let login = service.cookie.read_login(&headers);
    let Some(login) = login.and_then(|login| serde_json::from_str::<Login>(&login).ok()) else {
        return to_sign_in(&state, "expired", &LocalPath::default());
    };
    let back = LocalPath::new(&login.back);
    if let Some(error) = query.error {
        tracing::info!(error = %error.escape_debug(), "the provider did not sign the user in");
        let error = if error == "access_denied" {
            "denied"
        } else {
            "provider"
        };
        METRICS.sign_in(error);
        return to_sign_in(&state, error, &back);
    }
    let (answer, code) = (query.state.unwrap_or_default(), query.code.unwrap_or_default());
    if !provider.is_answer_to(&login, &answer) {
        return to_sign_in(&state, "expired", &back);
    }
    // Each code is a request to the provider.
    let Ok(_permit) = state.sessions.checks.acquire().await else {
        return to_sign_in(&state, "provider", &back);
    };
    let tokens = match provider.finish(&login, &answer, &code).await {
        Ok(tokens) => tokens,
        Err(error) => {
            record_sign_in(&state, &visitor, None, Err(reason(&error)));
            return failed(&state, &error, &back);
        }
    };
    let limit = (!tokens.can_refresh()).then(|| tokens.expires());
    let key = match IdentityKey::new() {
        Ok(key) => key,
        Err(error) => return no_random_numbers(error),
    };
    let identity = Identity::OpenId(OpenIdUser {
        key,
        tokens: Arc::new(tokens),
        session: None,
    });
    // A cluster that does not trust the provider would end the session at once.
    if provider.token_use() == TokenUse::PassThrough {
        let verdict = match state.requested(None, identity.clone()).open().await {
            Ok(cluster) => bearer::verify(&cluster).await,
            Err(error) => Verdict::Unknown(error),
        };
        state.people.forget(&identity);
        if verdict == Verdict::Rejected {
            tracing::warn!("the cluster does not accept ID tokens of the provider");
            record_sign_in(&state, &visitor, Some(&identity), Err("rejected"));
            return to_sign_in(&state, "rejected", &back);
        }
    }
    match service.sessions.sign_in(&identity, limit, &visitor.agent).await {
        Ok(cookie) => {
            tracing::info!(user = ?identity.key(), "signed in");
            record_sign_in(&state, &visitor, Some(&identity), Ok(&cookie));
            (
                service.cookie.finish_login(&headers, &cookie),
                navigate(&state.back(&back)),
            )
                .into_response()
        }
        Err(error) => cannot_start(&error),
    }
}

/// Responds with a page that goes on to `url`. A redirect would not do: browsers count it as part of the navigation
/// that another site started, and send no `SameSite=Strict` cookie; and after a form they apply `form-action` to it, as on the way to the provider.
pub fn navigate(url: &str) -> Html<String> {
    let url = html_escape::encode_double_quoted_attribute(url);
    Html(format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Jobwright</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={url}\"><p><a href=\"{url}\">Jobwright</a></p></html>"
    ))
}

fn failed(state: &AppState, error: &OpenIdError, back: &LocalPath) -> Response {
    tracing::warn!(%error, "cannot sign a user in");
    to_sign_in(state, reason(error), back)
}

/// Returns the reason as the sign-in page knows it.
fn reason(error: &OpenIdError) -> &'static str {
    match error {
        OpenIdError::Setting { .. } | OpenIdError::Provider(_) => "provider",
        OpenIdError::Refused(_) => "expired",
        OpenIdError::Token(_) => "name",
    }
}
