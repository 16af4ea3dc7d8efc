//! Serves `/healthz`, `/livez`, `/readyz` and their checks ([API health
//! endpoints](https://kubernetes.io/docs/reference/using-api/health-checks/)), and the list of paths at `/`.
//!
//! The checks have the API server's names. They all test whether the store can write; everything that a
//! `poststarthook/…` check covers is done before the first request is answered.

use std::fmt::Write as _;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::json;

use crate::api::query::Query;
use crate::cluster::Cluster;
use crate::resource::types;

const STARTED: &str = include_str!("../../openapi/checks.txt");
const PLAIN: &str = "text/plain; charset=utf-8";

/// Returns the checks of an endpoint, in order.
fn checks(endpoint: &str) -> Vec<&'static str> {
    let first: &[&'static str] = match endpoint {
        "readyz" => &["ping", "log", "etcd", "etcd-readiness", "informer-sync"],
        _ => &["ping", "log", "loopback-serving-certificate", "etcd"],
    };
    let last = (endpoint == "readyz").then_some("shutdown");
    first.iter().copied().chain(STARTED.lines()).chain(last).collect()
}

/// Returns the 404 response of the server's multiplexer.
pub(super) fn no_such_page() -> Response {
    (
        StatusCode::NOT_FOUND,
        [(CONTENT_TYPE, PLAIN)],
        "404 page not found\n",
    )
        .into_response()
}

/// Answers an endpoint, or one of its checks.
pub(super) fn answer(cluster: &Cluster, endpoint: &str, check: &str, query: &Query) -> Response {
    let healthy = match endpoint {
        // A restart would not free space.
        "livez" => true,
        _ => cluster.health().is_ok(),
    };
    let known = checks(endpoint);
    if !check.is_empty() && !known.contains(&check) {
        return no_such_page();
    }
    let excluded: Vec<&str> = query.all("exclude").collect();
    let bad = |name: &str| !healthy && name.starts_with("etcd") && !excluded.contains(&name);
    let mut text = String::new();
    let mut failed = false;
    for name in known.iter().filter(|name| check.is_empty() || **name == check) {
        failed |= bad(name);
        let (sign, word) = match (excluded.contains(name), bad(name)) {
            (true, _) => ('+', "excluded: ok"),
            (false, true) => ('-', "failed: reason withheld"),
            (false, false) => ('+', "ok"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "[{sign}]{name} {word}");
    }
    let unknown: Vec<String> = excluded
        .iter()
        .filter(|name| !known.contains(name))
        .map(|name| format!("{name:?}"))
        .collect();
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        let _ = writeln!(
            text,
            "warn: some health checks cannot be excluded: no matches for {names}"
        );
    }
    let headers = [(CONTENT_TYPE, PLAIN), (CACHE_CONTROL, "no-cache, private")];
    if failed {
        let text = format!("{text}{endpoint} check failed\n");
        return (StatusCode::INTERNAL_SERVER_ERROR, headers, text).into_response();
    }
    let body = if query.get("verbose").is_some() {
        format!("{text}{endpoint} check passed\n")
    } else {
        "ok".to_owned()
    };
    (headers, body).into_response()
}

/// `/`: the served paths.
pub(super) fn paths() -> Response {
    let mut paths: Vec<String> = [
        "/.well-known/openid-configuration",
        "/api",
        "/api/v1",
        "/apis",
        "/apis/",
        "/flagz",
        "/metrics",
        "/metrics/slis",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/openid/v1/jwks",
        "/statusz",
        "/version",
    ]
    .iter()
    .map(|path| (*path).to_owned())
    .collect();
    for group in types::groups().iter().filter(|group| !group.name.is_empty()) {
        paths.push(format!("/apis/{}", group.name));
        for version in &group.versions {
            paths.push(format!("/apis/{}/{}", group.name, version.version));
        }
    }
    for endpoint in ["healthz", "livez", "readyz"] {
        paths.push(format!("/{endpoint}"));
        for check in checks(endpoint) {
            paths.push(format!("/{endpoint}/{check}"));
        }
    }
    paths.sort();
    Json(json!({"paths": paths})).into_response()
}
