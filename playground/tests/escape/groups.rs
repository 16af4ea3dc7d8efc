//! Control groups of containers are removed with them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::lifetime::Killable;
use crate::setting::{Setting, pod};

/// Returns the control groups that a process has created for playgrounds, with their children.
fn groups(process: u32) -> Vec<PathBuf> {
    let start = format!("playground-{process}-");
    let mut found = Vec::new();
    let mut todo = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let is_own =
                |path: &std::path::Path| path.iter().any(|name| name.to_string_lossy().starts_with(&start));
            if is_own(&entry.path()) {
                found.push(entry.path());
            }
            todo.push(entry.path());
        }
    }
    found
}

/// Returns those of the containers of a playground.
async fn of_containers(setting: &Setting) -> Vec<PathBuf> {
    let uids = setting.uids().await;
    let mut all = groups(std::process::id());
    all.retain(|group| {
        let name = group.file_name().unwrap().to_string_lossy().into_owned();
        uids.iter().any(|uid| name.starts_with(uid))
    });
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_group_is_left_after_containers_end() {
    let setting = Setting::new();
    // Some leave processes that have to be reaped when they end.
    for number in 0..20 {
        let script = "for i in 1 2 3 4 5 6 7 8; do sleep 300 & done; echo on; exit 0";
        setting
            .create("pods", &pod(&format!("pod-{number}"), script))
            .await;
    }
    for number in 0..20 {
        assert_eq!(setting.end(&format!("pod-{number}")).await.exit_code(), Some(0));
    }
    let started_at = Instant::now();
    loop {
        let left = of_containers(&setting).await;
        if left.is_empty() {
            break;
        }
        assert!(started_at.elapsed().as_secs() < 10, "{left:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    setting.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_killed_playground_are_removed_at_next_start() {
    let before = Setting::new();
    let mut killed = Killable::start().await;
    let process = killed.child.id();
    // Where this process can create groups, the other one can too.
    assert_eq!(groups(process).is_empty(), groups(std::process::id()).is_empty());
    killed.kill().await;
    let next = Setting::new();
    next.other_commands_still_run("next").await;
    assert!(groups(process).is_empty(), "{:#?}", groups(process));
    before.shut_down().await;
    next.shut_down().await;
}
