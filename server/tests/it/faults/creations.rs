//! Creations whose answers are lost or late: nothing is created twice.

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

/// Any fault that a creation can meet.
fn any_fault(random: &mut Random) -> Fault {
    match random.below(20) {
        0 => Fault::Answer(429, Some(1)),
        1 => Fault::Answer(503, None),
        2 => Fault::Answer(500, None),
        3 => Fault::Answer(504, None),
        4 | 5 => Fault::DropRequest,
        6 | 7 => Fault::DropAnswer,
        8 => Fault::HangAnswer,
        9 => Fault::CutAfter(100),
        10 => Fault::Delay(Duration::from_millis(50)),
        _ => Fault::None,
    }
}

/// Half of them have a name, half are given one; what a person is told to try again is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_creations_under_random_faults() {
    const ALL: usize = 500;
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let patient = proxy.cluster().with_timeout(Duration::from_secs(1));
    let app = Arc::new(TestApp::signed_in_before(patient).await);
    let mut random = Random(20_261_124);
    let (mut asked, mut failed) = (0, 0);
    let (told, heard) = tokio::sync::watch::channel((0, 0));
    proxy.rule(move |request| {
        if !request.uri().path().starts_with(JOBS) {
            return Fault::None;
        }
        let fault = any_fault(&mut random);
        asked += 1;
        failed += usize::from(fault != Fault::None);
        told.send_replace((asked, failed));
        fault
    });
    let begun = Instant::now();
    let again: Vec<usize> = futures::stream::iter(0..ALL)
        .map(|number| {
            let app = Arc::clone(&app);
            async move {
                let metadata = if number % 2 == 0 {
                    json!({"name": format!("named-{number}")})
                } else {
                    json!({"generateName": "given-", "labels": {"number": number.to_string()}})
                };
                let object = manifest(&metadata, "true");
                for again in 0..10 {
                    let made = create(&app, &object).await;
                    if made["error"].is_null() {
                        return again;
                    }
                    assert_ne!(made["error"]["kind"], "alreadyExists", "{made}");
                }
                panic!("not created in ten tries");
            }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let (asked, failed) = *heard.borrow();
    println!(
        "creations | {ALL} in {:.1} s | {asked} requests, {failed} of them with a fault | {} tried again by hand",
        begun.elapsed().as_secs_f32(),
        again.iter().sum::<usize>(),
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
    assert_eq!(proxy.created(), ALL, "none was created twice");
    assert!(failed > ALL / 2, "there were faults: {failed}");
}

/// A creation whose answer is lost, and which cannot be looked for at once, is found when it is asked for again.
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_without_an_answer_is_found_later() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster().with_timeout(Duration::from_millis(500))).await;
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
                Fault::DropAnswer
            } else {
                Fault::Answer(503, None)
            }
        });
        let made = create(&app, &object).await;
        assert_eq!(made["error"]["kind"], "unreachable", "{made}");
        proxy.mend();
        let made = create(&app, &object).await;
        assert_eq!(made["error"], Value::Null, "{made}");
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
    // The same again is a new wish now: the name is taken.
    let made = create(&app, &manifest(&json!({"name": "once"}), "true")).await;
    assert_eq!(made["error"]["kind"], "alreadyExists", "{made}");
    // And so is a new run of it.
    let once = cluster.jobs().get("once").await.unwrap();
    let rerun = json!({"project": "demo", "job": {"name": "once", "uid": once.metadata.uid}});
    let mut posted = false;
    proxy.rule(move |request| {
        let first = request.method() == Method::POST && !std::mem::replace(&mut posted, true);
        match (first, posted) {
            (true, _) => Fault::DropAnswer,
            (false, true) => Fault::Answer(503, None),
            (false, false) => Fault::None,
        }
    });
    assert_ne!(app.call("rerun", &rerun).await.status, StatusCode::OK);
    proxy.mend();
    let answer = app.call("rerun", &rerun).await;
    assert_eq!(
        (answer.status, &answer.json()["name"]),
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

/// A Job that is gone as soon as it has ended.
fn brief(name: &str) -> Value {
    let mut job = manifest(&json!({"name": name}), "true");
    job["spec"]["ttlSecondsAfterFinished"] = 0.into();
    job
}

/// The answer to the first `POST` of a Job is lost; `then` says what goes wrong with what follows.
fn lose_first_answer(proxy: &Proxy, mut then: impl FnMut(&Request<Body>) -> Fault + Send + 'static) {
    let mut posted = false;
    proxy.rule(move |request| {
        if !request.uri().path().starts_with(JOBS) {
            return Fault::None;
        }
        let first = request.method() == Method::POST && !std::mem::replace(&mut posted, true);
        match (first, posted) {
            (true, _) => Fault::DropAnswer,
            (false, true) => then(request),
            (false, false) => Fault::None,
        }
    });
}

/// Waits until a Job that was created is gone again.
async fn created_and_gone(jobs: &Api<Job>, proxy: &Proxy, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while proxy.created() < count || !jobs.list(&ListParams::default()).await.unwrap().items.is_empty() {
        assert!(Instant::now() < deadline, "it does not go");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A Job that was created, ran and was removed before its lost answer is looked for is not created again.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_gone_before_it_is_looked_for() {
    if Command::new("bwrap").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "bubblewrap is not installed");
        eprintln!("skipped: bubblewrap is not installed");
        return;
    }
    let cluster = Cluster::open();
    cluster.playground.start();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let jobs = cluster.jobs();
    // It is looked for only when it is gone, by the console itself…
    let is_gone = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&is_gone);
    lose_first_answer(&proxy, move |_| {
        if gone.load(Relaxed) {
            Fault::None
        } else {
            Fault::Answer(503, None)
        }
    });
    let object = brief("once");
    let (made, ()) = tokio::join!(create(&app, &object), async {
        created_and_gone(&jobs, &proxy, 1).await;
        is_gone.store(true, Relaxed);
    });
    assert_eq!(
        (&made["error"], &made["name"]),
        (&Value::Null, &json!("once")),
        "{made}"
    );
    assert!(
        made["stored"]
            .as_str()
            .unwrap()
            .contains("ttlSecondsAfterFinished: 0")
    );
    assert_eq!(proxy.created(), 1);
    // … or when the person asks again.
    lose_first_answer(&proxy, |_| Fault::Answer(503, None));
    let object = brief("twice");
    let made = create(&app, &object).await;
    assert_eq!(made["error"]["kind"], "unreachable", "{made}");
    created_and_gone(&jobs, &proxy, 2).await;
    // A watch that breaks off tells nothing.
    let mut watched = 0;
    proxy.rule(move |request| {
        watched += usize::from(is_watch(request));
        match watched {
            1 if is_watch(request) => Fault::CutAfter(40),
            2 if is_watch(request) => Fault::EndAfter(0),
            _ => Fault::None,
        }
    });
    let made = create(&app, &object).await;
    assert_eq!(
        (&made["error"], &made["name"]),
        (&Value::Null, &json!("twice")),
        "{made}"
    );
    assert_eq!(proxy.created(), 2);
    // It was removed for good: the same again is a new wish.
    proxy.mend();
    assert_eq!(create(&app, &object).await["error"], Value::Null);
    assert_eq!(proxy.created(), 3);
    cluster.playground.shutdown().await;
}

/// Where the cluster does not tell any more what has happened, the person is told so, and nothing is sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_which_nothing_is_known_any_more() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    for (number, refusal) in [410, 403].into_iter().enumerate() {
        let name = format!("brief-{number}");
        let mut posts = 0;
        let (told, heard) = tokio::sync::watch::channel(0);
        lose_first_answer(&proxy, move |request| {
            posts += usize::from(request.method() == Method::POST);
            told.send_replace(posts);
            match (is_watch(request), refusal) {
                (true, 410) => Fault::Expired,
                (true, code) => Fault::Answer(code, None),
                (false, _) => Fault::None,
            }
        });
        let jobs = cluster.jobs();
        let removed = async { while jobs.delete(&name, &DeleteParams::background()).await.is_err() {} };
        let object = brief(&name);
        let (made, ()) = tokio::join!(create(&app, &object), removed);
        assert_eq!(
            (&made["error"]["kind"], &made["error"]["code"]),
            (&json!("other"), &json!(410)),
            "{made}"
        );
        assert!(
            made["error"]["message"]
                .as_str()
                .unwrap()
                .contains("may run it twice"),
            "{made}"
        );
        assert_eq!(
            (proxy.created(), *heard.borrow()),
            (2 * number + 1, 0),
            "nothing is sent again"
        );
        // Who was told may create it none the less.
        proxy.mend();
        assert_eq!(create(&app, &object).await["error"], Value::Null);
        assert_eq!(proxy.created(), 2 * number + 2);
    }
}

/// A name that somebody else takes is not ours, whether before our first try or after a lost one.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_taken_by_somebody_else() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    add(&cluster.jobs(), "theirs").await;
    let mut posted = false;
    proxy.rule(move |request| {
        let first = request.method() == Method::POST && !std::mem::replace(&mut posted, true);
        if first { Fault::DropRequest } else { Fault::None }
    });
    for _ in 0..2 {
        let made = create(&app, &manifest(&json!({"name": "theirs"}), "true")).await;
        assert_eq!(made["error"]["kind"], "alreadyExists", "{made}");
    }
    assert_eq!(proxy.created(), 0);
}

/// `Retry-After` is honoured.
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_waits_as_long_as_it_is_asked_to() {
    let fake = Fake::default().on(&format!("POST {JOBS}"), 201, Value::Null);
    let proxy = Proxy::before(fake.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let mut posts = 0;
    proxy.rule(move |request| {
        posts += usize::from(request.method() == Method::POST);
        if request.method() == Method::POST && posts == 1 {
            Fault::Answer(429, Some(2))
        } else {
            Fault::None
        }
    });
    let begun = Instant::now();
    let made = create(&app, &manifest(&json!({"name": "pi"}), "true")).await;
    assert_eq!(made["error"], Value::Null, "{made}");
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(fake.asked_with("POST").len(), 1);
    // A refusal is none the less: it is sent once.
    fake.set(&format!("POST {JOBS}"), 422, status(422, "Invalid", "no"));
    let made = create(&app, &manifest(&json!({"name": "pj"}), "true")).await;
    assert_eq!(made["error"]["kind"], "invalid", "{made}");
    assert_eq!(fake.asked_with("POST").len(), 2);
}
