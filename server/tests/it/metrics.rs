//! Metrics, at an address of their own.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;
use tower::ServiceExt;

use crate::common::TestApp;
use crate::common::fake::{Fake, job, list};

/// Reads the metrics as a program with these headers does.
async fn scrape(app: &TestApp, headers: &[(&str, &str)]) -> (StatusCode, String) {
    let mut request = Request::get("/metrics");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app
        .metrics()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn metrics_tell_what_is_served_without_names() {
    let path = "/apis/batch/v1/namespaces/confidential-project/jobs";
    let api = Fake::default().on(&format!("GET {path}"), 200, list(&[job("confidential-job")]));
    let app = TestApp::signed_in(api.router()).await;
    app.call("jobs", &json!({"project": "confidential-project"}))
        .await;
    for page in [
        "/projects/confidential-project/jobs",
        "/projects/confidential-project/jobs/confidential-job",
        "/clusters/confidential-cluster/projects/confidential-project/create-job",
        "/confidential-page",
    ] {
        app.get(page).await;
    }
    let _rows = app
        .stream("/stream/jobs?project=confidential-project", None)
        .await;
    app.post("/session", "token=confidential-token").await;
    let (status, text) = scrape(&app, &[("host", "10.1.2.3:9090")]).await;
    assert_eq!(status, StatusCode::OK);
    for start in [
        "jobwright_http_requests_total{route=\"/api/jobs\",method=\"POST\",status=\"200\"} ",
        "jobwright_http_requests_total{route=\"/projects/{project}/jobs\",method=\"GET\",status=\"200\"} ",
        "jobwright_http_request_duration_seconds_bucket{le=\"0.005\",route=\"/api/jobs\"} ",
        "jobwright_open_streams ",
        "jobwright_watches ",
        "jobwright_sessions 1",
        "jobwright_sign_ins_total{result=\"token\"} ",
        "jobwright_sign_ins_total{result=\"done\"} ",
        "process_resident_memory_bytes ",
    ] {
        assert!(
            text.lines().any(|line| line.starts_with(start)),
            "{start}: {text}"
        );
    }
    assert!(!text.contains("confidential"), "{text}");
}

#[tokio::test]
async fn pages_of_other_sites_cannot_read_metrics() {
    let app = TestApp::new(Fake::default().router());
    for (headers, expected) in [
        (&[][..], StatusCode::OK),
        (&[("sec-fetch-site", "none")], StatusCode::OK),
        (&[("sec-fetch-site", "same-origin")], StatusCode::FORBIDDEN),
        (&[("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
        (&[("origin", "http://evil.example")], StatusCode::FORBIDDEN),
    ] {
        assert_eq!(scrape(&app, headers).await.0, expected, "{headers:?}");
    }
}

/// The console's own address has no metrics, for anyone.
#[tokio::test]
async fn metrics_are_not_served_with_the_console() {
    let app = TestApp::signed_in(Fake::default().router()).await;
    for app in [&app, &app.with_cookie(None)] {
        let response = app.get("/metrics").await;
        assert!(!response.text().contains("jobwright_"), "{}", response.text());
        assert_ne!(response.status, StatusCode::OK);
    }
}
