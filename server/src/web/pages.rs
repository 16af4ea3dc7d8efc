//! Pages: server-side rendering, and redirects to pages.

use std::time::Duration;

use app::sign_in_mode::SignInMode;
use app::urls::{self, CLUSTERS, Prefix};
use app::user_key::UserKey;
use axum::Extension;
use axum::extract::{Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use leptos::nonce;
use leptos::prelude::{provide_context, use_context};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::contexts::extract::NamedContext;
use crate::identity::Identity;
use crate::session::Session;
use crate::web::headers::Nonce;
use crate::web::local_path::LocalPath;
use crate::web::prefix::{Outside, Paths};
use crate::web::sign_in::{redeem, renew_token};
use crate::web::state::AppState;
use crate::web::visitor::Visitor;

/// Timeout of finding a project for the start page.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Query parameters of the start page.
#[derive(Deserialize)]
pub struct StartQuery {
    token: Option<String>,
}

/// `GET /`, `GET /clusters/KEY`: signs in with a token if there is one, else redirects to the Jobs of the default
/// project.
pub async fn start(
    State(state): State<AppState>,
    named: Option<Extension<NamedContext>>,
    session: Option<Extension<Session>>,
    visitor: Visitor,
    Query(query): Query<StartQuery>,
    headers: HeaderMap,
) -> Response {
    let base_of = |key: &String| state.local(&format!("{CLUSTERS}{key}"));
    let key = named.map(|Extension(NamedContext(key))| key);
    if let Some(token) = query.token.filter(|_| state.sign_in == SignInMode::LocalToken) {
        let back = key
            .as_ref()
            .map(|key| LocalPath::new(&format!("{}/", base_of(key))));
        return redeem(&state, &visitor, &headers, &token, &back.unwrap_or_default()).await;
    }
    let Some(Extension(session)) = session else {
        // Unauthenticated users must not learn which clusters exist.
        let back = key.map(|key| LocalPath::new(&format!("{}/", base_of(&key))).encoded());
        let back = back.map(|back| format!("?back={back}")).unwrap_or_default();
        return Redirect::to(&state.local(&format!("/sign-in{back}"))).into_response();
    };
    let key = key.or_else(|| state.clusters.default_id());
    let base = key.as_ref().map_or_else(|| state.local(""), base_of);
    let project = tokio::time::timeout(TIMEOUT, default_project(&state, key, session.identity)).await;
    // If the cluster does not respond, the page reports it.
    let project = project.unwrap_or_else(|_| "default".to_owned());
    Redirect::to(&format!("{base}/projects/{project}/jobs")).into_response()
}

/// Returns `demo` (the playground's own project) if it exists, else the credentials' namespace (usually `default`),
/// else the first project. If the cluster does not respond, the page reports it.
async fn default_project(state: &AppState, key: Option<String>, identity: Identity) -> String {
    let Ok(cluster) = state.requested(key, identity).open().await else {
        return "default".to_owned();
    };
    let projects = match state.directory.projects(&cluster).await {
        Ok(projects) => projects.names,
        Err(error) => {
            tracing::debug!(%error, "cannot list the projects");
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

/// Redirects a page without a cluster in its address to the default cluster, if there are several.
pub async fn redirect_to_cluster(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path_and_query().map_or("", |path| path.as_str());
    let is_page = request.method() == Method::GET
        && (path.starts_with("/projects/") || path == "/jobs" || path.starts_with("/jobs?"));
    match state.clusters.default_id() {
        Some(key) if is_page && request.extensions().get::<Session>().is_some() => {
            Redirect::temporary(&state.local(&format!("{CLUSTERS}{key}{path}"))).into_response()
        }
        _ => next.run(request).await,
    }
}

/// Whether `path` can be that of a page: every cluster, project and Job in it has a valid name (Kubernetes' "Object
/// Names and IDs").
fn is_valid_page(path: &str) -> bool {
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

/// Whether a path is normalized: no segment is a dot segment, and none is longer than a file name can be. Browsers
/// remove dot segments themselves, so rejecting them affects no one.
fn is_normalized(path: &str) -> bool {
    path.split('/').all(|segment| {
        let decoded: Vec<u8> = percent_decode_str(segment).collect();
        decoded.len() <= MAX_SEGMENT && !matches!(&decoded[..], b"." | b"..")
    })
}

/// Maximum length of a file name, and more than any name of the API has (253).
const MAX_SEGMENT: usize = 255;

/// Responds with 404 to the address of a page that no cluster, project or Job can have, before anything is
/// rendered. The response is not a page of the application, whose browser half would parse the address again.
pub async fn reject_invalid_names(request: Request, next: Next) -> Response {
    if request.extensions().get::<Outside>().is_some() {
        let prefix = request.extensions().get::<Prefix>().map(|Prefix(path)| &**path);
        let text = format!("The console is at {}/.\n", prefix.unwrap_or_default());
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    let path = request.uri().path();
    let is_page = path.starts_with("/projects/") || path.starts_with(CLUSTERS);
    if is_normalized(path) && (!is_page || is_valid_page(path)) {
        return next.run(request).await;
    }
    let text = "There is no such address: no project or Job can have this name.\n没有此地址：项目或任务不可能使用该名称。\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

/// Prints a new sign-in URL if the last one has expired, when the sign-in page is visited.
pub async fn renew_token_on_sign_in(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.uri().path() == "/sign-in" && state.sign_in == SignInMode::LocalToken {
        renew_token(&state);
    }
    next.run(request).await
}

/// Provides the nonce of the response's policy, and the way to sign in, to the application.
pub fn provide_contexts() {
    let parts = use_context::<Parts>();
    if let Some(parts) = &parts {
        urls::provide_prefix(parts);
    }
    if let Some(mode) = parts
        .as_ref()
        .and_then(|parts| parts.extensions.get::<SignInMode>())
    {
        provide_context(*mode);
    }
    if let Some(key) = parts.as_ref().and_then(|parts| parts.extensions.get::<UserKey>()) {
        provide_context(key.clone());
    }
    if let Some(Nonce(value)) = parts.as_ref().and_then(|parts| parts.extensions.get::<Nonce>()) {
        provide_context(nonce::Nonce::from_value(value.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_names_are_rendered() {
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
            assert!(is_valid_page(possible), "{possible}");
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
            assert!(!is_valid_page(impossible), "{impossible}");
        }
    }

    #[test]
    fn dot_segments_and_overlong_segments_are_rejected() {
        for plain in [
            "/",
            "/projects/demo/jobs",
            "/pkg/frontend.js",
            "//a",
            "/..a/a..",
            // No file has this name: the application responds with its not-found page.
            "/a%00",
        ] {
            assert!(is_normalized(plain), "{plain}");
        }
        let long = format!("/{}", "a".repeat(256));
        for other in ["/./projects/x", "/x/../projects", "/%2e/projects", "/.%2E", &long] {
            assert!(!is_normalized(other), "{other}");
        }
    }
}
