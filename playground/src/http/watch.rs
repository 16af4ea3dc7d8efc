//! Serves watches: one JSON event per line ([efficient detection of
//! changes](https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes)).

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};

use crate::api::decode;
use crate::api::field::FieldError;
use crate::api::selector::Selector;
use crate::cluster::Cluster;
use crate::http::negotiate::{Output, Shape};
use crate::http::status::Status;
use crate::http::{Call, list, table};
use crate::resource::Resource;
use crate::store::{Event, EventKind, StoreError};

/// Timeout of a watch in seconds when the client sets none.
const DEFAULT_TIMEOUT: u64 = 1800;
/// Maximum timeout that a client may set, in seconds.
const MAX_TIMEOUT: u64 = 24 * 3600;
/// Interval of bookmarks for clients that want them.
const BOOKMARK_INTERVAL: Duration = Duration::from_mins(1);

/// Where a watch starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// With the current objects.
    Present,
    /// With changes from now on.
    Now,
    /// With changes after this version.
    After(u64),
}

/// Encodes events.
#[derive(Clone, Copy)]
struct Writer {
    resource: &'static Resource,
    output: Output,
    included: table::Included,
}

impl Writer {
    fn event(&self, kind: &str, object: &Value) -> Bytes {
        let shown = if kind == "ERROR" {
            object.clone()
        } else {
            match self.output.shape {
                Shape::Table => {
                    let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
                    let objects = [object];
                    let objects = if kind == "BOOKMARK" { &[][..] } else { &objects[..] };
                    table::of(self.resource, objects, &metadata, &self.output, self.included)
                }
                Shape::Metadata | Shape::MetadataList => table::partial(object, &self.output),
                Shape::Whole => object.clone(),
            }
        };
        format!("{}\n", json!({"type": kind, "object": shown})).into()
    }

    /// Returns a bookmark of the watch's progress; `initial` marks the end of the initial objects.
    fn bookmark(&self, version: u64, initial: bool) -> Bytes {
        let mut object = decode::schema_of(self.resource).map_or_else(|| json!({}), decode::zero);
        object["kind"] = self.resource.kind.into();
        object["apiVersion"] = self.resource.api_version().into();
        object["metadata"] = json!({"resourceVersion": version.to_string()});
        if initial {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        self.event("BOOKMARK", &object)
    }

    /// Returns the event that a change is to a watch of the selected objects.
    fn change(&self, change: &Event, selector: &Selector) -> Option<Bytes> {
        let now = selector.matches(&change.object);
        let previous = change.previous.as_deref();
        let before = previous.is_some_and(|previous| selector.matches(previous));
        match (change.kind, before, now) {
            (EventKind::Deleted, true, _) => Some(self.event("DELETED", &change.object)),
            (EventKind::Modified, true, false) => {
                // As it was when it last matched, with the version of the change.
                let mut last = Value::clone(previous?);
                last["metadata"]["resourceVersion"] = change.resource_version.to_string().into();
                Some(self.event("DELETED", &last))
            }
            (EventKind::Added, _, true) | (EventKind::Modified, false, true) => {
                Some(self.event("ADDED", &change.object))
            }
            (EventKind::Modified, true, true) => Some(self.event("MODIFIED", &change.object)),
            _ => None,
        }
    }
}

/// Implements `ValidateListOptions` for a watch.
fn check(call: &Call) -> Result<(), Status> {
    let matched = call.parameter("resourceVersionMatch");
    let initial = call.query.get("sendInitialEvents").is_some();
    let mut errors = Vec::new();
    let mut forbid = |why: &str| errors.push(FieldError::forbidden("resourceVersionMatch", why));
    if initial && matched != "NotOlderThan" {
        forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    if !matched.is_empty() {
        if !initial {
            forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }
        if matched != "NotOlderThan" {
            let error = FieldError::not_supported("resourceVersionMatch", matched, &["NotOlderThan"]);
            errors.push(error);
        }
    }
    if !call.parameter("continue").is_empty() {
        let why = "resourceVersionMatch is forbidden when continue is provided";
        errors.push(FieldError::forbidden("resourceVersionMatch", why));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid("ListOptions", "meta.k8s.io", "", &errors))
    }
}

fn start(call: &Call) -> Result<Start, Status> {
    let text = call.parameter("resourceVersion");
    let version: u64 = if text.is_empty() {
        0
    } else {
        text.parse().map_err(|_| {
            Status::unclassified(format!(
                "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        })?
    };
    Ok(match call.query.get("sendInitialEvents") {
        Some(_) if call.flag("sendInitialEvents") => Start::Present,
        Some(_) if version == 0 => Start::Now,
        None if version == 0 => Start::Present,
        _ => Start::After(version),
    })
}

/// Answers a watch: of a collection, or of the object with this name.
pub(super) fn answer(cluster: &Cluster, call: &Call, name: Option<&str>) -> Result<Response, Status> {
    let seconds = call.query.integer("timeoutSeconds")?;
    call.query.integer("limit")?;
    let mut selector = list::selector(call)?;
    if let Some(name) = name {
        selector = selector.named(name);
    }
    check(call)?;
    let writer = Writer {
        resource: call.resource,
        output: call.output,
        included: table::included(&call.query)?,
    };
    let start = start(call)?;
    let bookmarks = call.flag("allowWatchBookmarks");
    let namespace = Some(call.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let mut first = Vec::new();
    let since = match start {
        Start::After(version) => version,
        Start::Now => cluster.store.version(),
        Start::Present => {
            let (objects, version) = cluster.store.list(call.resource, namespace)?;
            let chosen = objects.iter().filter(|object| selector.matches(object));
            first.extend(chosen.map(|object| writer.event("ADDED", object)));
            if bookmarks {
                first.push(writer.bookmark(version, true));
            }
            version
        }
    };
    let changes = match cluster.store.watch(call.resource, namespace, since) {
        Ok(changes) => changes,
        // Sent within the watch, as the API server does once it has started.
        Err(error @ StoreError::Gone { .. }) => {
            first.push(writer.event("ERROR", &Status::from(error).status()));
            return Ok(stream_of(stream::iter(first.into_iter().map(Ok))));
        }
        Err(error) => return Err(error.into()),
    };
    let lines = changes.filter_map(move |change| {
        let line = match change {
            Err(error) => Some(writer.event("ERROR", &Status::from(error).status())),
            Ok(change) => writer.change(&change, &selector),
        };
        async move { line }
    });
    let lasts = seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
        .unwrap_or(DEFAULT_TIMEOUT)
        .min(MAX_TIMEOUT);
    let lasts = Duration::from_secs(lasts);
    let ended = Box::pin(tokio::time::sleep(lasts));
    let bookmarks = if bookmarks {
        let streamed = call.flag("sendInitialEvents");
        bookmark_stream(cluster.clone(), writer, lasts, streamed).boxed()
    } else {
        stream::pending().boxed()
    };
    // A watch that has failed ends, whatever bookmarks would follow.
    let lines = stream::iter(first)
        .chain(merge(lines, bookmarks))
        .take_until(ended);
    Ok(stream_of(lines.map(Ok)))
}

/// Returns bookmarks every minute, and one two seconds before the end; a watch shorter than that gets one only if
/// it has `streamed` a list.
fn bookmark_stream(
    cluster: Cluster,
    writer: Writer,
    lasts: Duration,
    streamed: bool,
) -> impl Stream<Item = Bytes> + Send {
    let end = tokio::time::Instant::now() + lasts;
    let short = lasts <= Duration::from_secs(2);
    stream::unfold(short && !streamed, move |last| {
        let cluster = cluster.clone();
        async move {
            if last {
                return None;
            }
            let left = end.saturating_duration_since(tokio::time::Instant::now());
            let early = left
                .checked_sub(Duration::from_secs(2))
                .filter(|early| !early.is_zero())
                .unwrap_or(left / 2);
            let is_last = early <= BOOKMARK_INTERVAL;
            tokio::time::sleep(early.min(BOOKMARK_INTERVAL)).await;
            Some((writer.bookmark(cluster.store.version(), false), is_last))
        }
    })
}

/// Merges both streams; ends with the first one.
fn merge(
    lines: impl Stream<Item = Bytes> + Send + 'static,
    bookmarks: stream::BoxStream<'static, Bytes>,
) -> impl Stream<Item = Bytes> + Send {
    let state = (Box::pin(lines), bookmarks.chain(stream::pending()).boxed());
    stream::unfold(state, |(mut lines, mut bookmarks)| async move {
        let line = tokio::select! {
            biased;
            line = lines.next() => line?,
            Some(mark) = bookmarks.next() => mark,
        };
        Some((line, (lines, bookmarks)))
    })
}

fn stream_of(lines: impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    (
        [(http::header::CONTENT_TYPE, "application/json")],
        Body::from_stream(lines),
    )
        .into_response()
}
