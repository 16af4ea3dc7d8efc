//! Liveness and readiness probes.

use std::time::Duration;

use app::api::error::ApiError;
use app::sign_in_mode::SignInMode;
use axum::extract::State;
use http::StatusCode;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::web::state::AppState;

/// How long the result of a check is cached: anyone may call the probe, and must not cause load on the cluster.
const CACHE_TTL: Duration = Duration::from_secs(5);

/// Timeout of the check.
const TIMEOUT: Duration = Duration::from_secs(3);

/// `GET /healthz`: the process responds.
pub async fn live() -> &'static str {
    "ok"
}

/// The cached readiness of the cluster, with the time of the check.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Whether the cluster responds; checked at most every five seconds, by one caller at a time.
    async fn get(&self, state: &AppState) -> bool {
        let mut cached = self.0.lock().await;
        if let Some((_, ready)) = cached.filter(|(at, _)| at.elapsed() < CACHE_TTL) {
            return ready;
        }
        let check = tokio::time::timeout(TIMEOUT, async {
            let cluster = state.clusters.open_unauthenticated().await?;
            crate::playground::health(&cluster).await?;
            cluster.version().await
        });
        // The reason is only logged, since anyone may call the probe.
        let ready = match check.await {
            // Where users have credentials of their own the console has none, and the cluster may refuse anonymous ones.
            Ok(
                Ok(_) | Err(ApiError::Credentials { .. } | ApiError::Forbidden { .. } | ApiError::SignedOut),
            ) if state.sign_in != SignInMode::LocalToken => true,
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready");
                false
            }
            Err(_) => {
                tracing::warn!("not ready: the cluster does not respond within {TIMEOUT:?}");
                false
            }
        };
        *cached = Some((Instant::now(), ready));
        ready
    }
}

/// `GET /readyz`: the cluster's API server responds, too.
pub async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.readiness.get(&state).await {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the cluster does not respond")
    }
}
