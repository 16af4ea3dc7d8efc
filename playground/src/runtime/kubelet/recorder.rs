//! Events of the kubelet, in their order and in the background, as a kubelet's broadcaster tells them: a container does
//! not wait until the disk has taken what is told about it.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::cluster::Cluster;
use crate::events;
use crate::runtime::kubelet::COMPONENT;

/// Events that wait; more are lost (client-go's `maxQueuedEvents`).
const MAX_QUEUED: usize = 1000;

struct Event {
    about: Arc<Value>,
    kind: &'static str,
    reason: &'static str,
    message: String,
}

/// Tells events; clones tell them in one order.
#[derive(Clone)]
pub(super) struct Recorder(mpsc::Sender<Event>);

impl Recorder {
    /// Starts the task that writes them. It ends when all recorders are gone and everything is written.
    pub fn start(cluster: Cluster, tasks: &TaskTracker) -> Self {
        let (sender, mut events) = mpsc::channel::<Event>(MAX_QUEUED);
        tasks.spawn(async move {
            while let Some(event) = events.recv().await {
                let Event {
                    about,
                    kind,
                    reason,
                    message,
                } = event;
                events::record(&cluster, &about, COMPONENT, kind, reason, &message);
            }
        });
        Self(sender)
    }

    pub fn record(&self, about: &Arc<Value>, kind: &'static str, reason: &'static str, message: String) {
        let event = Event {
            about: Arc::clone(about),
            kind,
            reason,
            message,
        };
        if self.0.try_send(event).is_err() {
            tracing::warn!(reason, "an event is lost");
        }
    }
}
