//! Open Job lists and Job pages while the cluster fails.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use axum::Router;
use jiff::Timestamp;
use kube::api::DeleteParams;
use serde_json::{Value, json};

use crate::common::TestApp;
use crate::common::proxy::{Fault, Proxy, is_watch};
use crate::faults::harness::{
    Cluster, ROUNDS, add, count, create, is_list, manifest, names, next_of, open, report,
};

/// Breaks and repairs the cluster of the Job list several times. The page is notified since when its rows are
/// stale, gets no row meanwhile, and after the repair a snapshot that includes the Job created meanwhile.
async fn break_and_repair(
    fault: &str,
    mut break_cluster: impl AsyncFnMut(&Proxy, &Cluster),
    mut repair_cluster: impl AsyncFnMut(&Proxy, &Cluster),
) {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let jobs = cluster.jobs();
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    let mut expected = names(&next_of(&mut events, "page").await.0);
    let mut times = Vec::new();
    let mut noticed = Duration::ZERO;
    for round in 0..ROUNDS {
        let started_at = Timestamp::now().as_millisecond();
        let broken = Instant::now();
        break_cluster(&proxy, &cluster).await;
        let (stale, before) = next_of(&mut events, "stale").await;
        noticed = noticed.max(broken.elapsed());
        assert!(before.is_empty(), "rows of a disconnected cluster: {before:?}");
        let since = stale["since"].as_i64().unwrap();
        assert!(since >= started_at && since <= Timestamp::now().as_millisecond());
        let name = format!("meanwhile-{round}");
        add(&jobs, &name).await;
        expected.insert(name);
        // Longer than the initial delays, and different each time, so that the result does not depend on their
        // phase.
        tokio::time::sleep(Duration::from_millis(1500 + 430 * round as u64)).await;
        let repaired_at = Instant::now();
        repair_cluster(&proxy, &cluster).await;
        let (snapshot, before) = next_of(&mut events, "page").await;
        times.push(repaired_at.elapsed());
        assert!(before.is_empty(), "{before:?}");
        assert_eq!(names(&snapshot), expected);
    }
    // The stream is live again.
    add(&jobs, "after").await;
    assert_eq!(next_of(&mut events, "rows").await.0["rows"][0]["name"], "after");
    report(fault, times);
    println!("noticed | {fault} | {} ms at most", noticed.as_millis());
}

/// Every request gets this response, including those of new watches.
async fn all_requests_fail(fault: &str, code: u16, after: Option<u32>) {
    break_and_repair(
        fault,
        async |proxy, _| {
            proxy.rule(move |_| Fault::Respond(code, after));
            proxy.cut();
        },
        async |proxy, _| proxy.clear_rule(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_a_stopped_api_server() {
    break_and_repair(
        "connections refused",
        async |proxy, _| proxy.stop(),
        async |proxy, _| proxy.start(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_too_many_requests() {
    all_requests_fail("429, Retry-After: 1", 429, Some(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_service_unavailable() {
    all_requests_fail("503", 503, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_expired_credentials() {
    all_requests_fail("401", 401, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_revoked_permissions() {
    all_requests_fail("403", 403, None).await;
}

/// Each watch is told once that its resource version is compacted; the collection is relisted.
#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_a_compacted_resource_version() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    next_of(&mut events, "page").await;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let mut expired = BTreeSet::new();
        proxy.rule(move |request| {
            let is_first = is_watch(request) && expired.insert(request.uri().path().to_owned());
            if is_first { Fault::Expired } else { Fault::None }
        });
        let name = format!("meanwhile-{round}");
        let repaired_at = Instant::now();
        proxy.cut();
        add(&cluster.jobs(), &name).await;
        cluster.playground.compact();
        next_of(&mut events, "stale").await;
        // The watches are cut, relisted, expired and relisted again: the last snapshot is the live one.
        while !names(&next_of(&mut events, "page").await.0).contains(&name) {}
        times.push(repaired_at.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    add(&cluster.jobs(), "after").await;
    assert_eq!(next_of(&mut events, "rows").await.0["rows"][0]["name"], "after");
    report("410 on watches", times);
}

/// An API server that restarts with its stored data.
#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_a_restarted_api_server() {
    let dir = tempfile::tempdir().unwrap();
    let mut playground = open(&dir);
    let proxy = Proxy::before(playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let outcome = create(&app, &manifest(&json!({"name": "before"}), "true")).await;
    assert_eq!(outcome["error"], Value::Null);
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    let before = names(&next_of(&mut events, "page").await.0);
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        proxy.stop();
        next_of(&mut events, "stale").await;
        // The database is released once the old server is dropped.
        proxy.replace(Router::new());
        playground.shutdown().await;
        drop(playground);
        tokio::time::sleep(Duration::from_millis(1500 + 430 * round as u64)).await;
        playground = open(&dir);
        proxy.replace(playground.router());
        let repaired_at = Instant::now();
        proxy.start();
        let (snapshot, _) = next_of(&mut events, "page").await;
        times.push(repaired_at.elapsed());
        assert_eq!(names(&snapshot), before);
    }
    report("restart from disk", times);
}

/// Neither existing nor new connections transfer anything or end; then new ones work, while old ones stay dead.
#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_half_open_connections() {
    break_and_repair(
        "half-open connections",
        async |proxy, _| proxy.vanish(),
        async |proxy, _| proxy.reappear(),
    )
    .await;
}

/// Only existing connections are dead: the page gets all rows soon, whether or not it is notified of a disconnect.
#[tokio::test(flavor = "multi_thread")]
async fn resumes_half_open_watches() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    next_of(&mut events, "page").await;
    let lists = count(&proxy, is_list);
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // Until all four watches have been renewed, and then a different part of their three seconds each time.
        tokio::time::sleep(Duration::from_millis(4500 + 430 * round as u64)).await;
        let listed = lists.load(Relaxed);
        proxy.freeze_matching(|uri| uri.contains("watch=true"));
        let frozen = Instant::now();
        let name = format!("unseen-{round}");
        add(&cluster.jobs(), &name).await;
        // On a busy machine a new watch may take longer than it is given: then the page is told, and sent whole.
        let mut relisted = false;
        loop {
            let change = events.next().await.unwrap().data;
            let rows = match change["type"].as_str() {
                Some("page") => &change["page"]["rows"],
                _ => &change["rows"],
            };
            relisted |= change["type"] != "rows";
            let is_there = |rows: &Vec<Value>| rows.iter().any(|row| row["name"] == name.as_str());
            if rows.as_array().is_some_and(is_there) {
                break;
            }
        }
        times.push(frozen.elapsed());
        assert!(
            relisted || lists.load(Relaxed) == listed,
            "the watches resume without relisting"
        );
    }
    report("half-open watches alone", times);
}

/// Watches get no response any more, on existing and new connections, while everything else works.
#[tokio::test(flavor = "multi_thread")]
async fn recovers_from_unresponsive_watches() {
    break_and_repair(
        "half-open watches, new ones too",
        async |proxy, _| {
            proxy.rule(|request| {
                if is_watch(request) {
                    Fault::HangResponse
                } else {
                    Fault::None
                }
            });
            proxy.freeze_matching(|uri| uri.contains("watch=true"));
        },
        async |proxy, _| proxy.clear_rule(),
    )
    .await;
}

/// Pages of one list share its watches: the load on the cluster does not depend on the number of pages.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_one_list_share_their_watches() {
    const SECONDS: usize = 15;
    let cluster = Cluster::open();
    add(&cluster.jobs(), "pi").await;
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let mut pages = vec![app.stream("/stream/jobs?project=demo", None).await];
    let snapshot = next_of(&mut pages[0], "page").await.0;
    for page_count in [1, 20] {
        let lists = count(&proxy, is_list);
        while pages.len() < page_count {
            let mut page = app.stream("/stream/jobs?project=demo", None).await;
            assert_eq!(next_of(&mut page, "page").await.0, snapshot);
            pages.push(page);
        }
        assert_eq!(lists.load(Relaxed), 0, "the snapshot is shared");
        let requests = count(&proxy, |request| {
            assert!(!is_list(request), "watches resume without relisting");
            true
        });
        tokio::time::sleep(Duration::from_secs(SECONDS as u64)).await;
        let per_minute = requests.load(Relaxed) * 60 / SECONDS;
        println!("requests | {page_count} pages of one list | {per_minute} a minute");
        // Four watches of three seconds each, plus a liveness probe every 1.5 seconds.
        assert!((60..=140).contains(&per_minute), "{per_minute}");
    }
    add(&cluster.jobs(), "after").await;
    for page in &mut pages {
        assert_eq!(next_of(page, "rows").await.0["rows"][0]["name"], "after");
    }
}

/// Slow responses are not an outage: the list arrives late, and stays live.
#[tokio::test(flavor = "multi_thread")]
async fn slow_responses_are_not_an_outage() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    proxy.rule(|_| Fault::Delay(Duration::from_secs(1)));
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    next_of(&mut events, "page").await;
    // Long enough for several liveness probes.
    tokio::time::sleep(Duration::from_secs(6)).await;
    add(&cluster.jobs(), "late").await;
    let (rows, before) = next_of(&mut events, "rows").await;
    assert_eq!(rows["rows"][0]["name"], "late");
    assert!(before.is_empty(), "{before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_page_recovers_from_a_stopped_api_server() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    add(&cluster.jobs(), "pi").await;
    let mut events = app.stream("/stream/job?project=demo&name=pi", None).await;
    assert_eq!(events.next().await.unwrap().name, "detail");
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        proxy.stop();
        let mut event = events.next().await.unwrap();
        while event.name == "detail" {
            event = events.next().await.unwrap();
        }
        assert_eq!(event.name, "stale");
        assert!(event.data["since"].is_i64());
        // A page that is opened now is notified too, and waits.
        let mut second = app.stream("/stream/job?project=demo&name=pi", None).await;
        assert_eq!(second.next().await.unwrap().name, "stale");
        tokio::time::sleep(Duration::from_millis(1500 + 430 * round as u64)).await;
        let repaired_at = Instant::now();
        proxy.start();
        assert_eq!(events.next().await.unwrap().name, "detail");
        times.push(repaired_at.elapsed());
        assert_eq!(second.next().await.unwrap().name, "detail");
    }
    report("a Job's page, connections refused", times);
    cluster
        .jobs()
        .delete("pi", &DeleteParams::background())
        .await
        .unwrap();
    let mut event = events.next().await.unwrap();
    while event.name == "detail" {
        event = events.next().await.unwrap();
    }
    assert_eq!(event.name, "gone");
}
