//! The list of a collection and the watches after it, which tell of a dead connection by being short: a watch ends
//! every few seconds and goes on at the version where it was, so one that does not end has nobody at its other end.
//!
//! A watch that is silent for too long is asked for again on a new connection, from the same version: then nothing
//! was missed. If that is not answered at once either, the collection is lost, and begins anew with a list.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use http::{Method, Request};
use kube::core::{Status, WatchEvent};
use serde_json::Value;

use super::trim::trim;
use super::{Change, Selection};
use crate::cluster::connect::WATCH;
use crate::cluster::request::Failure;
use crate::cluster::{Builtin, Cluster, Losses};

use app::api::error::ApiError;

/// First and longest pause after a lost watch.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// Longest pause that the API server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Pause after a refusal: rights are rarely given back.
const DENIED: Duration = Duration::from_secs(3);

/// What lasted this long worked: the next pause is the first again.
const WORKED: Duration = Duration::from_secs(3);

/// How long a page of the list may take at first and in the end; a connection may be dead, or the cluster slow.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(30));

/// How many objects of the list are asked for at once.
const PAGE: &str = "500";

/// How much longer than asked for a watch may last; twice the time of an answer where that is more, at most the other.
const OVERDUE: (Duration, Duration) = (Duration::from_millis(750), Duration::from_secs(5));

/// How long the answer to a watch may take at most, where the cluster was as slow before.
const SLOWEST: Duration = Duration::from_secs(15);

/// How long the answer to a watch may take that is asked for instead of a silent one.
const HURRY: Duration = Duration::from_millis(800);

/// A watch is asked for again no sooner than this after the last one: some servers end them at once.
const SHORTEST: Duration = Duration::from_millis(500);

/// One collection of a cluster.
pub struct Source {
    cluster: Cluster,
    known: Builtin,
    project: String,
    selection: Selection,
    losses: Losses,
    patience: Duration,
    /// How long the last watch's answer took.
    latency: Duration,
    /// The list, where watches were silent before: it is told once a watch is answered.
    untold: Option<Vec<Arc<Value>>>,
}

/// Why a list, or the watches after it, ended.
enum End {
    /// It is refused.
    Denied,
    /// It failed, and the API server may have said how long to wait.
    Lost(String, Duration),
    /// Watches are not answered.
    Silent,
    /// The cluster is back, and what is waited for may be from before.
    Back,
}

/// How one watch ended.
enum Watched {
    /// As asked for.
    ToItsEnd,
    /// Not at all: nothing more is heard of it, if anything but its beginning ever was.
    Silent { ever_heard: bool },
}

impl Source {
    /// The objects of `project` that are selected. Nothing is asked yet.
    pub fn new(cluster: &Cluster, known: Builtin, project: &str, selection: Selection) -> Self {
        Self {
            losses: cluster.losses(),
            cluster: cluster.clone(),
            known,
            project: project.to_owned(),
            selection,
            patience: PATIENCE.0,
            latency: Duration::ZERO,
            untold: None,
        }
    }

    /// Tells of the collection and all of its changes. After any failure it begins anew with a full list, so that no
    /// change is missed.
    pub async fn run(mut self, tell: impl Fn(Change)) -> Infallible {
        let mut pause = PAUSE.0;
        let mut denied = false;
        let mut silent = false;
        loop {
            self.losses.forget();
            let mut listed = None;
            let end = match self.list().await {
                Ok((objects, version)) => {
                    denied = false;
                    listed = Some(Instant::now());
                    if silent {
                        self.untold = Some(objects);
                    } else {
                        tell(Change::Reset(objects));
                    }
                    self.watch(version, silent, &tell).await
                }
                Err(end) => end,
            };
            // A list that can be read while its watch fails at once would be read without end.
            if listed.is_some_and(|at| at.elapsed() > WORKED) {
                pause = PAUSE.0;
            }
            silent = matches!(end, End::Silent);
            match end {
                End::Back => pause = PAUSE.0,
                End::Silent => {
                    tracing::warn!(collection = self.known.plural(), "watches are silent");
                    denied = false;
                    tell(Change::Lost);
                }
                End::Denied => {
                    if !std::mem::replace(&mut denied, true) {
                        tell(Change::Denied);
                    }
                    pause = DENIED;
                }
                End::Lost(error, asked) => {
                    if pause == PAUSE.0 {
                        tracing::warn!(collection = self.known.plural(), error, "a watch is lost");
                    }
                    denied = false;
                    tell(Change::Lost);
                    pause = pause.max(asked.min(LONGEST_PAUSE));
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// All objects, and the version that they are of.
    async fn list(&mut self) -> Result<(Vec<Arc<Value>>, String), End> {
        let path = self
            .known
            .collection(&self.project)
            .map_err(|error| lost(&error))?;
        let patient = self.cluster.clone().with_patience(self.patience);
        let mut objects = Vec::new();
        let mut token = String::new();
        let mut began_anew = false;
        loop {
            let mut query = self.selected();
            query.push(("limit", PAGE));
            if !token.is_empty() {
                query.push(("continue", &token));
            }
            let begun = Instant::now();
            let mut losses = self.losses.clone();
            let answer = tokio::select! {
                answer = patient.attempt(Method::GET, &path, &query, None) => answer,
                answers = losses.next() => {
                    return Err(if answers { End::Back } else { lost("no answer") });
                }
            };
            let mut page = match answer {
                Ok(answer) => answer.object,
                // The snapshot that the pages are taken from has expired.
                Err(Failure {
                    error: ApiError::Other { code: 410, .. },
                    ..
                }) if !token.is_empty() && !began_anew => {
                    began_anew = true;
                    objects.clear();
                    token.clear();
                    continue;
                }
                Err(failure) => {
                    if begun.elapsed() >= self.patience {
                        self.patience = (self.patience * 2).min(PATIENCE.1);
                    }
                    return Err(failed(failure));
                }
            };
            if let Value::Array(items) = page["items"].take() {
                objects.extend(items.into_iter().map(|item| Arc::new(trim(self.known, item))));
            }
            match page["metadata"]["continue"].as_str() {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => match page["metadata"]["resourceVersion"].as_str() {
                    Some(version) if !version.is_empty() => return Ok((objects, version.to_owned())),
                    _ => return Err(lost("a list without a resourceVersion")),
                },
            }
        }
    }

    /// One watch after the other, from `version` on.
    async fn watch(&mut self, version: String, hurry: bool, tell: &impl Fn(Change)) -> End {
        let mut losses = self.losses.clone();
        tokio::select! {
            end = self.watches(version, hurry, tell) => end,
            () = losses.next_loss() => lost("the cluster does not answer"),
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
        let lasts = Duration::from_secs(u64::from(WATCH));
        let patience = if instead {
            HURRY.max(self.latency * 2)
        } else {
            (self.latency * 3).clamp(lasts + OVERDUE.0, SLOWEST)
        };
        let client = self.cluster.client();
        let opened = tokio::time::timeout(patience, client.request_events::<Value>(request)).await;
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
            .map_err(|error| lost(&error))?;
        let seconds = WATCH.to_string();
        let mut query = self.selected();
        query.extend([
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", &seconds),
            ("resourceVersion", version),
        ]);
        let query = serde_urlencoded::to_string(query).map_err(|error| lost(&error))?;
        Request::get(format!("{path}?{query}"))
            .body(Vec::new())
            .map_err(|error| lost(&error))
    }

    fn selected(&self) -> Vec<(&str, &str)> {
        let Selection { fields, labels } = &self.selection;
        let fields = fields.as_deref().map(|fields| ("fieldSelector", fields));
        let labels = labels.as_deref().map(|labels| ("labelSelector", labels));
        fields.into_iter().chain(labels).collect()
    }
}

fn move_on(version: &mut String, object: &Value) {
    if let Some(next) = object["metadata"]["resourceVersion"].as_str() {
        next.clone_into(version);
    }
}

fn lost(why: &(impl ToString + ?Sized)) -> End {
    End::Lost(why.to_string(), Duration::ZERO)
}

fn failed(failure: Failure) -> End {
    match failure.error {
        ApiError::Forbidden { .. } => End::Denied,
        error => End::Lost(error.to_string(), failure.after.unwrap_or_default()),
    }
}

fn watch_failed(error: &kube::Error) -> End {
    match error {
        kube::Error::Api(status) => refused(status),
        error => lost(&crate::with_causes(error)),
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
