//! What arrives by itself: server-sent events of the Job list, of one Job and of its logs; and the log as a file.
//!
//! Every stream ends with the session it was opened in. A browser that reads slowly slows the watch down; nothing
//! piles up in between.

mod board;
pub mod download;
mod feed;
pub mod job;
pub mod jobs;
pub mod logs;

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use app::api::error::ApiError;

use crate::session::Session;

/// Comments this often keep proxies from closing a quiet stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Sends `events` until the session ends.
fn respond(session: Session, events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let events = events
        .take_until(Box::pin(session.ended()))
        .map(Ok::<_, Infallible>);
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // nginx would collect events before it passes them on.
    let unbuffered = (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    ([unbuffered], sse).into_response()
}

/// An event with JSON data; none if the data cannot be JSON, which is logged.
fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default()
        .event(name)
        .json_data(data)
        .inspect_err(|error| tracing::error!(name, %error, "an event cannot be sent"))
        .ok()
}

/// A stream that cannot begin: browsers do not try again after such an answer.
fn refuse(error: ApiError) -> Response {
    let code = match &error {
        ApiError::Forbidden { .. } => StatusCode::FORBIDDEN,
        ApiError::NotFound { .. } => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_GATEWAY,
    };
    (code, Json(error)).into_response()
}
