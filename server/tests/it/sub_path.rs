//! A console below a path of its host.

use http::header::SET_COOKIE;
use http::{Method, StatusCode};
use scraper::Html;
use serde_json::json;

use crate::common::fake::{Fake, job, list};
use crate::common::{TestApp, TestResponse};

const JOBS: &str = "/apis/batch/v1/namespaces/demo/jobs";

/// A path whose last part is that of a page, too.
const PREFIX: &str = "/teams/projects";

async fn console() -> TestApp {
    let api = Fake::default()
        .on(&format!("GET {JOBS}"), 200, list(&[job("pi")]))
        .on(&format!("GET {JOBS}/pi"), 200, job("pi"));
    let mut app = TestApp::below(PREFIX, api.router());
    let response = app.get(&format!("{PREFIX}?token={}", app.token())).await;
    assert_eq!(
        (response.status, response.location()),
        (StatusCode::SEE_OTHER, "/teams/projects/")
    );
    let cookie = response.header(SET_COOKIE).to_owned();
    assert!(cookie.contains("; Path=/teams/projects;"), "{cookie}");
    app.keep_cookie(&response);
    app
}

/// Returns the addresses of a page that are on this host.
fn addresses(page: &TestResponse) -> Vec<String> {
    let html = Html::parse_document(&page.text());
    let elements = html.tree.values().filter_map(scraper::Node::as_element);
    let mut found: Vec<String> = elements
        .flat_map(|element| {
            ["href", "src", "action", "formaction"]
                .iter()
                .filter_map(|name| element.attr(name))
                .filter(|value| value.starts_with('/'))
                .map(str::to_owned)
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[tokio::test]
async fn every_address_in_a_page_is_below_the_prefix() {
    let app = console().await;
    let signed_out = app.with_cookie(None);
    for (app, path) in [
        (&signed_out, "/sign-in"),
        (&app, "/projects/demo/jobs"),
        (&app, "/projects/demo/jobs?status=failed&page=2"),
        (&app, "/projects/demo/jobs/pi"),
        (&app, "/projects/demo/jobs/none"),
        (&app, "/projects/demo/create-job?example=pi"),
        (&app, "/sessions"),
        (&app, "/nothing"),
    ] {
        let page = app.get(&format!("{PREFIX}{path}")).await;
        let text = page.text();
        assert!(text.contains("data-prefix=\"/teams/projects\""), "{path}: {text}");
        let found = addresses(&page);
        assert!(found.len() >= 4, "{path}: {found:?}");
        for address in found {
            assert!(
                address.starts_with("/teams/projects/"),
                "{path} leads to {address}: {text}"
            );
        }
        // The start script, and what forms lead back to.
        assert!(
            text.contains("\"/teams/projects\", \"pkg\"") || path.contains("create-job"),
            "{path}: {text}"
        );
        for back in text.split("name=\"back\" value=\"").skip(1) {
            let is_empty = back.starts_with('"');
            assert!(is_empty || back.starts_with("/teams/projects/"), "{path}: {back}");
        }
    }
    let list = app.get(&format!("{PREFIX}/projects/demo/jobs")).await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(
        list.text().contains("/teams/projects/projects/demo/jobs/pi\""),
        "{}",
        list.text()
    );
}

#[tokio::test]
async fn redirects_are_below_the_prefix() {
    let app = console().await;
    assert_eq!(
        app.get(&format!("{PREFIX}/")).await.location(),
        "/teams/projects/projects/default/jobs"
    );
    let signed_out = app.with_cookie(None);
    for (path, location) in [
        ("/", "/teams/projects/sign-in"),
        (
            "/projects/demo/jobs?q=a",
            "/teams/projects/sign-in?back=/teams/projects/projects/demo/jobs%3Fq%3Da",
        ),
        (
            "/?token=wrong",
            "/teams/projects/sign-in?error=token&back=%2Fteams%2Fprojects%2F",
        ),
    ] {
        let response = signed_out.get(&format!("{PREFIX}{path}")).await;
        assert_eq!(response.location(), location, "{path}");
    }
    for (path, form, location) in [
        (
            "/preferences",
            "lang=zh&back=%2Fteams%2Fprojects%2Fsign-in",
            "/teams/projects/sign-in",
        ),
        ("/preferences", "lang=zh&back=%2Fother%2F", "/teams/projects/"),
        ("/preferences", "lang=zh", "/teams/projects/"),
        ("/session", "token=wrong", "/teams/projects/"),
        (
            "/sessions/end",
            "back=%2Fteams%2Fprojects%2Fsessions",
            "/teams/projects/sessions",
        ),
        ("/sign-out", "", "/teams/projects/sign-in"),
    ] {
        let response = app.post(&format!("{PREFIX}{path}"), form).await;
        assert_eq!(response.location(), location, "{path} {form}");
        for cookie in response.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; Path=/teams/projects;"), "{cookie}");
        }
    }
}

#[tokio::test]
async fn calls_streams_and_files_are_below_the_prefix() {
    let app = console().await;
    let jobs = app.call_at(PREFIX, "jobs", &json!({"project": "demo"})).await;
    assert_eq!(
        (jobs.status, jobs.text().contains("\"pi\"")),
        (StatusCode::OK, true)
    );
    let mut rows = app
        .stream(&format!("{PREFIX}/stream/jobs?project=demo"), None)
        .await;
    rows.next().await.unwrap();
    let script = app.get(&format!("{PREFIX}/pkg/frontend.js")).await;
    assert_eq!(
        (script.status, script.text().as_str()),
        (StatusCode::OK, "export default 1;\n")
    );
    for path in ["/readyz", "/healthz", "/teams/projects/readyz"] {
        assert_eq!(app.get(path).await.status, StatusCode::OK, "{path}");
    }
}

/// Another page of the host is not this console's, whatever it is called.
#[tokio::test]
async fn nothing_is_served_outside_of_the_prefix() {
    let app = console().await;
    for path in [
        "/",
        "/projects/demo/jobs",
        "/pkg/frontend.js",
        "/sign-in",
        "/teams",
        "/teams/projectsx/",
        "/stream/jobs?project=demo",
    ] {
        let response = app.get(path).await;
        assert_eq!(
            (response.status, response.text().as_str()),
            (StatusCode::NOT_FOUND, "The console is at /teams/projects/.\n"),
            "{path}"
        );
    }
    let request = app
        .request(Method::POST, "/sign-out")
        .body(axum::body::Body::empty());
    assert_eq!(app.send(request.unwrap()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        app.call_at("", "jobs", &json!({"project": "demo"})).await.status,
        StatusCode::NOT_FOUND
    );
}
