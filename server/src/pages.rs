//! Pages: the application rendered on the server, and addresses within this server.

use axum::Extension;
use axum::extract::{Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use http::request::Parts;
use leptos::nonce;
use leptos::prelude::{provide_context, use_context};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};

use crate::security::headers::Nonce;
use crate::session::Session;
use crate::session::routes::{redeem, renew_token};
use crate::state::AppState;

/// An address within this server: a path with its query. Redirects go to nothing else, so that no link to this
/// server leads to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// `text` if it is such an address, else `/`. Browsers read `//host` and `/\host` as another server's, and drop
    /// control characters.
    pub fn new(text: &str) -> Self {
        let local = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= 2048
            && !text.contains('\\')
            && text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        Self(if local { text.to_owned() } else { "/".to_owned() })
    }

    /// As a `Location`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a value within a query.
    pub fn encoded(&self) -> String {
        utf8_percent_encode(&self.0, NON_ALPHANUMERIC).to_string()
    }
}

impl Default for LocalPath {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl<'de> Deserialize<'de> for LocalPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

/// What the first page may be asked with.
#[derive(Deserialize)]
pub struct First {
    token: Option<String>,
}

/// `GET /`: signs in with a token if there is one, else leads to the Jobs of the first project.
pub async fn first(
    State(state): State<AppState>,
    session: Option<Extension<Session>>,
    Query(query): Query<First>,
    headers: HeaderMap,
) -> Response {
    if let Some(token) = query.token {
        return redeem(&state, &headers, &token, &LocalPath::default());
    }
    let Some(Extension(session)) = session else {
        return Redirect::to("/sign-in").into_response();
    };
    let project = first_project(&state, &session).await;
    Redirect::to(&format!("/projects/{project}/jobs")).into_response()
}

/// `demo` (the playground's own project), else the credentials' own (as a rule `default`), else the first; if the
/// cluster does not answer, the page says so.
async fn first_project(state: &AppState, session: &Session) -> String {
    let cluster = state.cluster_of(session);
    let projects = cluster.projects().await.unwrap_or_else(|error| {
        tracing::debug!(%error, "no list of projects");
        Vec::new()
    });
    let own = cluster.namespace();
    let preferred = ["demo", own]
        .into_iter()
        .find(|name| projects.iter().any(|project| project == name));
    let first = preferred.or_else(|| projects.first().map(String::as_str));
    first.unwrap_or(own).to_owned()
}

/// A visit of the sign-in page prints a new address if the last one is too old.
pub async fn on_sign_in(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.uri().path() == "/sign-in" {
        renew_token(&state);
    }
    next.run(request).await
}

/// Gives the application the nonce that the response's policy names.
pub fn provide_nonce() {
    let parts = use_context::<Parts>();
    if let Some(Nonce(value)) = parts.as_ref().and_then(|parts| parts.extensions.get::<Nonce>()) {
        provide_context(nonce::Nonce::from_value(value.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_this_server() {
        for local in [
            "/",
            "/projects/demo/jobs",
            "/projects/demo/jobs?q=pi&status=failed",
            "/a//b",
        ] {
            assert_eq!(LocalPath::new(local).as_str(), local);
        }
        for foreign in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil",
            "/a\r\nb",
        ] {
            assert_eq!(LocalPath::new(foreign).as_str(), "/", "{foreign:?}");
        }
    }
}
