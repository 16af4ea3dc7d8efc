//! Sign-in, sessions, and what is rejected without one.

use crate::common::TestApp;
use crate::common::fake::Fake;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{Method, StatusCode};
use leptos::server_fn::axum::server_fn_paths;
use serde_json::json;

/// All streams and downloads.
const STREAMS: [&str; 5] = [
    "/stream/jobs?project=demo",
    "/stream/job?project=demo&name=pi",
    "/stream/logs?project=demo&job=pi",
    "/download/log?project=demo&job=pi",
    "/cluster/schema",
];

#[tokio::test]
async fn calls_without_a_session_are_rejected_without_a_request() {
    let fake = Fake::default();
    let app = TestApp::new(fake.router());
    let calls: Vec<&str> = server_fn_paths().map(|(path, _)| path).collect();
    assert!(calls.len() >= 11, "{calls:?}");
    for path in calls {
        let name = path.strip_prefix("/api/").unwrap();
        let response = app.call(name, &json!({})).await;
        assert_eq!(
            (response.status, response.json()),
            (StatusCode::UNAUTHORIZED, json!({"kind": "signedOut"})),
            "{name}"
        );
    }
    for path in STREAMS {
        let response = app.get(path).await;
        assert_eq!(
            (response.status, response.json()),
            (StatusCode::UNAUTHORIZED, json!({"kind": "signedOut"})),
            "{path}"
        );
    }
    assert_eq!(fake.requests(), []);
}

#[tokio::test]
async fn pages_without_a_session_redirect_to_sign_in_and_back() {
    let app = TestApp::new(Fake::default().router());
    let response = app.get("/projects/demo/jobs?q=a&b").await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(
        response.location(),
        "/sign-in?back=/projects/demo/jobs%3Fq%3Da%26b"
    );
    let response = app.get("/sign-in").await;
    assert_eq!(response.status, StatusCode::OK);
    assert!(response.text().contains("name=\"token\""));
    assert_eq!(app.get("/").await.location(), "/sign-in");
}

#[tokio::test]
async fn printed_url_signs_in_once() {
    let mut app = TestApp::new(Fake::default().router());
    let token = app.token();
    let response = app.get(&format!("/?token={token}")).await;
    assert_eq!(
        (response.status, response.location()),
        (StatusCode::SEE_OTHER, "/")
    );
    let cookie = response.header(SET_COOKIE).to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    assert!(
        app.get(&format!("/?token={token}"))
            .await
            .location()
            .starts_with("/sign-in?error=token")
    );
    app.keep_cookie(&response);
    assert_eq!(app.get("/").await.location(), "/projects/default/jobs");
    assert_eq!(
        app.get(&format!("/?token={token}")).await.location(),
        "/",
        "a bookmarked URL still works"
    );
}

#[tokio::test]
async fn wrong_tokens_are_rate_limited_and_the_right_one_is_accepted() {
    let app = TestApp::new(Fake::default().router());
    let mut responses = Vec::new();
    for number in 0..15 {
        responses.push(app.post("/session", &format!("token=wrong{number}")).await);
        responses.push(app.get(&format!("/?token=wrong{number}")).await);
    }
    assert_eq!(responses[9].status, StatusCode::SEE_OTHER);
    let refused = &responses[10];
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=61).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    assert!(
        responses[10..]
            .iter()
            .all(|response| response.status == StatusCode::TOO_MANY_REQUESTS)
    );
    let response = app.post("/session", &format!("token={}", app.token())).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert!(response.header(SET_COOKIE).contains("HttpOnly"));
}

#[tokio::test]
async fn sign_in_form_redirects_back() {
    let app = TestApp::new(Fake::default().router());
    let back = "%2Fprojects%2Fdemo%2Fjobs";
    let response = app
        .post("/session", &format!("token=%20{}%0A&back={back}", app.token()))
        .await;
    assert_eq!(
        (response.status, response.location()),
        (StatusCode::SEE_OTHER, "/projects/demo/jobs")
    );
    let response = app.post("/session", &format!("token=wrong&back={back}")).await;
    assert!(
        response.location().starts_with("/sign-in?error=token&back="),
        "{}",
        response.location()
    );
    let whole = format!("token=http%3A%2F%2F127.0.0.1%3A3000%2F%3Ftoken%3D{}", app.token());
    assert_eq!(app.post("/session", &whole).await.location(), "/");
}

#[tokio::test]
async fn forms_do_not_redirect_to_other_sites() {
    let app = TestApp::new(Fake::default().router());
    for evil in [
        "//evil.example",
        "https%3A%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "javascript%3A1",
    ] {
        let form = format!("token={}&back={evil}", app.token());
        assert_eq!(app.post("/session", &form).await.location(), "/", "{evil}");
        assert_eq!(
            app.post("/preferences", &format!("lang=zh&back={evil}"))
                .await
                .location(),
            "/",
            "{evil}"
        );
    }
}

#[tokio::test]
async fn session_survives_a_restart_and_ends_with_sign_out() {
    let fake = Fake::default();
    let mut app = TestApp::signed_in(fake.router()).await;
    app.restart(fake.router());
    assert_eq!(app.get("/").await.location(), "/projects/default/jobs");
    let response = app.post("/sign-out", "").await;
    assert_eq!(response.location(), "/sign-in");
    assert!(response.header(SET_COOKIE).contains("Max-Age=0"));
    // The browser may keep the cookie, but it is no longer valid.
    assert_eq!(
        app.call("jobs", &json!({"project": "demo"})).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert!(
        app.get("/projects/demo/jobs")
            .await
            .location()
            .starts_with("/sign-in?ended=1&back=")
    );
}

#[tokio::test]
async fn forged_cookie_is_ignored() {
    let mut app = TestApp::signed_in(Fake::default().router()).await;
    let forged = app.request(Method::GET, "/").body(()).unwrap().headers()["cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    let mut bytes = forged.into_bytes();
    let last = bytes.len() - 5;
    bytes[last] = if bytes[last] == b'A' { b'B' } else { b'A' };
    app.forget_cookie();
    let request = app
        .request(Method::GET, "/")
        .header("cookie", String::from_utf8(bytes).unwrap());
    let response = app.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(response.location(), "/sign-in");
}

#[tokio::test]
async fn cross_site_requests_can_neither_post_nor_stream() {
    let app = TestApp::signed_in(Fake::default().router()).await;
    let cookie = app.request(Method::GET, "/").body(()).unwrap().headers()["cookie"].clone();
    let foreign = |method: Method, path: &str| {
        http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", crate::common::AUTHORITY)
            .header("cookie", cookie.clone())
            .header("sec-fetch-site", "cross-site")
            .header("origin", "https://evil.example")
            .header(CONTENT_TYPE, "application/json")
            .body(axum::body::Body::from("{}"))
            .unwrap()
    };
    for path in [
        "/api/delete",
        "/session",
        "/sign-out",
        "/sessions/end",
        "/preferences",
    ] {
        assert_eq!(
            app.send(foreign(Method::POST, path)).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
    for path in STREAMS {
        assert_eq!(
            app.send(foreign(Method::GET, path)).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
}

#[tokio::test]
async fn preferences_are_kept_for_a_year() {
    let app = TestApp::new(Fake::default().router());
    let response = app.post("/preferences", "lang=zh&back=%2Fsign-in").await;
    assert_eq!(
        (response.status, response.location()),
        (StatusCode::SEE_OTHER, "/sign-in")
    );
    assert_eq!(
        response.header(SET_COOKIE),
        "lang=zh; SameSite=Lax; Path=/; Max-Age=31536000"
    );
    assert_eq!(
        app.post("/preferences", "lang=klingon").await.header(SET_COOKIE),
        ""
    );
}
