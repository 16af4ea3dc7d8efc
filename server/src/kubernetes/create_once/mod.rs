//! Creating an object exactly once, also when the answer gets lost on its way.
//!
//! A creation that was not answered may have been carried out. So each is sent under a name that is known before
//! (never `generateName` alone) and under a `fieldManager` of its own, which the API server writes into the object's
//! `managedFields`. Before it is sent again the object is read: if it bears that mark, it is the answer. One that the
//! cluster may have removed since is looked for among what has happened since it was sent.

pub mod find_deleted;
pub mod pending_attempts;

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::Value;

use app::api::error::ApiError;

use crate::kubernetes::client::{Answer, Failure, MANAGER, Outcome};
use crate::kubernetes::create_once::find_deleted::vanishes;
use crate::kubernetes::create_once::pending_attempts::PendingAttempt;
use crate::kubernetes::generated_name::{name_of, random};
use crate::kubernetes::{Cluster, paths};

/// How often an object is sent at most.
const TRIES: u32 = 6;

/// After this time nothing is sent again: a person waits.
const ENOUGH: Duration = Duration::from_secs(40);

/// First and longest pause before an object is sent again.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));

/// The longest pause that an API server can ask for.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// What is found under a name.
enum Found {
    /// What was sent.
    Own(Value),
    /// What somebody else created.
    Other,
    /// Nothing, or nothing that may be read.
    Nothing,
}

impl Cluster {
    /// Creates an object; one that exists stays as it is. It ends with the object, or with a refusal, or with the
    /// news that the cluster does not answer; then the same `idempotency_key` (any text that says what is asked for) finds the
    /// object, should it have been created after all.
    pub async fn create(
        &self,
        collection: &str,
        object: &Value,
        idempotency_key: &str,
    ) -> Result<Answer, ApiError> {
        let idempotency_key = format!("{collection} {idempotency_key}");
        let known = self.facts.pending_attempts.take(&idempotency_key);
        let mut doubtful = known.is_some();
        let mut attempt = match known {
            Some(attempt) => attempt,
            None => PendingAttempt {
                name: name_of(object)?,
                marker: format!("{MANAGER}-{}", random(16)?),
                version: None,
            },
        };
        let begun = Instant::now();
        let mut pause = PAUSE.0;
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self
                .try_once(collection, object, &mut attempt, &mut doubtful)
                .await
            {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let wait = failure.after.unwrap_or(pause).max(pause);
            let is_over = matches!(failure.outcome, Outcome::Refused | Outcome::Failed)
                || tries == TRIES
                || wait > MAX_PAUSE
                || begun.elapsed() + wait > ENOUGH;
            if is_over {
                if doubtful && !matches!(failure.error, ApiError::AlreadyExists { .. }) {
                    self.facts.pending_attempts.put(idempotency_key, attempt);
                }
                return Err(failure.error);
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// Looks for the object if it may have been created, and sends it if it is not there.
    async fn try_once(
        &self,
        collection: &str,
        object: &Value,
        attempt: &mut PendingAttempt,
        doubtful: &mut bool,
    ) -> Result<Answer, Failure> {
        if *doubtful {
            if let Some(object) = self.resolve(collection, object, attempt, doubtful).await? {
                return Ok(found(object));
            }
        } else if vanishes(object) && !attempt.name.is_empty() {
            attempt.version = match self.version_of(collection, &attempt.name).await {
                Ok(version) => Some(version),
                // Who may not list Jobs may still create them.
                Err(failure) if failure.outcome == Outcome::Refused => None,
                Err(failure) => return Err(failure),
            };
        }
        let query = [
            ("fieldManager", attempt.marker.as_str()),
            ("fieldValidation", "Strict"),
        ];
        let mut named = object.clone();
        // Who has a name, or is given one, has metadata.
        if !attempt.name.is_empty() {
            named["metadata"]["name"] = attempt.name.as_str().into();
        }
        let body = Some(("application/json", &named));
        let failure = match self.attempt(Method::POST, collection, &query, body).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        match failure.outcome {
            Outcome::Unknown => *doubtful = true,
            Outcome::Failed => {
                *doubtful = true;
                if let Some(object) = self.resolve(collection, object, attempt, doubtful).await? {
                    return Ok(found(object));
                }
            }
            Outcome::Refused if matches!(failure.error, ApiError::AlreadyExists { .. }) => {
                // The answer to an earlier try is lost, and the try arrived only after it was looked for.
                if *doubtful && let Some(object) = self.resolve(collection, object, attempt, doubtful).await?
                {
                    return Ok(found(object));
                }
                if object["metadata"]["name"].as_str().is_none_or(str::is_empty) {
                    // A generated name that is taken: another one, as the API server does.
                    attempt.name = name_of(object).map_err(refused)?;
                    *doubtful = false;
                    return Err(Failure {
                        outcome: Outcome::Later,
                        ..failure
                    });
                }
            }
            Outcome::Later | Outcome::Refused => {}
        }
        Err(failure)
    }

    /// What was sent, if it was created: as it is now, or as it was when the cluster has removed it since. Where the
    /// cluster does not tell that any more, nothing is in doubt for the console, which has told the person.
    async fn resolve(
        &self,
        collection: &str,
        object: &Value,
        attempt: &PendingAttempt,
        doubtful: &mut bool,
    ) -> Result<Option<Value>, Failure> {
        if let Found::Own(object) = self.look(collection, attempt).await? {
            return Ok(Some(object));
        }
        if !vanishes(object) {
            return Ok(None);
        }
        let Some(version) = &attempt.version else {
            *doubtful = false;
            return Err(refused(pending_attempts(
                &attempt.name,
                "its collection may not be listed",
            )));
        };
        let is_ours = |object: &Value| is_marked(object, &attempt.marker);
        match self
            .created_since(collection, &attempt.name, version, is_ours)
            .await
        {
            Err(failure) if failure.outcome == Outcome::Refused => {
                *doubtful = false;
                Err(refused(pending_attempts(
                    &attempt.name,
                    &failure.error.to_string(),
                )))
            }
            told => told,
        }
    }

    async fn look(&self, collection: &str, attempt: &PendingAttempt) -> Result<Found, Failure> {
        let path = format!("{collection}/{}", paths::segment(&attempt.name).map_err(refused)?);
        match self.attempt(Method::GET, &path, &[], None).await {
            Ok(answer) if is_marked(&answer.object, &attempt.marker) => Ok(Found::Own(answer.object)),
            Ok(_) => Ok(Found::Other),
            Err(failure) => match failure.error {
                ApiError::NotFound { .. } | ApiError::Forbidden { .. } => Ok(Found::Nothing),
                // Whatever it is, the object may be there.
                _ => Err(Failure {
                    outcome: Outcome::Unknown,
                    ..failure
                }),
            },
        }
    }
}

/// A creation's warnings are lost with its answer.
fn found(object: Value) -> Answer {
    Answer {
        object,
        warnings: Vec::new(),
    }
}

/// What a person is told of a Job of which nobody can say whether it was created.
fn pending_attempts(name: &str, why: &str) -> ApiError {
    ApiError::Other {
        code: 410,
        message: format!(
            "the answer to the creation of \"{name}\" is lost, and whether it was created cannot be found out ({why}): \
             it may have run and been removed since (ttlSecondsAfterFinished). Creating it again may run it twice"
        ),
    }
}

fn refused(error: ApiError) -> Failure {
    Failure {
        error,
        outcome: Outcome::Refused,
        after: None,
    }
}

fn is_marked(object: &Value, marker: &str) -> bool {
    object["metadata"]["managedFields"]
        .as_array()
        .is_some_and(|entries| entries.iter().any(|entry| entry["manager"] == marker))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_own_mark_counts() {
        let object = json!({"metadata": {"managedFields": [{"manager": "jobwright-a"}]}});
        assert!(is_marked(&object, "jobwright-a"));
        assert!(!is_marked(&object, "jobwright-b"));
        assert!(!is_marked(&json!({}), "jobwright-a"));
    }
}
