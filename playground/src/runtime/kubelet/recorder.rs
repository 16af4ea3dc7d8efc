//! Records the kubelet's events in order and in the background, like a kubelet's event broadcaster: a container
//! does not wait for the disk to accept its events.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::cluster::Cluster;
use crate::events;
use crate::runtime::kubelet::COMPONENT;

/// Maximum number of queued events; more are dropped (client-go's `maxQueuedEvents`).
const MAX_QUEUED: usize = 1000;

struct Event {
    about: Arc<Value>,
    kind: &'static str,
    reason: &'static str,
    message: String,
}

/// Records events; clones share one queue and keep its order.
#[derive(Clone)]
pub(super) struct Recorder(mpsc::Sender<Event>);

impl Recorder {
    /// Starts the task that writes the events. It ends when all recorders are dropped and everything is written.
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
            tracing::warn!(reason, "cannot record an event");
        }
    }
}
