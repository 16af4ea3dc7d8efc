//! Consecutive watches of a collection: a watch ends after the requested time and resumes at the last resource
//! version, so one that does not end has lost its peer.
//!
//! A watch that exceeds its idle timeout is retried on a new connection from the same resource version, so no
//! change is missed. If that is not answered in time either, the collection is disconnected.

use std::pin::pin;
use std::time::Duration;

use futures::TryStreamExt;
use http::Request;
use kube::core::{Status, WatchEvent};
use serde_json::Value;
use tokio::time::Instant;

use crate::kubernetes::watch::Change;
use crate::kubernetes::watch::collection::{End, Source};

/// Grace period after the requested duration: twice the response latency, within these bounds.
const GRACE: (Duration, Duration) = (Duration::from_millis(750), Duration::from_secs(5));

/// Timeout of the response to a watch: it comes with the first event, or at once.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(3750);

/// Maximum timeout of the response, if the cluster was slow before.
const MAX_RESPONSE_TIMEOUT: Duration = Duration::from_secs(15);

/// Timeout of the response to a watch that replaces one that timed out.
const RECONNECT_TIMEOUT: Duration = Duration::from_millis(800);

/// Minimum interval between two watches: some servers end them at once.
const MIN_INTERVAL: Duration = Duration::from_millis(500);

/// How one watch ended.
enum WatchEnd {
    /// As requested.
    Completed,
    /// By the idle timeout; `any_event` says whether any event was received.
    TimedOut { any_event: bool },
}

impl<T> Source<T> {
    /// Watches from `version` on until a failure.
    pub(crate) async fn watch(
        &mut self,
        version: String,
        reconnecting: bool,
        emit: &impl Fn(Change<T>),
    ) -> End {
        let mut disconnections = self.disconnections.clone();
        tokio::select! {
            end = self.watches(version, reconnecting, emit) => end,
            () = disconnections.next_disconnection() => End::disconnected("the cluster does not respond"),
        }
    }

    /// `reconnecting`: the previous watch timed out; allow the first one less time.
    async fn watches(
        &mut self,
        mut version: String,
        mut reconnecting: bool,
        emit: &impl Fn(Change<T>),
    ) -> End {
        loop {
            let started_at = Instant::now();
            match self.watch_once(&mut version, reconnecting, emit).await {
                Err(end) => return end,
                Ok(WatchEnd::TimedOut { any_event: false }) if reconnecting => return End::Unresponsive,
                Ok(WatchEnd::TimedOut { .. }) => {
                    tracing::debug!(collection = self.kind.plural(), "the watch timed out");
                    reconnecting = true;
                    self.cluster.reconnect();
                }
                Ok(WatchEnd::Completed) => {
                    reconnecting = false;
                    tokio::time::sleep(MIN_INTERVAL.saturating_sub(started_at.elapsed())).await;
                }
            }
        }
    }

    /// Runs one watch; `version` advances with its events.
    async fn watch_once(
        &mut self,
        version: &mut String,
        reconnecting: bool,
        emit: &impl Fn(Change<T>),
    ) -> Result<WatchEnd, End> {
        let request = self.request(version)?;
        let sent_at = Instant::now();
        let duration = self.cluster.timeouts().watch;
        let timeout = if reconnecting {
            RECONNECT_TIMEOUT.max(self.latency * 2)
        } else {
            (self.latency * 3).clamp(RESPONSE_TIMEOUT, MAX_RESPONSE_TIMEOUT)
        };
        let client = self.cluster.client();
        let opened = tokio::time::timeout(timeout, client.request_events::<Value>(request)).await;
        let mut events = match opened {
            Ok(Ok(events)) => pin!(events),
            Ok(Err(error)) => return Err(watch_failed(&error)),
            Err(_) => return Ok(WatchEnd::TimedOut { any_event: false }),
        };
        self.latency = sent_at.elapsed();
        if let Some(objects) = self.pending_list.take() {
            emit(Change::Reset(objects));
        }
        let idle_timeout = duration + (self.latency * 2).clamp(GRACE.0, GRACE.1);
        let mut any_event = false;
        loop {
            let event = match tokio::time::timeout(idle_timeout, events.try_next()).await {
                Ok(Ok(Some(event))) => event,
                Ok(Ok(None)) => return Ok(WatchEnd::Completed),
                Ok(Err(error)) => return Err(watch_failed(&error)),
                Err(_) => return Ok(WatchEnd::TimedOut { any_event }),
            };
            any_event = true;
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    advance(version, &object);
                    emit(Change::Applied((self.reduce)(object)));
                }
                WatchEvent::Deleted(object) => {
                    advance(version, &object);
                    emit(Change::Deleted((self.reduce)(object)));
                }
                WatchEvent::Bookmark(bookmark) => bookmark.metadata.resource_version.clone_into(version),
                WatchEvent::Error(status) => return Err(refused(&status)),
            }
        }
    }

    fn request(&self, version: &str) -> Result<Request<Vec<u8>>, End> {
        let path = self
            .kind
            .collection_of(self.project.as_deref())
            .map_err(|error| End::disconnected(&error))?;
        let seconds = self.cluster.timeouts().watch.as_secs().to_string();
        let mut query = self.selected();
        query.extend([
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", &seconds),
            ("resourceVersion", version),
        ]);
        let query = serde_urlencoded::to_string(query).map_err(|error| End::disconnected(&error))?;
        Request::get(format!("{path}?{query}"))
            .body(Vec::new())
            .map_err(|error| End::disconnected(&error))
    }
}

fn advance(version: &mut String, object: &Value) {
    if let Some(next) = object["metadata"]["resourceVersion"].as_str() {
        next.clone_into(version);
    }
}

fn watch_failed(error: &kube::Error) -> End {
    match error {
        kube::Error::Api(status) => refused(status),
        error => End::disconnected(&crate::with_causes(error)),
    }
}

fn refused(status: &Status) -> End {
    if status.code == 403 {
        return End::Denied;
    }
    let seconds = status
        .details
        .as_ref()
        .map_or(0, |details| details.retry_after_seconds);
    End::Disconnected(status.message.clone(), Duration::from_secs(u64::from(seconds)))
}
