//! Logs one line per request, without the query: that of a sign-in contains its token.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// Maximum length of a logged path, in characters.
const MAX_PATH: usize = 256;

/// Logs method, path, status and duration; server errors as warnings.
pub async fn layer(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), truncated(request.uri().path()));
    let started_at = Instant::now();
    let response = next.run(request).await;
    let (status, duration) = (response.status().as_u16(), started_at.elapsed());
    // Server functions respond with 500 to errors of the cluster; the page shows them.
    if response.status().is_server_error() && !path.starts_with("/api/") {
        tracing::warn!(%method, path, status, ?duration, "request");
    } else {
        tracing::debug!(%method, path, status, ?duration, "request");
    }
    response
}

/// Truncates a path: its length is up to the client.
fn truncated(path: &str) -> String {
    path.chars().take(MAX_PATH).collect()
}
