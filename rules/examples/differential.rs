//! `differential FILE.jsonl [SHOW]`: compares the rules with recorded responses of a real API server.
//!
//! Each line is `{body, code, message, causes: [[reason, field, message], …]}`: a Job and the response to its
//! strict dry run. Prints how many verdicts, field sets and complete cause lists agree, and the largest groups of
//! differences.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a tool for developers")]

use std::collections::BTreeMap;

use k8s_rules::{Options, validation};
use serde_json::Value;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().expect("a file of JSON lines");
    let show: usize = arguments.next().and_then(|show| show.parse().ok()).unwrap_or(20);
    let text = std::fs::read_to_string(file).unwrap();
    let (mut all, mut verdicts, mut refused, mut fields, mut messages) = (0, 0, 0, 0, 0);
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let code = row["code"].as_u64().unwrap();
        if !matches!(code, 201 | 422) {
            continue;
        }
        all += 1;
        let report = validation::job(&row["body"], &Options::default());
        let found: Vec<[String; 3]> = report
            .causes
            .iter()
            .map(|cause| [cause.reason().to_owned(), cause.path.server(), cause.message()])
            .collect();
        let wanted: Vec<[String; 3]> = row["causes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cause| [0, 1, 2].map(|part| cause[part].as_str().unwrap_or_default().to_owned()))
            .collect();
        let is_taken = found.is_empty() && report.mistyped.is_empty();
        verdicts += usize::from(is_taken == (code == 201));
        let prefix = row["body"]["metadata"]["generateName"]
            .as_str()
            .unwrap_or_default();
        let prefix: String = k8s_rules::machinery::go::quote(prefix)
            .trim_matches('"')
            .chars()
            .take(58)
            .collect();
        let masked = |causes: &[[String; 3]]| {
            let mut causes: Vec<String> = causes
                .iter()
                .map(|cause| mask(&cause.join(" | "), &prefix))
                .collect();
            causes.sort();
            causes
        };
        let (wanted_all, found_all) = (masked(&wanted), masked(&found));
        if code == 422 {
            refused += 1;
            let named = |causes: &[[String; 3]]| {
                let mut named: Vec<String> = causes.iter().map(|cause| cause[1].clone()).collect();
                named.sort();
                named.dedup();
                named
            };
            fields += usize::from(named(&wanted) == named(&found));
            messages += usize::from(wanted_all == found_all);
        }
        let mut add = |sign: &str, cause: &String| {
            let words: Vec<&str> = cause.splitn(3, " | ").collect();
            let field: String = words[1].chars().filter(|one| !one.is_ascii_digit()).collect();
            let key = format!("{sign} {} {field}", words[0]);
            groups
                .entry(key)
                .or_default()
                .push(format!("{} <- {} {}", words[2], row["base"], row["how"]));
        };
        for cause in &wanted_all {
            if !found_all.contains(cause) {
                add("missing", cause);
            }
        }
        for cause in &found_all {
            if !wanted_all.contains(cause) {
                add("extra  ", cause);
            }
        }
        for mistyped in &report.mistyped {
            let key = format!("mistyped {:?} {:?}", mistyped.wanted, mistyped.places.last());
            groups
                .entry(key)
                .or_default()
                .push(format!("{} {}", row["base"], row["how"]));
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    for (group, rows) in groups.iter().take(show) {
        println!("{} {group}", rows.len());
        for row in rows.iter().take(2) {
            println!("      {}", row.chars().take(420).collect::<String>());
        }
    }
    println!(
        "{all} Jobs: same verdict {verdicts}; of {refused} refused: same fields {fields}, same causes {messages}"
    );
}

/// Masks UIDs and generated names, which differ from run to run.
fn mask(text: &str, prefix: &str) -> String {
    let generated = |text: &str| -> String {
        if prefix.is_empty() {
            return text.to_owned();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(prefix) {
            let end = at + prefix.len();
            out.push_str(&rest[..end]);
            rest = &rest[end..];
            let suffix = rest
                .get(..5)
                .is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
            if suffix {
                out.push_str("xxxxx");
                rest = &rest[5..];
            }
        }
        out + rest
    };
    let text = &generated(text);
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
    let mut out = String::new();
    let mut at = 0;
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
    out
}
