//! Requests to the API server: raw JSON, bounded in time, with errors in the API server's own words.

use std::time::Duration;

use axum::http::{HeaderMap, Method, Request, Response};
use http::header::{ACCEPT, CONTENT_TYPE, WARNING};
use kube::client::Body;
use serde_json::{Value, json};

use app::api::error::ApiError;

use super::Cluster;
use super::error::{from_kube, from_status};

/// How long the API server may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// How many objects of a list are asked for at once.
const PAGE: &str = "500";

/// How the console calls itself in `managedFields`.
const MANAGER: &str = "jobwright";

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

impl Cluster {
    /// One object.
    pub async fn get(&self, path: &str) -> Result<Value, ApiError> {
        Ok(self.send(Method::GET, path, &[], None).await?.object)
    }

    /// All objects of a collection, page by page (`limit` and `continue`).
    pub async fn list(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Value>, ApiError> {
        let mut items = Vec::new();
        let mut token = String::new();
        let mut began_anew = false;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PAGE));
            if !token.is_empty() {
                query.push(("continue", &token));
            }
            let mut page = match self.send(Method::GET, path, &query, None).await {
                Ok(answer) => answer.object,
                // The snapshot that the pages are taken from has expired.
                Err(ApiError::Other { code: 410, .. }) if !token.is_empty() && !began_anew => {
                    began_anew = true;
                    items.clear();
                    token.clear();
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Value::Array(mut next) = page["items"].take() {
                items.append(&mut next);
            }
            match page["metadata"]["continue"].as_str() {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => return Ok(items),
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
    pub async fn patch(&self, path: &str, change: &Value) -> Result<Value, ApiError> {
        let query = [("fieldManager", MANAGER)];
        let body = Some(("application/merge-patch+json", change));
        Ok(self.send(Method::PATCH, path, &query, body).await?.object)
    }

    /// Deletes an object and, in the background, what it owns. The policy is always named: the API server's default
    /// for Jobs orphans their Pods.
    pub async fn delete(&self, path: &str) -> Result<(), ApiError> {
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
        self.send(Method::DELETE, path, &[], Some(("application/json", &options)))
            .await?;
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<(&str, &Value)>,
    ) -> Result<Answer, ApiError> {
        let request = build(method, path, query, body)?;
        let answered = tokio::time::timeout(PATIENCE, async {
            let response = self
                .client()
                .send(request)
                .await
                .map_err(|error| from_kube(&error))?;
            read(response).await
        });
        answered.await.unwrap_or_else(|_| {
            let message = format!("no answer within {} seconds", PATIENCE.as_secs());
            Err(ApiError::Unreachable { message })
        })
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

async fn read(response: Response<Body>) -> Result<Answer, ApiError> {
    let (parts, body) = response.into_parts();
    let bytes = body
        .collect_bytes()
        .await
        .map_err(|error| ApiError::Unreachable {
            message: crate::with_causes(&error),
        })?;
    if !parts.status.is_success() {
        return Err(from_status(parts.status, &bytes));
    }
    let object = serde_json::from_slice(&bytes).map_err(|error| ApiError::Unreachable {
        message: format!("the answer is no JSON: {error}"),
    })?;
    Ok(Answer {
        object,
        warnings: warnings(&parts.headers),
    })
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
