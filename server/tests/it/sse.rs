//! Server-sent events.

use std::time::Duration;

use crate::common::TestApp;
use crate::common::fake::{Fake, job, list, pod, status};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde_json::{Value, json};

const JOBS: &str = "/apis/batch/v1/namespaces/demo/jobs";
const PODS: &str = "/api/v1/namespaces/demo/pods";
const LOG: &str = "2026-11-23T10:00:00.1Z one\n2026-11-23T10:00:00.2Z two\n2026-11-23T10:00:00.2Z three\n";

fn completed(name: &str) -> Value {
    let mut job = job(name);
    job["status"] = json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]});
    job
}

/// A completed Job with one Pod and its log.
fn finished() -> Fake {
    let ended = pod("pi-x", "pi", "Succeeded", json!({"terminated": {"exitCode": 0}}));
    Fake::default()
        .on(&format!("GET {JOBS}/pi"), 200, completed("pi"))
        .on(&format!("GET {JOBS}"), 200, list(&[completed("pi")]))
        .on(&format!("GET {PODS}"), 200, list(&[ended]))
        .on(&format!("GET {PODS}/pi-x/log"), 200, LOG.into())
}

fn texts(lines: &Value) -> Vec<&str> {
    lines
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|line| line["text"].as_str())
        .collect()
}

#[tokio::test]
async fn list_stream_starts_with_a_snapshot_and_sends_changed_rows() {
    let fake = Fake::default().on(&format!("GET {JOBS}"), 200, list(&[job("pi")]));
    let app = TestApp::signed_in(fake.router()).await;
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    let first = events.next().await.unwrap();
    assert_eq!(
        (first.name.as_str(), &first.data["type"]),
        ("change", &json!("page"))
    );
    assert_eq!(first.data["page"]["rows"][0]["status"]["kind"], "updating");
    fake.report(
        PODS,
        "ADDED",
        pod("pi-x", "pi", "Running", json!({"running": {}})),
    );
    let second = events.next().await.unwrap().data;
    assert_eq!(
        (&second["type"], &second["rows"][0]["status"]["kind"]),
        (&json!("rows"), &json!("running"))
    );
    fake.report(JOBS, "DELETED", job("pi"));
    assert_eq!(events.next().await.unwrap().data["gone"], json!(["uid-pi"]));
}

/// A page that the browser has is not sent again; it is told that the page is current, also after a reconnect.
#[tokio::test]
async fn list_stream_resumes_after_the_version_of_a_page() {
    let fake = Fake::default().on(&format!("GET {JOBS}"), 200, list(&[job("pi")]));
    let app = TestApp::signed_in(fake.router()).await;
    let page = app.call("jobs", &json!({"project": "demo"})).await.json();
    let version = page["version"].as_str().unwrap().to_owned();
    for (path, last) in [
        (format!("/stream/jobs?project=demo&last={version}"), None),
        ("/stream/jobs?project=demo".to_owned(), Some(version.as_str())),
    ] {
        let event = app.stream(&path, last).await.next().await.unwrap();
        assert_eq!(
            (&event.data["type"], &event.data["rows"]),
            (&json!("rows"), &json!([]))
        );
        assert_eq!((event.data["order"].is_null(), event.id), (true, version.clone()));
    }
    // Another page has another version.
    let other = format!("/stream/jobs?project=demo&q=absent&last={version}");
    let event = app.stream(&other, None).await.next().await.unwrap();
    assert_eq!(
        (&event.data["type"], &event.data["page"]["rows"]),
        (&json!("page"), &json!([]))
    );
    assert_ne!(event.id, version);
}

#[tokio::test]
async fn expired_watch_is_reported_and_relisted() {
    let fake = Fake::default().on(&format!("GET {JOBS}"), 200, list(&[job("a")]));
    let app = TestApp::signed_in(fake.router()).await;
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    events.next().await.unwrap();
    fake.set(&format!("GET {JOBS}"), 200, list(&[job("b")]));
    fake.report(JOBS, "ERROR", status(410, "Expired", "too old resource version"));
    assert_eq!(events.next().await.unwrap().data["type"], "stale");
    let relisted = events.next().await.unwrap().data;
    assert_eq!(
        (&relisted["type"], &relisted["page"]["rows"][0]["name"]),
        (&json!("page"), &json!("b"))
    );
}

#[tokio::test]
async fn forbidden_list_has_no_stream() {
    let no = status(403, "Forbidden", "no");
    let app = TestApp::signed_in(Fake::default().on(&format!("GET {JOBS}"), 403, no).router()).await;
    assert_eq!(
        app.get("/stream/jobs?project=demo").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn job_stream_sends_changes_until_the_job_is_deleted() {
    let fake = Fake::default().on(&format!("GET {JOBS}/pi"), 200, job("pi"));
    let app = TestApp::signed_in(fake.router()).await;
    let mut events = app.stream("/stream/job?project=demo&name=pi", None).await;
    let first = events.next().await.unwrap();
    assert_eq!(
        (first.name.as_str(), &first.data["row"]["status"]["kind"]),
        ("detail", &json!("updating"))
    );
    // The initial lists of the watches may still be in progress.
    fake.set(&format!("GET {JOBS}/pi"), 200, completed("pi"));
    fake.report(JOBS, "MODIFIED", completed("pi"));
    let second = events.next().await.unwrap();
    assert_eq!(
        (second.name.as_str(), &second.data["row"]["status"]["kind"]),
        ("detail", &json!("completed"))
    );
    fake.set(&format!("GET {JOBS}/pi"), 404, status(404, "NotFound", "gone"));
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    fake.report(JOBS, "DELETED", completed("pi"));
    let gone = events.next().await.unwrap();
    assert_eq!(
        (gone.name.as_str(), gone.data),
        ("gone", json!({"replaced": false}))
    );
    assert!(events.next().await.is_none());
}

/// A Job may finish and be deleted between two reads; how it ended is then only in the watch.
#[tokio::test]
async fn job_stream_sends_the_last_state_of_a_job_that_was_deleted_before_it_was_read() {
    let fake = Fake::default().on(&format!("GET {JOBS}/pi"), 200, job("pi")).on(
        &format!("GET {JOBS}"),
        200,
        list(&[job("pi")]),
    );
    let app = TestApp::signed_in(fake.router()).await;
    let mut events = app
        .stream("/stream/job?project=demo&name=pi&uid=uid-pi", None)
        .await;
    let first = events.next().await.unwrap();
    assert_eq!(first.data["row"]["status"]["kind"], json!("updating"));
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    fake.set(&format!("GET {JOBS}/pi"), 404, status(404, "NotFound", "gone"));
    fake.set(&format!("GET {JOBS}"), 200, list(&[]));
    fake.report(JOBS, "MODIFIED", completed("pi"));
    fake.report(JOBS, "DELETED", completed("pi"));
    let last = events.next().await.unwrap();
    assert_eq!(
        (last.name.as_str(), &last.data["row"]["status"]["kind"]),
        ("detail", &json!("completed"))
    );
    assert_eq!(last.data["manifest"], first.data["manifest"]);
    assert_eq!(events.next().await.unwrap().name, "gone");
}

/// A page of a deleted Job does not show a re-created one of the same name.
#[tokio::test]
async fn re_created_job_ends_the_streams_of_the_old_one() {
    let fake = finished();
    let app = TestApp::signed_in(fake.router()).await;
    let path = "/stream/job?project=demo&name=pi&uid=uid-pi";
    let mut events = app.stream(path, None).await;
    assert_eq!(events.next().await.unwrap().name, "detail");
    let mut recreated = job("pi");
    recreated["metadata"]["uid"] = "another".into();
    fake.set(&format!("GET {JOBS}/pi"), 200, recreated.clone());
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    fake.report(JOBS, "ADDED", recreated);
    let gone = events.next().await.unwrap();
    assert_eq!(
        (gone.name.as_str(), gone.data),
        ("gone", json!({"replaced": true}))
    );
    assert!(events.next().await.is_none());

    // There may be no Job of the name for a while.
    fake.set(&format!("GET {JOBS}/pi"), 404, status(404, "NotFound", "gone"));
    fake.set(&format!("GET {JOBS}"), 200, list(&[]));
    let mut between = app.stream(path, None).await;
    assert_eq!(between.next().await.unwrap().data, json!({"replaced": false}));
    let next = tokio::spawn(async move { between.next().await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut recreated = job("pi");
    recreated["metadata"]["uid"] = "another".into();
    fake.set(&format!("GET {JOBS}/pi"), 200, recreated.clone());
    fake.report(JOBS, "ADDED", recreated);
    assert_eq!(next.await.unwrap().unwrap().data, json!({"replaced": true}));

    let mut reopened = app.stream(path, None).await;
    assert_eq!(reopened.next().await.unwrap().data, json!({"replaced": true}));
    let mut log = app
        .stream("/stream/logs?project=demo&job=pi&uid=uid-pi", None)
        .await;
    assert_eq!(log.next().await.unwrap().name, "gone");
    let mut absent = app.stream("/stream/logs?project=demo&job=absent", None).await;
    assert_eq!(absent.next().await.unwrap().name, "gone");
}

/// The `id` of the last event may come in the query, which unlike a header can contain line breaks.
#[tokio::test]
async fn hostile_event_id_is_ignored() {
    let app = TestApp::signed_in(finished().router()).await;
    let path = "/stream/logs?project=demo&job=pi&last=a%0Aevent%3A%20x%3D1.0.1.0%2Cb%00%3D1.0.1.0";
    let mut events = app.stream(path, None).await;
    let lines = events.next().await.unwrap();
    assert_eq!(texts(&lines.data), ["one", "two", "three"]);
}

#[tokio::test]
async fn forbidden_pods_are_reported() {
    let no = status(403, "Forbidden", "pods is forbidden");
    let fake = Fake::default()
        .on(&format!("GET {JOBS}/pi"), 200, job("pi"))
        .on(&format!("GET {JOBS}"), 200, list(&[job("pi")]))
        .on(&format!("GET {PODS}"), 403, no);
    let app = TestApp::signed_in(fake.router()).await;
    let mut log = app.stream("/stream/logs?project=demo&job=pi", None).await;
    let refused = log.next().await.unwrap();
    assert_eq!(
        (refused.name.as_str(), &refused.data["kind"]),
        ("refused", &json!("forbidden"))
    );
    let mut page = app.stream("/stream/job?project=demo&name=pi", None).await;
    assert_eq!(page.next().await.unwrap().data["pods"], Value::Null);
}

/// A kubelet that has just started does not know its Pods yet.
#[tokio::test]
async fn log_of_a_terminated_container_is_read_when_its_node_is_back() {
    let fake = finished();
    for (code, reason) in [(500, "InternalError"), (404, "NotFound"), (400, "BadRequest")] {
        let away = status(code, reason, "the node is away");
        fake.set(&format!("GET {PODS}/pi-x/log"), code, away);
        let app = TestApp::signed_in(fake.router()).await;
        let mut events = app.stream("/stream/logs?project=demo&job=pi", None).await;
        let trouble = events.next().await.unwrap();
        let expected =
            json!({"pod": "pi-x", "container": "pi", "message": trouble.data["message"], "retries": true});
        assert_eq!((trouble.name.as_str(), &trouble.data), ("trouble", &expected));
        fake.set(&format!("GET {PODS}/pi-x/log"), 200, LOG.into());
        let mut lines = events.next().await.unwrap();
        while lines.name == "trouble" {
            lines = events.next().await.unwrap();
        }
        assert_eq!(texts(&lines.data), ["one", "two", "three"], "{code}");
        assert_eq!(events.next().await.unwrap().name, "end");
    }
}

#[tokio::test]
async fn logs_are_read_completely_and_never_twice() {
    let app = TestApp::signed_in(finished().router()).await;
    let path = "/stream/logs?project=demo&job=pi";
    let mut events = app.stream(path, None).await;
    let lines = events.next().await.unwrap();
    let expected = json!({"pod": "pi-x", "container": "pi", "time": "2026-11-23T10:00:00.1Z", "text": "one"});
    assert_eq!((lines.name.as_str(), &lines.data[0]), ("lines", &expected));
    assert_eq!(texts(&lines.data), ["one", "two", "three"]);
    assert_eq!(events.next().await.unwrap().name, "end");
    assert!(events.next().await.is_none());

    let mut reconnected = app.stream(path, Some(&lines.id)).await;
    assert_eq!(reconnected.next().await.unwrap().name, "end");
}

/// A browser that reconnects between two lines of equal timestamps gets the rest, and nothing twice.
#[tokio::test]
async fn reconnecting_browser_gets_the_remaining_lines() {
    let fake = finished();
    let (start, rest) = LOG.split_at(LOG.rfind("2026").unwrap());
    fake.set(&format!("GET {PODS}/pi-x/log"), 200, start.into());
    let app = TestApp::signed_in(fake.router()).await;
    let path = "/stream/logs?project=demo&job=pi";
    let before = app.stream(path, None).await.next().await.unwrap();
    assert_eq!(texts(&before.data), ["one", "two"]);
    assert!(rest.ends_with("three\n"));
    fake.set(&format!("GET {PODS}/pi-x/log"), 200, LOG.into());
    let mut reconnected = app.stream(path, Some(&before.id)).await;
    assert_eq!(texts(&reconnected.next().await.unwrap().data), ["three"]);
    // Lines up to ten seconds older than those before them are requested.
    let requests = fake.requests();
    let request = requests
        .iter()
        .rfind(|request| request.what.ends_with("/log"))
        .unwrap();
    assert_eq!(
        request.query,
        "container=pi&timestamps=true&sinceTime=2026-11-23T09%3A59%3A50Z"
    );
}

#[tokio::test]
async fn pod_created_later_is_followed() {
    let fake = Fake::default()
        .on(&format!("GET {JOBS}/pi"), 200, job("pi"))
        .on(&format!("GET {JOBS}"), 200, list(&[job("pi")]))
        .on(&format!("GET {PODS}/pi-x/log"), 200, LOG.into());
    let app = TestApp::signed_in(fake.router()).await;
    let mut events = app
        .stream("/stream/logs?project=demo&job=pi&tail=1000", None)
        .await;
    let next = tokio::spawn(async move { (events.next().await, events) });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    fake.report(
        PODS,
        "ADDED",
        pod("pi-x", "pi", "Running", json!({"running": {}})),
    );
    let (lines, mut events) = next.await.unwrap();
    assert_eq!(texts(&lines.unwrap().data), ["one", "two", "three"]);
    let requests = fake.requests();
    let request = requests
        .iter()
        .find(|request| request.what.ends_with("/log"))
        .unwrap();
    assert_eq!(
        request.query,
        "container=pi&follow=true&timestamps=true&tailLines=1000"
    );
    fake.report(
        PODS,
        "MODIFIED",
        pod("pi-x", "pi", "Succeeded", json!({"terminated": {"exitCode": 0}})),
    );
    fake.report(JOBS, "MODIFIED", completed("pi"));
    assert_eq!(events.next().await.unwrap().name, "end");
}

/// Pages reconnect after three intervals without any event (`app::event_stream`).
#[tokio::test(start_paused = true)]
async fn idle_streams_send_pings_that_browsers_dispatch() {
    let app = TestApp::signed_in(finished().router()).await;
    for path in ["/stream/jobs?project=demo", "/stream/job?project=demo&name=pi"] {
        let mut events = app.stream(path, None).await;
        events.patience = Duration::from_mins(1);
        let until = tokio::time::Instant::now() + Duration::from_secs(31);
        while tokio::time::timeout_at(until, events.next())
            .await
            .is_ok_and(|event| event.is_some())
        {}
        assert!(events.pings >= 5, "{path}: {} pings in 31 s", events.pings);
    }
}

#[tokio::test]
async fn stream_ends_on_sign_out() {
    let app = TestApp::signed_in(Fake::default().router()).await;
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    events.next().await.unwrap();
    app.post("/sign-out", "").await;
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn log_is_downloaded_unmodified() {
    let fake = finished();
    let app = TestApp::signed_in(fake.router()).await;
    let response = app.get("/download/log?project=demo&job=pi").await;
    assert_eq!((response.status, response.text().as_str()), (StatusCode::OK, LOG));
    assert_eq!(response.header(CONTENT_TYPE), "text/plain; charset=utf-8");
    assert_eq!(
        response.header(CONTENT_DISPOSITION),
        "attachment; filename=\"pi.log\""
    );
    let other = pod("pi-y", "pi", "Running", json!({"running": {}}));
    let first = pod("pi-x", "pi", "Succeeded", json!({"terminated": {"exitCode": 0}}));
    fake.set(&format!("GET {PODS}"), 200, list(&[first, other]));
    let text = app.get("/download/log?project=demo&job=pi").await.text();
    let expected = format!("==> pi-x/pi <==\n{LOG}==> pi-y/pi <==\n(cannot read this log: not found: ");
    assert!(text.starts_with(&expected), "{text}");
}

#[tokio::test]
async fn lines_of_several_pods_are_merged_by_timestamp() {
    let ended = |name: &str| pod(name, "pi", "Succeeded", json!({"terminated": {"exitCode": 0}}));
    let fake = finished()
        .on(&format!("GET {PODS}"), 200, list(&[ended("pi-x"), ended("pi-y")]))
        .on(
            &format!("GET {PODS}/pi-y/log"),
            200,
            "2026-11-23T10:00:00.12Z between\n".into(),
        );
    let app = TestApp::signed_in(fake.router()).await;
    let mut events = app.stream("/stream/logs?project=demo&job=pi", None).await;
    assert_eq!(
        texts(&events.next().await.unwrap().data),
        ["one", "between", "two", "three"]
    );
}
