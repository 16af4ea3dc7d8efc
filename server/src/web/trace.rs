//! Logs one line per request, without the query: that of a sign-in contains its token. Each request has an id, in the
//! log, in the audit log and in the response.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};

use crate::random;

/// Maximum length of a logged path, in characters.
const MAX_PATH: usize = 256;

/// The id of a request.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The header of the id: a proxy in front may have given the request one already.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Returns the id that the request has, or a new one.
fn request_id(request: &Request) -> String {
    let is_id = |id: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (1..=64).contains(&id.len()) && id.bytes().all(is_plain)
    };
    let given = request
        .headers()
        .get(HEADER)
        .and_then(|id| id.to_str().ok())
        .filter(is_id);
    match given {
        Some(id) => id.to_owned(),
        // Without random numbers no session can start either.
        None => random::text::<12>().unwrap_or_default(),
    }
}

/// Logs method, path, status and duration; server errors as warnings.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), truncated(request.uri().path()));
    let started_at = Instant::now();
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    let (status, duration) = (response.status().as_u16(), started_at.elapsed());
    // Server functions respond with 500 to errors of the cluster; the page shows them.
    if response.status().is_server_error() && !path.starts_with("/api/") {
        tracing::warn!(%method, path, id, status, ?duration, "request");
    } else {
        tracing::debug!(%method, path, id, status, ?duration, "request");
    }
    response
}

/// Truncates a path: its length is up to the client.
fn truncated(path: &str) -> String {
    path.chars().take(MAX_PATH).collect()
}
