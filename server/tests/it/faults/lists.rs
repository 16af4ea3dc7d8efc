//! Lists and pages that are open while the cluster misbehaves.

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
    Cluster, PROMISED, ROUNDS, add, count, create, is_list, manifest, names, next_of, open, report,
};

/// Breaks the Job list's cluster and mends it, several times. The page is told since when its rows are not live, gets
/// no row while they are not, and after the mending all of them, with the one that was created meanwhile.
async fn breaks_and_mends(
    fault: &str,
    mut break_it: impl AsyncFnMut(&Proxy, &Cluster),
    mut mend_it: impl AsyncFnMut(&Proxy, &Cluster),
) {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let jobs = cluster.jobs();
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    let mut expected = names(&next_of(&mut events, "snapshot").await.0);
    let mut times = Vec::new();
    let mut noticed = Duration::ZERO;
    for round in 0..ROUNDS {
        let begun = Timestamp::now().as_millisecond();
        let broken = Instant::now();
        break_it(&proxy, &cluster).await;
        let (stale, before) = next_of(&mut events, "stale").await;
        noticed = noticed.max(broken.elapsed());
        assert!(before.is_empty(), "rows of a lost cluster: {before:?}");
        let since = stale["since"].as_i64().unwrap();
        assert!(since >= begun && since <= Timestamp::now().as_millisecond());
        let name = format!("meanwhile-{round}");
        add(&jobs, &name).await;
        expected.insert(name);
        // Longer than the first pauses, and each time another: the recovery is measured, not how well both fit.
        tokio::time::sleep(Duration::from_millis(1500 + 430 * round as u64)).await;
        let back = Instant::now();
        mend_it(&proxy, &cluster).await;
        let (snapshot, before) = next_of(&mut events, "snapshot").await;
        times.push(back.elapsed());
        assert!(before.is_empty(), "{before:?}");
        assert_eq!(names(&snapshot), expected);
    }
    // It is live again.
    add(&jobs, "after").await;
    assert_eq!(next_of(&mut events, "rows").await.0["rows"][0]["name"], "after");
    report(fault, times);
    println!("noticed | {fault} | {} ms at most", noticed.as_millis());
    assert!(noticed < PROMISED, "{fault}: {noticed:?}");
}

/// Every request gets this answer, also those of watches that begin anew.
async fn answers(fault: &str, code: u16, after: Option<u32>) {
    breaks_and_mends(
        fault,
        async |proxy, _| {
            proxy.rule(move |_| Fault::Answer(code, after));
            proxy.cut();
        },
        async |proxy, _| proxy.mend(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_api_server() {
    breaks_and_mends(
        "connections refused",
        async |proxy, _| proxy.stop(),
        async |proxy, _| proxy.start(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests() {
    answers("429, Retry-After: 1", 429, Some(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn service_unavailable() {
    answers("503", 503, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_credentials() {
    answers("401", 401, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_taken_away_and_given_back() {
    answers("403", 403, None).await;
}

/// Each watch is told once that its version is compacted; the list is read anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_compacted_version() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    next_of(&mut events, "snapshot").await;
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let mut told = BTreeSet::new();
        proxy.rule(move |request| {
            let news = is_watch(request) && told.insert(request.uri().path().to_owned());
            if news { Fault::Expired } else { Fault::None }
        });
        let name = format!("meanwhile-{round}");
        let back = Instant::now();
        proxy.cut();
        add(&cluster.jobs(), &name).await;
        cluster.playground.compact();
        next_of(&mut events, "stale").await;
        // The watches are cut, listed, expired and listed again: the last snapshot is the live one.
        while !names(&next_of(&mut events, "snapshot").await.0).contains(&name) {}
        times.push(back.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    add(&cluster.jobs(), "after").await;
    assert_eq!(next_of(&mut events, "rows").await.0["rows"][0]["name"], "after");
    report("410 on watches", times);
}

/// An API server that is started again, from what it had stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_api_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut playground = open(&folder);
    let proxy = Proxy::before(playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let made = create(&app, &manifest(&json!({"name": "before"}), "true")).await;
    assert_eq!(made["error"], Value::Null);
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    let before = names(&next_of(&mut events, "snapshot").await.0);
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        proxy.stop();
        next_of(&mut events, "stale").await;
        // The database is free once nobody holds the old server any more.
        proxy.replace(Router::new());
        playground.shutdown().await;
        drop(playground);
        tokio::time::sleep(Duration::from_millis(1500 + 430 * round as u64)).await;
        playground = open(&folder);
        proxy.replace(playground.router());
        let back = Instant::now();
        proxy.start();
        let (snapshot, _) = next_of(&mut events, "snapshot").await;
        times.push(back.elapsed());
        assert_eq!(names(&snapshot), before);
    }
    report("restart from disk", times);
}

/// Neither old nor new connections give a byte or an end; then new ones work, and old ones stay dead.
#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections() {
    breaks_and_mends(
        "half-open connections",
        async |proxy, _| proxy.vanish(),
        async |proxy, _| proxy.reappear(),
    )
    .await;
}

/// Only the connections that there are are dead, and new ones work: the page has all rows soon, whether it is told of a
/// loss meanwhile or not.
#[tokio::test(flavor = "multi_thread")]
async fn half_open_watches() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    next_of(&mut events, "snapshot").await;
    let lists = count(&proxy, is_list);
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // Until all four watches have begun again, and then each time another part of their three seconds.
        tokio::time::sleep(Duration::from_millis(4500 + 430 * round as u64)).await;
        let listed = lists.load(Relaxed);
        proxy.freeze_those(|asked| asked.contains("watch=true"));
        let frozen = Instant::now();
        let name = format!("unseen-{round}");
        add(&cluster.jobs(), &name).await;
        let (rows, before) = next_of(&mut events, "rows").await;
        times.push(frozen.elapsed());
        assert_eq!((&rows["rows"][0]["name"], before), (&json!(name), Vec::new()));
        assert_eq!(lists.load(Relaxed), listed, "it went on where it was");
    }
    report("half-open watches alone", times);
}

/// Watches get no answer any more, on old and new connections, while all else works.
#[tokio::test(flavor = "multi_thread")]
async fn watches_without_an_answer() {
    breaks_and_mends(
        "half-open watches, new ones too",
        async |proxy, _| {
            proxy.rule(|request| {
                if is_watch(request) {
                    Fault::HangAnswer
                } else {
                    Fault::None
                }
            });
            proxy.freeze_those(|asked| asked.contains("watch=true"));
        },
        async |proxy, _| proxy.mend(),
    )
    .await;
}

/// Pages of one list share its watches: what is open costs the cluster the same, however often it is open.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_one_list_share_their_watches() {
    const SECONDS: usize = 15;
    let cluster = Cluster::open();
    add(&cluster.jobs(), "pi").await;
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let mut pages = vec![app.stream("/stream/jobs?project=demo", None).await];
    let snapshot = next_of(&mut pages[0], "snapshot").await.0;
    for wanted in [1, 20] {
        let lists = count(&proxy, is_list);
        while pages.len() < wanted {
            let mut page = app.stream("/stream/jobs?project=demo", None).await;
            assert_eq!(next_of(&mut page, "snapshot").await.0, snapshot);
            pages.push(page);
        }
        assert_eq!(lists.load(Relaxed), 0, "the list was known");
        let requests = count(&proxy, |request| {
            assert!(!is_list(request), "watches go on where they were");
            true
        });
        tokio::time::sleep(Duration::from_secs(SECONDS as u64)).await;
        let per_minute = requests.load(Relaxed) * 60 / SECONDS;
        println!("requests | {wanted} pages of one list | {per_minute} a minute");
        // Four watches of three seconds, and whether the cluster answers every second and a half.
        assert!((60..=140).contains(&per_minute), "{per_minute}");
    }
    add(&cluster.jobs(), "after").await;
    for page in &mut pages {
        assert_eq!(next_of(page, "rows").await.0["rows"][0]["name"], "after");
    }
}

/// Slow answers are no outage: the list is there, late, and stays live.
#[tokio::test(flavor = "multi_thread")]
async fn slow_answers() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    proxy.rule(|_| Fault::Delay(Duration::from_secs(1)));
    let mut events = app.stream("/stream/jobs?project=demo", None).await;
    next_of(&mut events, "snapshot").await;
    // Over several questions whether the cluster is there.
    tokio::time::sleep(Duration::from_secs(6)).await;
    add(&cluster.jobs(), "late").await;
    let (rows, before) = next_of(&mut events, "rows").await;
    assert_eq!(rows["rows"][0]["name"], "late");
    assert!(before.is_empty(), "{before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_job_is_told_too() {
    let cluster = Cluster::open();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
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
        // A page that is opened now is told as well, and waits.
        let mut second = app.stream("/stream/job?project=demo&name=pi", None).await;
        assert_eq!(second.next().await.unwrap().name, "stale");
        tokio::time::sleep(Duration::from_millis(1500 + 430 * round as u64)).await;
        let back = Instant::now();
        proxy.start();
        assert_eq!(events.next().await.unwrap().name, "detail");
        times.push(back.elapsed());
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
