//! Whether the cluster still answers: a connection whose other end has vanished says nothing for ever, so somebody
//! has to ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use app::api::error::ApiError;

use super::Cluster;
use super::request::Fate;

/// How often the cluster is asked while somebody listens.
const EVERY: Duration = Duration::from_millis(1500);

/// Shortest and longest time to wait for the answer.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(2500), Duration::from_secs(15));

/// Tells of each loss of the cluster.
#[derive(Debug, Clone)]
pub struct Losses(watch::Receiver<u64>);

impl Losses {
    /// Waits for the next loss.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Forgets the losses up to now: what begins now is not concerned by them.
    pub fn forget(&mut self) {
        self.0.mark_unchanged();
    }
}

/// Asks the cluster while somebody listens.
#[derive(Debug, Default)]
pub struct Pulse {
    /// How often the cluster was lost.
    losses: watch::Sender<u64>,
    asking: Arc<Mutex<bool>>,
}

impl Pulse {
    /// Tells of losses from now on.
    pub fn listen(&self, cluster: &Cluster) -> Losses {
        let losses = Losses(self.losses.subscribe());
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *asking, true) {
            tokio::spawn(ask(cluster.clone(), self.losses.clone(), Arc::clone(&self.asking)));
        }
        losses
    }
}

async fn ask(cluster: Cluster, losses: watch::Sender<u64>, asking: Arc<Mutex<bool>>) {
    let mut patience = PATIENCE.0;
    let mut alive = true;
    loop {
        tokio::time::sleep(EVERY).await;
        {
            let mut asking = asking.lock().unwrap_or_else(PoisonError::into_inner);
            if losses.receiver_count() == 0 {
                *asking = false;
                return;
            }
        }
        let begun = Instant::now();
        let answers = answers(&cluster, patience).await;
        // A slow cluster is no lost one: the next answer may take as long, and more.
        patience = if answers {
            begun.elapsed() * 3
        } else {
            patience * 2
        };
        patience = patience.clamp(PATIENCE.0, PATIENCE.1);
        if alive && !answers {
            tracing::warn!("the cluster does not answer");
            losses.send_modify(|count| *count += 1);
        }
        alive = answers;
    }
}

/// Any answer of the API server is one, also a refusal.
async fn answers(cluster: &Cluster, patience: Duration) -> bool {
    let asked = cluster
        .clone()
        .with_patience(patience)
        .attempt(http::Method::GET, "/version", &[], None)
        .await;
    match asked {
        Ok(_) => true,
        Err(failure) => {
            !(failure.fate == Fate::Unknown && matches!(failure.error, ApiError::Unreachable { .. }))
        }
    }
}
