//! Users who sign in with tokens of the cluster: what the console sends on their behalf, and what they see.

use std::time::Duration;

use http::StatusCode;
use http::header::SET_COOKIE;
use kube::Client;
use kube::config::AuthInfo;
use serde_json::{Value, json};
use server::kubernetes::Cluster;

use crate::common::fake::{Fake, job, list, pod, status};
use crate::common::users::Users;
use crate::common::{AUDIT, TestApp};

/// The credentials of the console's own configuration, which no request of a user may carry.
fn own_credentials() -> AuthInfo {
    serde_json::from_value(json!({"token": "console"})).unwrap()
}

/// Returns the API of a user whose every object has the user's name in it.
fn api_of(user: &str) -> Fake {
    let name = format!("{user}-job");
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": format!("{user}-event"), "namespace": "demo", "uid": format!("uid-{user}-event")},
        "involvedObject": {"kind": "Job", "name": name, "uid": format!("uid-{name}")},
        "type": "Warning", "reason": "Noted", "message": format!("{user} was here"),
        "lastTimestamp": "2026-11-23T10:00:00Z",
    });
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": format!("{user}-quota"), "namespace": "demo"},
        "spec": {"hard": {"pods": "2"}}, "status": {"hard": {"pods": "2"}, "used": {"pods": "1"}},
    });
    let named = |kind: &str| json!({"kind": kind, "metadata": {"name": format!("{user}-{kind}"), "namespace": "demo"}});
    let running = json!({"running": {"startedAt": "2026-11-23T10:00:01Z"}});
    let refusal = status(403, "Forbidden", &format!("{user} may not do this"));
    let path = "/apis/batch/v1/namespaces/demo/jobs";
    let core = "/api/v1/namespaces/demo";
    Fake::default()
        .on(
            "GET /api/v1/namespaces",
            200,
            list(&[json!({"metadata": {"name": format!("{user}-project")}})]),
        )
        .on(&format!("GET {path}"), 200, list(&[job(&name)]))
        .on(&format!("GET {path}/{name}"), 200, job(&name))
        .on(
            &format!("GET {core}/pods"),
            200,
            list(&[pod(&format!("{user}-pod"), &name, "Running", running)]),
        )
        .on(
            &format!("GET {core}/pods/{user}-pod/log"),
            200,
            json!(format!("2026-11-23T10:00:02Z {user} writes\n")),
        )
        .on(&format!("GET {core}/events"), 200, list(&[event]))
        .on(&format!("GET {core}/resourcequotas"), 200, list(&[quota]))
        .on(
            &format!("GET {core}/configmaps"),
            200,
            list(&[named("ConfigMap")]),
        )
        .on(&format!("GET {core}/secrets"), 200, list(&[named("Secret")]))
        .on(&format!("POST {path}"), 403, refusal.clone())
        .on(&format!("PATCH {path}/{name}"), 403, refusal.clone())
        .on(&format!("DELETE {path}/{name}"), 403, refusal)
}

#[tokio::test]
async fn token_of_the_cluster_signs_in() {
    let users = Users::start().await;
    users.add("alice", "alice@example.com", &api_of("alice"));
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    let page = app.get("/sign-in").await.text();
    assert!(
        page.contains("data-sign-in=\"bearer-token\"") && page.contains("Bearer token"),
        "{page}"
    );
    for (token, error) in [
        ("bob", "token"),
        ("", "format"),
        ("a%20b", "format"),
        ("al%0D%0AX-Remote-User:%20admin", "format"),
    ] {
        let response = app.post("/session", &format!("token={token}")).await;
        assert_eq!(
            response.location(),
            format!("/sign-in?error={error}&back=%2F"),
            "{token}"
        );
        assert!(response.header(SET_COOKIE).is_empty());
    }
    let page = app.get("/sign-in?error=token").await.text();
    assert!(page.contains("The cluster does not accept this token"), "{page}");
    let response = app
        .post(
            "/session",
            "token=%20Bearer%20alice%0A&back=%2Fprojects%2Fdemo%2Fjobs",
        )
        .await;
    assert_eq!(response.location(), "/projects/demo/jobs");
    assert!(!response.header(SET_COOKIE).contains("alice"));
    app.keep_cookie(&response);
    let workspace = app.call("workspace", &json!({})).await.json();
    assert_eq!(
        (&workspace["user"], &workspace["projects"]),
        (&json!("alice@example.com"), &json!(["alice-project"]))
    );
}

/// The printed token of another mode must not sign anyone in.
#[tokio::test]
async fn local_token_does_not_sign_in_users() {
    let users = Users::start().await;
    let app = TestApp::for_users(users.cluster(own_credentials()));
    let local = app.token();
    assert_eq!(app.get(&format!("/?token={local}")).await.location(), "/sign-in");
    assert_eq!(
        app.post("/session", &format!("token={local}")).await.location(),
        "/sign-in?error=token&back=%2F"
    );
}

#[tokio::test]
async fn cluster_that_does_not_respond_is_no_wrong_token() {
    let users = Users::start().await;
    let api = api_of("alice");
    users.add("alice", "alice", &api);
    let review = "POST /apis/authentication.k8s.io/v1/selfsubjectreviews";
    api.set(review, 503, status(503, "ServiceUnavailable", "no"));
    let app = TestApp::for_users(users.cluster(AuthInfo::default()));
    let response = app.post("/session", "token=alice").await;
    assert_eq!(response.location(), "/sign-in?error=unreachable&back=%2F");
}

/// A console without credentials of its own is ready if the API server answers, even by refusing it.
#[tokio::test]
async fn console_of_users_is_ready_while_the_cluster_refuses_anonymous_requests() {
    let refusal = |code, reason| {
        Fake::default()
            .on("GET /version", code, status(code, reason, "no"))
            .router()
    };
    for (api, is_ready) in [
        (refusal(401, "Unauthorized"), StatusCode::OK),
        (refusal(403, "Forbidden"), StatusCode::OK),
        (refusal(500, "InternalError"), StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let app = TestApp::for_users(Cluster::new(Client::new(api, "default"), "test", false));
        assert_eq!(app.get("/readyz").await.status, is_ready);
    }
}

/// Kubernetes before 1.28 has no `SelfSubjectReview`.
#[tokio::test]
async fn token_is_checked_by_an_access_review_on_older_clusters() {
    let users = Users::start().await;
    let api = api_of("alice");
    users.add("alice", "alice", &api);
    api.set(
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
        404,
        status(
            404,
            "NotFound",
            "the server could not find the requested resource",
        ),
    );
    api.set(
        "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        201,
        json!({}),
    );
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("alice").await;
}

/// Behind a proxy all users have one address: wrong tokens of one must not lock the others out.
#[tokio::test]
async fn wrong_tokens_lock_nobody_out() {
    let users = Users::start().await;
    users.add("alice", "alice", &api_of("alice"));
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    for _ in 0..12 {
        let response = app.post("/session", "token=wrong").await;
        assert_eq!(response.location(), "/sign-in?error=token&back=%2F");
    }
    app.sign_in_as("alice").await;
}

/// A token that the cluster rejected for a while can be used again.
#[tokio::test]
async fn token_that_is_accepted_again_signs_in() {
    let users = Users::start().await;
    let api = api_of("alice");
    users.add("alice", "alice", &api);
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("alice").await;
    users.revoke("alice");
    let arguments = json!({"project": "demo"});
    app.call("jobs", &arguments).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    users.add("alice", "alice", &api);
    app.sign_in_as("alice").await;
    assert_eq!(app.call("jobs", &arguments).await.status, StatusCode::OK);
}

#[tokio::test]
async fn requests_carry_the_credentials_of_the_user_only() {
    let users = Users::start().await;
    users.add("alice", "alice", &api_of("alice"));
    users.add("console", "console", &api_of("console"));
    let mut app = TestApp::for_users(users.cluster(own_credentials()));
    app.sign_in_as("alice").await;
    for (name, arguments) in calls("alice") {
        app.call(name, &arguments).await;
    }
    let mut rows = app.stream("/stream/jobs?project=demo", None).await;
    rows.next().await.unwrap();
    assert_eq!(users.seen(), ["Bearer alice"]);
}

#[tokio::test]
async fn session_of_a_user_survives_a_restart() {
    let users = Users::start().await;
    users.add("alice", "alice", &api_of("alice"));
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("alice").await;
    app.restart_for_users(users.cluster(AuthInfo::default()));
    let jobs = app.call("jobs", &json!({"project": "demo"})).await;
    assert!(jobs.text().contains("alice-job"), "{}", jobs.text());
    let stored = std::fs::read_to_string(app.dir.path().join("sessions.json")).unwrap();
    assert!(!stored.contains("alice"), "{stored}");
}

/// When the cluster no longer accepts a token, its user is signed out, and open streams end.
#[tokio::test]
async fn revoked_token_ends_the_session_and_its_streams() {
    let users = Users::start().await;
    users.add("alice", "alice", &api_of("alice"));
    users.add("bob", "bob", &api_of("bob"));
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("bob").await;
    let bob = app.swap_cookie(None);
    app.sign_in_as("alice").await;
    let mut rows = app.stream("/stream/jobs?project=demo", None).await;
    rows.next().await.unwrap();
    users.revoke("alice");
    // The list is in memory; anything else asks the cluster.
    let response = app.call("offers", &json!({"project": "demo"})).await;
    assert_eq!(
        (response.status, response.json()),
        (StatusCode::UNAUTHORIZED, json!({"kind": "signedOut"}))
    );
    let ended = async { while rows.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .expect("the stream ends");
    let page = app.get("/projects/demo/jobs").await;
    assert!(page.location().starts_with("/sign-in?ended=1"), "{page:?}");
    app.swap_cookie(bob);
    let jobs = app.call("jobs", &json!({"project": "demo"})).await;
    assert!(jobs.text().contains("bob-job"), "{}", jobs.text());
}

/// An API server rejects everyone while its authenticator restarts.
#[tokio::test]
async fn rejection_that_passes_does_not_end_the_session() {
    let users = Users::start().await;
    let api = api_of("alice");
    users.add("alice", "alice", &api);
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("alice").await;
    users.revoke("alice");
    let arguments = json!({"project": "demo"});
    assert_eq!(
        app.call("jobs", &arguments).await.status,
        StatusCode::UNAUTHORIZED
    );
    users.add("alice", "alice", &api);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(app.call("jobs", &arguments).await.status, StatusCode::OK);
}

/// Rights that are taken away while a page is open: its streams say so, and send nothing any more.
#[tokio::test]
async fn streams_notice_rights_that_are_taken_away() {
    let users = Users::start().await;
    let api = api_of("alice");
    users.add("alice", "alice", &api);
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("alice").await;
    let mut rows = app.stream("/stream/jobs?project=demo", None).await;
    let mut detail = app.stream("/stream/job?project=demo&name=alice-job", None).await;
    let mut lines = app.stream("/stream/logs?project=demo&job=alice-job", None).await;
    rows.next().await.unwrap();
    detail.next().await.unwrap();
    assert_eq!(lines.next().await.unwrap().name, "lines");
    let refusal = || status(403, "Forbidden", "alice may not read this any more");
    for path in [
        "GET /apis/batch/v1/namespaces/demo/jobs",
        "GET /apis/batch/v1/namespaces/demo/jobs/alice-job",
        "GET /api/v1/namespaces/demo/pods",
        "GET /api/v1/namespaces/demo/pods/alice-pod/log",
    ] {
        api.set(path, 403, refusal());
    }
    for (name, mut stream) in [("rows", rows), ("detail", detail), ("lines", lines)] {
        let last = async {
            loop {
                let event = stream.next().await;
                if event.as_ref().is_none_or(|event| event.name == "refused") {
                    return event;
                }
            }
        };
        let last = last.await.unwrap_or_else(|| panic!("{name} ends without a word"));
        assert_eq!(last.data["kind"], "forbidden", "{name}");
    }
}

/// What the user may not do is known before it is tried.
#[tokio::test]
async fn rights_are_those_of_the_user_in_the_project() {
    let users = Users::start().await;
    let api = api_of("alice");
    users.add("alice", "alice", &api);
    let review = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("alice").await;
    let rights = |project: &str| {
        let app = &app;
        let arguments = json!({"project": project});
        async move { app.call("rights", &arguments).await.json() }
    };
    let all = json!({"create": true, "change": true, "delete": true, "logs": true});
    assert_eq!(
        rights("demo").await,
        all,
        "a cluster that cannot say decides when it is done"
    );
    api.set(review, 201, json!({"status": {"allowed": true}}));
    assert_eq!(rights("demo").await, all);
    api.set(review, 201, json!({"status": {"allowed": false}}));
    assert_eq!(rights("demo").await, all, "answers are cached");
    let none = json!({"create": false, "change": false, "delete": false, "logs": false});
    assert_eq!(rights("other").await, none);
    let asked: Vec<Value> = api
        .requests_with("POST /apis/authorization")
        .into_iter()
        .map(|request| request.body["spec"]["resourceAttributes"].clone())
        .filter(|asked| asked["namespace"] == "other")
        .collect();
    let mut verbs: Vec<String> = asked
        .iter()
        .map(|asked| {
            let text = |name: &str| asked[name].as_str().unwrap().to_owned();
            format!(
                "{} {}/{}{}",
                text("verb"),
                text("group"),
                text("resource"),
                text("subresource")
            )
        })
        .collect();
    verbs.sort();
    assert_eq!(
        verbs,
        [
            "create batch/jobs",
            "delete batch/jobs",
            "get /podslog",
            "patch batch/jobs"
        ]
    );
    let page = app.get("/projects/other/jobs").await.text();
    assert!(
        page.contains(
            "does not allow you to create Jobs, change Jobs, delete Jobs, read logs in the project other"
        ),
        "{page}"
    );
    assert!(page.contains("class=\"bar-user-name\">alice"), "{page}");
}

/// Each change is recorded: who, what, and how it ended. No session id or token is.
#[tokio::test]
async fn changes_are_recorded() {
    let users = Users::start().await;
    let api = api_of("carol").on("POST /api/v1/namespaces/demo/configmaps", 201, Value::Null);
    users.add("carol-token", "carol@example.com", &api);
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("carol-token").await;
    for (name, arguments) in calls("carol") {
        app.call(name, &arguments).await;
    }
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
    app.call(
        "create",
        &json!({"project": "demo", "text": text, "dry_run": true, "done": []}),
    )
    .await;
    app.call(
        "create",
        &json!({"project": "demo", "text": text, "dry_run": false, "done": []}),
    )
    .await;
    let lines = AUDIT.lock().unwrap().clone();
    let records: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let records: Vec<&Value> = records
        .iter()
        .filter(|record| record["user"] == "carol@example.com" && record["audit"] != "sign-in")
        .collect();
    let text = |record: &Value, field: &str| record[field].as_str().unwrap_or("-").to_owned();
    let short: Vec<String> = records
        .iter()
        .map(|record| {
            ["audit", "kind", "name", "uid", "result"]
                .map(|field| text(record, field))
                .join(" ")
        })
        .collect();
    assert_eq!(
        short,
        [
            "create Job carol-job-new - failed",
            "rerun Job carol-job uid-carol-job failed",
            "delete Job carol-job uid-carol-job failed",
            "suspend Job carol-job uid-carol-job failed",
            "describe Job carol-job uid-carol-job failed",
            "create ConfigMap settings new done",
        ]
    );
    assert_eq!(records[0]["status"], 403);
    assert!(
        records
            .iter()
            .all(|record| !record["request"].as_str().unwrap().is_empty())
    );
    assert!(!lines.concat().contains("carol-token"));
}

/// A user who may not list namespaces is offered those whose Jobs they may list.
#[tokio::test]
async fn projects_are_those_of_the_user() {
    let users = Users::start().await;
    let api = Fake::default()
        .on("GET /api/v1/namespaces", 403, status(403, "Forbidden", "no"))
        // The API server is asked about each of the console's projects and the default one.
        .on(
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            201,
            json!({"status": {"allowed": false}}),
        );
    users.add("alice", "alice", &api);
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("alice").await;
    let workspace = app.call("workspace", &json!({})).await.json();
    assert_eq!(
        workspace["projects"],
        json!(["default"]),
        "none is allowed: the default one says so"
    );
    let asked = api.requests_with("POST /apis/authorization");
    let mut asked: Vec<&str> = asked
        .iter()
        .map(|request| {
            request.body["spec"]["resourceAttributes"]["namespace"]
                .as_str()
                .unwrap()
        })
        .collect();
    asked.sort_unstable();
    assert_eq!(asked, ["default", "demo", "other"]);
    let api = Fake::default()
        .on("GET /api/v1/namespaces", 403, status(403, "Forbidden", "no"))
        .on(
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            201,
            json!({"status": {"allowed": true}}),
        );
    users.add("bob", "bob", &api);
    app.sign_in_as("bob").await;
    let workspace = app.call("workspace", &json!({})).await.json();
    assert_eq!(workspace["projects"], json!(["default", "demo", "other"]));
    assert_eq!(app.get("/").await.location(), "/projects/demo/jobs");
}

/// The name of a project may tell something: without an answer of the cluster it is not offered.
#[tokio::test]
async fn projects_are_not_offered_while_reviews_fail() {
    let users = Users::start().await;
    for (number, code) in [403, 500, 503].into_iter().enumerate() {
        let api = Fake::default()
            .on("GET /api/v1/namespaces", 403, status(403, "Forbidden", "no"))
            .on(
                "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                code,
                status(code, "InternalError", "no"),
            );
        let token = format!("user-{number}");
        users.add(&token, &token, &api);
        let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
        app.sign_in_as(&token).await;
        let workspace = app.call("workspace", &json!({})).await.json();
        assert_eq!(workspace["projects"], json!(["default"]), "{code}");
    }
}

/// A change is recorded although the browser leaves before it is done.
#[tokio::test]
async fn change_is_recorded_if_its_request_is_abandoned() {
    let users = Users::start().await;
    let api = api_of("dora").on(
        "DELETE /apis/batch/v1/namespaces/demo/jobs/dora-job",
        200,
        json!({}),
    );
    users.add("dora", "dora", &api);
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    app.sign_in_as("dora").await;
    let jobs = vec![json!({"name": "dora-job", "uid": "uid-dora-job"}); 30];
    let arguments = json!({"project": "demo", "jobs": jobs});
    let abandoned = app.call("delete", &arguments);
    // Some are deleted, and then the connection is closed.
    let _ = tokio::time::timeout(Duration::from_millis(20), abandoned).await;
    let recorded = || {
        let lines = AUDIT.lock().unwrap();
        lines
            .iter()
            .filter(|line| line.contains("\"user\":\"dora\"") && line.contains("\"audit\":\"delete\""))
            .count()
    };
    for _ in 0..50 {
        if recorded() == 30 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let deleted = api.requests_with("DELETE").len();
    assert_eq!((deleted, recorded()), (30, 30));
}

/// The calls of a user, with arguments that name the user's objects.
fn calls(user: &str) -> Vec<(&'static str, Value)> {
    let name = format!("{user}-job");
    let reference = json!({"name": name, "uid": format!("uid-{name}")});
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}-new}}\nspec: {{template: {{spec: {{restartPolicy: \
         Never, containers: [{{name: a, image: b}}]}}}}}}\n"
    );
    vec![
        ("workspace", json!({})),
        ("clusters", json!({})),
        ("rights", json!({"project": "demo"})),
        ("jobs", json!({"project": "demo"})),
        ("job", json!({"project": "demo", "name": name})),
        ("manifest", json!({"project": "demo", "name": name})),
        ("offers", json!({"project": "demo"})),
        (
            "create",
            json!({"project": "demo", "text": text, "dry_run": false, "done": []}),
        ),
        ("rerun", json!({"project": "demo", "job": reference})),
        ("delete", json!({"project": "demo", "jobs": [reference]})),
        (
            "suspend",
            json!({"project": "demo", "job": reference, "suspend": true}),
        ),
        (
            "describe",
            json!({"project": "demo", "job": reference, "change": {"alias": ["", "x"], "description": null}}),
        ),
    ]
}

/// Two users at once in one console: nothing of one is ever seen by the other, and each sees what is theirs.
#[tokio::test(flavor = "multi_thread")]
async fn users_never_see_anything_of_each_other() {
    const ROUNDS: usize = 350;
    let users = Users::start().await;
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    let mut sessions = Vec::new();
    for user in ["alice", "bob"] {
        users.add(user, user, &api_of(user));
        app.sign_in_as(user).await;
        sessions.push((user, app.swap_cookie(None)));
    }
    let work = sessions.into_iter().enumerate().map(|(number, (user, cookie))| {
        let app = app.with_cookie(cookie);
        let other = if number == 0 { "bob" } else { "alice" };
        tokio::spawn(async move {
            let mut own = 0;
            for _ in 0..ROUNDS {
                let calls = calls(user);
                let responses = calls.iter().map(|(name, arguments)| app.call(name, arguments));
                let pages = [
                    "/projects/demo/jobs".to_owned(),
                    format!("/projects/demo/jobs/{user}-job"),
                    "/projects/demo/create-job".to_owned(),
                    "/cluster/schema".to_owned(),
                    format!("/download/log?project=demo&job={user}-job"),
                    // What the other user may read is not found, or at least not theirs.
                    format!("/projects/demo/jobs/{other}-missing"),
                ];
                let pages = pages.iter().map(|page| app.get(page));
                let (responses, pages) = futures::join!(
                    futures::future::join_all(responses),
                    futures::future::join_all(pages)
                );
                for response in responses.iter().chain(&pages[..5]) {
                    let text = response.text();
                    assert!(
                        !text.contains(&format!("{other}-")),
                        "{user} sees {other}: {text}"
                    );
                    assert!(
                        !text.contains(&format!("{other} ")),
                        "{user} sees {other}: {text}"
                    );
                    own += usize::from(text.contains(user));
                }
            }
            own
        })
    });
    let own = futures::future::join_all(work).await;
    for own in own {
        let own = own.unwrap();
        assert!(
            own >= 10 * ROUNDS,
            "most responses are about the user's own objects: {own}"
        );
    }
}

/// Streams of two users for the same project share nothing.
#[tokio::test]
async fn streams_of_users_are_apart() {
    let users = Users::start().await;
    let mut app = TestApp::for_users(users.cluster(AuthInfo::default()));
    let mut streams = Vec::new();
    for user in ["alice", "bob"] {
        users.add(user, user, &api_of(user));
        app.sign_in_as(user).await;
        streams.push((user, app.stream("/stream/jobs?project=demo", None).await));
        let path = format!("/stream/job?project=demo&name={user}-job");
        streams.push((user, app.stream(&path, None).await));
        let path = format!("/stream/logs?project=demo&job={user}-job");
        streams.push((user, app.stream(&path, None).await));
    }
    for (user, mut stream) in streams {
        let other = if user == "alice" { "bob" } else { "alice" };
        let event = stream.next().await.unwrap();
        let text = event.data.to_string();
        assert!(
            text.contains(user) && !text.contains(other),
            "{user} {}: {text}",
            event.name
        );
    }
}
