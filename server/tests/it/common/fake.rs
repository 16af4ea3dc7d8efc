//! An API server that answers from a table and remembers what it was asked: for answers that a playground does not
//! give on demand, and for what exactly the console sends.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// One request to the API server.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Method and path.
    pub what: String,
    /// Query.
    pub query: String,
    /// JSON body; null if there is none.
    pub body: Value,
}

/// Answers by method and path, each to be given once.
type Once = HashMap<String, VecDeque<(u16, Value)>>;

/// The table and the memory.
#[derive(Clone)]
pub struct Fake {
    answers: Arc<Mutex<HashMap<String, (u16, Value)>>>,
    /// What watches report, by path.
    changes: broadcast::Sender<(String, Value)>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// Answers that are given once, before those of the table.
    once: Arc<Mutex<Once>>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            answers: Arc::default(),
            changes: broadcast::Sender::new(16),
            asked: Arc::default(),
            once: Arc::default(),
        }
    }
}

impl Fake {
    /// Changes the table while it is in use.
    pub fn set(&self, what: &str, code: u16, body: Value) {
        self.answers.lock().unwrap().insert(what.to_owned(), (code, body));
    }

    /// Answers `what` once with `body`, after what was said to be answered once before.
    pub fn then(self, what: &str, code: u16, body: Value) -> Self {
        let mut once = self.once.lock().unwrap();
        once.entry(what.to_owned()).or_default().push_back((code, body));
        drop(once);
        self
    }

    /// Reports an event on the watches of `path`.
    pub fn report(&self, path: &str, kind: &str, mut object: Value) {
        if kind != "ERROR" {
            object["metadata"]["resourceVersion"] = "2".into();
        }
        // Without a watch nobody hears it.
        let _ = self
            .changes
            .send((path.to_owned(), json!({"type": kind, "object": object})));
    }

    /// Answers `what` (method and path) with `body`. Without an entry, a list is empty, the version
    /// is 1.36, and all else is not found.
    pub fn on(self, what: &str, code: u16, body: Value) -> Self {
        self.set(what, code, body);
        self
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What was asked with this method.
    pub fn asked_with(&self, method: &str) -> Vec<Asked> {
        let mut asked = self.asked();
        asked.retain(|asked| asked.what.starts_with(method));
        asked
    }

    /// As a server.
    pub fn router(&self) -> Router {
        let fake = self.clone();
        Router::new().fallback(move |request| fake.clone().answer(request))
    }

    async fn answer(self, request: Request<Body>) -> Response {
        let what = format!("{} {}", request.method(), request.uri().path());
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        self.asked.lock().unwrap().push(Asked {
            what: what.clone(),
            query: query.clone(),
            body: body.clone(),
        });
        if query.contains("watch=true") {
            let path = what.trim_start_matches("GET ").to_owned();
            let changes = BroadcastStream::new(self.changes.subscribe()).filter_map(move |change| {
                let line = change
                    .ok()
                    .filter(|(about, _)| *about == path)
                    .map(|(_, event)| format!("{event}\n"));
                std::future::ready(line.map(Ok::<_, std::io::Error>))
            });
            let ended = tokio::time::sleep(Duration::from_secs(
                number(&query, "timeoutSeconds").unwrap_or(3600),
            ));
            return Body::from_stream(changes.take_until(Box::pin(ended))).into_response();
        }
        let once = self
            .once
            .lock()
            .unwrap()
            .get_mut(&what)
            .and_then(VecDeque::pop_front);
        let answer = once.or_else(|| self.answers.lock().unwrap().get(&what).cloned());
        let (code, value) = match answer {
            // What is created is stored as it was sent.
            Some((code, Value::Null)) => (code, stored(body)),
            // A log is text, and each of its lines has a time.
            Some((code, Value::String(text))) => {
                return (StatusCode::from_u16(code).unwrap(), part(&text, &query)).into_response();
            }
            Some(answer) => answer,
            None if is_collection(&what) => (200, list(&[])),
            None if what == "GET /version" => (200, json!({"gitVersion": "v1.36.2"})),
            None => (404, status(404, "NotFound", &format!("{what} not found"))),
        };
        (StatusCode::from_u16(code).unwrap(), value.to_string()).into_response()
    }
}

/// A parameter of a query.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap();
    pairs
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value)
}

fn number(query: &str, name: &str) -> Option<u64> {
    parameter(query, name)?.parse().ok()
}

/// The part of a log that is asked for: its last lines, and of these each that is not older than `sinceTime`, whatever
/// stands before it (`logWriter.write` in `k8s.io/cri-client/pkg/logs`).
fn part(log: &str, query: &str) -> String {
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let tail = number(query, "tailLines").map_or(lines.len(), |tail| usize::try_from(tail).unwrap());
    let since = parameter(query, "sinceTime").map(|since| since.parse::<Timestamp>().unwrap());
    let is_asked_for = |line: &&&str| {
        let time = line.split_once(' ').unwrap().0.parse::<Timestamp>().unwrap();
        since.is_none_or(|since| time >= since)
    };
    let last = &lines[lines.len().saturating_sub(tail)..];
    last.iter().filter(is_asked_for).copied().collect()
}

fn stored(mut object: Value) -> Value {
    object["metadata"]["uid"] = "new".into();
    object["metadata"]["managedFields"] = json!([{"manager": "jobwright"}]);
    object
}

fn is_collection(what: &str) -> bool {
    let known = [
        "jobs",
        "pods",
        "events",
        "resourcequotas",
        "namespaces",
        "configmaps",
        "secrets",
        "limitranges",
    ];
    what.starts_with("GET ") && known.iter().any(|plural| what.ends_with(&format!("/{plural}")))
}

/// A list of objects.
pub fn list(items: &[Value]) -> Value {
    json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
}

/// A `Status` of an error.
pub fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
}

/// A Pod of [`job`] with one container in `state`.
pub fn pod(name: &str, job: &str, phase: &str, state: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "demo", "uid": format!("uid-of-{name}"),
            "creationTimestamp": "2026-11-23T10:00:00Z",
            "ownerReferences": [{
                "apiVersion": "batch/v1", "kind": "Job", "name": job, "uid": format!("uid-{job}"), "controller": true,
            }],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "pi", "image": "perl:5.28.0"}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "pi", "state": state, "restartCount": 0}]},
    })
}

/// A Job.
pub fn job(name: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "namespace": "demo", "uid": format!("uid-{name}"), "creationTimestamp": "2026-11-23T10:00:00Z"},
        "spec": {
            "completions": 1,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": format!("uid-{name}")}},
            "template": {
                "metadata": {"labels": {"batch.kubernetes.io/controller-uid": format!("uid-{name}"), "app": "pi"}},
                "spec": {"restartPolicy": "Never", "containers": [{
                    "name": "pi", "image": "perl:5.28.0",
                    "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}],
                }]},
            },
        },
        "status": {},
    })
}
