//! Finds the session of a request, and rejects requests that need one and have none.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{ACCEPT, RETRY_AFTER};
use http::uri::PathAndQuery;
use http::{HeaderMap, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::OwnedSemaphorePermit;

use app::api::backend::SessionBackend;
use app::api::error::ApiError;
use app::urls::Prefix;
use app::user_key::UserKey;

use crate::audit::Audit;
use crate::contexts::extract::NamedContext;
use crate::metrics::{Counted, METRICS};
use crate::operations::ClusterBackend;
use crate::operations::job_list::JobLists;
use crate::session::{MAX_STREAMS, Session};
use crate::web::client_address::ClientAddress;
use crate::web::prefix::Paths;
use crate::web::state::AppState;
use crate::web::trace::RequestId;

/// Marks a request with a cookie whose session has ended.
#[derive(Clone)]
struct Ended;

/// Characters of a path that need no encoding inside a query.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Authenticates every request. Adds the session, its cluster and its backend to the request, and the cookie of an
/// extended session to the response.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let service = &state.sessions;
    request.extensions_mut().insert(state.sign_in);
    let Some(cookie) = service.cookie.read(request.headers()) else {
        return next.run(request).await;
    };
    let used = service.sessions.find(&cookie).await.filter(|used| {
        used.session.identity.is_of(state.sign_in) && state.people.accepts(&used.session.identity)
    });
    let Some(mut used) = used else {
        request.extensions_mut().insert(Ended);
        return next.run(request).await;
    };
    used.session.revocation = state.people.revocation(&used.session.identity);
    if used.session.revocation.is_revoked() {
        service.sessions.sign_out(&cookie).await;
        request.extensions_mut().insert(Ended);
        return next.run(request).await;
    }
    let extended = used
        .extended
        .then(|| service.cookie.set(request.headers(), &cookie));
    let key = request
        .extensions()
        .get::<NamedContext>()
        .map(|named| named.0.clone());
    let requested = state.requested(key, used.session.identity.clone());
    let extensions = request.extensions();
    let request_id = extensions.get::<RequestId>().map(|RequestId(id)| id.clone());
    let client = extensions
        .get::<ClientAddress>()
        .map(|ClientAddress(client)| *client);
    let audit = Audit::new(
        state.audit,
        &used.session.id,
        (request_id.unwrap_or_default(), client),
        used.session.identity.user_name().to_owned(),
    );
    let lists = JobLists::new(state.tables.clone(), Arc::clone(&state.directory));
    let backend = ClusterBackend::new(
        requested.clone(),
        used.session.clone(),
        Arc::clone(&service.sessions),
        audit.clone(),
        Arc::clone(&state.directory),
        lists.clone(),
    );
    request.extensions_mut().insert(audit);
    request.extensions_mut().insert(SessionBackend(Arc::new(backend)));
    request
        .extensions_mut()
        .insert(UserKey(used.session.identity.user_key()));
    request.extensions_mut().insert(requested);
    request.extensions_mut().insert(lists);
    request.extensions_mut().insert(used.session);
    let response = next.run(request).await;
    match extended {
        // A response that sets the cookie itself (sign-out) takes precedence.
        Some(jar) if !response.headers().contains_key(http::header::SET_COOKIE) => {
            (jar, response).into_response()
        }
        _ => response,
    }
}

/// Redirects pages without a session to the sign-in page, which redirects back.
pub async fn application(request: Request, next: Next) -> Response {
    if is_signed_in(&request) || request.uri().path() == "/sign-in" {
        return next.run(request).await;
    }
    if !wants_html(request.headers()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let back = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    to_sign_in(&request, back).into_response()
}

/// Guards streams and downloads: 401 without a session, 429 with too many open streams.
pub async fn streams(request: Request, next: Next) -> Response {
    let Some(session) = request.extensions().get::<Session>() else {
        return signed_out();
    };
    let Ok(permit) = Arc::clone(&session.streams).try_acquire_owned() else {
        let code = StatusCode::TOO_MANY_REQUESTS;
        let error = ApiError::Other {
            code: code.as_u16(),
            message: format!("the session has {MAX_STREAMS} open streams, which is the maximum"),
        };
        return (code, [(RETRY_AFTER, "5")], Json(error)).into_response();
    };
    next.run(request).await.map(|body| {
        Body::new(OpenStream {
            body,
            _permit: permit,
            _counted: METRICS.stream(),
        })
    })
}

pin_project_lite::pin_project! {
    /// A body that counts as an open stream until it ends.
    struct OpenStream {
        #[pin]
        body: Body,
        _permit: OwnedSemaphorePermit,
        _counted: Counted,
    }
}

impl http_body::Body for OpenStream {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        self.project().body.poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// Returns a 401 in the format that the pages understand.
pub fn signed_out() -> Response {
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
    let prefix = request.extensions().get::<Prefix>();
    let prefix = prefix.map(Paths::prefix).unwrap_or_default();
    Redirect::to(&format!(
        "{prefix}/sign-in?{ended}back={}",
        utf8_percent_encode(&format!("{prefix}{back}"), UNRESERVED)
    ))
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}
