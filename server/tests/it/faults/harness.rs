//! The common parts of the fault tests: a playground behind a proxy, and helpers.

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

/// Number of measurements of each recovery.
pub const ROUNDS: usize = 5;

/// A playground in a temporary directory.
pub struct Cluster {
    pub playground: Playground,
    _dir: TempDir,
}

impl Cluster {
    pub fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let playground = open(&dir);
        Self {
            playground,
            _dir: dir,
        }
    }

    /// Returns the Jobs, bypassing the proxy.
    pub fn jobs(&self) -> Api<Job> {
        Api::namespaced(Client::new(self.playground.router(), "demo"), "demo")
    }
}

pub fn open(dir: &TempDir) -> Playground {
    let options = Options {
        data_dir: dir.path().to_owned(),
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
    let response = app.call("create", &arguments).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.text());
    response.json()["documents"][0].clone()
}

pub fn is_log(request: &Request<Body>) -> bool {
    request.uri().path().ends_with("/log")
}

/// Whether a request lists a whole collection, as opposed to probing or watching it.
pub fn is_list(request: &Request<Body>) -> bool {
    request
        .uri()
        .query()
        .is_some_and(|query| query.contains("limit=500"))
}

/// Counts the requests of a kind from now on.
pub fn count(proxy: &Proxy, kind: fn(&Request<Body>) -> bool) -> Arc<AtomicUsize> {
    let counted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&counted);
    proxy.rule(move |request| {
        counter.fetch_add(usize::from(kind(request)), Relaxed);
        Fault::None
    });
    counted
}

pub fn names(list: &Value) -> BTreeSet<String> {
    let rows = list["page"]["rows"].as_array().into_iter().flatten();
    rows.map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// Returns the next event of this type, and those before it.
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

/// Prints a row of the table in `docs/reliability.md`. It is not asserted: it depends on what else the machine does.
/// `server/src/kubernetes/watch/tests.rs` asserts the bounds in simulated time.
pub fn report(fault: &str, mut times: Vec<Duration>) {
    times.sort();
    let median = times[times.len() / 2];
    println!(
        "recovery | {fault} | {} ms (median of {})",
        median.as_millis(),
        times.len()
    );
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
