//! Server-sent event streams of the Job list, a Job and its logs; and the log as a file.
//!
//! Every stream ends with the session it was opened in. A slow browser neither blocks others nor causes unbounded
//! buffering: it receives a fresh snapshot when it has missed changes.

pub mod download;
pub mod job_detail;
pub mod job_list;
pub mod logs;
mod outage;

use std::convert::Infallible;
use std::time::Duration;

use async_stream::stream;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::session::Session;

/// Interval of `ping` events on an idle stream: they keep proxies from closing it, and a page that receives nothing
/// for three times as long knows that its connection is dead (`app::event_stream`).
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Delay before a Job is read again while the cluster does not respond.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// How long a refusal has to last before a page is closed: an authorizer may fail for a moment.
const DENIAL_GRACE: Duration = Duration::from_secs(8);

/// Sleeps until `time`, or forever if there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Whether a retry would return the same error.
fn is_final(error: &ApiError) -> bool {
    matches!(error, ApiError::Forbidden { .. } | ApiError::NotFound { .. })
}

/// Whether `job` is not the one with `uid`: deleted and re-created under its name.
fn is_replaced(job: &Value, uid: Option<&str>) -> bool {
    uid.is_some_and(|uid| job["metadata"]["uid"] != uid)
}

/// Returns the events of a Job that cannot be read at the moment: `stale`, then `events` of the Job once the
/// cluster responds, or `none` if the Job no longer exists. Needed because a browser never reconnects a rejected
/// stream.
fn retry_until_available<E>(
    cluster: Cluster,
    (project, name): (String, String),
    events: impl FnOnce(&Value) -> E + Send + 'static,
    none: Option<Event>,
) -> BoxStream<'static, Event>
where
    E: Stream<Item = Event> + Send + 'static,
{
    stream! {
        let since = Timestamp::now().as_millisecond();
        if let Some(event) = event("stale", &outage::Stale { since }) {
            yield event;
        }
        let job = loop {
            tokio::time::sleep(RETRY_DELAY).await;
            match cluster.job(&project, &name).await {
                Ok(job) => break Some(job),
                Err(error) if is_final(&error) => break None,
                Err(_) => {}
            }
        };
        match job {
            Some(job) => {
                let mut events = events(&job).boxed();
                while let Some(event) = events.next().await {
                    yield event;
                }
            }
            None => {
                if let Some(event) = none {
                    yield event;
                }
            }
        }
    }
    .boxed()
}

/// Sends `events` until the session ends.
fn respond(session: Session, events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let events = events
        .take_until(Box::pin(session.ended()))
        .map(Ok::<_, Infallible>);
    // An event, since pages do not see comments; with data, since browsers do not dispatch events without (axum sends
    // no `data` field for an empty text).
    let ping = Event::default().event("ping").data("null");
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).event(ping));
    // nginx would buffer events.
    let unbuffered = (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    ([unbuffered], sse).into_response()
}

/// Builds an event with JSON data; `None` if serialization fails, which is logged.
fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default()
        .event(name)
        .json_data(data)
        .inspect_err(|error| tracing::error!(name, %error, "cannot serialize the event"))
        .ok()
}
