//! Servers before 1.25 silently drop unknown fields: if their schema cannot be read, nothing is sent to them
//! unchecked.

use std::time::Duration;

use crate::common::TestApp;
use crate::common::fake::{Fake, status};
use serde_json::{Value, json};

const POST: &str = "POST /apis/batch/v1/namespaces/demo/jobs";

const MANIFEST: &str = "\
apiVersion: batch/v1
kind: Job
metadata: {name: pi}
spec:
  suspend: true
  template: {spec: {restartPolicy: Never, containers: [{name: pi, image: perl}]}}
";

/// A schema whose Jobs have no `suspend`.
fn old_schema() -> Value {
    let kind = |group: &str, version: &str, kind: &str, spec: Value| {
        json!({
            "type": "object",
            "properties": {
                "apiVersion": {"type": "string"}, "kind": {"type": "string"},
                "metadata": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "spec": spec,
            },
            "x-kubernetes-group-version-kind": [{"group": group, "kind": kind, "version": version}],
        })
    };
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let job = json!({"type": "object", "properties": {"template": any}});
    json!({"definitions": {
        "io.k8s.api.batch.v1.Job": kind("batch", "v1", "Job", job),
        "io.k8s.api.core.v1.ConfigMap": kind("", "v1", "ConfigMap", any.clone()),
        "io.k8s.api.core.v1.Secret": kind("", "v1", "Secret", any.clone()),
        "io.k8s.api.core.v1.PersistentVolumeClaim": kind("", "v1", "PersistentVolumeClaim", any.clone()),
        "io.k8s.api.core.v1.ServiceAccount": kind("", "v1", "ServiceAccount", any),
    }})
}

fn cluster(version: &str) -> Fake {
    Fake::default()
        .on("GET /version", 200, json!({"gitVersion": version}))
        .on(POST, 201, Value::Null)
}

async fn create(app: &TestApp) -> Value {
    create_text(app, MANIFEST).await
}

async fn create_text(app: &TestApp, text: &str) -> Value {
    let arguments = json!({"project": "demo", "text": text, "dry_run": false, "done": []});
    let response = app.call("create", &arguments).await;
    response.json()["documents"][0].clone()
}

/// Responses that may come instead of a schema.
fn failures() -> Vec<(u16, Value)> {
    let mut failures: Vec<(u16, Value)> = [400, 401, 403, 404, 408, 429, 500, 502, 503, 504]
        .into_iter()
        .map(|code| (code, status(code, "Trouble", "no schema today")))
        .collect();
    failures.push((200, json!({})));
    failures.push((200, json!({"definitions": {}})));
    failures.push((
        200,
        json!({"definitions": {"io.k8s.api.batch.v1.Job": {"type": "object"}}}),
    ));
    failures.push((200, json!("2026-11-23T10:00:00Z <html>sign in first</html>")));
    failures
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_an_old_server_without_a_schema() {
    for version in ["v1.20.2", "v1.24.17", "", "v2.0.0"] {
        for (code, body) in failures() {
            let fake = cluster(version).on("GET /openapi/v2", code, body.clone());
            let app = TestApp::signed_in(fake.router()).await;
            let refused = create(&app).await;
            assert!(!refused["error"].is_null(), "{version} {code} {body}: {refused}");
            assert!(
                refused["error"]["message"]
                    .as_str()
                    .unwrap()
                    .contains("silently drop unknown fields"),
                "{version} {code}: {refused}"
            );
            assert_eq!(
                fake.requests_with("POST /apis/batch"),
                [],
                "{version} {code} {body}"
            );
            // The failure passes: seconds later the schema is used.
            fake.set("GET /openapi/v2", 200, old_schema());
            tokio::time::advance(Duration::from_secs(4)).await;
            let refused = create(&app).await;
            assert_eq!(
                refused["error"]["causes"][0]["field"], "spec.suspend",
                "{version} {code}: {refused}"
            );
            assert_eq!(fake.requests_with("POST /apis/batch"), []);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn new_server_without_a_schema_validates_fields_and_the_user_is_warned() {
    for (code, body) in failures() {
        let fake = cluster("v1.25.0").on("GET /openapi/v2", code, body.clone());
        let app = TestApp::signed_in(fake.router()).await;
        let created = create(&app).await;
        assert_eq!(created["error"], Value::Null, "{code} {body}: {created}");
        let warning = created["warnings"].to_string();
        assert!(
            warning.contains("fieldValidation=Strict"),
            "{code} {body}: {created}"
        );
        let posts = fake.requests_with("POST /apis/batch");
        assert_eq!(posts.len(), 1);
        assert!(posts[0].query.contains("fieldValidation=Strict"), "{posts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn cached_schema_is_used_while_the_same_version_cannot_be_read() {
    let fake = cluster("v1.20.2").on("GET /openapi/v2", 200, old_schema());
    let app = TestApp::signed_in(fake.router()).await;
    assert_eq!(create(&app).await["error"]["causes"][0]["field"], "spec.suspend");
    fake.set("GET /openapi/v2", 500, status(500, "InternalError", "no"));
    tokio::time::advance(Duration::from_mins(11)).await;
    assert_eq!(create(&app).await["error"]["causes"][0]["field"], "spec.suspend");
    // Another version may have other fields.
    fake.set("GET /version", 200, json!({"gitVersion": "v1.21.0"}));
    tokio::time::advance(Duration::from_mins(11)).await;
    assert_eq!(create(&app).await["error"]["kind"], "unreachable");
    assert_eq!(fake.requests_with("POST /apis/batch"), []);
}

#[tokio::test(start_paused = true)]
async fn server_of_unknown_version_is_not_trusted() {
    for (code, reason) in [
        (403, "Forbidden"),
        (404, "NotFound"),
        (401, "Unauthorized"),
        (429, "TooManyRequests"),
        (500, "X"),
    ] {
        let fake = cluster("v1.36.2")
            .on("GET /version", code, status(code, reason, "no version"))
            .on("GET /openapi/v2", 200, old_schema());
        let app = TestApp::signed_in(fake.router()).await;
        let refused = create(&app).await;
        assert!(!refused["error"].is_null(), "{code}: {refused}");
        assert_eq!(fake.requests_with("POST /apis/batch"), [], "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn schema_is_read_once_for_concurrent_requests() {
    let fake = cluster("v1.20.2").on("GET /openapi/v2", 200, old_schema());
    let app = TestApp::signed_in(fake.router()).await;
    let all = futures::future::join_all((0..10).map(|_| create(&app))).await;
    assert!(
        all.iter().all(|refused| refused["error"]["kind"] == "invalid"),
        "{all:?}"
    );
    assert_eq!(fake.requests_with("GET /openapi/v2").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn known_fields_are_sent_to_an_old_server() {
    let fake = cluster("v1.20.2").on("GET /openapi/v2", 200, old_schema());
    let app = TestApp::signed_in(fake.router()).await;
    let created = create_text(&app, &MANIFEST.replace("  suspend: true\n", "")).await;
    assert_eq!(
        (&created["error"], &created["warnings"]),
        (&Value::Null, &json!([])),
        "{created}"
    );
    assert_eq!(fake.requests_with("POST /apis/batch").len(), 1);
}

/// Returns the field manager of each create request.
fn managers(fake: &Fake) -> Vec<String> {
    let posts = fake.requests_with("POST /apis/batch").into_iter();
    let manager = |query: String| {
        let mut pairs = query.split('&').map(str::to_owned);
        pairs.find(|pair| pair.starts_with("fieldManager=")).unwrap()
    };
    let mut managers: Vec<String> = posts.map(|request| manager(request.query)).collect();
    managers.dedup();
    managers
}

#[tokio::test(start_paused = true)]
async fn pending_attempt_is_scoped_to_its_session() {
    let fake = Fake::default().on(POST, 504, status(504, "Timeout", "no answer"));
    let mut app = TestApp::signed_in(fake.router()).await;
    assert_eq!(create(&app).await["error"]["kind"], "unreachable");
    let first = managers(&fake);
    assert_eq!(first.len(), 1, "all attempts have one field manager");
    fake.set(POST, 201, Value::Null);
    let one = app.swap_cookie(None);
    app.sign_in().await;
    assert_eq!(create(&app).await["error"], Value::Null);
    let second = managers(&fake);
    assert_eq!(second.len(), 2, "{second:?}");
    app.swap_cookie(one);
    assert_eq!(create(&app).await["error"], Value::Null);
    let third = managers(&fake);
    assert_eq!(third.last(), first.last(), "{third:?}");
}
