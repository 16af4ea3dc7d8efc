//! Server functions: the requests they send to the cluster, and the results they return.

use crate::common::TestApp;
use crate::common::fake::{Fake, RecordedRequest, job, list, status};
use http::StatusCode;
use serde_json::{Value, json};

const JOBS: &str = "/apis/batch/v1/namespaces/demo/jobs";

/// Returns a reference to the Job that [`job`] builds.
fn job_ref(name: &str) -> Value {
    json!({"name": name, "uid": format!("uid-{name}")})
}

fn arguments(text: &str, dry_run: bool, done: &[usize]) -> Value {
    json!({"project": "demo", "text": text, "dry_run": dry_run, "done": done})
}

const PI: &str = "\
# a comment
apiVersion: batch/v1
kind: Job
metadata:
  name: pi
spec:
  someday: true
  template:
    spec:
      restartPolicy: Never
      containers: [{name: pi, image: 'perl:5.28.0'}]
";

#[tokio::test]
async fn document_is_posted_as_json() {
    let fake = Fake::default().on(&format!("POST {JOBS}"), 201, Value::Null);
    let app = TestApp::signed_in(fake.router()).await;
    let response = app.call("create", &arguments(PI, true, &[])).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.text());
    let expected = RecordedRequest {
        what: format!("POST {JOBS}"),
        query: "fieldManager=jobwright&fieldValidation=Strict&dryRun=All".to_owned(),
        body: json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "pi"},
            "spec": {
                "someday": true,
                "template": {"spec": {
                    "restartPolicy": "Never", "containers": [{"name": "pi", "image": "perl:5.28.0"}],
                }},
            },
        }),
    };
    assert_eq!(fake.requests_with("POST"), [expected]);
    let document = &response.json()["documents"][0];
    assert_eq!(
        (&document["kind"], &document["name"], &document["error"]),
        (&json!("Job"), &json!("pi"), &Value::Null)
    );
    let stored = document["stored"].as_str().unwrap();
    assert!(
        stored.contains("someday: true") && !stored.contains("managedFields"),
        "{stored}"
    );
    assert_eq!(
        app.call("create", &arguments(PI, false, &[])).await.status,
        StatusCode::OK
    );
    // Each create request has a unique field manager, which identifies its object if the response is lost.
    let query = fake.requests_with("POST")[1].query.clone();
    let field_manager = query
        .strip_prefix("fieldManager=jobwright-")
        .and_then(|rest| rest.strip_suffix("&fieldValidation=Strict"))
        .unwrap_or_else(|| panic!("{query}"));
    assert_eq!(field_manager.len(), 16, "{query}");
}

#[tokio::test]
async fn referenced_objects_are_created_first_and_a_failure_stops_the_rest() {
    let text = format!(
        "{PI}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: keys}}\nstringData: {{token: hunter2}}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\n"
    );
    let configmaps = "POST /api/v1/namespaces/demo/configmaps";
    let secrets = "POST /api/v1/namespaces/demo/secrets";
    let exists = status(409, "AlreadyExists", "configmaps \"settings\" already exists");
    let fake = Fake::default()
        .on(secrets, 201, Value::Null)
        .on(configmaps, 409, exists);
    let app = TestApp::signed_in(fake.router()).await;
    let response = app.call("create", &arguments(&text, false, &[])).await;
    let requests: Vec<String> = fake
        .requests_with("POST")
        .into_iter()
        .map(|request| request.what)
        .collect();
    assert_eq!(requests, [secrets, configmaps]);
    let documents = response.json()["documents"].clone();
    assert_eq!(documents[0]["skipped"], true);
    assert_eq!(documents[1]["error"], Value::Null);
    let expected = json!({"kind": "alreadyExists", "message": "configmaps \"settings\" already exists"});
    assert_eq!(documents[2]["error"], expected);
    assert!(
        !response.text().contains("hunter2"),
        "the values of a Secret are not sent back"
    );
    // What an earlier attempt created is not sent again.
    app.call("create", &arguments(&text, false, &[1])).await;
    assert_eq!(fake.requests_with("POST")[2].what, configmaps);
}

#[tokio::test]
async fn invalid_fields_reach_the_page() {
    let mut refused = status(422, "Invalid", "Job.batch \"pi\" is invalid");
    refused["details"] =
        json!({"causes": [{"field": "spec.backoffLimit", "reason": "FieldValueInvalid", "message": "no"}]});
    let fake = Fake::default().on(&format!("POST {JOBS}"), 422, refused);
    let app = TestApp::signed_in(fake.router()).await;
    let response = app.call("create", &arguments(PI, true, &[])).await;
    let expected = json!({
        "kind": "invalid", "message": "Job.batch \"pi\" is invalid",
        "causes": [{"field": "spec.backoffLimit", "reason": "FieldValueInvalid", "message": "no"}],
    });
    assert_eq!(response.json()["documents"][0]["error"], expected);
}

#[tokio::test]
async fn invalid_manifest_is_rejected_without_a_request() {
    let fake = Fake::default();
    let app = TestApp::signed_in(fake.router()).await;
    for (text, hint) in [
        ("a: [", "line"),
        ("", "no document"),
        ("# only a comment\n", "no document"),
    ] {
        let response = app.call("create", &arguments(text, true, &[])).await;
        assert_eq!(response.json()["kind"], "unreadable", "{text:?}");
        assert!(
            response.json()["message"].as_str().unwrap().contains(hint),
            "{text:?}: {}",
            response.text()
        );
    }
    for text in ["just text\n", "apiVersion: v1\n", "kind: Job\n"] {
        let response = app.call("create", &arguments(text, true, &[])).await;
        assert_eq!(
            response.json()["documents"][0]["error"]["kind"],
            "unreadable",
            "{text:?}: {}",
            response.text()
        );
    }
    let elsewhere = PI.replace("name: pi\n", "name: pi\n  namespace: kube-system\n");
    let response = app.call("create", &arguments(&elsewhere, false, &[])).await;
    assert_eq!(
        response.json()["documents"][0]["error"]["causes"][0]["field"],
        "metadata.namespace"
    );
    assert_eq!(fake.requests_with("POST"), []);
}

#[tokio::test]
async fn other_kinds_are_found_by_discovery() {
    let resources = json!({"resources": [
        {"name": "widgets/status", "kind": "Widget", "namespaced": true},
        {"name": "widgets", "kind": "Widget", "namespaced": true},
    ]});
    let fake = Fake::default().on("GET /apis/example.com/v1", 200, resources).on(
        "POST /apis/example.com/v1/namespaces/demo/widgets",
        201,
        Value::Null,
    );
    let app = TestApp::signed_in(fake.router()).await;
    let text = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n";
    let response = app.call("create", &arguments(text, false, &[])).await;
    assert_eq!(
        response.json()["documents"][0]["error"],
        Value::Null,
        "{}",
        response.text()
    );
    let text = text.replace("Widget", "Gadget");
    let response = app.call("create", &arguments(&text, false, &[])).await;
    assert_eq!(
        response.json()["documents"][0]["error"]["causes"][0]["field"],
        "kind"
    );
}

#[tokio::test]
async fn rerun_creates_a_new_job_and_keeps_the_old_one() {
    let fake = Fake::default().on(&format!("GET {JOBS}/pi"), 200, job("pi")).on(
        &format!("POST {JOBS}"),
        201,
        Value::Null,
    );
    let app = TestApp::signed_in(fake.router()).await;
    let response = app
        .call("rerun", &json!({"project": "demo", "job": job_ref("pi")}))
        .await;
    assert_eq!(response.json()["name"], "pi-2", "{}", response.text());
    let sent = &fake.requests_with("POST")[0].body;
    assert_eq!(
        sent["metadata"],
        json!({"name": "pi-2", "namespace": "demo", "labels": {"jobwright.io/rerun-of": "pi"}})
    );
    assert_eq!(sent["spec"]["selector"], Value::Null);
    assert_eq!(
        sent["spec"]["template"]["metadata"]["labels"],
        json!({"app": "pi"})
    );
    assert_eq!(fake.requests_with("DELETE"), []);
}

#[tokio::test]
async fn delete_includes_pods_and_checks_the_uid() {
    let gone = status(404, "NotFound", "jobs.batch \"b\" not found");
    let other = status(409, "Conflict", "Precondition failed: UID in precondition: uid-c");
    let fake = Fake::default()
        .on(
            &format!("DELETE {JOBS}/a"),
            200,
            json!({"kind": "Status", "status": "Success"}),
        )
        .on(&format!("DELETE {JOBS}/b"), 404, gone)
        .on(&format!("DELETE {JOBS}/c"), 409, other);
    let app = TestApp::signed_in(fake.router()).await;
    let jobs = ["a", "b", "c", "../secrets/keys"].map(job_ref);
    let response = app
        .call("delete", &json!({"project": "demo", "jobs": jobs}))
        .await;
    let results = response.json();
    let replaced = json!({"kind": "replaced", "message": "c"});
    // A Job that is already deleted counts as success.
    assert_eq!(
        (&results[0], &results[1], &results[2]),
        (&Value::Null, &Value::Null, &replaced)
    );
    assert_eq!(
        results[3]["kind"], "notFound",
        "an invalid name is not sent to the cluster"
    );
    let mut names = Vec::new();
    for request in fake.requests_with("DELETE") {
        assert_eq!(request.body["propagationPolicy"], "Background");
        let name = request
            .what
            .strip_prefix(&format!("DELETE {JOBS}/"))
            .unwrap_or_else(|| panic!("{}", request.what))
            .to_owned();
        assert_eq!(
            request.body["preconditions"],
            json!({"uid": format!("uid-{name}")})
        );
        names.push(name);
    }
    names.sort();
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn suspend_checks_the_uid() {
    let mut stored = job("pi");
    stored["spec"]["suspend"] = true.into();
    let fake = Fake::default().on(&format!("PATCH {JOBS}/pi"), 200, stored);
    let app = TestApp::signed_in(fake.router()).await;
    let arguments = json!({"project": "demo", "job": job_ref("pi"), "suspend": true});
    assert_eq!(app.call("suspend", &arguments).await.status, StatusCode::OK);
    let expected = json!([
        {"op": "test", "path": "/metadata/uid", "value": "uid-pi"},
        {"op": "add", "path": "/spec/suspend", "value": true},
    ]);
    assert_eq!(fake.requests_with("PATCH")[0].body, expected);

    // The `test` operation fails if the Job was re-created; the response does not say so.
    let refused = status(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
    );
    fake.set(&format!("PATCH {JOBS}/pi"), 422, refused);
    let mut again = job("pi");
    again["metadata"]["uid"] = "another".into();
    fake.set(&format!("GET {JOBS}/pi"), 200, again);
    let response = app.call("suspend", &arguments).await;
    assert_eq!(response.json(), json!({"kind": "replaced", "message": "pi"}));
}

#[tokio::test]
async fn describe_sends_only_changed_fields_and_overwrites_no_edit() {
    let mut stored = job("pi");
    stored["metadata"]["resourceVersion"] = "7".into();
    stored["metadata"]["annotations"] = json!({"displayName": "old", "desc": "theirs"});
    let fake = Fake::default()
        .on(&format!("GET {JOBS}/pi"), 200, stored.clone())
        .on(&format!("PATCH {JOBS}/pi"), 200, job("pi"));
    let app = TestApp::signed_in(fake.router()).await;
    let describe = |change: Value| {
        let arguments = json!({"project": "demo", "job": job_ref("pi"), "change": change});
        let app = &app;
        async move { app.call("describe", &arguments).await }
    };
    let alias = json!({"alias": {"from": "old", "to": "任务示例"}, "description": null});
    assert_eq!(describe(alias).await.status, StatusCode::OK);
    let expected = json!({"metadata": {
        "resourceVersion": "7",
        "annotations": {"kubesphere.io/alias-name": "任务示例", "displayName": null},
    }});
    assert_eq!(fake.requests_with("PATCH")[0].body, expected);

    let description = json!({"alias": null, "description": {"from": "mine", "to": "new"}});
    let response = describe(description).await;
    assert_eq!(response.status, StatusCode::CONFLICT);
    assert_eq!(
        response.json(),
        json!({"kind": "edited", "field": "description", "message": "theirs"})
    );
    assert_eq!(fake.requests_with("PATCH").len(), 1);

    stored["metadata"]["uid"] = "another".into();
    fake.set(&format!("GET {JOBS}/pi"), 200, stored);
    let alias = json!({"alias": {"from": "old", "to": "x"}, "description": null});
    assert_eq!(describe(alias).await.json()["kind"], "replaced");
    let response = app
        .call("rerun", &json!({"project": "demo", "job": job_ref("pi")}))
        .await;
    assert_eq!(response.json()["kind"], "replaced");
    assert_eq!(fake.requests_with("POST"), []);
}

#[tokio::test]
async fn job_page_has_everything_but_secret_values() {
    let secret = json!({"metadata": {"name": "keys"}, "type": "Opaque", "data": {"token": "aHVudGVyMg=="}});
    let fake = Fake::default()
        .on(&format!("GET {JOBS}/pi"), 200, job("pi"))
        .on(
            "GET /api/v1/namespaces/demo/secrets",
            200,
            list(std::slice::from_ref(&secret)),
        )
        .on("GET /api/v1/namespaces/demo/secrets/keys", 200, secret);
    let app = TestApp::signed_in(fake.router()).await;
    let response = app.call("job", &json!({"project": "demo", "name": "pi"})).await;
    let detail = response.json();
    let expected = json!({"name": "TOKEN", "source": {"type": "secret", "name": "keys", "key": "token"}});
    assert_eq!(detail["environment"][0]["variables"], json!([expected]));
    assert_eq!(detail["row"]["status"]["kind"], "updating");
    assert_eq!(detail["records"][0]["name"], "pi");
    assert!(!detail["manifest"].as_str().unwrap().contains("uid"));
    let offers = app.call("offers", &json!({"project": "demo"})).await;
    let keys = json!([{"name": "keys", "kind": "Opaque", "keys": ["token"]}]);
    assert_eq!(offers.json()["secrets"], keys);
    for response in [response, offers] {
        assert!(!response.text().contains("aHVudGVyMg"), "{}", response.text());
    }
}

#[tokio::test]
async fn list_works_without_forbidden_pods() {
    let no = status(403, "Forbidden", "pods is forbidden");
    let fake = Fake::default()
        .on(&format!("GET {JOBS}"), 200, list(&[job("pi")]))
        .on("GET /api/v1/namespaces/demo/pods", 403, no.clone());
    let app = TestApp::signed_in(fake.router()).await;
    let response = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(response.json()["rows"][0]["name"], "pi");
    let fake = Fake::default().on(&format!("GET {JOBS}"), 403, no);
    let app = TestApp::signed_in(fake.router()).await;
    let response = app.call("jobs", &json!({"project": "demo"})).await;
    assert_eq!(
        response.json(),
        json!({"kind": "forbidden", "message": "pods is forbidden"})
    );
    // The page shows the reason too.
    let page = app.get("/projects/demo/jobs").await;
    assert!(page.text().contains("pods is forbidden"), "{}", page.text());
}

/// Builds a page of a list of these Jobs, with the `continue` token of the next one.
fn page(names: &[&str], token: &str) -> Value {
    let jobs: Vec<Value> = names.iter().map(|name| job(name)).collect();
    let mut page = list(&jobs);
    page["metadata"]["continue"] = token.into();
    page
}

async fn read_list(fake: Fake) -> (Vec<String>, Vec<String>, StatusCode) {
    let app = TestApp::signed_in(fake.router()).await;
    let response = app.call("jobs", &json!({"project": "demo"})).await;
    let mut names: Vec<String> = response.json()["rows"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    let requests = fake.requests().into_iter();
    let is_list = |request: &RecordedRequest| {
        request.what == format!("GET {JOBS}") && request.query.contains("limit=500")
    };
    let lists = requests.filter(is_list);
    (
        names,
        lists.map(|request| request.query).collect(),
        response.status,
    )
}

#[tokio::test]
async fn long_list_is_read_page_by_page() {
    let what = format!("GET {JOBS}");
    let fake = Fake::default()
        .then(&what, 200, page(&["a", "b"], "t/1"))
        .then(&what, 200, page(&["c"], "t2"))
        .then(&what, 200, page(&["d"], ""));
    let (names, queries, _) = read_list(fake).await;
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(
        queries,
        ["limit=500", "limit=500&continue=t%2F1", "limit=500&continue=t2"]
    );
}

#[tokio::test]
async fn list_with_an_expired_snapshot_restarts_once() {
    let what = format!("GET {JOBS}");
    let expired = || status(410, "Expired", "the provided continue parameter is too old");
    let fake = Fake::default()
        .then(&what, 200, page(&["a", "gone"], "t1"))
        .then(&what, 410, expired())
        .then(&what, 200, page(&["a"], "t2"))
        .then(&what, 200, page(&["b"], ""));
    let (names, queries, _) = read_list(fake).await;
    assert_eq!(names, ["a", "b"], "the first attempt is discarded");
    assert_eq!(
        queries,
        [
            "limit=500",
            "limit=500&continue=t1",
            "limit=500",
            "limit=500&continue=t2"
        ]
    );
    // A second time is a failure, after which the list is read again a little later.
    let fake = Fake::default()
        .then(&what, 200, page(&["gone"], "t1"))
        .then(&what, 410, expired())
        .then(&what, 200, page(&["gone"], "t2"))
        .then(&what, 410, expired())
        // The console also asks whether the Jobs may be listed at all.
        .then(&what, 200, page(&["a"], ""))
        .then(&what, 200, page(&["a"], ""));
    let (names, queries, code) = read_list(fake).await;
    assert_eq!(
        (names, queries.len(), code),
        (vec!["a".to_owned()], 5, StatusCode::OK)
    );
}
