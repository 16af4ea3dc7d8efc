//! One log line per request. Queries stay out of the log: a sign-in's holds its token.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// How many characters of a path are logged.
const MAX_PATH: usize = 256;

/// Logs method, path, status and time; failures of the server as warnings.
pub async fn layer(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), shortened(request.uri().path()));
    let begin = Instant::now();
    let response = next.run(request).await;
    let (status, took) = (response.status().as_u16(), begin.elapsed());
    // Server functions answer 500 to whatever the cluster refuses; the page shows it.
    if response.status().is_server_error() && !path.starts_with("/api/") {
        tracing::warn!(%method, path, status, ?took, "request");
    } else {
        tracing::debug!(%method, path, status, ?took, "request");
    }
    response
}

/// The beginning of a path: whoever reaches the port decides on its length.
fn shortened(path: &str) -> String {
    path.chars().take(MAX_PATH).collect()
}
