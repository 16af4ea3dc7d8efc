//! Pages: the application rendered on the server, and addresses within this server.

use std::sync::Arc;
use std::time::Duration;

use app::address::CLUSTERS;
use axum::Extension;
use axum::extract::{Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use leptos::nonce;
use leptos::prelude::{provide_context, use_context};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer};

use crate::clusters::request::{Named, Place};
use crate::security::headers::Nonce;
use crate::session::Session;
use crate::session::attempts::Peer;
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

/// How long the first page looks for a project.
const PATIENCE: Duration = Duration::from_secs(4);

/// What the first page may be asked with.
#[derive(Deserialize)]
pub struct First {
    token: Option<String>,
}

/// `GET /`, `GET /clusters/KEY`: signs in with a token if there is one, else leads to the Jobs of the first project.
pub async fn first(
    State(state): State<AppState>,
    named: Option<Extension<Named>>,
    session: Option<Extension<Session>>,
    peer: Peer,
    Query(query): Query<First>,
    headers: HeaderMap,
) -> Response {
    let base_of = |key: &String| format!("{CLUSTERS}{key}");
    let key = named.map(|Extension(Named(key))| key);
    if let Some(token) = query.token {
        let back = key
            .as_ref()
            .map(|key| LocalPath::new(&format!("{}/", base_of(key))));
        return redeem(&state, peer, &headers, &token, &back.unwrap_or_default());
    }
    if session.is_none() {
        // Nobody learns from this which clusters there are.
        let back = key.map(|key| LocalPath::new(&format!("{}/", base_of(&key))).encoded());
        let back = back.map(|back| format!("?back={back}")).unwrap_or_default();
        return Redirect::to(&format!("/sign-in{back}")).into_response();
    }
    let key = key.or_else(|| state.clusters.first());
    let base = key.as_ref().map(base_of).unwrap_or_default();
    let project = tokio::time::timeout(PATIENCE, first_project(&state, key)).await;
    // Of a cluster that cannot be asked the page says so.
    let project = project.unwrap_or_else(|_| "default".to_owned());
    Redirect::to(&format!("{base}/projects/{project}/jobs")).into_response()
}

/// `demo` (the playground's own project), else the credentials' own (as a rule `default`), else the first; if the
/// cluster does not answer, the page says so.
async fn first_project(state: &AppState, key: Option<String>) -> String {
    let Ok(cluster) = Place::new(Arc::clone(&state.clusters), key).open().await else {
        return "default".to_owned();
    };
    let projects = match cluster.projects().await {
        Ok(projects) => projects.names,
        Err(error) => {
            tracing::debug!(%error, "no list of projects");
            Vec::new()
        }
    };
    let own = cluster.namespace();
    let preferred = ["demo", own]
        .into_iter()
        .find(|name| projects.iter().any(|project| project == name));
    let first = preferred.or_else(|| projects.first().map(String::as_str));
    first.unwrap_or(own).to_owned()
}

/// Where there are several clusters, a page's address says which one it shows: one that does not leads to the first.
pub async fn with_cluster(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let is_page = request.method() == Method::GET && path.starts_with("/projects/");
    match state.clusters.first() {
        Some(key) if is_page && request.extensions().get::<Session>().is_some() => {
            Redirect::temporary(&format!("{CLUSTERS}{key}{path}")).into_response()
        }
        _ => next.run(request).await,
    }
}

/// Whether `path` can be a page's: every cluster, project and Job in it has a name that such a thing can have
/// (Kubernetes' "Object Names and IDs").
fn is_possible(path: &str) -> bool {
    let is_key = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~'))
    };
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    while let Some(segment) = segments.next() {
        let name = match segment {
            "clusters" | "projects" | "jobs" => segments.next(),
            _ => continue,
        };
        let Some(name) = name else { continue };
        let Ok(name) = percent_decode_str(name).decode_utf8() else {
            return false;
        };
        let is_name = match segment {
            "clusters" => is_key(&name),
            "projects" => manifest::names::dns_label(&name).is_ok(),
            _ => manifest::names::dns_subdomain(&name).is_ok(),
        };
        if !is_name {
            return false;
        }
    }
    true
}

/// Whether a path is what it looks like: no segment stands for another folder, and none is longer than a file's name can
/// be. Browsers fold dots before they ask, so nobody is led astray by the refusal.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|segment| {
        let decoded: Vec<u8> = percent_decode_str(segment).collect();
        decoded.len() <= MAX_SEGMENT && !matches!(&decoded[..], b"." | b"..")
    })
}

/// The longest name of a file, and more than any name of the API has (253).
const MAX_SEGMENT: usize = 255;

/// Answers 404 to the address of a page that no cluster, project or Job can have, before anything of it is rendered.
/// It is no page of the application, whose browser half would read the address again.
pub async fn with_possible_names(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_page = path.starts_with("/projects/") || path.starts_with(CLUSTERS);
    if is_plain(path) && (!is_page || is_possible(path)) {
        return next.run(request).await;
    }
    let text = "There is no such address: no project or Job can have this name.\n没有此地址：项目或任务不可能使用该名称。\n";
    (StatusCode::NOT_FOUND, text).into_response()
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
    fn only_names_that_can_exist_are_rendered() {
        let long = |length: usize| format!("/projects/demo/jobs/{}", "a".repeat(length));
        for possible in [
            "/projects/demo/jobs",
            "/projects/demo/jobs/",
            "/projects/demo/jobs/pi.2-x",
            "/projects/demo/create-job",
            "/clusters/admin~40host~3a6443/projects/kube-system/jobs/pi",
            "/projects/%64emo/jobs",
            &long(253),
        ] {
            assert!(is_possible(possible), "{possible}");
        }
        for impossible in [
            "/projects/x%3C%2Ftitle%3E/jobs",
            "/projects/Demo/jobs",
            "/projects/de.mo/jobs",
            "/projects/de%20mo/jobs",
            "/projects/%FF/jobs",
            "/projects/demo%00/jobs",
            "/projects/%E2%80%AEomed/jobs",
            "/projects/demo/jobs/pi%3Cb%3E",
            "/projects/demo/jobs/-pi",
            "/projects/demo/jobs/..%2F..",
            "/clusters/a%22b/projects/demo/jobs",
            "/clusters/a%2Fb/projects/demo/jobs",
            &long(254),
        ] {
            assert!(!is_possible(impossible), "{impossible}");
        }
    }

    #[test]
    fn a_path_that_stands_for_another_is_refused() {
        for plain in [
            "/",
            "/projects/demo/jobs",
            "/pkg/frontend.js",
            "//a",
            "/..a/a..",
            // No file has this name: the application answers that there is no such page.
            "/a%00",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        let long = format!("/{}", "a".repeat(256));
        for other in ["/./projects/x", "/x/../projects", "/%2e/projects", "/.%2E", &long] {
            assert!(!is_plain(other), "{other}");
        }
    }

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
