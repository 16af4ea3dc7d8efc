//! Requests to the API server: raw JSON, with timeouts and with the API server's own error messages.

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

/// Maximum number of attempts of a request that changes nothing.
const MAX_ATTEMPTS: u32 = 3;

/// Maximum `Retry-After` that is honoured for such a request; a page does not wait longer.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3);

/// Delay before a retry if the API server does not specify one.
const RETRY_DELAY: Duration = Duration::from_millis(250);

/// Maximum size of a response: a page of 500 objects is a few megabytes, an object at most 3 (etcd's limit).
const MAX_RESPONSE: usize = 128 * 1024 * 1024;

/// Maximum size of a response that is parsed on the async thread; a larger one would block other requests.
const MAX_INLINE_PARSE: usize = 256 * 1024;

/// The console's field manager in `managedFields`.
pub(crate) const FIELD_MANAGER: &str = "jobwright";

/// Whether an object is stored or only validated (`dryRun=All`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRun {
    /// The API server does everything but store the object.
    Yes,
    /// The object is stored.
    No,
}

/// The response to a request that succeeded.
#[derive(Debug)]
pub struct ApiResponse {
    /// The object as it was stored, or would be.
    pub object: Value,
    /// The texts of the `Warning` headers.
    pub warnings: Vec<String>,
}

/// What a failed request did at the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The API server rejected the request; nothing was changed.
    Refused,
    /// The API server is overloaded (429); nothing was changed, and the request may be retried later.
    RetryLater,
    /// The API server failed (500); the object may have been stored nevertheless.
    Failed,
    /// No response, or one from a proxy: the request may have been processed.
    Unknown,
}

/// A request that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The error as the pages report it.
    pub(crate) error: ApiError,
    /// What the request did.
    pub(crate) outcome: Outcome,
    /// How long the API server asks to wait (`Retry-After` in seconds).
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    fn unknown(error: ApiError) -> Self {
        Self {
            error,
            outcome: Outcome::Unknown,
            retry_after: None,
        }
    }

    fn refused(error: ApiError) -> Self {
        Self {
            error,
            outcome: Outcome::Refused,
            retry_after: None,
        }
    }
}

impl Cluster {
    /// Reads an object.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        Ok(self.send(Method::GET, path, &[], None).await?.object)
    }

    /// Lists all objects of a collection, page by page (`limit` and `continue`).
    pub async fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, ApiError> {
        let mut items = Vec::new();
        let mut paging = Paging::default();
        loop {
            let query = [query, &paging.query()].concat();
            let mut page = match self.send(Method::GET, path, &query, None).await {
                Ok(response) => response.object,
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

    /// Creates an object; fails if it exists. Unknown fields are rejected (`fieldValidation=Strict`, Kubernetes
    /// 1.25).
    pub async fn post(&self, path: &str, object: &Value, dry_run: DryRun) -> Result<ApiResponse, ApiError> {
        let mut query = vec![("fieldManager", FIELD_MANAGER), ("fieldValidation", "Strict")];
        if dry_run == DryRun::Yes {
            query.push(("dryRun", "All"));
        }
        self.send(Method::POST, path, &query, Some(("application/json", object)))
            .await
    }

    /// Changes an object with a JSON merge patch (RFC 7386).
    pub async fn merge_patch(&self, path: &str, change: &Value) -> Result<Value, ApiError> {
        self.patch(path, "application/merge-patch+json", change).await
    }

    /// Changes an object with a JSON patch (RFC 6902). A patch with a failed test changes nothing and returns
    /// [`ApiError::Invalid`].
    pub async fn json_patch(&self, path: &str, operations: &Value) -> Result<Value, ApiError> {
        self.patch(path, "application/json-patch+json", operations).await
    }

    async fn patch(&self, path: &str, content_type: &str, change: &Value) -> Result<Value, ApiError> {
        let query = [("fieldManager", FIELD_MANAGER)];
        let body = Some((content_type, change));
        Ok(self.send(Method::PATCH, path, &query, body).await?.object)
    }

    /// Deletes the object with this `uid` and, in the background, its dependents. The propagation policy is always
    /// set: the API server's default for Jobs orphans their Pods. Another object of the same name returns
    /// [`ApiError::Conflict`].
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

    /// Sends a request; one that changes nothing is retried when the API server is overloaded.
    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<(&str, &Value)>,
    ) -> Result<ApiResponse, ApiError> {
        let retryable = method == Method::GET || query.contains(&("dryRun", "All"));
        let mut attempts = 1;
        loop {
            let failure = match self.attempt(method.clone(), path, query, body).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let retry_requested = failure.outcome == Outcome::RetryLater || failure.retry_after.is_some();
            let delay = failure.retry_after.unwrap_or(RETRY_DELAY);
            if !retryable || !retry_requested || attempts == MAX_ATTEMPTS || delay > MAX_RETRY_AFTER {
                return Err(failure.error);
            }
            attempts += 1;
            tokio::time::sleep(delay).await;
        }
    }

    /// Sends a request once.
    pub(crate) async fn attempt(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<(&str, &Value)>,
    ) -> Result<ApiResponse, Failure> {
        let request = build(method, path, query, body).map_err(Failure::refused)?;
        let timeout = self.timeout();
        let exchange = tokio::time::timeout(timeout, async {
            let response = self
                .client()
                .send(request)
                .await
                .map_err(|error| Failure::unknown(from_kube(&error)))?;
            read(response).await
        });
        let mut response = exchange.await.unwrap_or_else(|_| {
            let message = format!("no response within {} seconds", timeout.as_secs_f32());
            Err(Failure::unknown(ApiError::Unreachable { message }))
        });
        if let Err(failure) = &mut response
            && matches!(failure.error, ApiError::Credentials { .. })
        {
            self.refused();
            // The user can sign in again, unlike the console.
            if self.is_of_user() {
                failure.error = ApiError::SignedOut;
            }
        }
        response
    }
}

fn build(
    method: Method,
    path: &str,
    query: &[(&str, &str)],
    body: Option<(&str, &Value)>,
) -> Result<Request<Body>, ApiError> {
    let console_error = |error: &dyn std::error::Error| ApiError::Console {
        message: error.to_string(),
    };
    let mut uri = path.to_owned();
    if !query.is_empty() {
        let query = serde_urlencoded::to_string(query).map_err(|error| console_error(&error))?;
        uri = format!("{uri}?{query}");
    }
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header(ACCEPT, "application/json");
    let bytes = match body {
        Some((content_type, value)) => {
            request = request.header(CONTENT_TYPE, content_type);
            serde_json::to_vec(value).map_err(|error| console_error(&error))?
        }
        None => Vec::new(),
    };
    request
        .body(Body::from(bytes))
        .map_err(|error| console_error(&error))
}

async fn read(response: Response<Body>) -> Result<ApiResponse, Failure> {
    let (parts, body) = response.into_parts();
    let whole = Limited::new(body, MAX_RESPONSE)
        .collect()
        .await
        .map_err(|error| {
            Failure::unknown(ApiError::Unreachable {
                message: crate::with_causes(error.as_ref()),
            })
        })?;
    let bytes = whole.to_bytes();
    if bytes.len() <= MAX_INLINE_PARSE {
        return parse(&parts, &bytes);
    }
    let parsed = tokio::task::spawn_blocking(move || parse(&parts, &bytes)).await;
    parsed.unwrap_or_else(|error| {
        Err(Failure::unknown(ApiError::Console {
            message: error.to_string(),
        }))
    })
}

/// Parses a response.
fn parse(parts: &Parts, bytes: &[u8]) -> Result<ApiResponse, Failure> {
    if !parts.status.is_success() {
        return Err(Failure {
            error: from_status(parts.status, bytes),
            outcome: outcome(parts.status),
            retry_after: retry_after(&parts.headers),
        });
    }
    let object = serde_json::from_slice(bytes).map_err(|error| {
        Failure::unknown(ApiError::Unreachable {
            message: format!("the response is not JSON: {error}"),
        })
    })?;
    Ok(ApiResponse {
        object,
        warnings: warnings(&parts.headers),
    })
}

fn outcome(code: StatusCode) -> Outcome {
    match code.as_u16() {
        429 => Outcome::RetryLater,
        500 => Outcome::Failed,
        408 | 501..=599 => Outcome::Unknown,
        _ => Outcome::Refused,
    }
}

/// Reads `Retry-After` in seconds, as the API server sends it; a date, as a proxy may send, is ignored.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Returns the texts of `299 - "text"` headers (KEP-1693).
fn warnings(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(WARNING)
        .into_iter()
        .filter_map(|value| {
            // Header values may contain names in any script, as UTF-8.
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
    fn warning_texts_are_unquoted() {
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
