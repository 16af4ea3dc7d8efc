//! Signing in, staying signed in, and what is refused without a session.

use crate::common::TestApp;
use crate::common::fake::Fake;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{Method, StatusCode};
use leptos::server_fn::axum::server_fn_paths;
use serde_json::json;

/// Every stream and download.
const STREAMS: [&str; 5] = [
    "/stream/jobs?project=demo",
    "/stream/job?project=demo&name=pi",
    "/stream/logs?project=demo&job=pi",
    "/download/log?project=demo&job=pi",
    "/cluster/schema",
];

#[tokio::test]
async fn without_a_session_every_call_is_refused_and_the_cluster_not_asked() {
    let fake = Fake::default();
    let app = TestApp::new(fake.router());
    let calls: Vec<&str> = server_fn_paths().map(|(path, _)| path).collect();
    assert!(calls.len() >= 11, "{calls:?}");
    for path in calls {
        let name = path.strip_prefix("/api/").unwrap();
        let answer = app.call(name, &json!({})).await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::UNAUTHORIZED, json!({"kind": "signedOut"})),
            "{name}"
        );
    }
    for path in STREAMS {
        let answer = app.get(path).await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::UNAUTHORIZED, json!({"kind": "signedOut"})),
            "{path}"
        );
    }
    assert_eq!(fake.asked(), []);
}

#[tokio::test]
async fn without_a_session_pages_lead_to_the_sign_in_page_and_back() {
    let app = TestApp::new(Fake::default().router());
    let answer = app.get("/projects/demo/jobs?q=a&b").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/sign-in?back=/projects/demo/jobs%3Fq%3Da%26b");
    let answer = app.get("/sign-in").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().contains("name=\"token\""));
    assert_eq!(app.get("/").await.location(), "/sign-in");
}

#[tokio::test]
async fn the_printed_address_signs_in_once() {
    let mut app = TestApp::new(Fake::default().router());
    let token = app.token();
    let answer = app.get(&format!("/?token={token}")).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/"));
    let cookie = answer.header(SET_COOKIE).to_owned();
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
    app.keep_cookie(&answer);
    assert_eq!(app.get("/").await.location(), "/projects/default/jobs");
    assert_eq!(
        app.get(&format!("/?token={token}")).await.location(),
        "/",
        "an old bookmark still works"
    );
}

#[tokio::test]
async fn who_keeps_trying_wrong_tokens_has_to_wait_and_the_right_one_is_taken() {
    let app = TestApp::new(Fake::default().router());
    let mut answers = Vec::new();
    for number in 0..15 {
        answers.push(app.post("/session", &format!("token=wrong{number}")).await);
        answers.push(app.get(&format!("/?token=wrong{number}")).await);
    }
    assert_eq!(answers[9].status, StatusCode::SEE_OTHER);
    let refused = &answers[10];
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!((1..=61).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    assert!(
        answers[10..]
            .iter()
            .all(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS)
    );
    let answer = app.post("/session", &format!("token={}", app.token())).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.header(SET_COOKIE).contains("HttpOnly"));
}

#[tokio::test]
async fn the_form_signs_in_and_goes_back() {
    let app = TestApp::new(Fake::default().router());
    let back = "%2Fprojects%2Fdemo%2Fjobs";
    let answer = app
        .post("/session", &format!("token=%20{}%0A&back={back}", app.token()))
        .await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/projects/demo/jobs")
    );
    let answer = app.post("/session", &format!("token=wrong&back={back}")).await;
    assert!(
        answer.location().starts_with("/sign-in?error=token&back="),
        "{}",
        answer.location()
    );
    let whole = format!("token=http%3A%2F%2F127.0.0.1%3A3000%2F%3Ftoken%3D{}", app.token());
    assert_eq!(app.post("/session", &whole).await.location(), "/");
}

#[tokio::test]
async fn no_form_leads_to_another_server() {
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
async fn a_session_survives_a_restart_and_ends_by_signing_out() {
    let fake = Fake::default();
    let mut app = TestApp::signed_in(fake.router()).await;
    app.restart(fake.router());
    assert_eq!(app.get("/").await.location(), "/projects/default/jobs");
    let answer = app.post("/sign-out", "").await;
    assert_eq!(answer.location(), "/sign-in");
    assert!(answer.header(SET_COOKIE).contains("Max-Age=0"));
    // The browser may keep the cookie: it is worth nothing.
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
async fn a_forged_cookie_is_none() {
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
    let answer = app.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.location(), "/sign-in");
}

#[tokio::test]
async fn another_site_can_neither_post_nor_stream() {
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
    for path in ["/api/delete", "/session", "/sign-out", "/preferences"] {
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
async fn choices_are_kept_for_a_year() {
    let app = TestApp::new(Fake::default().router());
    let answer = app.post("/preferences", "lang=zh&back=%2Fsign-in").await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/sign-in")
    );
    assert_eq!(
        answer.header(SET_COOKIE),
        "lang=zh; SameSite=Lax; Path=/; Max-Age=31536000"
    );
    assert_eq!(
        app.post("/preferences", "lang=klingon").await.header(SET_COOKIE),
        ""
    );
}
