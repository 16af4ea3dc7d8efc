//! Where a feed's changes come from: the list of a collection and the watches after it, which begin anew after any
//! failure.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kubernetes::watch::{Change, Selection};
use crate::kubernetes::{Cluster, Disconnections, Kind};

/// First and longest pause after a lost watch.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// Longest pause that the API server can ask for.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Pause after a refusal: rights are rarely given back.
const DENIED: Duration = Duration::from_secs(3);

/// What lasted this long worked: the next pause is the first again.
const WORKED: Duration = Duration::from_secs(3);

/// How long a page of the list may take at first; a connection may be dead, or the cluster slow.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How long it may take in the end.
pub(crate) const MAX_TIMEOUT: Duration = Duration::from_secs(30);

/// One collection of a cluster.
pub struct Source {
    pub(crate) cluster: Cluster,
    pub(crate) known: Kind,
    pub(crate) project: String,
    pub(crate) selection: Selection,
    pub(crate) disconnections: Disconnections,
    /// How long a page of the list may take.
    pub(crate) timeout: Duration,
    /// How long the last watch's answer took.
    pub(crate) latency: Duration,
    /// The list, where watches were silent before: it is told once a watch is answered.
    pub(crate) untold: Option<Vec<Arc<Value>>>,
}

/// Why a list, or the watches after it, ended.
pub(crate) enum End {
    /// It is refused.
    Denied,
    /// It failed, and the API server may have said how long to wait.
    Lost(String, Duration),
    /// Watches are not answered.
    Silent,
    /// The cluster is back, and what is waited for may be from before.
    Back,
}

impl End {
    /// Lost for this reason.
    pub(crate) fn lost(why: &(impl ToString + ?Sized)) -> Self {
        Self::Lost(why.to_string(), Duration::ZERO)
    }
}

impl Source {
    /// The objects of `project` that are selected. Nothing is asked yet.
    pub fn new(cluster: &Cluster, known: Kind, project: &str, selection: Selection) -> Self {
        Self {
            disconnections: cluster.disconnections(),
            cluster: cluster.clone(),
            known,
            project: project.to_owned(),
            selection,
            timeout: TIMEOUT,
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
            self.disconnections.forget();
            self.untold = None;
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
                    pause = pause.max(asked.min(MAX_PAUSE));
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// The selection as a query.
    pub(crate) fn selected(&self) -> Vec<(&str, &str)> {
        let Selection { fields, labels } = &self.selection;
        let fields = fields.as_deref().map(|fields| ("fieldSelector", fields));
        let labels = labels.as_deref().map(|labels| ("labelSelector", labels));
        fields.into_iter().chain(labels).collect()
    }
}
