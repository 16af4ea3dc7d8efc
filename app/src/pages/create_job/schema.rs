//! The fields that the cluster knows: asked for when a person begins to work, since nothing of what they see first
//! needs them, and waited for by what they ask of the editor meanwhile.

use std::sync::Arc;

use futures_channel::oneshot;
use leptos::prelude::*;
use manifest::Schema;

use crate::api;

/// The cluster's schema, as far as it has arrived.
#[derive(Clone, Copy)]
pub struct ClusterSchema {
    known: RwSignal<Option<Arc<Schema>>>,
    // Who waits for the answer; none while no question is open.
    waiting: StoredValue<Option<Vec<oneshot::Sender<()>>>>,
}

impl ClusterSchema {
    /// Not asked for yet.
    pub fn new() -> Self {
        Self {
            known: RwSignal::new(None),
            waiting: StoredValue::new(None),
        }
    }

    /// The schema, or none until it has arrived; followed by whoever asks inside an effect.
    pub fn get(self) -> Option<Arc<Schema>> {
        self.known.get()
    }

    /// The same without following it.
    pub fn get_untracked(self) -> Option<Arc<Schema>> {
        self.known.try_get_untracked().flatten()
    }

    /// Asks the cluster, unless the answer is here or on its way. A cluster that did not answer is asked again the
    /// next time.
    pub fn want(self) {
        let idle = self.waiting.try_with_value(Option::is_none) == Some(true);
        if !idle || self.get_untracked().is_some() {
            return;
        }
        self.waiting.set_value(Some(Vec::new()));
        leptos::task::spawn_local(async move {
            if let Some(schema) = api::schema::schema().await {
                let _ = self.known.try_set(Some(Arc::new(schema)));
            }
            // Dropping them wakes those who wait.
            let _ = self.waiting.try_update_value(Option::take);
        });
    }

    /// Waits for the schema; none if the cluster does not answer, or the wizard is left.
    pub async fn wait(self) -> Option<Arc<Schema>> {
        self.want();
        let (sender, answered) = oneshot::channel();
        let _ = self.waiting.try_update_value(|waiting| {
            if let Some(waiting) = waiting {
                waiting.push(sender);
            }
        });
        // Its end is the news: a sender that was not kept, since nothing is open, ends it at once.
        let _ = answered.await;
        self.get_untracked()
    }
}
