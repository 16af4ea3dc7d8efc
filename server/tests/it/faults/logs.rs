//! Followed logs while the cluster fails: no line is lost or repeated.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::fake::{Fake, job, list, pod};
use crate::common::proxy::{Fault, Proxy};
use crate::common::{Events, TestApp};
use crate::faults::harness::{Cluster, JOBS, PODS, Random, create, is_log, manifest, report};

/// Returns the lines of a log up to its end, and how often the page was notified of a disconnect.
async fn log_of(events: &mut Events) -> (Vec<String>, usize) {
    let (mut texts, mut disconnections) = (Vec::new(), 0);
    while let Some(event) = events.next().await {
        match event.name.as_str() {
            "lines" => {
                let lines = event.data.as_array().unwrap().iter();
                texts.extend(lines.map(|line| line["text"].as_str().unwrap().to_owned()));
            }
            "stale" => disconnections += 1,
            "end" => break,
            _ => {}
        }
    }
    (texts, disconnections)
}

/// A log that is written while its connections are cut in the middle of lines.
#[tokio::test(flavor = "multi_thread")]
async fn log_survives_repeated_cuts() {
    let command = "i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo line $i; sleep 0.01; done";
    let Some(texts) = cut_log(command).await else {
        return;
    };
    let expected: Vec<String> = (1..=600).map(|number| format!("line {number}")).collect();
    let lost: Vec<_> = expected.iter().filter(|text| !texts.contains(text)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert_eq!(texts, expected, "repeated, or in another order");
}

/// Standard output and error concurrently: lines are stored as they arrive, not in the order of their timestamps.
#[tokio::test(flavor = "multi_thread")]
async fn log_of_two_streams_survives_repeated_cuts() {
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

/// Only the connection of a followed log is dead: its idle timeout detects it, and no line is lost or repeated.
#[tokio::test(flavor = "multi_thread")]
async fn log_survives_a_half_open_connection() {
    if Command::new("bwrap").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "bubblewrap is not installed");
        eprintln!("skipped: bubblewrap is not installed");
        return;
    }
    let cluster = Cluster::open();
    cluster.playground.start();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let command = "i=0; while [ $i -lt 120 ]; do i=$((i+1)); echo line $i; sleep 0.1; done";
    let outcome = create(&app, &manifest(&json!({"name": "counts"}), command)).await;
    assert_eq!(outcome["error"], Value::Null);
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
            proxy.freeze_matching(|uri| uri.contains("/log?"));
            frozen = Some(Instant::now());
        }
    }
    let expected: Vec<String> = (1..=120).map(|number| format!("line {number}")).collect();
    assert_eq!(texts, expected);
    assert_eq!(frozen, None, "the log recovered");
    cluster.playground.shutdown().await;
}

/// Returns the log of a Job that runs `command` while connections are cut; `None` if no command can run.
async fn cut_log(command: &str) -> Option<Vec<String>> {
    if Command::new("bwrap").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "bubblewrap is not installed");
        eprintln!("skipped: bubblewrap is not installed");
        return None;
    }
    let cluster = Cluster::open();
    cluster.playground.start();
    let proxy = Proxy::before(cluster.playground.router()).await;
    let app = TestApp::signed_in_with(proxy.cluster()).await;
    let mut random = Random(7);
    let mut opened = 0;
    let (sender, mut receiver) = tokio::sync::watch::channel(0);
    proxy.rule(move |request| {
        if !is_log(request) {
            return Fault::None;
        }
        opened += 1;
        sender.send_replace(opened);
        // More than one second of the log, which is read again each time.
        let bytes = 6000 + random.below(6000);
        match opened {
            1 | 7 | 9 => Fault::CutAfter(bytes),
            2 => Fault::Respond(429, Some(1)),
            4 => Fault::Respond(503, None),
            6 => Fault::Respond(500, None),
            8 => Fault::DropRequest,
            // Only a followed log can end too early: for a log of a terminated container, the end is final.
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
    let outcome = create(&app, &manifest(&json!({"name": "counts"}), command)).await;
    assert_eq!(outcome["error"], Value::Null);
    let mut events = app.stream("/stream/logs?project=demo&job=counts", None).await;
    // All connections are cut as well, once, for a while.
    let cutter = proxy.clone();
    tokio::spawn(async move {
        receiver.wait_for(|opened| *opened == 3).await.unwrap();
        cutter.stop();
        tokio::time::sleep(Duration::from_millis(700)).await;
        cutter.start();
    });
    let (texts, disconnections) = log_of(&mut events).await;
    assert!(
        disconnections > 0,
        "the page was notified that the watches were disconnected"
    );
    cluster.playground.shutdown().await;
    Some(texts)
}

/// The order of a log's timestamps.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Each line is at least as new as the one before.
    ByTime,
    /// Standard output and error concurrently: some lines are older than the one before, many have equal
    /// timestamps.
    Mixed,
}

/// Generates two hundred lines over twenty seconds.
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

/// One node's clock is a day ahead, another's a day behind: positions are independent per container. The logs are
/// cut in the middle of lines, and resumed with `sinceTime` as a kubelet implements it.
#[tokio::test(flavor = "multi_thread")]
async fn logs_survive_clock_skew() {
    for order in [Order::ByTime, Order::Mixed] {
        for start in (13..3000).step_by(743) {
            logs_with_clock_skew(order, start).await;
        }
    }
}

async fn logs_with_clock_skew(order: Order, start: usize) {
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
    let app = TestApp::signed_in_with(proxy.cluster()).await;
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
