//! A collection of the cluster as a stream of changes that never goes stale unnoticed.

use std::pin::pin;
use std::time::Duration;

use async_stream::stream;
use futures::StreamExt;
use futures::stream::BoxStream;
use kube::Api;
use kube::core::DynamicObject;
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value;

use crate::cluster::Builtin;
use crate::cluster::Cluster;

/// First and longest pause after a lost watch.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

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
    /// This person may not watch it. Nothing more will come.
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
    let api: Api<DynamicObject> = Api::namespaced_with(cluster.client(), project, &known.for_kube());
    let name = known.plural();
    let mut config = watcher::Config::default().page_size(PAGE);
    config.field_selector = selection.fields;
    config.label_selector = selection.labels;
    stream! {
        let mut pause = PAUSE.0;
        loop {
            let mut events = pin!(watcher(api.clone(), config.clone()));
            let mut listed = Vec::new();
            while let Some(event) = events.next().await {
                match event {
                    Ok(Event::Init) => listed.clear(),
                    Ok(Event::InitApply(object)) => listed.extend(json(&object)),
                    Ok(Event::InitDone) => {
                        pause = PAUSE.0;
                        yield Change::Reset(std::mem::take(&mut listed));
                    }
                    Ok(Event::Apply(object)) => {
                        if let Some(object) = json(&object) {
                            yield Change::Applied(object);
                        }
                    }
                    Ok(Event::Delete(object)) => {
                        if let Some(object) = json(&object) {
                            yield Change::Deleted(object);
                        }
                    }
                    Err(error) if is_denied(&error) => {
                        yield Change::Denied;
                        return;
                    }
                    Err(error) => {
                        if pause == PAUSE.0 {
                            tracing::warn!(collection = name, error = crate::with_causes(&error), "a watch is lost");
                        }
                        yield Change::Lost;
                        break;
                    }
                }
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

fn is_denied(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.code == 403,
        _ => false,
    }
}
