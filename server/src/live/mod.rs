//! What arrives by itself: server-sent events of the Job list, of one Job and of its logs; and the log as a file.
//!
//! Every stream ends with the session it was opened in. A browser that reads slowly holds nobody up, and nothing
//! piles up for it: it is told the whole anew when it has missed something.

pub mod download;
pub mod job_detail;
pub mod job_list;
mod list_table;
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

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::session::Session;

/// A `ping` event comes this often on a quiet stream: it keeps proxies from closing it, and a page that hears nothing
/// for three times as long knows that its connection is dead (`app::live`).
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Pause before a Job is asked for again while the cluster does not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// The error will be the same when the same is asked for again.
fn is_final(error: &ApiError) -> bool {
    matches!(error, ApiError::Forbidden { .. } | ApiError::NotFound { .. })
}

/// Whether `job` is another one than the one with `uid`: deleted and created again under its name.
fn is_another(job: &Value, uid: Option<&str>) -> bool {
    uid.is_some_and(|uid| job["metadata"]["uid"] != uid)
}

/// The events of a Job that the cluster does not give at the moment: that it is lost, then what `events` makes of the
/// Job, or `none` if there is none any more. A stream that is refused is never asked for again by a browser.
fn once_it_answers<E>(
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
            tokio::time::sleep(AGAIN).await;
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
    // An event and no comment, which a page would not see; one without data would not be passed on to it.
    let ping = Event::default().event("ping").data("");
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE).event(ping));
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
