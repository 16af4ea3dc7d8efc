//! What a request is answered that cannot be carried out.

use axum::Json;
use axum::response::{IntoResponse, Response};

use app::api::error::ApiError;

/// The error as JSON with its status code. A stream that is answered so has not begun, and browsers do not try again.
pub fn refuse(error: ApiError) -> Response {
    (error.status(), Json(error)).into_response()
}
