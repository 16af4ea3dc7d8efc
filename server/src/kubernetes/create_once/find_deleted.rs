//! Objects that were created and are gone again: a Job with `ttlSecondsAfterFinished: 0` may be before anybody has read
//! it by its name. What has happened since a version of the collection is told by a watch.

use std::time::{Duration, Instant};

use axum::http::{Method, Request, StatusCode};
use kube::client::Body;
use serde_json::Value;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;
use crate::kubernetes::client::{Failure, Outcome};
use crate::kubernetes::error::{from_kube, from_status};

/// How long a watch lasts that is asked what has happened.
const LASTS: Duration = Duration::from_secs(1);

/// Whether the cluster removes such an object by itself
/// ([TTL after finished](https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/)).
pub(crate) fn vanishes(object: &Value) -> bool {
    object["kind"] == "Job" && !object["spec"]["ttlSecondsAfterFinished"].is_null()
}

impl Cluster {
    /// The version of a collection now, of which only the object of this name is read.
    pub(crate) async fn version_of(&self, collection: &str, name: &str) -> Result<String, Failure> {
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
                    message: "a list without a resourceVersion".to_owned(),
                })
            })
    }

    /// The object of this name that was created since `version` and is ours, as it was created; none if there was none.
    /// The failure's fate is `Refused` if the cluster does not tell, or not any more (410).
    pub(crate) async fn created_since(
        &self,
        collection: &str,
        name: &str,
        version: &str,
        is_ours: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, Failure> {
        let seconds = LASTS.as_secs().to_string();
        let named = format!("metadata.name={name}");
        let query = [
            ("watch", "true"),
            ("fieldSelector", &named),
            ("resourceVersion", version),
            ("timeoutSeconds", &seconds),
        ];
        let impossible = |message: String| refused(ApiError::Console { message });
        let query = serde_urlencoded::to_string(query).map_err(|error| impossible(error.to_string()))?;
        let request = Request::get(format!("{collection}?{query}"))
            .body(Body::empty())
            .map_err(|error| impossible(error.to_string()))?;
        let begun = Instant::now();
        let client = self.client();
        let told = async {
            let answer = client
                .send(request)
                .await
                .map_err(|error| unknown(from_kube(&error)))?;
            let (parts, body) = answer.into_parts();
            // To its end: of a watch that breaks off nobody knows what it would have told.
            let bytes = body
                .collect_bytes()
                .await
                .map_err(|error| unreachable(crate::with_causes(&error)))?;
            Ok((parts.status, bytes))
        };
        let told = tokio::time::timeout(self.timeout() + LASTS, told).await;
        let (code, bytes) = told.unwrap_or_else(|_| Err(unreachable("a watch does not end".to_owned())))?;
        if !code.is_success() {
            return Err(not_told(code, &bytes));
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
                return Err(not_told(code.unwrap_or(StatusCode::GONE), status.as_bytes()));
            }
            if event["type"] == "ADDED" && is_ours(&event["object"]) {
                return Ok(Some(event["object"].take()));
            }
        }
        if begun.elapsed() < LASTS {
            return Err(unreachable("a watch ended too early".to_owned()));
        }
        Ok(None)
    }
}

/// Later the cluster may tell, or never.
fn not_told(code: StatusCode, body: &[u8]) -> Failure {
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
        after: None,
    }
}

fn refused(error: ApiError) -> Failure {
    Failure {
        error,
        outcome: Outcome::Refused,
        after: None,
    }
}
