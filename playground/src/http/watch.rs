//! Watching: one JSON event a line.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::status::Status;
use super::{Call, table};
use crate::api::selector::Selector;
use crate::cluster::Cluster;
use crate::store::{EventKind, StoreError};

/// Longest watch, in seconds, when the client names none.
const DEFAULT_TIMEOUT: u64 = 1800;

/// Answers a watch: from a resourceVersion, or with the present objects first.
pub(super) fn answer(cluster: &Cluster, call: &Call) -> Result<Response, Status> {
    let selector = Selector::parse(
        call.resource,
        call.parameter("labelSelector"),
        call.parameter("fieldSelector"),
    )?;
    let namespace = Some(call.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let (resource, tables) = (call.resource, table::wanted(&call.headers));
    let event = move |kind: &str, object: &Value| -> Bytes {
        let object = if tables && kind != "ERROR" && kind != "BOOKMARK" {
            table::of(resource, &[object], "", "")
        } else {
            object.clone()
        };
        format!("{}\n", json!({"type": kind, "object": object})).into()
    };
    let bookmark = move |version: u64, initial: bool| -> Bytes {
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object =
            json!({"kind": resource.kind, "apiVersion": resource.api_version(), "metadata": metadata});
        format!("{}\n", json!({"type": "BOOKMARK", "object": object})).into()
    };
    let since = match call.parameter("resourceVersion") {
        "" | "0" => None,
        version => Some(version.parse::<u64>().map_err(|_| {
            Status::new(
                500,
                "InternalError",
                format!("invalid resource version \"{version}\""),
            )
        })?),
    };
    let send_initial = call.flag("sendInitialEvents");
    let mut first = Vec::new();
    let start = match since {
        Some(version) if !send_initial => version,
        _ => {
            let (objects, version) = cluster.store.list(resource, namespace)?;
            first.extend(
                objects
                    .iter()
                    .filter(|object| selector.matches(object))
                    .map(|object| event("ADDED", object)),
            );
            if send_initial && call.flag("allowWatchBookmarks") {
                first.push(bookmark(version, true));
            }
            version
        }
    };
    let changes = cluster.store.watch(resource, namespace, start);
    let changes = match changes {
        Ok(changes) => changes,
        // Told within the watch, as the API server does once it has begun.
        Err(error @ StoreError::Gone { .. }) => {
            first.push(event("ERROR", &Status::from(error).status()));
            return Ok(stream_of(stream::iter(first.into_iter().map(Ok))));
        }
        Err(error) => return Err(error.into()),
    };
    let changes = changes.filter_map(move |change| {
        let line = match change {
            Err(error) => Some(event("ERROR", &Status::from(error).status())),
            Ok(change) => {
                let now = selector.matches(&change.object);
                let before = change
                    .previous
                    .as_ref()
                    .is_some_and(|previous| selector.matches(previous));
                match (change.kind, before, now) {
                    (EventKind::Deleted, _, true) | (EventKind::Modified, true, false) => {
                        Some(event("DELETED", &change.object))
                    }
                    (EventKind::Added, _, true) | (EventKind::Modified, false, true) => {
                        Some(event("ADDED", &change.object))
                    }
                    (EventKind::Modified, true, true) => Some(event("MODIFIED", &change.object)),
                    _ => None,
                }
            }
        };
        async move { line }
    });
    let seconds = call
        .parameter("timeoutSeconds")
        .parse()
        .ok()
        .filter(|seconds| *seconds > 0)
        .unwrap_or(DEFAULT_TIMEOUT);
    let ended = Box::pin(tokio::time::sleep(Duration::from_secs(seconds)));
    let lines = stream::iter(first).chain(changes).take_until(ended).map(Ok);
    Ok(stream_of(lines))
}

fn stream_of(lines: impl futures::Stream<Item = Result<Bytes, Infallible>> + Send + 'static) -> Response {
    (
        [(http::header::CONTENT_TYPE, "application/json")],
        Body::from_stream(lines),
    )
        .into_response()
}
