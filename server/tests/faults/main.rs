//! A cluster that misbehaves: what the streams tell the page, how soon they recover, and that nothing is lost or
//! doubled. `docs/reliability.md` has the figures that these tests print.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use common::fake::{Fake, job, list, pod, status};
use common::proxy::{Fault, Proxy, is_watch};
use common::{Events, TestApp};
use futures::StreamExt;
use http::{Method, Request, StatusCode};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client};
use playground::{Options, Playground};
use serde_json::{Value, json};
use tempfile::TempDir;

const JOBS: &str = "/apis/batch/v1/namespaces/demo/jobs";
const PODS: &str = "/api/v1/namespaces/demo/pods";

/// Recovery is measured this often.
const ROUNDS: usize = 5;

/// What the console promises.
const PROMISED: Duration = Duration::from_secs(5);

/// A playground in a folder of its own.
struct Cluster {
    playground: Playground,
    _folder: TempDir,
}

impl Cluster {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let playground = open(&folder);
        Self {
            playground,
            _folder: folder,
        }
    }

    /// The Jobs, past the proxy.
    fn jobs(&self) -> Api<Job> {
        Api::namespaced(Client::new(self.playground.router(), "demo"), "demo")
    }
}

fn open(folder: &TempDir) -> Playground {
    let options = Options {
        data_dir: folder.path().to_owned(),
    };
    Playground::open(options).unwrap()
}

fn manifest(metadata: &Value, command: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
        "spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", command]}],
        }}},
    })
}

async fn add(jobs: &Api<Job>, name: &str) {
    let job = serde_json::from_value(manifest(&json!({"name": name}), "true")).unwrap();
    jobs.create(&PostParams::default(), &job).await.unwrap();
}

async fn create(app: &TestApp, object: &Value) -> Value {
    let arguments = json!({"project": "demo", "text": object.to_string(), "dry_run": false, "done": []});
    let answer = app.call("create", &arguments).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()["documents"][0].clone()
}

fn is_log(request: &Request<Body>) -> bool {
    request.uri().path().ends_with("/log")
}

/// Whether a request is for a whole collection, not for its beginning or its changes.
fn is_list(request: &Request<Body>) -> bool {
    request
        .uri()
        .query()
        .is_some_and(|query| query.contains("limit=500"))
}

/// Counts the requests of a kind, from now on.
fn count(proxy: &Proxy, kind: fn(&Request<Body>) -> bool) -> Arc<AtomicUsize> {
    let counted = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&counted);
    proxy.rule(move |request| {
        asked.fetch_add(usize::from(kind(request)), Relaxed);
        Fault::None
    });
    counted
}

fn names(list: &Value) -> BTreeSet<String> {
    let rows = list["list"]["rows"].as_array().into_iter().flatten();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// The next event of this type, and what came before it.
async fn next_of(events: &mut Events, kind: &str) -> (Value, Vec<Value>) {
    let mut before = Vec::new();
    loop {
        let data = events.next().await.unwrap().data;
        if data["type"] == kind {
            return (data, before);
        }
        before.push(data);
    }
}

/// Prints a row of the table in `docs/reliability.md`.
fn report(fault: &str, mut times: Vec<Duration>) {
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "recovery | {fault} | {} ms (median of {})",
        median.as_millis(),
        times.len()
    );
    assert!(times.iter().all(|time| *time < PROMISED), "{fault}: {times:?}");
}

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

/// What arrived of a log, up to its end, and how often the page was told of a loss.
async fn log_of(events: &mut Events) -> (Vec<String>, usize) {
    let (mut texts, mut losses) = (Vec::new(), 0);
    while let Some(event) = events.next().await {
        match event.name.as_str() {
            "lines" => {
                let lines = event.data.as_array().unwrap().iter();
                texts.extend(lines.map(|line| line["text"].as_str().unwrap().to_owned()));
            }
            "stale" => losses += 1,
            "end" => break,
            _ => {}
        }
    }
    (texts, losses)
}

/// A log that is written while its connections are cut in the middle of lines.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_cut_again_and_again() {
    let command = "i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo line $i; sleep 0.01; done";
    let Some(texts) = cut_log(command).await else {
        return;
    };
    let expected: Vec<String> = (1..=600).map(|number| format!("line {number}")).collect();
    let lost: Vec<_> = expected.iter().filter(|text| !texts.contains(text)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert_eq!(texts, expected, "doubled, or in another order");
}

/// Standard output and error side by side: their lines are stored as they come, not in the order of their times.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_two_streams_that_is_cut_again_and_again() {
    let command =
        "i=0; while [ $i -lt 300 ]; do i=$((i+1)); (echo out $i) & echo err $i >&2; sleep 0.02; done; wait";
    let Some(mut texts) = cut_log(command).await else {
        return;
    };
    let mut expected: Vec<String> = (1..=300)
        .flat_map(|number| [format!("out {number}"), format!("err {number}")])
        .collect();
    expected.sort();
    texts.sort();
    assert_eq!(texts, expected);
}

/// The connection of a followed log alone is dead: its silence tells, and nothing is lost or doubled.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_connection_is_dead() {
    if Command::new("bwrap").arg("--version").output().is_err() {
        eprintln!("skipped: bubblewrap is not installed");
        return;
    }
    let cluster = Cluster::open();
    cluster.playground.start();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let command = "i=0; while [ $i -lt 120 ]; do i=$((i+1)); echo line $i; sleep 0.1; done";
    let made = create(&app, &manifest(&json!({"name": "counts"}), command)).await;
    assert_eq!(made["error"], Value::Null);
    let mut events = app.stream("/stream/logs?project=demo&job=counts", None).await;
    let mut texts: Vec<String> = Vec::new();
    let mut frozen = None;
    while texts.len() < 120 {
        let event = events.next().await.unwrap();
        assert_eq!(event.name, "lines");
        if let Some(since) = frozen.take_if(|since: &mut Instant| since.elapsed() > Duration::from_secs(1)) {
            report("a followed log's connection alone", vec![since.elapsed()]);
        }
        let lines = event.data.as_array().unwrap().iter();
        texts.extend(lines.map(|line| line["text"].as_str().unwrap().to_owned()));
        if frozen.is_none() && texts.len() > 20 && texts.len() < 40 {
            proxy.freeze_those(|asked| asked.contains("/log?"));
            frozen = Some(Instant::now());
        }
    }
    let expected: Vec<String> = (1..=120).map(|number| format!("line {number}")).collect();
    assert_eq!(texts, expected);
    assert_eq!(frozen, None, "it was dead, and came back");
    cluster.playground.shutdown().await;
}

/// What arrives of the log of a Job that runs `command`, whose connections are cut; none where nothing can run.
async fn cut_log(command: &str) -> Option<Vec<String>> {
    if Command::new("bwrap").arg("--version").output().is_err() {
        eprintln!("skipped: bubblewrap is not installed");
        return None;
    }
    let cluster = Cluster::open();
    cluster.playground.start();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let mut random = Random(7);
    let mut opened = 0;
    let (told, mut heard) = tokio::sync::watch::channel(0);
    proxy.rule(move |request| {
        if !is_log(request) {
            return Fault::None;
        }
        opened += 1;
        told.send_replace(opened);
        // More than what a second of the log has, which is read again each time.
        let bytes = 6000 + random.below(6000);
        match opened {
            1 | 7 | 9 => Fault::CutAfter(bytes),
            2 => Fault::Answer(429, Some(1)),
            4 => Fault::Answer(503, None),
            6 => Fault::Answer(500, None),
            8 => Fault::DropRequest,
            // Only a followed log can end too early: of one whose container has ended, its end is all there is.
            3 | 5
                if request
                    .uri()
                    .query()
                    .is_some_and(|query| query.contains("follow=true")) =>
            {
                Fault::EndAfter(bytes)
            }
            _ => Fault::None,
        }
    });
    let made = create(&app, &manifest(&json!({"name": "counts"}), command)).await;
    assert_eq!(made["error"], Value::Null);
    let mut events = app.stream("/stream/logs?project=demo&job=counts", None).await;
    // Everything is cut as well, once, for a while.
    let cutter = proxy.clone();
    tokio::spawn(async move {
        heard.wait_for(|opened| *opened == 3).await.unwrap();
        cutter.stop();
        tokio::time::sleep(Duration::from_millis(700)).await;
        cutter.start();
    });
    let (texts, losses) = log_of(&mut events).await;
    assert!(losses > 0, "the page was told that the watches were lost");
    cluster.playground.shutdown().await;
    Some(texts)
}

/// How the lines of a log follow one another.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Each is as new as the one before, or newer.
    ByTime,
    /// Standard output and error side by side: some are older than the one before, many are of one time.
    Mixed,
}

/// Two hundred lines of twenty seconds.
fn log(day: u32, order: Order) -> String {
    let line = |n: usize| {
        let millis = match order {
            Order::ByTime => n * 100 + n % 10 * 7,
            Order::Mixed => n * 100 / 700 * 700 + [300, 0, 1900, 301, 299, 300][n % 6],
        };
        format!(
            "2026-11-{day}T10:00:{:02}.{:03}Z d{day} {n}\n",
            millis / 1000,
            millis % 1000
        )
    };
    (0..200).map(line).collect()
}

/// A node whose clock is a day ahead and one whose clock is a day behind: positions are each container's own. Their
/// logs are cut in the middle of lines, and are asked for again as a kubelet understands it.
#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_disagree() {
    for order in [Order::ByTime, Order::Mixed] {
        for start in (13..3000).step_by(743) {
            disagree(order, start).await;
        }
    }
}

async fn disagree(order: Order, start: usize) {
    let ended = json!({"terminated": {"exitCode": 0}});
    let mut done = job("pi");
    done["status"] = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let pods = [
        pod("ahead", "pi", "Succeeded", ended.clone()),
        pod("behind", "pi", "Succeeded", ended),
    ];
    let fake = Fake::default()
        .on(&format!("GET {JOBS}/pi"), 200, done.clone())
        .on(&format!("GET {JOBS}"), 200, list(&[done]))
        .on(&format!("GET {PODS}"), 200, list(&pods))
        .on(&format!("GET {PODS}/ahead/log"), 200, log(24, order).into())
        .on(&format!("GET {PODS}/behind/log"), 200, log(22, order).into());
    let proxy = Proxy::before(fake.router()).await;
    let app = TestApp::signed_in_before(proxy.cluster()).await;
    let mut opened = 0;
    proxy.rule(move |request| {
        opened += usize::from(is_log(request));
        if is_log(request) && opened <= 4 {
            Fault::CutAfter(1000 * opened + start)
        } else {
            Fault::None
        }
    });
    let mut events = app.stream("/stream/logs?project=demo&job=pi", None).await;
    let (texts, _) = log_of(&mut events).await;
    for day in [22, 24] {
        let mut of_day: Vec<_> = texts
            .iter()
            .filter(|text| text.starts_with(&format!("d{day} ")))
            .collect();
        of_day.sort();
        of_day.dedup();
        assert_eq!(of_day.len(), 200, "day {day}, {order:?}, {start}");
    }
    assert_eq!(texts.len(), 400, "{order:?}, {start}");
}

/// Pseudo-random numbers from a fixed seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

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
    let patient = proxy.cluster().with_patience(Duration::from_secs(1));
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
    let app = TestApp::signed_in_before(proxy.cluster().with_patience(Duration::from_millis(500))).await;
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
    let rerun = json!({"project": "demo", "name": "once"});
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
