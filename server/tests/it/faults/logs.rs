//! Logs that are followed while the cluster misbehaves: no line is lost or doubled.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::fake::{Fake, job, list, pod};
use crate::common::proxy::{Fault, Proxy};
use crate::common::{Events, TestApp};
use crate::faults::harness::{Cluster, JOBS, PODS, Random, create, is_log, manifest, report};

/// What arrived of a log, up to its end, and how often the page was told of a loss.
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
        assert!(std::env::var_os("CI").is_none(), "bubblewrap is not installed");
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
        assert!(std::env::var_os("CI").is_none(), "bubblewrap is not installed");
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
    let (texts, disconnections) = log_of(&mut events).await;
    assert!(disconnections > 0, "the page was told that the watches were lost");
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
