//! Finds objects that were created and deleted again: a Job with `ttlSecondsAfterFinished: 0` may be deleted before
//! anyone has read it by name. A watch from an earlier resource version reports what happened since.

use std::time::{Duration, Instant};

use axum::http::{Method, Request, StatusCode};
use kube::client::Body;
use serde_json::Value;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::kubernetes::client::{Failure, Outcome};
use crate::kubernetes::error::{from_kube, from_status};

/// Duration of the watch that replays past events.
const WATCH_DURATION: Duration = Duration::from_secs(1);

/// Whether the cluster may delete such an object by itself
/// ([TTL after finished](https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/)).
pub(crate) fn may_be_deleted_by_ttl(object: &Value) -> bool {
    object["kind"] == "Job" && !object["spec"]["ttlSecondsAfterFinished"].is_null()
}

impl Cluster {
    /// Returns the current resource version of a collection, reading only the object of this name.
    pub(crate) async fn resource_version(&self, collection: &str, name: &str) -> Result<String, Failure> {
        let named = format!("metadata.name={name}");
        let query = [("fieldSelector", named.as_str()), ("limit", "1")];
        let list = self.attempt(Method::GET, collection, &query, None).await?.object;
        let version = list["metadata"]["resourceVersion"].as_str();
        version
            .filter(|version| !version.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| {
                refused(ApiError::Other {
                    code: 200,
                    message: "the list has no resourceVersion".to_owned(),
                })
            })
    }

    /// Returns the object of this name created since `version` for which `is_ours` holds, as it was created; `None`
    /// if there is none.
    ///
    /// # Errors
    /// The outcome is [`Outcome::Refused`] if the cluster does not replay the events, or not any more (410).
    pub(crate) async fn created_since(
        &self,
        collection: &str,
        name: &str,
        version: &str,
        is_ours: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, Failure> {
        let seconds = WATCH_DURATION.as_secs().to_string();
        let named = format!("metadata.name={name}");
        let query = [
            ("watch", "true"),
            ("fieldSelector", &named),
            ("resourceVersion", version),
            ("timeoutSeconds", &seconds),
        ];
        let console_error = |message: String| refused(ApiError::Console { message });
        let query = serde_urlencoded::to_string(query).map_err(|error| console_error(error.to_string()))?;
        let request = Request::get(format!("{collection}?{query}"))
            .body(Body::empty())
            .map_err(|error| console_error(error.to_string()))?;
        let started_at = Instant::now();
        let client = self.client();
        let replay = async {
            let response = client
                .send(request)
                .await
                .map_err(|error| unknown(from_kube(&error)))?;
            let (parts, body) = response.into_parts();
            // Read to the end: a watch that breaks off may have missed the event.
            let bytes = body
                .collect_bytes()
                .await
                .map_err(|error| unreachable(crate::with_causes(&error)))?;
            Ok((parts.status, bytes))
        };
        let replay = tokio::time::timeout(self.timeout() + WATCH_DURATION, replay).await;
        let (code, bytes) =
            replay.unwrap_or_else(|_| Err(unreachable("the watch did not end in time".to_owned())))?;
        if !code.is_success() {
            return Err(replay_failed(code, &bytes));
        }
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let mut event: Value =
                serde_json::from_slice(line).map_err(|error| unreachable(error.to_string()))?;
            if event["type"] == "ERROR" {
                let code = event["object"]["code"]
                    .as_u64()
                    .and_then(|code| u16::try_from(code).ok());
                let code = code.and_then(|code| StatusCode::from_u16(code).ok());
                let status = event["object"].to_string();
                return Err(replay_failed(code.unwrap_or(StatusCode::GONE), status.as_bytes()));
            }
            if event["type"] == "ADDED" && is_ours(&event["object"]) {
                return Ok(Some(event["object"].take()));
            }
        }
        if started_at.elapsed() < WATCH_DURATION {
            return Err(unreachable("the watch ended too early".to_owned()));
        }
        Ok(None)
    }
}

/// Converts a failed replay: a transient error leaves the outcome unknown, any other is final.
fn replay_failed(code: StatusCode, body: &[u8]) -> Failure {
    let error = from_status(code, body);
    if code == StatusCode::TOO_MANY_REQUESTS || code.is_server_error() {
        unknown(error)
    } else {
        refused(error)
    }
}

fn unreachable(message: String) -> Failure {
    unknown(ApiError::Unreachable { message })
}

fn unknown(error: ApiError) -> Failure {
    Failure {
        error,
        outcome: Outcome::Unknown,
        retry_after: None,
    }
}

fn refused(error: ApiError) -> Failure {
    Failure {
        error,
        outcome: Outcome::Refused,
        retry_after: None,
    }
}
