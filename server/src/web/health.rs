//! Probes: whether the process answers, and whether it reaches its cluster.

use std::time::Duration;

use axum::extract::State;
use http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::web::state::AppState;

/// How long an answer of the cluster is told again. Anyone may ask for it, and nobody shall make the console ask.
const FRESH: Duration = Duration::from_secs(5);

/// How long the cluster may take to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// `GET /healthz`: the process answers.
pub async fn live() -> &'static str {
    "ok"
}

/// What is known of the cluster: whether it answers, and since when that is known.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Whether the cluster answers, asked by one at a time and at most every five seconds.
    async fn get(&self, state: &AppState) -> bool {
        let mut known = self.0.lock().await;
        if let Some((_, ready)) = known.filter(|(at, _)| at.elapsed() < FRESH) {
            return ready;
        }
        let asked = tokio::time::timeout(TIMEOUT, async {
            let cluster = state.clusters.open_for_anybody().await?;
            crate::playground::health(&cluster).await?;
            cluster.version().await
        });
        // The reason is in the log, not in the answer, since anyone may ask.
        let ready = match asked.await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready");
                false
            }
            Err(_) => {
                tracing::warn!("not ready: the cluster does not answer within {TIMEOUT:?}");
                false
            }
        };
        *known = Some((Instant::now(), ready));
        ready
    }
}

/// `GET /readyz`: the cluster's API server answers too, as far as is known.
pub async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.readiness.get(&state).await {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the cluster does not answer")
    }
}
