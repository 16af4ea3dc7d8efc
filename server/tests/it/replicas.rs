//! Several replicas of a console, which share their sessions through the cluster.

use std::path::Path;
use std::time::Instant;

use http::StatusCode;
use playground::Playground;
use serde_json::json;
use server::kubernetes::Cluster;
use server::session::SharedSessions;

use crate::common::TestApp;

/// An API server, and two replicas without a data directory in common.
struct World {
    playground: Playground,
    replicas: [TestApp; 2],
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let playground = crate::faults::harness::open(&dir);
        let key = dir.path().join("key");
        std::fs::write(&key, "a key of replicas that is long enough\n").unwrap();
        let replicas = [replica(&playground, &key), replica(&playground, &key)];
        Self {
            playground,
            replicas,
            dir,
        }
    }
}

fn replica(playground: &Playground, key: &Path) -> TestApp {
    let cluster = Cluster::new(kube::Client::new(playground.router(), "default"), "test", true);
    let shared = SharedSessions::new(cluster.clone(), "demo".to_owned());
    TestApp::with_shared_sessions(cluster, key, shared)
}

async fn status(app: &TestApp) -> StatusCode {
    app.call("jobs", &json!({"project": "demo"})).await.status
}

#[tokio::test]
async fn session_is_valid_at_every_replica_until_it_ends_at_one() {
    let mut world = World::new();
    let [a, b] = &mut world.replicas;
    a.sign_in().await;
    let cookie = a.swap_cookie(None);
    a.swap_cookie(cookie.clone());
    b.swap_cookie(cookie.clone());
    assert_eq!([status(a).await, status(b).await], [StatusCode::OK; 2]);
    let mut rows = a.stream("/stream/jobs?project=demo", None).await;
    rows.next().await.unwrap();
    b.post("/sign-out", "").await;
    assert_eq!(status(b).await, StatusCode::UNAUTHORIZED);
    let since = Instant::now();
    while rows.next().await.is_some() {}
    println!(
        "sign-out at the other replica | {} ms",
        since.elapsed().as_millis()
    );
    assert_eq!(status(a).await, StatusCode::UNAUTHORIZED);
    // A replica that starts later does not know it either.
    let mut late = replica(&world.playground, &world.dir.path().join("key"));
    late.swap_cookie(cookie);
    assert_eq!(status(&late).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_at_every_replica() {
    let mut world = World::new();
    let [a, b] = &mut world.replicas;
    a.sign_in().await;
    b.sign_in().await;
    let mut rows = a.stream("/stream/jobs?project=demo", None).await;
    rows.next().await.unwrap();
    // A replica learns of the other's sessions by its watch.
    let mut list = json!({});
    while list["sessions"]
        .as_array()
        .is_none_or(|sessions| sessions.len() < 2)
    {
        tokio::task::yield_now().await;
        list = b.call("sessions", &json!({})).await.json();
    }
    b.post("/sessions/end", "").await;
    while rows.next().await.is_some() {}
    assert_eq!(
        [status(a).await, status(b).await],
        [StatusCode::UNAUTHORIZED, StatusCode::OK]
    );
    let list = b.call("sessions", &json!({})).await.json();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
}

/// A replica ends sessions that its watch has not told it of.
#[tokio::test]
async fn session_that_another_replica_has_just_started_is_ended() {
    let mut world = World::new();
    let [a, b] = &mut world.replicas;
    b.sign_in().await;
    for _ in 0..5 {
        a.forget_cookie();
        a.sign_in().await;
        b.post("/sessions/end", "").await;
        let late = replica(&world.playground, &world.dir.path().join("key")).with_cookie(a.swap_cookie(None));
        assert_eq!(status(&late).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(status(b).await, StatusCode::OK);
}

#[tokio::test]
async fn session_survives_the_replica_that_started_it() {
    let mut world = World::new();
    let [a, _] = &mut world.replicas;
    a.sign_in().await;
    let cookie = a.swap_cookie(None);
    let mut later = replica(&world.playground, &world.dir.path().join("key"));
    later.swap_cookie(cookie);
    assert_eq!(status(&later).await, StatusCode::OK);
}

/// What is stored is not enough to use a session.
#[tokio::test]
async fn stored_session_contains_neither_its_id_nor_its_key() {
    let mut world = World::new();
    let [a, _] = &mut world.replicas;
    a.sign_in().await;
    let cluster = Cluster::new(
        kube::Client::new(world.playground.router(), "default"),
        "test",
        true,
    );
    let secrets = cluster
        .list("/api/v1/namespaces/demo/secrets", &[])
        .await
        .unwrap();
    let sessions: Vec<&serde_json::Value> = secrets
        .iter()
        .filter(|secret| secret["type"] == "jobwright.io/session")
        .collect();
    assert_eq!(sessions.len(), 1);
    let name = sessions[0]["metadata"]["name"].as_str().unwrap();
    assert_eq!(name.len(), "jobwright-session-".len() + 40);
}
