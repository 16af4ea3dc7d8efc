//! Sends a scenario's requests to a server.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT, WARNING};
use serde_json::Value;

use crate::Playground;
use crate::clock::Clock;

use crate::conformance::scenario::{Request, Response, Step};
use crate::conformance::server::{Server, ServerError};
use crate::conformance::users::Credentials;

/// Maximum time to wait for a controller.
const TIMEOUT: Duration = Duration::from_secs(90);

/// How long a state that was waited for may settle.
const SETTLE_TIME: Duration = Duration::from_millis(100);

/// Maximum duration of a response; the recorded watches end earlier on their own.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A pause this long waits for the recorded server's compaction, which ran every half minute.
const COMPACTION: f64 = 30.0;

/// A server with a scenario's variables.
#[derive(Clone)]
pub(super) struct Client {
    pub server: Server,
    /// The credentials of each user.
    pub users: BTreeMap<String, Credentials>,
    /// Compacts the history of a playground in this process; `None` for another server.
    pub compact: Option<Playground>,
    /// The server's time, as far as it is known.
    pub clock: Clock,
    /// Time between two requests, as for a client over a network: controllers use it.
    pub pace: Duration,
    pub variables: BTreeMap<String, String>,
    /// Recorded creationTimestamps, and those of the same objects here.
    pub creation_timestamps: BTreeMap<String, String>,
}

/// A request that could not be built or answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplayError {
    #[error("cannot build the request")]
    Request(#[from] http::Error),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("unknown user {0}")]
    User(String),
    #[error("the connection failed during the response")]
    Answer(#[from] axum::Error),
    #[error("the response of {0} did not end in time")]
    Endless(String),
    #[error("timed out waiting for {0}")]
    Await(String),
}

impl Client {
    fn filled(&self, text: &str) -> String {
        let mut text = text.replace("${now}", &self.clock.now_text());
        for (name, value) in &self.variables {
            text = text.replace(&format!("${{{name}}}"), value);
        }
        text
    }

    fn stamped(&self, mut body: Value) -> Value {
        let then = body
            .pointer("/metadata/creationTimestamp")
            .and_then(Value::as_str);
        if let Some(now) = then.and_then(|then| self.creation_timestamps.get(then)) {
            body["metadata"]["creationTimestamp"] = now.as_str().into();
        }
        body
    }

    fn filled_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.filled(text).into(),
            Value::Array(items) => items.iter().map(|item| self.filled_value(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (self.filled(name), self.filled_value(value)))
                .collect(),
            other => other.clone(),
        }
    }

    /// Sends one request and reads the whole response.
    pub(super) async fn send(&self, request: &Request) -> Result<Response, ReplayError> {
        let escape = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let mut pairs = Vec::new();
        for (name, value) in &request.query {
            let values = value.as_array().map_or_else(|| vec![value.clone()], Clone::clone);
            for value in values {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                pairs.push(format!("{}={}", escape(name), escape(&self.filled(&text))));
            }
        }
        let path = self.filled(&request.path);
        let uri = if pairs.is_empty() {
            path
        } else {
            format!("{path}?{}", pairs.join("&"))
        };
        let body = match &request.body {
            None => Vec::new(),
            Some(Value::String(text)) => self.filled(text).into_bytes(),
            Some(value) if value.is_object() => {
                self.stamped(self.filled_value(value)).to_string().into_bytes()
            }
            Some(value) => self.filled_value(value).to_string().into_bytes(),
        };
        let mut built = http::Request::builder()
            .method(request.method.as_str())
            .uri(uri)
            .header(USER_AGENT, "conformance");
        for (name, value) in &request.headers {
            built = built.header(name, value);
        }
        let user = request.user.as_deref().unwrap_or("admin");
        let credentials = self
            .users
            .get(user)
            .ok_or_else(|| ReplayError::User(user.to_owned()))?;
        let built = built.body(Body::from(body))?;
        let answer = self.server.send(user, credentials, built).await?;
        let (parts, body) = answer.into_parts();
        let complete = tokio::time::timeout(RESPONSE_TIMEOUT, axum::body::to_bytes(body, usize::MAX)).await;
        let bytes = complete.map_err(|_| ReplayError::Endless(request.path.clone()))??;
        let mut headers = BTreeMap::new();
        for (name, header) in [("Content-Type", CONTENT_TYPE), ("Retry-After", RETRY_AFTER)] {
            if let Some(value) = parts.headers.get(header).and_then(|value| value.to_str().ok()) {
                headers.insert(name.to_owned(), value.into());
            }
        }
        let warnings: Vec<Value> = parts
            .headers
            .get_all(WARNING)
            .iter()
            .filter_map(|value| Some(value.to_str().ok()?.into()))
            .collect();
        if !warnings.is_empty() {
            headers.insert("Warning".to_owned(), warnings.into());
        }
        let watched = !request.path.contains("/log")
            && request.query.get("watch").is_some_and(|value| value != "false");
        let lines = || {
            serde_json::Deserializer::from_slice(&bytes)
                .into_iter::<Value>()
                .collect::<Result<Vec<_>, _>>()
        };
        let is_json = headers
            .get("Content-Type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind.starts_with("application/json"));
        let body = match lines() {
            _ if !is_json => String::from_utf8_lossy(&bytes).into_owned().into(),
            Ok(events) if watched && events.iter().all(|event| event["type"].is_string()) => events.into(),
            Ok(mut one) if one.len() == 1 && !bytes.is_empty() => one.remove(0),
            _ => String::from_utf8_lossy(&bytes).into_owned().into(),
        };
        Ok(Response {
            status: parts.status.as_u16(),
            headers,
            body,
        })
    }

    /// Opens a watch as the administrator, from now on, that lasts as long as a scenario can.
    pub(super) async fn open_watch(&self, path: &str) -> Result<Body, ReplayError> {
        let nobody = Credentials::default();
        let credentials = self.users.get("admin").unwrap_or(&nobody);
        let list = http::Request::get(format!("{path}?limit=1")).body(Body::empty())?;
        let list = self.server.send("admin", credentials, list).await?.into_body();
        let list: Value =
            serde_json::from_slice(&axum::body::to_bytes(list, usize::MAX).await?).unwrap_or_default();
        let version = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let uri = format!("{path}?watch=true&timeoutSeconds=600&resourceVersion={version}");
        let request = http::Request::get(uri).body(Body::empty())?;
        Ok(self.server.send("admin", credentials, request).await?.into_body())
    }

    /// Waits for the state that a request needs.
    pub(super) async fn wait(&self, awaits: &Value) -> Result<(), ReplayError> {
        let list = awaits
            .as_array()
            .map_or_else(|| vec![awaits.clone()], Clone::clone);
        for one in list.iter().filter(|one| one.is_object()) {
            if let Some(seconds) = one["pause"].as_f64() {
                if let (Some(playground), true) = (&self.compact, seconds >= COMPACTION) {
                    playground.compact();
                    continue;
                }
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                continue;
            }
            let request = Request {
                method: "GET".to_owned(),
                path: one["path"].as_str().unwrap_or_default().to_owned(),
                query: one["query"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
                headers: BTreeMap::new(),
                body: None,
                user: None,
                awaits: Value::Null,
            };
            let until = tokio::time::Instant::now() + TIMEOUT;
            while !self.holds(one, &self.send(&request).await?) {
                if tokio::time::Instant::now() > until {
                    return Err(ReplayError::Await(self.filled_value(one).to_string()));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            // Related changes, such as the scheduler's condition on a new Pod, follow a moment later.
            tokio::time::sleep(SETTLE_TIME).await;
        }
        Ok(())
    }

    fn holds(&self, wanted: &Value, answer: &Response) -> bool {
        let found = answer.status < 300;
        let pointer = wanted["pointer"].as_str();
        let counted = wanted["count"]
            .as_u64()
            .map(|count| (count, true))
            .or(wanted["atLeast"].as_u64().map(|min| (min, false)));
        if let Some((number, exact)) = counted {
            let list = answer
                .body
                .pointer(pointer.unwrap_or("/items"))
                .and_then(Value::as_array);
            let length = list.map_or(0, Vec::len) as u64;
            return found && if exact { length == number } else { length >= number };
        }
        let value = match pointer {
            Some(pointer) => answer
                .body
                .pointer(pointer)
                .filter(|value| found && !value.is_null()),
            None => Some(&answer.body).filter(|_| found),
        };
        match (wanted.get("equals"), wanted["exists"].as_bool()) {
            (Some(equal), _) => value == Some(&self.filled_value(equal)),
            (None, Some(exists)) => value.is_some() == exists,
            (None, None) => value.is_some(),
        }
    }

    /// Runs steps; returns the responses in the order of [`flat`].
    pub(super) fn steps<'a>(
        &'a mut self,
        steps: &'a [Step],
    ) -> BoxFuture<'a, Result<Vec<Response>, ReplayError>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for step in steps {
                self.wait(&step.awaits).await?;
                self.wait(&step.request.awaits).await?;
                tokio::time::sleep(self.pace).await;
                let mut inner = Vec::new();
                let answer = if step.during.is_empty() {
                    self.send(&step.request).await?
                } else {
                    let watcher = self.clone();
                    let request = step.request.clone();
                    let watch = tokio::spawn(async move { watcher.send(&request).await });
                    // The watch has to be open before anything happens.
                    tokio::time::sleep(Duration::from_millis(150)).await;
                    inner = self.steps(&step.during).await?;
                    watch
                        .await
                        .map_err(|error| ReplayError::Answer(axum::Error::new(error)))??
                };
                // A recorded creationTimestamp in a later body is replaced by that of the object here.
                let creation_timestamp =
                    |body: &Value| body["metadata"]["creationTimestamp"].as_str().map(str::to_owned);
                if let (true, Some(then), Some(now)) = (
                    step.request.method == "POST",
                    creation_timestamp(&step.response.body),
                    creation_timestamp(&answer.body),
                ) {
                    self.creation_timestamps.insert(then, now);
                }
                for (name, pointer) in &step.capture {
                    if let Some(value) = answer.body.pointer(pointer) {
                        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        self.variables.insert(name.clone(), text);
                    }
                }
                answers.push(answer);
                answers.extend(inner);
            }
            Ok(answers)
        })
    }
}

/// Returns the steps, each followed by those done during it.
pub(super) fn flat(steps: &[Step]) -> Vec<&Step> {
    steps
        .iter()
        .flat_map(|step| std::iter::once(step).chain(flat(&step.during)))
        .collect()
}
