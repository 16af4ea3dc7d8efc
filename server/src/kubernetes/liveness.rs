//! Liveness probe: polls `/version` to detect half-open connections, which never return an error.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::kubernetes::client::Outcome;

/// Poll interval while there are subscribers, and while the cluster is disconnected.
const INTERVAL: (Duration, Duration) = (Duration::from_millis(1500), Duration::from_millis(500));

/// Minimum and maximum timeout of a poll.
const TIMEOUT: (Duration, Duration) = (Duration::from_millis(2500), Duration::from_secs(15));

/// Reports when the cluster disconnects and reconnects.
#[derive(Debug, Clone)]
pub struct Disconnections(watch::Receiver<bool>);

impl Disconnections {
    /// Waits for the next change; returns whether the cluster responds.
    pub async fn next(&mut self) -> bool {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.0.borrow_and_update()
    }

    /// Waits for the next disconnection.
    pub async fn next_disconnection(&mut self) {
        while self.next().await {}
    }

    /// Ignores all changes up to now.
    pub fn mark_seen(&mut self) {
        self.0.mark_unchanged();
    }
}

/// Polls the cluster while there are subscribers.
#[derive(Debug)]
pub struct Liveness {
    responds: watch::Sender<bool>,
    polling: Arc<Mutex<bool>>,
    /// Number of disconnections and reconnections.
    generation: Arc<AtomicU64>,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            responds: watch::Sender::new(true),
            polling: Arc::default(),
            generation: Arc::default(),
        }
    }
}

impl Liveness {
    /// Returns a number that changes when the cluster disconnects or reconnects: connections that were opened before
    /// may be dead.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Marks all connections as possibly dead.
    pub fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Subscribes to changes from now on; starts polling if necessary.
    pub fn subscribe(&self, cluster: &Cluster) -> Disconnections {
        let disconnections = Disconnections(self.responds.subscribe());
        let mut polling = self.polling.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *polling, true) {
            tokio::spawn(poll(
                cluster.clone(),
                self.responds.clone(),
                Arc::clone(&self.polling),
                Arc::clone(&self.generation),
            ));
        }
        disconnections
    }
}

async fn poll(
    cluster: Cluster,
    sender: watch::Sender<bool>,
    polling: Arc<Mutex<bool>>,
    generation: Arc<AtomicU64>,
) {
    let mut timeout = TIMEOUT.0;
    let mut alive = true;
    loop {
        tokio::time::sleep(if alive { INTERVAL.0 } else { INTERVAL.1 }).await;
        {
            let mut polling = polling.lock().unwrap_or_else(PoisonError::into_inner);
            if sender.receiver_count() == 0 {
                *polling = false;
                return;
            }
        }
        let started_at = Instant::now();
        let responds = responds(&cluster, timeout).await;
        // A slow cluster is not disconnected: the next response may take as long, or longer.
        timeout = if responds {
            (started_at.elapsed() * 3).clamp(TIMEOUT.0, TIMEOUT.1)
        } else {
            TIMEOUT.0
        };
        if alive != responds {
            tracing::warn!(responds, "the cluster disconnected or reconnected");
            generation.fetch_add(1, Ordering::Release);
            sender.send_replace(responds);
        }
        alive = responds;
    }
}

/// Whether the API server responds at all; an error response counts.
async fn responds(cluster: &Cluster, timeout: Duration) -> bool {
    let result = cluster
        .clone()
        .with_timeout(timeout)
        .attempt(http::Method::GET, "/version", &[], None)
        .await;
    match result {
        Ok(_) => true,
        Err(failure) => {
            !(failure.outcome == Outcome::Unknown && matches!(failure.error, ApiError::Unreachable { .. }))
        }
    }
}
