//! Pages without JavaScript: rendered on the server, in both languages.

use crate::common::TestApp;
use crate::common::fake::{Fake, job, list, pod};
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const JOBS: &str = "/apis/batch/v1/namespaces/demo/jobs";

fn one_job() -> Fake {
    let namespaces: Vec<Value> = ["kube-system", "team", "demo"]
        .map(|name| json!({"metadata": {"name": name}}))
        .into();
    let mut pi = job("pi");
    pi["metadata"]["annotations"] = json!({"kubesphere.io/alias-name": "任务示例"});
    Fake::default()
        .on("GET /version", 200, json!({"gitVersion": "v1.36.2"}))
        .on("GET /api/v1/namespaces", 200, list(&namespaces))
        .on(&format!("GET {JOBS}"), 200, list(std::slice::from_ref(&pi)))
        .on(&format!("GET {JOBS}/pi"), 200, pi)
        .on(
            "GET /api/v1/namespaces/demo/pods",
            200,
            list(&[pod("pi-x", "pi", "Running", json!({"running": {}}))]),
        )
}

#[tokio::test]
async fn start_page_redirects_to_the_default_project() {
    let app = TestApp::signed_in(one_job().router()).await;
    assert_eq!(app.get("/").await.location(), "/projects/demo/jobs");
}

#[tokio::test]
async fn workspace_lists_system_projects_last() {
    let app = TestApp::signed_in(one_job().router()).await;
    let expected = json!({
        "cluster": "test", "playground": false, "version": "v1.36.2",
        "projects": ["demo", "team", "kube-system"], "all_projects": true, "user": "",
    });
    assert_eq!(app.call("workspace", &json!({})).await.json(), expected);
}

#[tokio::test]
async fn job_list_works_without_javascript() {
    let app = TestApp::signed_in(one_job().router()).await;
    let response = app.get("/projects/demo/jobs").await;
    let text = response.text();
    assert_eq!(response.status, StatusCode::OK);
    for part in [
        "href=\"/projects/demo/jobs/pi\"",
        "任务示例",
        "perl:5.28.0",
        "lang=\"en\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn job_page_works_without_javascript() {
    let app = TestApp::signed_in(one_job().router()).await;
    let response = app.get("/projects/demo/jobs/pi").await;
    assert_eq!(response.status, StatusCode::OK);
    assert!(response.text().contains("任务示例"));
    assert_eq!(
        app.get("/projects/demo/jobs/gone").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn pages_use_the_preferred_language() {
    let app = TestApp::signed_in(one_job().router()).await;
    let request = app
        .request(Method::GET, "/sign-in")
        .header("accept-language", "zh-CN,zh;q=0.9,en;q=0.8");
    let text = app.send(request.body(Body::empty()).unwrap()).await.text();
    assert!(text.contains("lang=\"zh"), "{text}");
}
