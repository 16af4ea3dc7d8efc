//! The clusters of signed-in users: one per user, with the user's own credentials.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::config::AuthInfo;
use tokio::sync::watch;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::identity::bearer::{self, Verdict};
use crate::identity::{Identity, IdentityKey};
use crate::kubernetes::Cluster;

/// How long the connection of a user is kept after its last use.
const KEEP: Duration = Duration::from_mins(10);

/// How often credentials that the cluster has rejected are checked again before the session ends: an API server whose
/// authenticator is restarted rejects everyone for a moment.
const CHECKS: u32 = 3;

/// Delay between these checks.
const CHECK_DELAY: Duration = Duration::from_secs(1);

/// Users and their clusters.
#[derive(Clone, Default)]
pub struct People(Arc<Mutex<HashMap<IdentityKey, Person>>>);

struct Person {
    /// With the cluster that it was made from, by [`Cluster::id`].
    cluster: Option<(u64, Cluster)>,
    revoked: watch::Sender<bool>,
    used: Instant,
}

/// Tells when the credentials of a session are no longer accepted.
#[derive(Debug, Clone)]
pub struct Revocation(Option<watch::Receiver<bool>>);

impl Revocation {
    /// Of credentials that are never revoked: the console's own.
    pub fn never() -> Self {
        Self(None)
    }

    /// Whether the cluster no longer accepts the credentials.
    pub fn is_revoked(&self) -> bool {
        self.0.as_ref().is_some_and(|revoked| *revoked.borrow())
    }

    /// Completes when the cluster no longer accepts the credentials.
    pub async fn revoked(&mut self) {
        if let Some(revoked) = &mut self.0
            && revoked.wait_for(|revoked| *revoked).await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }
}

impl People {
    /// Returns the revocation of `identity`.
    pub fn revocation(&self, identity: &Identity) -> Revocation {
        let Some(key) = identity.key() else {
            return Revocation::never();
        };
        let mut people = self.lock();
        Revocation(Some(person(&mut people, key).revoked.subscribe()))
    }

    /// Returns `base` as `identity` reaches it: with the user's credentials and nothing of the console's.
    pub fn open(&self, base: &Cluster, identity: &Identity) -> Result<Cluster, ApiError> {
        let (Some(key), Identity::Bearer(token)) = (identity.key(), identity) else {
            return Ok(base.clone());
        };
        let mut people = self.lock();
        let person = person(&mut people, key);
        if let Some((id, cluster)) = &person.cluster
            && *id == base.id()
        {
            return Ok(cluster.clone());
        }
        let user = AuthInfo {
            token: Some(token.expose().to_owned().into()),
            ..AuthInfo::default()
        };
        let cluster = base.with_user(user).map_err(|error| ApiError::Credentials {
            message: crate::with_causes(&error),
        })?;
        tokio::spawn(watch_refusals(
            cluster.refusals(),
            base.clone(),
            identity.clone(),
            person.revoked.clone(),
        ));
        person.cluster = Some((base.id(), cluster.clone()));
        Ok(cluster)
    }

    /// Forgets connections that were not used for a while.
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IdentityKey, Person>> {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.retain(|_, person| person.used.elapsed() < KEEP || person.revoked.receiver_count() > 0);
        people
    }
}

fn person(people: &mut HashMap<IdentityKey, Person>, key: IdentityKey) -> &mut Person {
    let person = people.entry(key).or_insert_with(|| Person {
        cluster: None,
        revoked: watch::Sender::new(false),
        used: Instant::now(),
    });
    person.used = Instant::now();
    person
}

/// Checks the credentials whenever the cluster has rejected them, and reports when it keeps rejecting them. Ends with
/// the user's cluster.
async fn watch_refusals(
    mut refusals: watch::Receiver<()>,
    base: Cluster,
    identity: Identity,
    revoked: watch::Sender<bool>,
) {
    let Identity::Bearer(token) = &identity else {
        return;
    };
    while refusals.changed().await.is_ok() {
        let mut rejections = 0;
        while rejections < CHECKS && bearer::verify(&base, token).await == Verdict::Rejected {
            rejections += 1;
            tokio::time::sleep(CHECK_DELAY).await;
        }
        if rejections == CHECKS {
            tracing::info!(user = ?identity.key(), "the cluster no longer accepts the credentials of a session");
            revoked.send_replace(true);
            return;
        }
    }
}
