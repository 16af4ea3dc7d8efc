//! Probes: whether the process answers, and whether it reaches its cluster.

use axum::extract::State;
use http::StatusCode;

use crate::state::AppState;

/// `GET /healthz`: the process answers.
pub async fn live() -> &'static str {
    "ok"
}

/// `GET /readyz`: the cluster's API server answers too. The reason of a failure is in the log, not in the answer,
/// since anyone may ask.
pub async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    let version = match state.clusters.open_for_anybody().await {
        Ok(cluster) => match crate::playground::health(&cluster).await {
            Ok(()) => cluster.version().await,
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match version {
        Ok(_) => (StatusCode::OK, "ok"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the cluster does not answer")
        }
    }
}
