//! A fake API server that responds from a table and records its requests: for responses that the playground does
//! not give on demand, and for what exactly the console sends.

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

/// A request to the API server.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRequest {
    /// Method and path.
    pub what: String,
    /// The query.
    pub query: String,
    /// JSON body; null if there is none.
    pub body: Value,
}

/// One-time responses, by method and path.
type Once = HashMap<String, VecDeque<(u16, Value)>>;

/// The response table and the recorded requests.
#[derive(Clone)]
pub struct Fake {
    responses: Arc<Mutex<HashMap<String, (u16, Value)>>>,
    /// Events of watches, by path.
    changes: broadcast::Sender<(String, Value)>,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
    /// One-time responses, used before those of the table.
    once: Arc<Mutex<Once>>,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            responses: Arc::default(),
            changes: broadcast::Sender::new(16),
            requests: Arc::default(),
            once: Arc::default(),
        }
    }
}

impl Fake {
    /// Changes the response of `what` while the server is in use.
    pub fn set(&self, what: &str, code: u16, body: Value) {
        self.responses
            .lock()
            .unwrap()
            .insert(what.to_owned(), (code, body));
    }

    /// Queues a one-time response for `what`.
    pub fn then(self, what: &str, code: u16, body: Value) -> Self {
        let mut once = self.once.lock().unwrap();
        once.entry(what.to_owned()).or_default().push_back((code, body));
        drop(once);
        self
    }

    /// Sends an event to the watches of `path`.
    pub fn report(&self, path: &str, kind: &str, mut object: Value) {
        if kind != "ERROR" {
            object["metadata"]["resourceVersion"] = "2".into();
        }
        // Fails if there is no watch.
        let _ = self
            .changes
            .send((path.to_owned(), json!({"type": kind, "object": object})));
    }

    /// Sets the response of `what` (method and path). Without an entry, a list is empty, the version is 1.36, and
    /// anything else is not found.
    pub fn on(self, what: &str, code: u16, body: Value) -> Self {
        self.set(what, code, body);
        self
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the requests with this method.
    pub fn requests_with(&self, method: &str) -> Vec<RecordedRequest> {
        let mut requests = self.requests();
        requests.retain(|request| request.what.starts_with(method));
        requests
    }

    /// Returns the server as a router.
    pub fn router(&self) -> Router {
        let fake = self.clone();
        Router::new().fallback(move |request| fake.clone().respond(request))
    }

    async fn respond(self, request: Request<Body>) -> Response {
        let what = format!("{} {}", request.method(), request.uri().path());
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        self.requests.lock().unwrap().push(RecordedRequest {
            what: what.clone(),
            query: query.clone(),
            body: body.clone(),
        });
        if query.contains("watch=true") {
            let refusal = self.responses.lock().unwrap().get(&what).cloned();
            if let Some((code, body)) = refusal.filter(|(code, _)| *code >= 400) {
                return (StatusCode::from_u16(code).unwrap(), body.to_string()).into_response();
            }
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
        let response = once.or_else(|| self.responses.lock().unwrap().get(&what).cloned());
        let (code, value) = match response {
            // A null body means that a created object is stored as it was sent.
            Some((code, Value::Null)) => (code, stored(body)),
            // A log is text whose lines start with a timestamp.
            Some((code, Value::String(text))) => {
                return (StatusCode::from_u16(code).unwrap(), part(&text, &query)).into_response();
            }
            Some(response) => response,
            None if is_collection(&what) => (200, list(&[])),
            None if what == "GET /version" => (200, json!({"gitVersion": "v1.36.2"})),
            None => (404, status(404, "NotFound", &format!("{what} not found"))),
        };
        (StatusCode::from_u16(code).unwrap(), value.to_string()).into_response()
    }
}

/// Returns a parameter of a query.
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

/// Returns the requested part of a log: its last lines, and of these each that is not older than `sinceTime`,
/// filtered line by line (`logWriter.write` in `k8s.io/cri-client/pkg/logs`).
fn part(log: &str, query: &str) -> String {
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let tail = number(query, "tailLines").map_or(lines.len(), |tail| usize::try_from(tail).unwrap());
    let since = parameter(query, "sinceTime").map(|since| since.parse::<Timestamp>().unwrap());
    let is_requested = |line: &&&str| {
        let time = line.split_once(' ').unwrap().0.parse::<Timestamp>().unwrap();
        since.is_none_or(|since| time >= since)
    };
    let last = &lines[lines.len().saturating_sub(tail)..];
    last.iter().filter(is_requested).copied().collect()
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

/// Builds a list of objects.
pub fn list(items: &[Value]) -> Value {
    json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
}

/// Builds a `Status` of an error.
pub fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
}

/// Builds a Pod of [`job`] with one container in `state`.
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

/// Builds a Job.
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
