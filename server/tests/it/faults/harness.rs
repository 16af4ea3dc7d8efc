//! What the tests of faults share: a playground behind a proxy, and what they do with it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use k8s_openapi::api::batch::v1::Job;
use kube::api::PostParams;
use kube::{Api, Client};
use playground::{Options, Playground};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::proxy::{Fault, Proxy};
use crate::common::{Events, TestApp};

pub const JOBS: &str = "/apis/batch/v1/namespaces/demo/jobs";
pub const PODS: &str = "/api/v1/namespaces/demo/pods";

/// Recovery is measured this often.
pub const ROUNDS: usize = 5;

/// What the console promises.
pub const PROMISED: Duration = Duration::from_secs(5);

/// A playground in a folder of its own.
pub struct Cluster {
    pub playground: Playground,
    _folder: TempDir,
}

impl Cluster {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let playground = open(&folder);
        Self {
            playground,
            _folder: folder,
        }
    }

    /// The Jobs, past the proxy.
    pub fn jobs(&self) -> Api<Job> {
        Api::namespaced(Client::new(self.playground.router(), "demo"), "demo")
    }
}

pub fn open(folder: &TempDir) -> Playground {
    let options = Options {
        data_dir: folder.path().to_owned(),
    };
    Playground::open(options).unwrap()
}

pub fn manifest(metadata: &Value, command: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
        "spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", command]}],
        }}},
    })
}

pub async fn add(jobs: &Api<Job>, name: &str) {
    let job = serde_json::from_value(manifest(&json!({"name": name}), "true")).unwrap();
    jobs.create(&PostParams::default(), &job).await.unwrap();
}

pub async fn create(app: &TestApp, object: &Value) -> Value {
    let arguments = json!({"project": "demo", "text": object.to_string(), "dry_run": false, "done": []});
    let answer = app.call("create", &arguments).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json()["documents"][0].clone()
}

pub fn is_log(request: &Request<Body>) -> bool {
    request.uri().path().ends_with("/log")
}

/// Whether a request is for a whole collection, not for its beginning or its changes.
pub fn is_list(request: &Request<Body>) -> bool {
    request
        .uri()
        .query()
        .is_some_and(|query| query.contains("limit=500"))
}

/// Counts the requests of a kind, from now on.
pub fn count(proxy: &Proxy, kind: fn(&Request<Body>) -> bool) -> Arc<AtomicUsize> {
    let counted = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&counted);
    proxy.rule(move |request| {
        asked.fetch_add(usize::from(kind(request)), Relaxed);
        Fault::None
    });
    counted
}

pub fn names(list: &Value) -> BTreeSet<String> {
    let rows = list["list"]["rows"].as_array().into_iter().flatten();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// The next event of this type, and what came before it.
pub async fn next_of(events: &mut Events, kind: &str) -> (Value, Vec<Value>) {
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
pub fn report(fault: &str, mut times: Vec<Duration>) {
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "recovery | {fault} | {} ms (median of {})",
        median.as_millis(),
        times.len()
    );
    assert!(times.iter().all(|time| *time < PROMISED), "{fault}: {times:?}");
}

/// Pseudo-random numbers from a fixed seed (xorshift).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}
