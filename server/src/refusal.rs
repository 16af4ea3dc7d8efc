//! The response to a request that fails with an [`ApiError`].

use axum::Json;
use axum::response::{IntoResponse, Response};

use app::api::error::ApiError;

/// Returns the error as JSON with its HTTP status. `EventSource` does not reconnect after such a response.
pub fn refuse(error: ApiError) -> Response {
    (error.status(), Json(error)).into_response()
}
