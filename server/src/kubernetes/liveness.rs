//! Whether the cluster still answers: a connection whose other end has vanished says nothing for ever, so somebody
//! has to ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::kubernetes::client::Outcome;

/// How often the cluster is asked while somebody listens, and while it is lost.
const EVERY: (Duration, Duration) = (Duration::from_millis(1500), Duration::from_millis(500));

/// Shortest and longest time to wait for the answer.
const TIMEOUT: (Duration, Duration) = (Duration::from_millis(2500), Duration::from_secs(15));

/// Tells when the cluster is lost and when it is back.
#[derive(Debug, Clone)]
pub struct Disconnections(watch::Receiver<bool>);

impl Disconnections {
    /// Waits for the next news: whether the cluster answers.
    pub async fn next(&mut self) -> bool {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.0.borrow_and_update()
    }

    /// Waits for the next loss.
    pub async fn next_disconnection(&mut self) {
        while self.next().await {}
    }

    /// Forgets the news up to now: what begins now is not concerned by them.
    pub fn forget(&mut self) {
        self.0.mark_unchanged();
    }
}

/// Asks the cluster while somebody listens.
#[derive(Debug)]
pub struct Liveness {
    answers: watch::Sender<bool>,
    asking: Arc<Mutex<bool>>,
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            answers: watch::Sender::new(true),
            asking: Arc::default(),
        }
    }
}

impl Liveness {
    /// Tells of news from now on.
    pub fn listen(&self, cluster: &Cluster) -> Disconnections {
        let disconnections = Disconnections(self.answers.subscribe());
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut *asking, true) {
            tokio::spawn(ask(
                cluster.clone(),
                self.answers.clone(),
                Arc::clone(&self.asking),
            ));
        }
        disconnections
    }
}

async fn ask(cluster: Cluster, told: watch::Sender<bool>, asking: Arc<Mutex<bool>>) {
    let mut timeout = TIMEOUT.0;
    let mut alive = true;
    loop {
        tokio::time::sleep(if alive { EVERY.0 } else { EVERY.1 }).await;
        {
            let mut asking = asking.lock().unwrap_or_else(PoisonError::into_inner);
            if told.receiver_count() == 0 {
                *asking = false;
                return;
            }
        }
        let begun = Instant::now();
        let answers = answers(&cluster, timeout).await;
        // A slow cluster is no lost one: the next answer may take as long, and more.
        timeout = if answers {
            (begun.elapsed() * 3).clamp(TIMEOUT.0, TIMEOUT.1)
        } else {
            TIMEOUT.0
        };
        if alive != answers {
            tracing::warn!(answers, "the cluster is lost or back");
            cluster.renew();
            told.send_replace(answers);
        }
        alive = answers;
    }
}

/// Any answer of the API server is one, also a refusal.
async fn answers(cluster: &Cluster, timeout: Duration) -> bool {
    let asked = cluster
        .clone()
        .with_timeout(timeout)
        .attempt(http::Method::GET, "/version", &[], None)
        .await;
    match asked {
        Ok(_) => true,
        Err(failure) => {
            !(failure.outcome == Outcome::Unknown && matches!(failure.error, ApiError::Unreachable { .. }))
        }
    }
}
