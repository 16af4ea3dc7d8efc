//! The list and watches of a collection. After any failure it relists.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::kubernetes::watch::{Change, Selection};
use crate::kubernetes::{Cluster, Disconnections, Kind};

/// Initial and maximum delay before reconnecting.
const RETRY_DELAY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// Maximum `Retry-After` that is honoured.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// Delay after a rejected request: permissions are rarely restored quickly.
const DENIED_DELAY: Duration = Duration::from_secs(3);

/// Shortest and longest pause before a collection is listed again that may be listed but not watched; in between, ten
/// times as long as listing takes.
const POLL_INTERVAL: (Duration, Duration) = (Duration::from_secs(15), Duration::from_mins(1));

/// After this time watches have surely been allowed.
const STEADY: Duration = Duration::from_secs(20);

/// Minimum lifetime of a watch that counts as successful and resets the delay.
const MIN_LIFETIME: Duration = Duration::from_secs(3);

/// Initial timeout of a page of the list: the connection may be dead, or the cluster slow.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum timeout of a page of the list.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// A collection of a cluster, whose objects are reduced to `T` as soon as they are received.
pub struct Source<T = Arc<Value>> {
    pub(crate) cluster: Cluster,
    pub(crate) kind: Kind,
    /// `None`: of all projects.
    pub(crate) project: Option<String>,
    pub(crate) reduce: fn(Value) -> T,
    pub(crate) selection: Selection,
    pub(crate) disconnections: Disconnections,
    /// Timeout of a page of the list.
    pub(crate) timeout: Duration,
    /// Latency of the last watch response.
    pub(crate) latency: Duration,
    /// The list, after watches did not respond: it is reported only once a watch has started.
    pub(crate) pending_list: Option<Vec<T>>,
}

/// Why a list, or the watches after it, ended.
pub(crate) enum End {
    /// The API server rejected the request.
    Denied,
    /// The request failed; the delay is the API server's `Retry-After`, or zero.
    Disconnected(String, Duration),
    /// Watches do not respond.
    Unresponsive,
    /// The cluster reconnected, and the pending request may be on a dead connection.
    Reconnected,
}

impl End {
    /// Disconnected for this reason.
    pub(crate) fn disconnected(why: &(impl ToString + ?Sized)) -> Self {
        Self::Disconnected(why.to_string(), Duration::ZERO)
    }
}

impl<T> Source<T> {
    /// Creates a source of the selected objects of `project`, or of all projects. Nothing is requested yet.
    pub fn new(
        cluster: &Cluster,
        kind: Kind,
        project: Option<&str>,
        selection: Selection,
        reduce: fn(Value) -> T,
    ) -> Self {
        Self {
            disconnections: cluster.disconnections(),
            cluster: cluster.clone(),
            kind,
            project: project.map(str::to_owned),
            reduce,
            selection,
            timeout: TIMEOUT,
            latency: Duration::ZERO,
            pending_list: None,
        }
    }

    /// Reports the collection and all its changes, and the number of objects `listed` so far while a list is read.
    /// After any failure it relists, so that no change is missed. A collection that may only be listed is listed again
    /// and again.
    pub async fn run(mut self, emit: impl Fn(Change<T>), listed: impl Fn(usize)) -> Infallible {
        let mut delay = RETRY_DELAY.0;
        let mut denied = false;
        let mut unresponsive = false;
        let mut polled = false;
        loop {
            self.disconnections.mark_seen();
            self.pending_list = None;
            let began_at = Instant::now();
            let mut listed_at = None;
            let end = match self.list(&listed).await {
                Ok((objects, version)) => {
                    denied = false;
                    listed_at = Some(Instant::now());
                    if unresponsive {
                        self.pending_list = Some(objects);
                    } else {
                        emit(Change::Reset(objects));
                    }
                    self.watch(version, unresponsive, &emit).await
                }
                Err(end) => end,
            };
            // Without a delay, a list that succeeds while its watch fails at once would be repeated endlessly.
            if listed_at.is_some_and(|at| at.elapsed() > MIN_LIFETIME) {
                delay = RETRY_DELAY.0;
            }
            // Longer than a refusal takes: otherwise a slow cluster would be listed without a pause.
            if listed_at.is_some_and(|at| at.elapsed() > STEADY) {
                polled = false;
            }
            unresponsive = matches!(end, End::Unresponsive);
            if let (End::Denied, Some(listed_at)) = (&end, listed_at) {
                if let Some(objects) = self.pending_list.take() {
                    emit(Change::Reset(objects));
                }
                // At once for the first time: the right to list may have been taken away as well.
                let pause = if std::mem::replace(&mut polled, true) {
                    ((listed_at - began_at) * 10).clamp(POLL_INTERVAL.0, POLL_INTERVAL.1)
                } else {
                    Duration::ZERO
                };
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.disconnections.next_disconnection() => emit(Change::Disconnected),
                }
                continue;
            }
            polled = false;
            match end {
                End::Reconnected => delay = RETRY_DELAY.0,
                End::Unresponsive => {
                    tracing::warn!(collection = self.kind.plural(), "watches do not respond");
                    denied = false;
                    emit(Change::Disconnected);
                }
                End::Denied => {
                    if !std::mem::replace(&mut denied, true) {
                        emit(Change::Denied);
                    }
                    delay = DENIED_DELAY;
                }
                End::Disconnected(error, server_delay) => {
                    if delay == RETRY_DELAY.0 {
                        tracing::warn!(
                            collection = self.kind.plural(),
                            error,
                            "the watch is disconnected"
                        );
                    }
                    denied = false;
                    emit(Change::Disconnected);
                    delay = delay.max(server_delay.min(MAX_RETRY_AFTER));
                }
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(RETRY_DELAY.1);
        }
    }

    /// Returns the selection as query parameters.
    pub(crate) fn selected(&self) -> Vec<(&str, &str)> {
        let Selection { fields, labels } = &self.selection;
        let fields = fields.as_deref().map(|fields| ("fieldSelector", fields));
        let labels = labels.as_deref().map(|labels| ("labelSelector", labels));
        fields.into_iter().chain(labels).collect()
    }
}
