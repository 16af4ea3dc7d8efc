//! Create requests whose responses are lost or late: nothing is created twice.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::body::Body;
use futures::StreamExt;
use http::{Method, Request, StatusCode};
use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};

use crate::common::TestApp;
use crate::common::fake::{Fake, status};
use crate::common::proxy::{Fault, Proxy, is_watch};
use crate::faults::harness::{Cluster, JOBS, Random, add, create, manifest};

/// Returns any fault that a create request can meet.
fn any_fault(random: &mut Random) -> Fault {
    match random.below(20) {
        0 => Fault::Respond(429, Some(1)),
        1 => Fault::Respond(503, None),
        2 => Fault::Respond(500, None),
        3 => Fault::Respond(504, None),
        4 | 5 => Fault::DropRequest,
        6 | 7 => Fault::DropResponse,
        8 => Fault::HangResponse,
        9 => Fault::CutAfter(100),
        10 => Fault::Delay(Duration::from_millis(50)),
        _ => Fault::None,
    }
}

/// Half of the Jobs have a name, half a generated one; errors that ask the user to retry are retried.
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_creations_under_random_faults() {
    const ALL: usize = 500;
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let cluster_with_timeout = proxy.cluster().with_timeout(Duration::from_secs(1));
    let app = Arc::new(TestApp::signed_in_with(cluster_with_timeout).await);
    let mut random = Random(20_261_124);
    let (mut requests, mut failed) = (0, 0);
    let (sender, receiver) = tokio::sync::watch::channel((0, 0));
    proxy.rule(move |request| {
        if !request.uri().path().starts_with(JOBS) {
            return Fault::None;
        }
        let fault = any_fault(&mut random);
        requests += 1;
        failed += usize::from(fault != Fault::None);
        sender.send_replace((requests, failed));
        fault
    });
    let started_at = Instant::now();
    let retries: Vec<usize> = futures::stream::iter(0..ALL)
        .map(|number| {
            let app = Arc::clone(&app);
            async move {
                let metadata = if number % 2 == 0 {
                    json!({"name": format!("named-{number}")})
                } else {
                    json!({"generateName": "given-", "labels": {"number": number.to_string()}})
                };
                let object = manifest(&metadata, "true");
                for attempt in 0..10 {
                    let outcome = create(&app, &object).await;
                    if outcome["error"].is_null() {
                        return attempt;
                    }
                    assert_ne!(outcome["error"]["kind"], "alreadyExists", "{outcome}");
                }
                panic!("not created in ten attempts");
            }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let (requests, failed) = *receiver.borrow();
    println!(
        "creations | {ALL} in {:.1} s | {requests} requests, {failed} of them with a fault | {} retried by the user",
        started_at.elapsed().as_secs_f32(),
        retries.iter().sum::<usize>(),
    );
    let stored = cluster.jobs().list(&ListParams::default()).await.unwrap();
    let named = stored
        .iter()
        .filter(|job| job.metadata.name.as_ref().unwrap().starts_with("named-"));
    let given: BTreeSet<_> = stored
        .iter()
        .filter_map(|job| job.metadata.labels.as_ref()?.get("number").cloned())
        .collect();
    assert_eq!(
        (named.count(), given.len(), stored.items.len()),
        (ALL / 2, ALL / 2, ALL)
    );
    assert_eq!(proxy.created(), ALL, "no Job was created twice");
    assert!(failed > ALL / 2, "there were faults: {failed}");
}

/// A create request whose response is lost, and whose object cannot be read at once, is found by a retry.
#[tokio::test(flavor = "multi_thread")]
async fn lost_response_is_recovered_by_a_retry() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster().with_timeout(Duration::from_millis(500))).await;
    for (metadata, count) in [
        (json!({"name": "once"}), 1),
        (json!({"generateName": "once-"}), 2),
    ] {
        let object = manifest(&metadata, "true");
        let mut posted = false;
        proxy.rule(move |request| {
            if !request.uri().path().starts_with(JOBS) {
                return Fault::None;
            }
            let first = request.method() == Method::POST && !std::mem::replace(&mut posted, true);
            if first {
                Fault::DropResponse
            } else {
                Fault::Respond(503, None)
            }
        });
        let outcome = create(&app, &object).await;
        assert_eq!(outcome["error"]["kind"], "unreachable", "{outcome}");
        proxy.clear_rule();
        let outcome = create(&app, &object).await;
        assert_eq!(outcome["error"], Value::Null, "{outcome}");
        assert_eq!(
            cluster
                .jobs()
                .list(&ListParams::default())
                .await
                .unwrap()
                .items
                .len(),
            count
        );
        assert_eq!(proxy.created(), count);
    }
    // The same request again has a new idempotency key now: the name is taken.
    let outcome = create(&app, &manifest(&json!({"name": "once"}), "true")).await;
    assert_eq!(outcome["error"]["kind"], "alreadyExists", "{outcome}");
    // The same holds for a rerun.
    let once = cluster.jobs().get("once").await.unwrap();
    let rerun = json!({"project": "demo", "job": {"name": "once", "uid": once.metadata.uid}});
    let mut posted = false;
    proxy.rule(move |request| {
        let first = request.method() == Method::POST && !std::mem::replace(&mut posted, true);
        match (first, posted) {
            (true, _) => Fault::DropResponse,
            (false, true) => Fault::Respond(503, None),
            (false, false) => Fault::None,
        }
    });
    assert_ne!(app.call("rerun", &rerun).await.status, StatusCode::OK);
    proxy.clear_rule();
    let response = app.call("rerun", &rerun).await;
    assert_eq!(
        (response.status, &response.json()["name"]),
        (StatusCode::OK, &json!("once-2"))
    );
    assert_eq!(
        cluster
            .jobs()
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .len(),
        3
    );
}

/// A Job that is deleted as soon as it has finished.
fn brief(name: &str) -> Value {
    let mut job = manifest(&json!({"name": name}), "true");
    job["spec"]["ttlSecondsAfterFinished"] = 0.into();
    job
}

/// Drops the response to the first `POST` of a Job; `then` selects the faults of later requests.
fn lose_first_response(proxy: &Proxy, mut then: impl FnMut(&Request<Body>) -> Fault + Send + 'static) {
    let mut posted = false;
    proxy.rule(move |request| {
        if !request.uri().path().starts_with(JOBS) {
            return Fault::None;
        }
        let first = request.method() == Method::POST && !std::mem::replace(&mut posted, true);
        match (first, posted) {
            (true, _) => Fault::DropResponse,
            (false, true) => then(request),
            (false, false) => Fault::None,
        }
    });
}

/// Waits until a created Job has been deleted.
async fn created_and_gone(jobs: &Api<Job>, proxy: &Proxy, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while proxy.created() < count || !jobs.list(&ListParams::default()).await.unwrap().items.is_empty() {
        assert!(Instant::now() < deadline, "the Job is not deleted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A Job that was created, ran and was deleted before the console looks for it is not created again.
#[tokio::test(flavor = "multi_thread")]
async fn job_deleted_by_ttl_is_not_created_again() {
    if Command::new("bwrap").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "bubblewrap is not installed");
        eprintln!("skipped: bubblewrap is not installed");
        return;
    }
    let cluster = Cluster::open();
    cluster.playground.start();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let jobs = cluster.jobs();
    // The console's retries can read the cluster only once the Job is gone…
    let is_gone = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&is_gone);
    lose_first_response(&proxy, move |_| {
        if gone.load(Relaxed) {
            Fault::None
        } else {
            Fault::Respond(503, None)
        }
    });
    let object = brief("once");
    let (outcome, ()) = tokio::join!(create(&app, &object), async {
        created_and_gone(&jobs, &proxy, 1).await;
        is_gone.store(true, Relaxed);
    });
    assert_eq!(
        (&outcome["error"], &outcome["name"]),
        (&Value::Null, &json!("once")),
        "{outcome}"
    );
    assert!(
        outcome["stored"]
            .as_str()
            .unwrap()
            .contains("ttlSecondsAfterFinished: 0")
    );
    assert_eq!(proxy.created(), 1);
    // … or only when the user retries.
    lose_first_response(&proxy, |_| Fault::Respond(503, None));
    let object = brief("twice");
    let outcome = create(&app, &object).await;
    assert_eq!(outcome["error"]["kind"], "unreachable", "{outcome}");
    created_and_gone(&jobs, &proxy, 2).await;
    // A watch that breaks off is not conclusive.
    let mut watched = 0;
    proxy.rule(move |request| {
        watched += usize::from(is_watch(request));
        match watched {
            1 if is_watch(request) => Fault::CutAfter(40),
            2 if is_watch(request) => Fault::EndAfter(0),
            _ => Fault::None,
        }
    });
    let outcome = create(&app, &object).await;
    assert_eq!(
        (&outcome["error"], &outcome["name"]),
        (&Value::Null, &json!("twice")),
        "{outcome}"
    );
    assert_eq!(proxy.created(), 2);
    // The Job was found and settled: the same request again creates a new one.
    proxy.clear_rule();
    assert_eq!(create(&app, &object).await["error"], Value::Null);
    assert_eq!(proxy.created(), 3);
    cluster.playground.shutdown().await;
}

/// If the cluster no longer has the events, the user is told so, and nothing is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_outcome_is_reported_and_not_retried() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    for (number, refusal) in [410, 403].into_iter().enumerate() {
        let name = format!("brief-{number}");
        let mut posts = 0;
        let (sender, receiver) = tokio::sync::watch::channel(0);
        lose_first_response(&proxy, move |request| {
            posts += usize::from(request.method() == Method::POST);
            sender.send_replace(posts);
            match (is_watch(request), refusal) {
                (true, 410) => Fault::Expired,
                (true, code) => Fault::Respond(code, None),
                (false, _) => Fault::None,
            }
        });
        let jobs = cluster.jobs();
        let removed = async { while jobs.delete(&name, &DeleteParams::background()).await.is_err() {} };
        let object = brief(&name);
        let (outcome, ()) = tokio::join!(create(&app, &object), removed);
        assert_eq!(
            (&outcome["error"]["kind"], &outcome["error"]["code"]),
            (&json!("other"), &json!(410)),
            "{outcome}"
        );
        assert!(
            outcome["error"]["message"]
                .as_str()
                .unwrap()
                .contains("may run it twice"),
            "{outcome}"
        );
        assert_eq!(
            (proxy.created(), *receiver.borrow()),
            (2 * number + 1, 0),
            "nothing is sent again"
        );
        // After this error the user may create the Job nevertheless.
        proxy.clear_rule();
        assert_eq!(create(&app, &object).await["error"], Value::Null);
        assert_eq!(proxy.created(), 2 * number + 2);
    }
}

/// A name taken by someone else is never ours, whether before the first attempt or after a lost one.
#[tokio::test(flavor = "multi_thread")]
async fn name_taken_by_someone_else_already_exists() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    add(&cluster.jobs(), "theirs").await;
    let mut posted = false;
    proxy.rule(move |request| {
        let first = request.method() == Method::POST && !std::mem::replace(&mut posted, true);
        if first { Fault::DropRequest } else { Fault::None }
    });
    for _ in 0..2 {
        let outcome = create(&app, &manifest(&json!({"name": "theirs"}), "true")).await;
        assert_eq!(outcome["error"]["kind"], "alreadyExists", "{outcome}");
    }
    assert_eq!(proxy.created(), 0);
}

/// `Retry-After` is honoured.
#[tokio::test(flavor = "multi_thread")]
async fn retry_after_is_honoured_by_creations() {
    let fake = Fake::default().on(&format!("POST {JOBS}"), 201, Value::Null);
    let proxy = Proxy::before(fake.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let mut posts = 0;
    proxy.rule(move |request| {
        posts += usize::from(request.method() == Method::POST);
        if request.method() == Method::POST && posts == 1 {
            Fault::Respond(429, Some(2))
        } else {
            Fault::None
        }
    });
    let started_at = Instant::now();
    let outcome = create(&app, &manifest(&json!({"name": "pi"}), "true")).await;
    assert_eq!(outcome["error"], Value::Null, "{outcome}");
    assert!(
        started_at.elapsed() >= Duration::from_secs(2),
        "{:?}",
        started_at.elapsed()
    );
    assert_eq!(fake.requests_with("POST").len(), 1);
    // A rejection is still final: it is sent once.
    fake.set(&format!("POST {JOBS}"), 422, status(422, "Invalid", "no"));
    let outcome = create(&app, &manifest(&json!({"name": "pj"}), "true")).await;
    assert_eq!(outcome["error"]["kind"], "invalid", "{outcome}");
    assert_eq!(fake.requests_with("POST").len(), 2);
}
