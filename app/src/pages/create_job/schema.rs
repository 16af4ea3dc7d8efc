//! Schema of the cluster, fetched when the user starts to edit, since the initial view does not need it; editor
//! requests wait for it meanwhile.

use std::sync::Arc;

use futures_channel::oneshot;
use leptos::prelude::*;
use manifest::Schema;

use crate::api;

/// Schema of the cluster, once it has arrived.
#[derive(Clone, Copy)]
pub struct ClusterSchema {
    schema: RwSignal<Option<Arc<Schema>>>,
    // Waiters for the response; none while no request is running.
    waiters: StoredValue<Option<Vec<oneshot::Sender<()>>>>,
}

impl ClusterSchema {
    /// Creates a schema that has not been requested.
    pub fn new() -> Self {
        Self {
            schema: RwSignal::new(None),
            waiters: StoredValue::new(None),
        }
    }

    /// Returns the schema, or none until it has arrived; tracked inside an effect.
    pub fn get(self) -> Option<Arc<Schema>> {
        self.schema.get()
    }

    /// Returns the schema without tracking it.
    pub fn get_untracked(self) -> Option<Arc<Schema>> {
        self.schema.try_get_untracked().flatten()
    }

    /// Requests the schema, unless it has arrived or a request is running. A failed request is retried on the next
    /// call.
    pub fn request(self) {
        let idle = self.waiters.try_with_value(Option::is_none) == Some(true);
        if !idle || self.get_untracked().is_some() {
            return;
        }
        self.waiters.set_value(Some(Vec::new()));
        leptos::task::spawn_local(async move {
            if let Some(schema) = api::schema::schema().await {
                let _ = self.schema.try_set(Some(Arc::new(schema)));
            }
            // Dropping the senders wakes the waiters.
            let _ = self.waiters.try_update_value(Option::take);
        });
    }

    /// Waits for the schema; none if the cluster does not answer, or the wizard is left.
    pub async fn wait(self) -> Option<Arc<Schema>> {
        self.request();
        let (sender, arrived) = oneshot::channel();
        let _ = self.waiters.try_update_value(|waiters| {
            if let Some(waiters) = waiters {
                waiters.push(sender);
            }
        });
        // The closed channel is the notification; without a running request the sender is dropped at once.
        let _ = arrived.await;
        self.get_untracked()
    }
}
