//! Sessions as Secrets of the cluster, so that every replica of the console knows them, and a restarted one too.
//!
//! A Secret is named after a hash of the session's id, and its credentials are encrypted with the key of the cookie:
//! whoever can read Secrets can end sessions, but not use them.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::{Value, json};

use app::api::error::ApiError;

use crate::kubernetes::access::Access;
use crate::kubernetes::watch::{Change, Selection, follow};
use crate::kubernetes::{Cluster, DryRun, Kind};
use crate::session::store::Stored;

/// Label of the Secrets.
const LABEL: &str = "jobwright.io/session";

/// Prefix of their names.
const PREFIX: &str = "jobwright-session-";

/// Key of the data.
const DATA: &str = "session";

/// What the console does with the Secrets.
const VERBS: [&str; 6] = ["get", "list", "watch", "create", "patch", "delete"];

/// Delays before a failed deletion is repeated: signing out has to reach every replica.
const RETRIES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// How often a change is attempted that others keep overtaking: there are a few replicas.
const MAX_UPDATES: u32 = 10;

/// The Secrets of one namespace.
#[derive(Clone)]
pub struct SharedSessions {
    cluster: Cluster,
    namespace: String,
}

/// A change that another replica may have made.
pub(crate) enum SharedChange {
    /// All sessions, by key.
    Reset(Vec<(String, Stored)>),
    /// A session was started or changed.
    Applied(String, Stored),
    /// A session was ended.
    Deleted(String),
}

impl SharedSessions {
    /// Creates a store in `namespace`, with the credentials of `cluster`.
    pub fn new(cluster: Cluster, namespace: String) -> Self {
        Self { cluster, namespace }
    }

    /// Checks whether sessions can be stored.
    pub async fn check(&self) -> Result<(), ApiError> {
        let path = Kind::SECRETS.collection(&self.namespace)?;
        self.cluster
            .list(&path, &[("labelSelector", LABEL), ("limit", "1")])
            .await
            .map(drop)
    }

    /// Returns what keeps sessions from being stored, with all missing rights at once; empty if nothing does.
    pub async fn problems(&self) -> Vec<String> {
        let namespace = &self.namespace;
        let mut missing = Vec::new();
        for verb in VERBS {
            if !self.cluster.may(namespace, Access::secrets(verb)).await {
                missing.push(verb);
            }
        }
        if !missing.is_empty() {
            let verbs = missing.join(", ");
            return vec![format!(
                "the console's credentials may not {verbs} Secrets in the namespace {namespace}: bind a Role that allows \
                 it to them"
            )];
        }
        let probe = json!({
            "apiVersion": "v1", "kind": "Secret", "type": LABEL,
            "metadata": {"name": format!("{PREFIX}check")},
        });
        let collection = match Kind::SECRETS.collection(namespace) {
            Ok(collection) => collection,
            Err(error) => return vec![error.to_string()],
        };
        match self.cluster.post(&collection, &probe, DryRun::Yes).await {
            Ok(_) | Err(ApiError::AlreadyExists { .. }) => Vec::new(),
            Err(ApiError::NotFound { message }) => {
                vec![format!("{message}: create the namespace, or name another one")]
            }
            Err(error) => vec![format!("no Secret can be created in {namespace}: {error}")],
        }
    }

    /// Reads all sessions, with their keys.
    pub(crate) async fn all(&self) -> Result<Vec<(String, Stored)>, ApiError> {
        let path = Kind::SECRETS.collection(&self.namespace)?;
        let secrets = self.cluster.list(&path, &[("labelSelector", LABEL)]).await?;
        Ok(secrets.iter().filter_map(read).collect())
    }

    /// Reads a session.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Stored>, ApiError> {
        match self.cluster.get(&self.path(key)?).await {
            Ok(secret) => Ok(read(&secret).map(|(_, stored)| stored)),
            Err(ApiError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stores a session, replacing what was stored.
    pub(crate) async fn put(&self, key: &str, stored: &Stored) -> Result<(), ApiError> {
        let text = serde_json::to_vec(stored).map_err(|error| ApiError::Console {
            message: error.to_string(),
        })?;
        let data = json!({DATA: BASE64_STANDARD.encode(text)});
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": LABEL,
            "metadata": {"name": format!("{PREFIX}{key}"), "labels": {LABEL: ""}},
            "data": data,
        });
        let collection = Kind::SECRETS.collection(&self.namespace)?;
        match self.cluster.post(&collection, &secret, DryRun::No).await {
            Err(ApiError::AlreadyExists { .. }) => self
                .cluster
                .merge_patch(&self.path(key)?, &json!({"data": data}))
                .await
                .map(drop),
            other => other.map(drop),
        }
    }

    /// Changes a session that still exists: one that was ended meanwhile stays ended, and returns `None`. If another
    /// replica changes it meanwhile (`resourceVersion`), `change` is applied again to what that one has stored.
    pub(crate) async fn update<T>(
        &self,
        key: &str,
        mut change: impl FnMut(&mut Stored) -> T,
    ) -> Result<Option<T>, ApiError> {
        let path = self.path(key)?;
        let mut attempt = 1;
        loop {
            let secret = match self.cluster.get(&path).await {
                Ok(secret) => secret,
                Err(ApiError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            let Some((_, before)) = read(&secret) else {
                return Ok(None);
            };
            let mut stored = before.clone();
            let result = change(&mut stored);
            if stored == before {
                return Ok(Some(result));
            }
            let text = serde_json::to_vec(&stored).map_err(|error| ApiError::Console {
                message: error.to_string(),
            })?;
            let patch = json!({
                "metadata": {"resourceVersion": secret["metadata"]["resourceVersion"]},
                "data": {DATA: BASE64_STANDARD.encode(text)},
            });
            match self.cluster.merge_patch(&path, &patch).await {
                Ok(_) => return Ok(Some(result)),
                Err(ApiError::NotFound { .. }) => return Ok(None),
                Err(ApiError::Conflict { .. }) if attempt < MAX_UPDATES => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Deletes a session; repeats it in the background if that fails.
    pub(crate) async fn delete(&self, key: &str) {
        if let Err(error) = self.try_delete(key).await {
            tracing::warn!(%error, "cannot delete a session; trying again");
            let (store, key) = (self.clone(), key.to_owned());
            tokio::spawn(async move {
                for delay in RETRIES {
                    tokio::time::sleep(delay).await;
                    if store.try_delete(&key).await.is_ok() {
                        return;
                    }
                }
                tracing::error!("a session that was signed out may still be valid at other replicas");
            });
        }
    }

    async fn try_delete(&self, key: &str) -> Result<(), ApiError> {
        let path = self.path(key)?;
        let secret = match self.cluster.get(&path).await {
            Ok(secret) => secret,
            Err(ApiError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let uid = secret["metadata"]["uid"].as_str().unwrap_or_default();
        match self.cluster.delete(&path, uid).await {
            // Another session never has this name.
            Ok(()) | Err(ApiError::NotFound { .. } | ApiError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reports the sessions and their changes.
    pub(crate) fn changes(&self) -> BoxStream<'static, SharedChange> {
        let selection = Selection {
            fields: None,
            labels: Some(LABEL.to_owned()),
        };
        follow(&self.cluster, Kind::SECRETS, &self.namespace, selection)
            .filter_map(|change| {
                std::future::ready(match change {
                    Change::Reset(secrets) => Some(SharedChange::Reset(
                        secrets.iter().filter_map(|secret| read(secret)).collect(),
                    )),
                    Change::Applied(secret) => {
                        read(&secret).map(|(key, stored)| SharedChange::Applied(key, stored))
                    }
                    Change::Deleted(secret) => key_of(&secret).map(SharedChange::Deleted),
                    // The sessions that are known stay valid.
                    Change::Disconnected | Change::Denied => None,
                })
            })
            .boxed()
    }

    fn path(&self, key: &str) -> Result<String, ApiError> {
        Kind::SECRETS.object(&self.namespace, &format!("{PREFIX}{key}"))
    }
}

fn key_of(secret: &Value) -> Option<String> {
    secret["metadata"]["name"]
        .as_str()?
        .strip_prefix(PREFIX)
        .map(str::to_owned)
}

/// Reads a Secret; `None` if it is not one of a session.
fn read(secret: &Value) -> Option<(String, Stored)> {
    let data = BASE64_STANDARD.decode(secret["data"][DATA].as_str()?).ok()?;
    Some((key_of(secret)?, serde_json::from_slice(&data).ok()?))
}
