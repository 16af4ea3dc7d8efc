//! Counts requests, and serves the metrics at an address of their own.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, Method, StatusCode};
use leptos::server_fn::axum::server_fn_paths;

use crate::metrics::METRICS;
use crate::web::state::AppState;

/// Routes that are counted under their own path.
const ROUTES: [&str; 16] = [
    "/",
    "/sign-in",
    "/sign-in/start",
    "/sign-in/callback",
    "/sign-out",
    "/session",
    "/sessions",
    "/sessions/end",
    "/preferences",
    "/stream/jobs",
    "/stream/job",
    "/stream/logs",
    "/download/log",
    "/cluster/schema",
    "/healthz",
    "/readyz",
];

/// Returns the template of the route that serves `path`, without names: those of others are `other`.
pub fn route(path: &str) -> &'static str {
    let (_, path) = app::urls::split(path);
    if let Some(route) = ROUTES.iter().find(|route| **route == path) {
        return route;
    }
    if let Some((route, _)) = server_fn_paths().find(|(route, _)| *route == path) {
        return route;
    }
    let mut segments = path.trim_matches('/').split('/');
    let segments = [(); 5].map(|()| segments.next());
    match segments {
        [Some(""), ..] => "/",
        [Some("pkg" | "wizard" | "editor"), Some(_), ..] => "/files",
        [Some("jobs"), None, ..] => "/jobs",
        [Some("projects"), Some(_), Some("jobs"), None, _] => "/projects/{project}/jobs",
        [Some("projects"), Some(_), Some("jobs"), Some(_), None] => "/projects/{project}/jobs/{name}",
        [Some("projects"), Some(_), Some("create-job"), None, _] => "/projects/{project}/create-job",
        _ => "other",
    }
}

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request and its duration.
pub async fn layer(request: Request, next: Next) -> Response {
    let (route, method) = (route(request.uri().path()), method(request.method()));
    let started_at = Instant::now();
    let response = next.run(request).await;
    METRICS.request(route, method, response.status().as_u16(), started_at.elapsed());
    response
}

/// Builds the router of the metrics' own address.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/metrics", get(text))
        .layer(from_fn(reject_pages))
        .with_state(state)
}

/// `GET /metrics`.
async fn text(State(state): State<AppState>) -> Response {
    let text = METRICS.text(state.sessions.count());
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], text).into_response()
}

/// Responds with 403 to requests of pages of other sites: metrics are for programs, and have no sign-in.
async fn reject_pages(headers: HeaderMap, request: Request, next: middleware::Next) -> Response {
    let site = headers.get("sec-fetch-site");
    let is_of_page = headers.contains_key(ORIGIN) || site.is_some_and(|site| site != "none");
    if is_of_page {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_have_no_names() {
        for (path, expected) in [
            ("/", "/"),
            ("/api/jobs", "/api/jobs"),
            ("/clusters/staging/api/jobs", "/api/jobs"),
            ("/api/nothing", "other"),
            ("/api/", "other"),
            ("/stream/jobs", "/stream/jobs"),
            ("/jobs", "/jobs"),
            ("/projects/demo/jobs", "/projects/{project}/jobs"),
            ("/projects/demo/jobs/", "/projects/{project}/jobs"),
            ("/projects/demo/jobs/pi", "/projects/{project}/jobs/{name}"),
            ("/projects/demo/jobs/pi/x", "other"),
            (
                "/clusters/staging/projects/demo/create-job",
                "/projects/{project}/create-job",
            ),
            ("/clusters/staging", "/"),
            ("/clusters/staging/", "/"),
            ("/clusters/", "other"),
            ("/projects/demo", "other"),
            ("/pkg/frontend.js", "/files"),
            ("/editor/editor.js", "/files"),
            ("/pkg", "other"),
            ("/wp-admin/secret-name", "other"),
            ("//", "/"),
            ("", "/"),
        ] {
            assert_eq!(route(path), expected, "{path}");
        }
    }
}
