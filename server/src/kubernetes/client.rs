//! Requests to the API server: raw JSON, bounded in time, with errors in the API server's own words.

use std::time::Duration;

use axum::http::{HeaderMap, Method, Request, Response};
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, WARNING};
use http::response::Parts;
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use serde_json::{Value, json};

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::kubernetes::error::{from_kube, from_status};
use crate::kubernetes::paging::Paging;

/// How often a request that changes nothing is sent at most.
const TRIES: u32 = 3;

/// The longest pause that an API server can ask for before such a request is sent again; a page does not wait longer.
const MAX_PAUSE: Duration = Duration::from_secs(3);

/// The pause where the API server names none.
const PAUSE: Duration = Duration::from_millis(250);

/// The largest answer that is read: a page of 500 objects is a few megabytes, an object at most 3 (etcd's limit).
const MAX_ANSWER: usize = 128 * 1024 * 1024;

/// Longest answer that is read where it arrives; a longer one would hold up other requests.
const LARGE: usize = 256 * 1024;

/// How the console calls itself in `managedFields`.
pub(crate) const MANAGER: &str = "jobwright";

/// Whether something is written or only checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRun {
    /// Only checked: the API server does everything but store it.
    Yes,
    /// Written.
    No,
}

/// What the API server stored, or would store.
#[derive(Debug)]
pub struct Answer {
    /// The object.
    pub object: Value,
    /// The texts of its `Warning` headers.
    pub warnings: Vec<String>,
}

/// What became of a request that was not answered with success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The API server said no; nothing was done.
    Refused,
    /// The API server has too much to do; nothing was done, and the same request may be sent later (429).
    Later,
    /// The API server could not do it (500): its store may still have.
    Failed,
    /// No answer, or one from somebody before the API server: it may have been carried out.
    Unknown,
}

/// A request that was not answered with success.
#[derive(Debug)]
pub(crate) struct Failure {
    /// In the words of the pages.
    pub(crate) error: ApiError,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// How long the API server asks to wait (`Retry-After` in seconds).
    pub(crate) after: Option<Duration>,
}

impl Failure {
    fn unknown(error: ApiError) -> Self {
        Self {
            error,
            outcome: Outcome::Unknown,
            after: None,
        }
    }

    fn refused(error: ApiError) -> Self {
        Self {
            error,
            outcome: Outcome::Refused,
            after: None,
        }
    }
}

impl Cluster {
    /// One object.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        Ok(self.send(Method::GET, path, &[], None).await?.object)
    }

    /// All objects of a collection, page by page (`limit` and `continue`).
    pub async fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, ApiError> {
        let mut items = Vec::new();
        let mut paging = Paging::default();
        loop {
            let query = [query, &paging.query()].concat();
            let mut page = match self.send(Method::GET, path, &query, None).await {
                Ok(answer) => answer.object,
                Err(error) if paging.restarts(&error) => {
                    items.clear();
                    continue;
                }
                Err(error) => return Err(error),
            };
            let before = items.len();
            if let Value::Array(mut next) = page["items"].take() {
                items.append(&mut next);
            }
            if !paging.advance(&page, items.len() - before)? {
                return Ok(items);
            }
        }
    }

    /// Creates an object; one that exists stays as it is. Fields that the API server does not know are refused
    /// (`fieldValidation`, Kubernetes 1.25).
    pub async fn post(&self, path: &str, object: &Value, dry_run: DryRun) -> Result<Answer, ApiError> {
        let mut query = vec![("fieldManager", MANAGER), ("fieldValidation", "Strict")];
        if dry_run == DryRun::Yes {
            query.push(("dryRun", "All"));
        }
        self.send(Method::POST, path, &query, Some(("application/json", object)))
            .await
    }

    /// Changes an object by a JSON merge patch (RFC 7386).
    pub async fn merge_patch(&self, path: &str, change: &Value) -> Result<Value, ApiError> {
        self.patch(path, "application/merge-patch+json", change).await
    }

    /// Changes an object by a JSON patch (RFC 6902). One whose tests fail changes nothing and is
    /// [`ApiError::Invalid`].
    pub async fn json_patch(&self, path: &str, operations: &Value) -> Result<Value, ApiError> {
        self.patch(path, "application/json-patch+json", operations).await
    }

    async fn patch(&self, path: &str, content_type: &str, change: &Value) -> Result<Value, ApiError> {
        let query = [("fieldManager", MANAGER)];
        let body = Some((content_type, change));
        Ok(self.send(Method::PATCH, path, &query, body).await?.object)
    }

    /// Deletes the object with this `uid` and, in the background, what it owns. The policy is always named: the API
    /// server's default for Jobs orphans their Pods. Another object of the same name is [`ApiError::Conflict`].
    pub async fn delete(&self, path: &str, uid: &str) -> Result<(), ApiError> {
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid},
        });
        self.send(Method::DELETE, path, &[], Some(("application/json", &options)))
            .await?;
        Ok(())
    }

    /// Sends a request; one that changes nothing is sent again when the API server has too much to do.
    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<(&str, &Value)>,
    ) -> Result<Answer, ApiError> {
        let harmless = method == Method::GET || query.contains(&("dryRun", "All"));
        let mut tries = 1;
        loop {
            let failure = match self.attempt(method.clone(), path, query, body).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let asked_to = failure.outcome == Outcome::Later || failure.after.is_some();
            let pause = failure.after.unwrap_or(PAUSE);
            if !harmless || !asked_to || tries == TRIES || pause > MAX_PAUSE {
                return Err(failure.error);
            }
            tries += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends a request once.
    pub(crate) async fn attempt(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<(&str, &Value)>,
    ) -> Result<Answer, Failure> {
        let request = build(method, path, query, body).map_err(Failure::refused)?;
        let timeout = self.timeout();
        let answered = tokio::time::timeout(timeout, async {
            let response = self
                .client()
                .send(request)
                .await
                .map_err(|error| Failure::unknown(from_kube(&error)))?;
            read(response).await
        });
        let answer = answered.await.unwrap_or_else(|_| {
            let message = format!("no answer within {} seconds", timeout.as_secs_f32());
            Err(Failure::unknown(ApiError::Unreachable { message }))
        });
        if matches!(&answer, Err(failure) if matches!(failure.error, ApiError::Credentials { .. })) {
            self.refused();
        }
        answer
    }
}

fn build(
    method: Method,
    path: &str,
    query: &[(&str, &str)],
    body: Option<(&str, &Value)>,
) -> Result<Request<Body>, ApiError> {
    let impossible = |error: &dyn std::error::Error| ApiError::Console {
        message: error.to_string(),
    };
    let mut uri = path.to_owned();
    if !query.is_empty() {
        let query = serde_urlencoded::to_string(query).map_err(|error| impossible(&error))?;
        uri = format!("{uri}?{query}");
    }
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header(ACCEPT, "application/json");
    let bytes = match body {
        Some((content_type, value)) => {
            request = request.header(CONTENT_TYPE, content_type);
            serde_json::to_vec(value).map_err(|error| impossible(&error))?
        }
        None => Vec::new(),
    };
    request
        .body(Body::from(bytes))
        .map_err(|error| impossible(&error))
}

async fn read(response: Response<Body>) -> Result<Answer, Failure> {
    let (parts, body) = response.into_parts();
    let whole = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| {
        Failure::unknown(ApiError::Unreachable {
            message: crate::with_causes(error.as_ref()),
        })
    })?;
    let bytes = whole.to_bytes();
    if bytes.len() <= LARGE {
        return parse(&parts, &bytes);
    }
    let parsed = tokio::task::spawn_blocking(move || parse(&parts, &bytes)).await;
    parsed.unwrap_or_else(|error| {
        Err(Failure::unknown(ApiError::Console {
            message: error.to_string(),
        }))
    })
}

/// What an answer says.
fn parse(parts: &Parts, bytes: &[u8]) -> Result<Answer, Failure> {
    if !parts.status.is_success() {
        return Err(Failure {
            error: from_status(parts.status, bytes),
            outcome: outcome(parts.status),
            after: retry_after(&parts.headers),
        });
    }
    let object = serde_json::from_slice(bytes).map_err(|error| {
        Failure::unknown(ApiError::Unreachable {
            message: format!("the answer is no JSON: {error}"),
        })
    })?;
    Ok(Answer {
        object,
        warnings: warnings(&parts.headers),
    })
}

fn outcome(code: StatusCode) -> Outcome {
    match code.as_u16() {
        429 => Outcome::Later,
        500 => Outcome::Failed,
        408 | 501..=599 => Outcome::Unknown,
        _ => Outcome::Refused,
    }
}

/// The API server writes seconds; a proxy's date counts as none.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The texts of `299 - "text"` headers (KEP-1693).
fn warnings(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(WARNING)
        .into_iter()
        .filter_map(|value| {
            // Names in any script may occur; the header's bytes are UTF-8.
            let text = String::from_utf8_lossy(value.as_bytes());
            let quoted = text.split_once('"')?.1.rsplit_once('"')?.0;
            Some(quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_read_without_their_frame() {
        let mut headers = HeaderMap::new();
        headers.append(WARNING, r#"299 - "unknown field \"spec.foo\"""#.parse().unwrap());
        headers.append(
            WARNING,
            r#"299 kube "metadata.name: must be short""#.parse().unwrap(),
        );
        assert_eq!(
            warnings(&headers),
            [r#"unknown field "spec.foo""#, "metadata.name: must be short"]
        );
    }
}
