//! The watches of a feed, one after the other: a watch ends after a time that was asked for and goes on at the version
//! where it was, so one that does not end has nobody at its other end.
//!
//! A watch that is silent for too long is asked for again on a new connection, from the same version: then nothing
//! was missed. If that is not answered at once either, the collection is lost.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use http::Request;
use kube::core::{Status, WatchEvent};
use serde_json::Value;

use crate::kubernetes::watch::Change;
use crate::kubernetes::watch::collection::{End, Source};
use crate::kubernetes::watch::strip::trim;

/// How much longer than asked for a watch may last; twice the time of an answer where that is more, at most the other.
const OVERDUE: (Duration, Duration) = (Duration::from_millis(750), Duration::from_secs(5));

/// How long the answer to a watch may take: it comes with the first event, or at once.
const FIRST: Duration = Duration::from_millis(3750);

/// How long it may take at most, where the cluster was as slow before.
const SLOWEST: Duration = Duration::from_secs(15);

/// How long the answer to a watch may take that is asked for instead of a silent one.
const HURRY: Duration = Duration::from_millis(800);

/// A watch is asked for again no sooner than this after the last one: some servers end them at once.
const SHORTEST: Duration = Duration::from_millis(500);

/// How one watch ended.
enum Watched {
    /// As asked for.
    ToItsEnd,
    /// Not at all: nothing more is heard of it, if anything but its beginning ever was.
    Silent { ever_heard: bool },
}

impl Source {
    /// One watch after the other, from `version` on.
    pub(crate) async fn watch(&mut self, version: String, hurry: bool, tell: &impl Fn(Change)) -> End {
        let mut disconnections = self.disconnections.clone();
        tokio::select! {
            end = self.watches(version, hurry, tell) => end,
            () = disconnections.next_disconnection() => End::lost("the cluster does not answer"),
        }
    }

    /// The first of them `instead` of one that was silent.
    async fn watches(&mut self, mut version: String, mut instead: bool, tell: &impl Fn(Change)) -> End {
        loop {
            let begun = Instant::now();
            match self.watch_once(&mut version, instead, tell).await {
                Err(end) => return end,
                Ok(Watched::Silent { ever_heard: false }) if instead => return End::Silent,
                Ok(Watched::Silent { .. }) => {
                    tracing::debug!(collection = self.known.plural(), "a watch is silent");
                    instead = true;
                    self.cluster.renew();
                }
                Ok(Watched::ToItsEnd) => {
                    instead = false;
                    tokio::time::sleep(SHORTEST.saturating_sub(begun.elapsed())).await;
                }
            }
        }
    }

    /// One watch; `version` moves on with what it reports.
    async fn watch_once(
        &mut self,
        version: &mut String,
        instead: bool,
        tell: &impl Fn(Change),
    ) -> Result<Watched, End> {
        let request = self.request(version)?;
        let asked = Instant::now();
        let lasts = self.cluster.timeouts().watch;
        let timeout = if instead {
            HURRY.max(self.latency * 2)
        } else {
            (self.latency * 3).clamp(FIRST, SLOWEST)
        };
        let client = self.cluster.client();
        let opened = tokio::time::timeout(timeout, client.request_events::<Value>(request)).await;
        let mut events = match opened {
            Ok(Ok(events)) => pin!(events),
            Ok(Err(error)) => return Err(watch_failed(&error)),
            Err(_) => return Ok(Watched::Silent { ever_heard: false }),
        };
        self.latency = asked.elapsed();
        if let Some(objects) = self.untold.take() {
            tell(Change::Reset(objects));
        }
        let silence = lasts + (self.latency * 2).clamp(OVERDUE.0, OVERDUE.1);
        let mut ever_heard = false;
        loop {
            let event = match tokio::time::timeout(silence, events.try_next()).await {
                Ok(Ok(Some(event))) => event,
                Ok(Ok(None)) => return Ok(Watched::ToItsEnd),
                Ok(Err(error)) => return Err(watch_failed(&error)),
                Err(_) => return Ok(Watched::Silent { ever_heard }),
            };
            ever_heard = true;
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    move_on(version, &object);
                    tell(Change::Applied(Arc::new(trim(self.known, object))));
                }
                WatchEvent::Deleted(object) => {
                    move_on(version, &object);
                    tell(Change::Deleted(Arc::new(trim(self.known, object))));
                }
                WatchEvent::Bookmark(mark) => mark.metadata.resource_version.clone_into(version),
                WatchEvent::Error(status) => return Err(refused(&status)),
            }
        }
    }

    fn request(&self, version: &str) -> Result<Request<Vec<u8>>, End> {
        let path = self
            .known
            .collection(&self.project)
            .map_err(|error| End::lost(&error))?;
        let seconds = self.cluster.timeouts().watch.as_secs().to_string();
        let mut query = self.selected();
        query.extend([
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", &seconds),
            ("resourceVersion", version),
        ]);
        let query = serde_urlencoded::to_string(query).map_err(|error| End::lost(&error))?;
        Request::get(format!("{path}?{query}"))
            .body(Vec::new())
            .map_err(|error| End::lost(&error))
    }
}

fn move_on(version: &mut String, object: &Value) {
    if let Some(next) = object["metadata"]["resourceVersion"].as_str() {
        next.clone_into(version);
    }
}

fn watch_failed(error: &kube::Error) -> End {
    match error {
        kube::Error::Api(status) => refused(status),
        error => End::lost(&crate::with_causes(error)),
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
    End::Lost(status.message.clone(), Duration::from_secs(u64::from(seconds)))
}
