//! Finds the session of a request, and turns away requests that need one and have none.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{ACCEPT, REFERER};
use http::uri::PathAndQuery;
use http::{HeaderMap, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use app::api::backend::SessionBackend;
use app::api::error::ApiError;

use super::{Session, SessionService};
use crate::backend::ClusterBackend;
use crate::clusters::request::{Named, Place};
use crate::state::AppState;

/// The request has a cookie whose session has ended.
#[derive(Clone)]
struct Ended;

/// Characters that a path keeps inside a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

impl SessionService {
    /// The session's cluster and backend go into the request; a prolonged session's cookie goes into the response.
    async fn identify(&self, state: &AppState, mut request: Request, next: Next) -> Response {
        let Some(id) = self.cookie.read(request.headers()) else {
            return next.run(request).await;
        };
        let Some(used) = self.sessions.use_session(&id) else {
            request.extensions_mut().insert(Ended);
            return next.run(request).await;
        };
        let prolonged = used.prolonged.then(|| self.cookie.set(request.headers(), id));
        let key = request.extensions().get::<Named>().map(|named| named.0.clone());
        let place = Place::new(Arc::clone(&state.clusters), key);
        let backend = ClusterBackend::new(place.clone());
        request.extensions_mut().insert(SessionBackend(Arc::new(backend)));
        request.extensions_mut().insert(place);
        request.extensions_mut().insert(used.session);
        let response = next.run(request).await;
        match prolonged {
            // A response that sets the cookie itself (signing out) has the last word.
            Some(jar) if !response.headers().contains_key(http::header::SET_COOKIE) => {
                (jar, response).into_response()
            }
            _ => response,
        }
    }
}

/// Every request: who is it?
pub async fn identify(State(state): State<AppState>, request: Request, next: Next) -> Response {
    state.sessions.identify(&state, request, next).await
}

/// The application: without a session a page leads to the sign-in page, which leads back, and a server function
/// answers 401.
pub async fn application(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if is_signed_in(&request) || path == "/sign-in" {
        return next.run(request).await;
    }
    let is_call = path.starts_with("/api/");
    if !wants_html(request.headers()) {
        return if is_call {
            signed_out()
        } else {
            StatusCode::NOT_FOUND.into_response()
        };
    }
    // A form that was sent without JavaScript goes back to its page.
    let referer = request
        .headers()
        .get(REFERER)
        .and_then(|value| value.to_str().ok()?.parse::<Uri>().ok());
    let from = if is_call {
        referer.as_ref()
    } else {
        Some(request.uri())
    };
    let back = from
        .and_then(Uri::path_and_query)
        .map_or("/", PathAndQuery::as_str);
    to_sign_in(&request, back).into_response()
}

/// Streams and downloads: without a session, 401.
pub async fn streams(request: Request, next: Next) -> Response {
    if is_signed_in(&request) {
        next.run(request).await
    } else {
        signed_out()
    }
}

/// In the form that the pages understand.
fn signed_out() -> Response {
    (StatusCode::UNAUTHORIZED, Json(ApiError::SignedOut)).into_response()
}

fn is_signed_in(request: &Request) -> bool {
    request.extensions().get::<Session>().is_some()
}

fn to_sign_in(request: &Request, back: &str) -> Redirect {
    let ended = if request.extensions().get::<Ended>().is_some() {
        "ended=1&"
    } else {
        ""
    };
    Redirect::to(&format!(
        "/sign-in?{ended}back={}",
        utf8_percent_encode(back, PLAIN)
    ))
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}
