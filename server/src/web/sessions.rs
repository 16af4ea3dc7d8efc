//! Ending sessions from the list of one's own.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use serde::Deserialize;

use crate::audit::Audit;
use crate::session::{Ending, Session};
use crate::web::local_path::LocalPath;
use crate::web::prefix::Paths;
use crate::web::state::AppState;

/// The form of a row, or the one below the list.
#[derive(Deserialize)]
pub struct End {
    /// The session to end; without it, all but this one.
    handle: Option<String>,
    #[serde(default)]
    back: LocalPath,
}

/// `POST /sessions/end`: ends one of the user's own sessions, or all others. A handle of another user ends nothing.
pub async fn end(
    State(state): State<AppState>,
    session: Option<Extension<Session>>,
    audit: Option<Extension<Audit>>,
    Form(form): Form<End>,
) -> Response {
    let Some(Extension(session)) = session else {
        return Redirect::to(&state.local("/sign-in?ended=1")).into_response();
    };
    let which = form.handle.as_deref().map_or(Ending::Others, Ending::One);
    let ended = state.sessions.sessions.end_own(&session, which).await;
    tracing::info!(sessions = ended.len(), "ended sessions");
    if let Some(Extension(audit)) = audit {
        let error = (ended.is_empty() && which != Ending::Others).then_some("there is no such session");
        audit.record_session("end-sessions", &ended, error);
    }
    Redirect::to(&state.back(&form.back)).into_response()
}
