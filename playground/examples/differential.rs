//! `differential FILE.jsonl [SHOW]`: the playground's answers to strict dry runs against those of a real API server.
//!
//! Each line is `{body, code, message}`. Prints how many status codes and whole messages agree, and what differs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a tool for developers")]

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use http::Request;
use playground::clock::Clock;
use playground::{Options, Playground};
use serde_json::Value;
use tower::ServiceExt;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("a file of JSON lines");
    let show: usize = arguments.next().and_then(|show| show.parse().ok()).unwrap_or(20);
    let folder = std::env::temp_dir().join(format!("playground-differential-{}", std::process::id()));
    let options = Options { data_dir: folder };
    let playground = Playground::in_memory(options, Clock::system()).unwrap();
    let router = playground.router();
    let (mut all, mut codes, mut refused, mut messages) = (0, 0, 0, 0);
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let request =
            Request::post("/apis/batch/v1/namespaces/default/jobs?dryRun=All&fieldValidation=Strict")
                .header("content-type", "application/json")
                .body(Body::from(row["body"].to_string()))
                .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let code = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        all += 1;
        let is_same_code = u64::from(code) == row["code"].as_u64().unwrap();
        codes += usize::from(is_same_code);
        if row["code"] == 201 && code == 201 {
            continue;
        }
        refused += 1;
        let (wanted, found) = (&row["message"], &answer["message"]);
        if is_same_code && sorted(wanted) == sorted(found) {
            messages += 1;
            continue;
        }
        let short = |text: &Value| -> String {
            let text = text.as_str().unwrap_or("taken");
            text.chars()
                .filter(|one| !one.is_ascii_digit())
                .take(120)
                .collect()
        };
        let group = format!("{} {} / {code} {}", row["code"], short(wanted), short(found));
        let example = format!("{} {}\n   {wanted}\n   {found}", row["base"], row["how"]);
        groups.entry(group).or_default().push(example);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    for (_, rows) in groups.iter().take(show) {
        println!(
            "{} {}",
            rows.len(),
            rows[0].chars().take(1200).collect::<String>()
        );
    }
    println!("{all} Jobs: same status code {codes}; of {refused} refused: same message {messages}");
}

/// The parts of a message; uids and the order of causes differ from run to run.
fn sorted(message: &Value) -> Vec<String> {
    let text = message.as_str().unwrap_or_default();
    let bytes = text.as_bytes();
    let is_uid = |at: usize| {
        bytes.get(at..at + 36).is_some_and(|part| {
            part.iter().enumerate().all(|(at, byte)| {
                if matches!(at, 8 | 13 | 18 | 23) {
                    *byte == b'-'
                } else {
                    byte.is_ascii_hexdigit()
                }
            })
        })
    };
    let (mut out, mut at) = (String::new(), 0);
    while at < text.len() {
        if is_uid(at) {
            out.push_str("UID");
            at += 36;
        } else {
            let one = text[at..].chars().next().unwrap();
            out.push(one);
            at += one.len_utf8();
        }
    }
    let mut parts: Vec<String> = out
        .split(['[', ']'])
        .flat_map(|part| part.split(", "))
        .map(str::to_owned)
        .collect();
    parts.sort();
    parts
}
