//! Creates an object exactly once, even if the response is lost.
//!
//! A create request without a response may have been processed. So each is sent under a name chosen beforehand
//! (never `generateName` alone) and with a unique `fieldManager`, which the API server records in the object's
//! `managedFields`. Before a retry the object is read: if it has that field manager, it is the result. An object
//! that the cluster may have deleted since is looked for in the events after the request.

pub mod find_deleted;
pub mod pending_attempts;

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::Value;

use app::api::error::ApiError;

use crate::kubernetes::client::{ApiResponse, FIELD_MANAGER, Failure, Outcome};
use crate::kubernetes::create_once::find_deleted::may_be_deleted_by_ttl;
use crate::kubernetes::create_once::pending_attempts::PendingAttempt;
use crate::kubernetes::generated_name::{name_of, random};
use crate::kubernetes::{Cluster, paths};

/// Maximum number of attempts.
const MAX_ATTEMPTS: u32 = 6;

/// Time after which no attempt is started: a user is waiting.
const MAX_ELAPSED: Duration = Duration::from_secs(40);

/// Initial and maximum delay before a retry.
const RETRY_DELAY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));

/// Maximum `Retry-After` that is honoured.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(10);

/// The object found under a name.
enum Found {
    /// The object that was sent.
    Own(Value),
    /// An object that someone else created.
    Other,
    /// No object, or none that may be read.
    Nothing,
}

impl Cluster {
    /// Creates an object; fails if it exists. Returns the created object or the API server's error. On
    /// [`ApiError::Unreachable`] the outcome is unknown: calling again with the same `idempotency_key` (any text
    /// that identifies the request) returns the object if the first call created it.
    pub async fn create(
        &self,
        collection: &str,
        object: &Value,
        idempotency_key: &str,
    ) -> Result<ApiResponse, ApiError> {
        let idempotency_key = format!("{collection} {idempotency_key}");
        let previous = self.inner.pending_attempts.take(&idempotency_key);
        let mut outcome_unknown = previous.is_some();
        let mut attempt = match previous {
            Some(attempt) => attempt,
            None => PendingAttempt {
                name: name_of(object)?,
                field_manager: format!("{FIELD_MANAGER}-{}", random(16)?),
                version: None,
            },
        };
        let started_at = Instant::now();
        let mut delay = RETRY_DELAY.0;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let failure = match self
                .try_once(collection, object, &mut attempt, &mut outcome_unknown)
                .await
            {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let wait = failure.retry_after.unwrap_or(delay).max(delay);
            let give_up = matches!(failure.outcome, Outcome::Refused | Outcome::Failed)
                || attempts == MAX_ATTEMPTS
                || wait > MAX_RETRY_AFTER
                || started_at.elapsed() + wait > MAX_ELAPSED;
            if give_up {
                if outcome_unknown && !matches!(failure.error, ApiError::AlreadyExists { .. }) {
                    self.inner.pending_attempts.put(idempotency_key, attempt);
                }
                return Err(failure.error);
            }
            tokio::time::sleep(wait).await;
            delay = (delay * 2).min(RETRY_DELAY.1);
        }
    }

    /// Looks for the object if it may have been created, and sends it if it does not exist.
    async fn try_once(
        &self,
        collection: &str,
        object: &Value,
        attempt: &mut PendingAttempt,
        outcome_unknown: &mut bool,
    ) -> Result<ApiResponse, Failure> {
        if *outcome_unknown {
            if let Some(object) = self.resolve(collection, object, attempt, outcome_unknown).await? {
                return Ok(found(object));
            }
        } else if may_be_deleted_by_ttl(object) && !attempt.name.is_empty() {
            attempt.version = match self.resource_version(collection, &attempt.name).await {
                Ok(version) => Some(version),
                // Users who may not list Jobs may still be able to create them.
                Err(failure) if failure.outcome == Outcome::Refused => None,
                Err(failure) => return Err(failure),
            };
        }
        let query = [
            ("fieldManager", attempt.field_manager.as_str()),
            ("fieldValidation", "Strict"),
        ];
        let mut named = object.clone();
        // An object with a name or `generateName` has metadata.
        if !attempt.name.is_empty() {
            named["metadata"]["name"] = attempt.name.as_str().into();
        }
        let body = Some(("application/json", &named));
        let failure = match self.attempt(Method::POST, collection, &query, body).await {
            Ok(response) => return Ok(response),
            Err(failure) => failure,
        };
        match failure.outcome {
            Outcome::Unknown => *outcome_unknown = true,
            Outcome::Failed => {
                *outcome_unknown = true;
                if let Some(object) = self.resolve(collection, object, attempt, outcome_unknown).await? {
                    return Ok(found(object));
                }
            }
            Outcome::Refused if matches!(failure.error, ApiError::AlreadyExists { .. }) => {
                // The response to an earlier attempt was lost, and the attempt arrived after the object was looked
                // for.
                if *outcome_unknown
                    && let Some(object) = self.resolve(collection, object, attempt, outcome_unknown).await?
                {
                    return Ok(found(object));
                }
                if object["metadata"]["name"].as_str().is_none_or(str::is_empty) {
                    // The generated name is taken: generate another one, as the API server does.
                    attempt.name = name_of(object).map_err(refused)?;
                    *outcome_unknown = false;
                    return Err(Failure {
                        outcome: Outcome::RetryLater,
                        ..failure
                    });
                }
            }
            Outcome::RetryLater | Outcome::Refused => {}
        }
        Err(failure)
    }

    /// Returns the sent object if it was created: in its current state, or as it was created if the cluster has
    /// deleted it since. If that can no longer be determined, the attempt is settled with an error that tells the
    /// user so.
    async fn resolve(
        &self,
        collection: &str,
        object: &Value,
        attempt: &PendingAttempt,
        outcome_unknown: &mut bool,
    ) -> Result<Option<Value>, Failure> {
        if let Found::Own(object) = self.find_by_name(collection, attempt).await? {
            return Ok(Some(object));
        }
        if !may_be_deleted_by_ttl(object) {
            return Ok(None);
        }
        let Some(version) = &attempt.version else {
            *outcome_unknown = false;
            return Err(refused(unknown_outcome(
                &attempt.name,
                "you may not list its collection",
            )));
        };
        let is_ours = |object: &Value| has_field_manager(object, &attempt.field_manager);
        match self
            .created_since(collection, &attempt.name, version, is_ours)
            .await
        {
            Err(failure) if failure.outcome == Outcome::Refused => {
                *outcome_unknown = false;
                Err(refused(unknown_outcome(
                    &attempt.name,
                    &failure.error.to_string(),
                )))
            }
            result => result,
        }
    }

    async fn find_by_name(&self, collection: &str, attempt: &PendingAttempt) -> Result<Found, Failure> {
        let path = format!("{collection}/{}", paths::segment(&attempt.name).map_err(refused)?);
        match self.attempt(Method::GET, &path, &[], None).await {
            Ok(response) if has_field_manager(&response.object, &attempt.field_manager) => {
                Ok(Found::Own(response.object))
            }
            Ok(_) => Ok(Found::Other),
            Err(failure) => match failure.error {
                ApiError::NotFound { .. } | ApiError::Forbidden { .. } => Ok(Found::Nothing),
                // Any other error leaves open whether the object exists.
                _ => Err(Failure {
                    outcome: Outcome::Unknown,
                    ..failure
                }),
            },
        }
    }
}

/// Wraps an object that was found: the warnings were lost with the response.
fn found(object: Value) -> ApiResponse {
    ApiResponse {
        object,
        warnings: Vec::new(),
    }
}

/// The error when it cannot be determined whether a Job was created.
fn unknown_outcome(name: &str, why: &str) -> ApiError {
    ApiError::Other {
        code: 410,
        message: format!(
            "the response to creating \"{name}\" was lost, and whether it was created cannot be determined ({why}): \
             it may have run and been deleted since (ttlSecondsAfterFinished). Creating it again may run it twice"
        ),
    }
}

fn refused(error: ApiError) -> Failure {
    Failure {
        error,
        outcome: Outcome::Refused,
        retry_after: None,
    }
}

fn has_field_manager(object: &Value, field_manager: &str) -> bool {
    object["metadata"]["managedFields"]
        .as_array()
        .is_some_and(|entries| entries.iter().any(|entry| entry["manager"] == field_manager))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_own_field_manager_counts() {
        let object = json!({"metadata": {"managedFields": [{"manager": "jobwright-a"}]}});
        assert!(has_field_manager(&object, "jobwright-a"));
        assert!(!has_field_manager(&object, "jobwright-b"));
        assert!(!has_field_manager(&json!({}), "jobwright-a"));
    }
}
