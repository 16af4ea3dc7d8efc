//! How large a request body may be.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::StatusCode;

use app::api::error::ApiError;

/// A manifest with all its documents: what etcd takes for one object is half of it.
const CREATE: usize = 3 * 1024 * 1024;

/// Everything else is a form or a few names.
const OTHER: usize = 64 * 1024;

/// How much of a refused body is read and thrown away: a browser that is still sending does not see the answer.
const DRAINED: usize = 64 * 1024 * 1024;

/// Why a body was not read.
enum Refused {
    TooLarge,
    Broken(axum::Error),
}

/// Reads the body up to its limit and passes it on, or answers 413 in the form that the pages can show.
pub async fn layer(request: Request, next: Next) -> Response {
    let limit = if request.uri().path() == "/api/create" {
        CREATE
    } else {
        OTHER
    };
    let (parts, body) = request.into_parts();
    match read(body, limit).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(Refused::TooLarge) => {
            let code = StatusCode::PAYLOAD_TOO_LARGE;
            let message = format!("the request is larger than {} KiB", limit / 1024);
            (
                code,
                Json(ApiError::Other {
                    code: code.as_u16(),
                    message,
                }),
            )
                .into_response()
        }
        Err(Refused::Broken(error)) => {
            tracing::debug!(%error, "a request body ended early");
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Refused> {
    let mut stream = body.into_data_stream();
    let mut kept = Vec::new();
    let mut length = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(Refused::Broken)?;
        length += chunk.len();
        if length <= limit {
            kept.extend_from_slice(&chunk);
        } else {
            kept.clear();
        }
        if length > DRAINED {
            break;
        }
    }
    if length > limit {
        Err(Refused::TooLarge)
    } else {
        Ok(Bytes::from(kept))
    }
}
