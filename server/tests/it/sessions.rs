//! The list of one's own sessions: who sees and ends what.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Method, StatusCode};
use kube::config::AuthInfo;
use serde_json::{Value, json};

use crate::common::fake::{Fake, job, list};
use crate::common::users::Users;
use crate::common::{AUDIT, TestApp, TestResponse};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// Submits a form through a proxy that says who the client is.
async fn post(app: &TestApp, path: &str, form: &str, forwarded_for: &str) -> TestResponse {
    let proxy = SocketAddr::from(([10, 0, 0, 1], 4711));
    let request = app
        .request(Method::POST, path)
        .header(ACCEPT, "text/html")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(USER_AGENT, FIREFOX)
        .header("x-forwarded-for", forwarded_for)
        .extension(ConnectInfo(proxy));
    app.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

/// A console with alice, who signed in twice, and bob.
struct World {
    alice: TestApp,
    alice_elsewhere: TestApp,
    bob: TestApp,
}

impl World {
    async fn new(test: &str) -> Self {
        let users = Users::start().await;
        for user in ["alice", "bob"] {
            let jobs = list(&[job(&format!("{user}-job"))]);
            let api = Fake::default().on("GET /apis/batch/v1/namespaces/demo/jobs", 200, jobs);
            users.add(&format!("{user}-{test}"), &format!("{user}@{test}"), &api);
        }
        let mut alice = TestApp::for_users(users.cluster(AuthInfo::default()));
        let mut sign_in = async |user: &str| {
            alice.forget_cookie();
            let token = format!("token={user}-{test}");
            let response = post(&alice, "/session", &token, "198.51.100.7").await;
            alice.keep_cookie(&response);
            let cookie = alice.swap_cookie(None);
            alice.with_cookie(cookie)
        };
        let (bob, alice_elsewhere) = (sign_in("bob").await, sign_in("alice").await);
        let alice = sign_in("alice").await;
        Self {
            alice,
            alice_elsewhere,
            bob,
        }
    }
}

async fn sessions(app: &TestApp) -> Vec<Value> {
    let list = app.call("sessions", &json!({})).await.json();
    list["sessions"].as_array().unwrap().clone()
}

/// Returns the handle of the first session that is not that of the request, or is.
async fn handle(app: &TestApp, is_current: bool) -> String {
    let sessions = sessions(app).await;
    let mut found = sessions
        .iter()
        .filter(|session| session["is_current"] == is_current);
    found.next().unwrap()["handle"].as_str().unwrap().to_owned()
}

async fn status(app: &TestApp) -> StatusCode {
    app.call("jobs", &json!({"project": "demo"})).await.status
}

#[tokio::test]
async fn user_sees_own_sessions_and_ends_one() {
    let world = World::new("one").await;
    let mut shown = Vec::new();
    for session in sessions(&world.alice).await {
        assert!(
            session["started"].as_i64() <= session["used"].as_i64(),
            "{session}"
        );
        shown.push((session["agent"].clone(), session["is_current"].clone()));
    }
    let firefox = json!("Firefox 145, Linux");
    assert_eq!(shown, [(firefox.clone(), json!(true)), (firefox, json!(false))]);
    assert_eq!(sessions(&world.bob).await.len(), 1);
    let mut rows = world
        .alice_elsewhere
        .stream("/stream/jobs?project=demo", None)
        .await;
    rows.next().await.unwrap();
    let form = format!("handle={}&back=%2Fsessions", handle(&world.alice, false).await);
    let ended = post(&world.alice, "/sessions/end", &form, "198.51.100.7").await;
    assert_eq!(
        (ended.status, ended.location()),
        (StatusCode::SEE_OTHER, "/sessions")
    );
    while rows.next().await.is_some() {}
    assert_eq!(status(&world.alice_elsewhere).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        [status(&world.alice).await, status(&world.bob).await],
        [StatusCode::OK; 2]
    );
    assert_eq!(sessions(&world.alice).await.len(), 1);
}

#[tokio::test]
async fn session_of_another_user_is_neither_seen_nor_ended() {
    let world = World::new("other").await;
    for victim in [&world.alice, &world.alice_elsewhere] {
        let form = format!("handle={}", handle(victim, true).await);
        world.bob.post("/sessions/end", &form).await;
    }
    // Ends all but the own one of bob.
    world.bob.post("/sessions/end", "").await;
    for app in [&world.alice, &world.alice_elsewhere, &world.bob] {
        assert_eq!(status(app).await, StatusCode::OK);
    }
    let mut nobody = world.bob.with_cookie(None);
    nobody.forget_cookie();
    let form = format!("handle={}", handle(&world.alice, true).await);
    assert_eq!(
        nobody.post("/sessions/end", &form).await.location(),
        "/sign-in?ended=1"
    );
    assert_eq!(status(&world.alice).await, StatusCode::OK);
}

#[tokio::test]
async fn user_ends_all_other_sessions() {
    let world = World::new("all").await;
    world.alice.post("/sessions/end", "back=%2Fsessions").await;
    assert_eq!(status(&world.alice_elsewhere).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        [status(&world.alice).await, status(&world.bob).await],
        [StatusCode::OK; 2]
    );
}

/// What is in the page is of no use to whoever reads it.
#[tokio::test]
async fn page_has_no_id_of_a_session() {
    let world = World::new("page").await;
    let page = world.alice.get("/sessions").await;
    assert_eq!(page.status, StatusCode::OK);
    let text = page.text();
    assert!(
        text.contains("Firefox 145, Linux") && text.contains("This browser"),
        "{text}"
    );
    for app in [&world.alice, &world.alice_elsewhere] {
        let request = app.request(Method::GET, "/").body(()).unwrap();
        let cookie = request.headers()["cookie"].to_str().unwrap().to_owned();
        let (_, value) = cookie.split_once('=').unwrap();
        assert!(!text.contains(value), "{text}");
    }
    let shown: Vec<&str> = text
        .split("name=\"handle\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(shown, [handle(&world.alice, false).await]);
    assert_eq!(shown[0].len(), 12);
    let page = world.bob.get("/sessions").await.text();
    assert!(!page.contains("name=\"handle\""), "{page}");
}

#[tokio::test]
async fn sign_ins_and_ended_sessions_are_in_the_audit_log() {
    let world = World::new("audit").await;
    let (own, other) = (
        handle(&world.alice, true).await,
        handle(&world.alice, false).await,
    );
    let form = format!("handle={other}");
    post(&world.alice, "/sessions/end", &form, "198.51.100.7").await;
    post(&world.alice, "/sessions/end", &form, "198.51.100.7").await;
    let wrong = world.bob.with_cookie(None);
    post(&wrong, "/session", "token=audit-nobody", "198.51.100.66").await;
    post(&world.alice, "/sign-out", "", "198.51.100.7").await;
    let log = AUDIT.lock().unwrap().clone();
    let lines: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["user"] == "alice@audit" || line["client"] == "198.51.100.66")
        .map(|mut line| {
            for varying in ["time", "request"] {
                assert!(!line[varying].as_str().unwrap().is_empty(), "{line}");
                line.as_object_mut().unwrap().remove(varying);
            }
            line
        })
        .collect();
    let by_alice = |action: &str, session: &str, result: &str| {
        json!({
            "audit": action, "user": "alice@audit", "session": session, "client": "198.51.100.7", "result": result,
        })
    };
    let mut ended = by_alice("end-sessions", &own, "done");
    ended["ended"] = json!([other]);
    let mut again = by_alice("end-sessions", &own, "failed");
    again["message"] = json!("there is no such session");
    assert_eq!(
        lines,
        [
            by_alice("sign-in", &other, "done"),
            by_alice("sign-in", &own, "done"),
            ended,
            again,
            json!({
                "audit": "sign-in", "user": "", "session": "", "client": "198.51.100.66", "result": "failed",
                "message": "token",
            }),
            by_alice("sign-out", &own, "done"),
        ]
    );
}

/// Wrong tokens count for the client that the proxy names, whatever the client wrote before.
#[tokio::test]
async fn wrong_tokens_are_limited_by_client_behind_a_proxy() {
    let app = TestApp::new(Fake::default().router());
    for number in 0..10 {
        let spoofed = format!("203.0.113.{number}, 198.51.100.1");
        let response = post(&app, "/session", "token=wrong", &spoofed).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER);
    }
    for (forwarded_for, status) in [
        ("198.51.100.1", StatusCode::TOO_MANY_REQUESTS),
        ("203.0.113.99, 198.51.100.1", StatusCode::TOO_MANY_REQUESTS),
        ("198.51.100.2", StatusCode::SEE_OTHER),
        ("198.51.100.1, 198.51.100.3", StatusCode::SEE_OTHER),
    ] {
        let response = post(&app, "/session", "token=wrong", forwarded_for).await;
        assert_eq!(response.status, status, "{forwarded_for}");
    }
}
