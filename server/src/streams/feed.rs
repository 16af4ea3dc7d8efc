//! A collection of the cluster as a stream of changes that never goes stale unnoticed.

use std::pin::pin;
use std::time::{Duration, Instant};

use async_stream::stream;
use futures::StreamExt;
use futures::stream::BoxStream;
use kube::Api;
use kube::core::{DynamicObject, Status};
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value;

use crate::cluster::Builtin;
use crate::cluster::Cluster;
use crate::cluster::connect::WATCH;

/// First and longest pause after a lost watch.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// Longest pause that the API server can ask for (`retryAfterSeconds`).
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Pause after a refusal: rights are rarely given back.
const DENIED: Duration = Duration::from_secs(3);

/// A watch that lasted this long worked: the next pause is the first again.
const WORKED: Duration = Duration::from_secs(3);

/// How long the first list may be silent at first and in the end; a connection may be dead, or the cluster slow.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(30));

/// How many objects of the first list are asked for at once.
const PAGE: u32 = 500;

/// What happened to a collection.
#[derive(Debug)]
pub enum Change {
    /// It is now this, as a whole: at the beginning, and after a lost watch.
    Reset(Vec<Value>),
    /// This object is new or changed.
    Applied(Value),
    /// This object is gone.
    Deleted(Value),
    /// The watch is lost; a `Reset` follows when it is back.
    Lost,
    /// This person may not watch it, or not any more. A `Reset` follows should that change.
    Denied,
}

/// Which objects of a collection.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Field selector, such as `metadata.name=pi`.
    pub fields: Option<String>,
    /// Label selector.
    pub labels: Option<String>,
}

/// Follows the objects of `project`. After any failure it begins anew with a full list, so that no change is missed.
pub fn follow(
    cluster: &Cluster,
    known: Builtin,
    project: &str,
    selection: Selection,
) -> BoxStream<'static, Change> {
    let (cluster, project) = (cluster.clone(), project.to_owned());
    let name = known.plural();
    let mut config = watcher::Config::default().page_size(PAGE).timeout(WATCH);
    config.field_selector = selection.fields;
    config.label_selector = selection.labels;
    let mut losses = cluster.losses();
    stream! {
        let mut pause = PAUSE.0;
        let mut patience = PATIENCE.0;
        let mut denied = false;
        loop {
            losses.forget();
            let api: Api<DynamicObject> =
                Api::namespaced_with(cluster.client(), &project, &known.for_kube());
            let mut events = pin!(watcher(api, config.clone()));
            let mut listed = Vec::new();
            let mut listed_at = None;
            loop {
                let event = tokio::select! {
                    event = events.next() => event,
                    answers = losses.next() => match (answers, listed_at) {
                        (true, Some(_)) => continue,
                        // The connection that is waited for may be from before.
                        (true, None) => {
                            pause = PAUSE.0;
                            break;
                        }
                        (false, _) => {
                            yield Change::Lost;
                            break;
                        }
                    },
                    () = tokio::time::sleep(patience), if listed_at.is_none() => {
                        patience = (patience * 2).min(PATIENCE.1);
                        yield Change::Lost;
                        break;
                    }
                };
                match event {
                    None => break,
                    Some(Ok(Event::Init)) => listed.clear(),
                    Some(Ok(Event::InitApply(object))) => listed.extend(json(&object)),
                    Some(Ok(Event::InitDone)) => {
                        listed_at = Some(Instant::now());
                        denied = false;
                        yield Change::Reset(std::mem::take(&mut listed));
                    }
                    Some(Ok(Event::Apply(object))) => {
                        if let Some(object) = json(&object) {
                            yield Change::Applied(object);
                        }
                    }
                    Some(Ok(Event::Delete(object))) => {
                        if let Some(object) = json(&object) {
                            yield Change::Deleted(object);
                        }
                    }
                    Some(Err(error)) => {
                        let status = status_of(&error);
                        if status.is_some_and(|status| status.code == 403) {
                            if !std::mem::replace(&mut denied, true) {
                                yield Change::Denied;
                            }
                            pause = DENIED;
                            break;
                        }
                        if pause == PAUSE.0 {
                            tracing::warn!(collection = name, error = crate::with_causes(&error), "a watch is lost");
                        }
                        denied = false;
                        yield Change::Lost;
                        pause = pause.max(asked_pause(status));
                        break;
                    }
                }
            }
            // A list that can be read while its watch fails at once would be read without end.
            if listed_at.is_some_and(|at: Instant| at.elapsed() > WORKED) {
                pause = PAUSE.0;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }
    .boxed()
}

fn json(object: &DynamicObject) -> Option<Value> {
    serde_json::to_value(object)
        .inspect_err(|error| tracing::error!(%error, "an object of the cluster is no JSON"))
        .ok()
}

fn status_of(error: &watcher::Error) -> Option<&Status> {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => Some(status),
        _ => None,
    }
}

/// How long the API server asks to wait.
fn asked_pause(status: Option<&Status>) -> Duration {
    let details = status.and_then(|status| status.details.as_ref());
    let seconds = details.map_or(0, |details| details.retry_after_seconds);
    Duration::from_secs(u64::from(seconds)).min(LONGEST_PAUSE)
}
