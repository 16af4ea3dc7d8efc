//! Headers of every response, and the browser's files.

use std::time::Duration;

use crate::common::TestApp;
use crate::common::fake::Fake;
use axum::body::Body;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use http::{Method, Request, StatusCode};
use serde_json::Value;

#[tokio::test]
async fn every_response_has_security_headers() {
    let app = TestApp::signed_in(Fake::default().router()).await;
    for path in [
        "/sign-in",
        "/projects/demo/jobs",
        "/projects/demo/create-job",
        "/clusters/other/projects/demo/create-job",
        "/projects/Demo/jobs",
        "/api/jobs",
        "/pkg/frontend.js",
        "/nowhere",
        "/healthz",
        "/stream/job",
    ] {
        let response = app.get(path).await;
        let policy = response.header(CONTENT_SECURITY_POLICY);
        let (before, rest) = policy.split_once("'nonce-").unwrap();
        let nonce = rest.split('\'').next().unwrap();
        assert!(nonce.len() >= 16 && !before.contains("nonce"), "{path}: {policy}");
        // Only the page with the editor may have style attributes.
        let style_attributes = if path.ends_with("/create-job") {
            "'unsafe-inline'"
        } else {
            "'none'"
        };
        let expected = format!(
            "default-src 'none'; script-src 'self' 'nonce-NONCE' 'wasm-unsafe-eval'; script-src-attr 'none'; \
             style-src-elem 'self' 'nonce-NONCE'; style-src-attr {style_attributes}; img-src 'self' data:; \
             font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        assert_eq!(policy.replace(nonce, "NONCE"), expected, "{path}");
        assert_eq!(
            response.header("strict-transport-security"),
            "",
            "{path}: plain http"
        );
        assert_eq!(response.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(response.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            response.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
    }
}

#[tokio::test]
async fn inline_scripts_have_the_nonce_of_their_response() {
    let app = TestApp::new(Fake::default().router());
    let first = app.get("/sign-in").await;
    let nonce = |policy: &str| {
        policy
            .split("'nonce-")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap()
            .to_owned()
    };
    let own = nonce(first.header(CONTENT_SECURITY_POLICY));
    let text = first.text();
    let scripts = text.matches("<script").count();
    assert!(scripts > 0);
    assert_eq!(
        text.matches(&format!("nonce=\"{own}\"")).count(),
        scripts,
        "{text}"
    );
    let second = nonce(app.get("/sign-in").await.header(CONTENT_SECURITY_POLICY));
    assert_ne!(own, second);
}

#[tokio::test]
async fn foreign_hosts_are_rejected() {
    let app = TestApp::new(Fake::default().router());
    for (host, status) in [
        ("evil.example:3000", StatusCode::MISDIRECTED_REQUEST),
        ("localhost:3000", StatusCode::OK),
        ("[::1]:3000", StatusCode::OK),
    ] {
        let request = Request::get("/sign-in")
            .header("host", host)
            .header("accept", "text/html");
        assert_eq!(
            app.send(request.body(Body::empty()).unwrap()).await.status,
            status,
            "{host}"
        );
    }
    let probe = Request::get("/healthz")
        .header("host", "10-0-0-1.pod")
        .body(Body::empty())
        .unwrap();
    assert_eq!(app.send(probe).await.status, StatusCode::OK);
}

#[tokio::test]
async fn files_are_compressed_typed_and_revalidated() {
    let app = TestApp::new(Fake::default().router());
    let wasm = app.get("/pkg/frontend_bg.wasm").await;
    assert_eq!(wasm.header(CONTENT_TYPE), "application/wasm");
    assert_eq!(wasm.header(CACHE_CONTROL), "no-cache");
    let request = |encoding: &str, etag: &str| {
        let mut request = app
            .request(Method::GET, "/pkg/frontend.js")
            .header(ACCEPT_ENCODING, encoding);
        if !etag.is_empty() {
            request = request.header(IF_NONE_MATCH, etag);
        }
        request.body(Body::empty()).unwrap()
    };
    let plain = app.send(request("identity", "")).await;
    let small = app.send(request("gzip, br", "")).await;
    assert_eq!(
        (plain.text().as_str(), plain.header(CONTENT_ENCODING)),
        ("export default 1;\n", "")
    );
    assert_eq!(
        (small.text().as_str(), small.header(CONTENT_ENCODING)),
        ("(brotli)", "br")
    );
    assert!(
        small.header(CONTENT_TYPE).starts_with("text/javascript"),
        "{}",
        small.header(CONTENT_TYPE)
    );
    assert!(
        plain.header(VARY).to_lowercase().contains("accept-encoding"),
        "{:?}",
        plain.headers
    );
    assert_ne!(plain.header(ETAG), small.header(ETAG));
    assert!(plain.header(ETAG).starts_with('"'), "a strong one");
    let revalidated = app.send(request("gzip, br", small.header(ETAG))).await;
    assert_eq!(
        (revalidated.status, revalidated.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
}

#[tokio::test]
async fn files_outside_the_directory_are_not_served() {
    let app = TestApp::signed_in(Fake::default().router()).await;
    for path in [
        "/../session.key",
        "/%2e%2e/session.key",
        "/pkg/..%2f..%2fsession.key",
        "/pkg/%00",
    ] {
        let response = app.get(path).await;
        assert!(!response.status.is_success(), "{path}: {}", response.status);
    }
}

#[tokio::test]
async fn missing_pages_and_files_are_not_found() {
    let app = TestApp::signed_in(Fake::default().router()).await;
    assert_eq!(app.get("/nowhere").await.status, StatusCode::NOT_FOUND);
    let signed_out = TestApp::new(Fake::default().router());
    let request = signed_out
        .request(Method::GET, "/pkg/gone.js")
        .body(Body::empty())
        .unwrap();
    assert_eq!(signed_out.send(request).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn readiness_is_cached() {
    let fake = Fake::default();
    let app = TestApp::new(fake.router());
    for _ in 0..20 {
        assert_eq!(app.get("/readyz").await.status, StatusCode::OK);
    }
    assert_eq!(
        fake.requests().len(),
        1,
        "results are cached, since anyone may call the probe"
    );
    fake.set("GET /version", 503, Value::Null);
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(app.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(app.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(fake.requests().len(), 2);
    assert_eq!(app.get("/healthz").await.status, StatusCode::OK);
}
