//! Stores the tokens of sessions, and lets one replica at a time refresh them: by a lease in the session's Secret.

use std::time::Duration;

use app::api::error::ApiError;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::identity::open_id::OpenIdUser;
use crate::identity::{Identity, Reservation, TokenStore};
use crate::session::store::{Backend, SessionCookie, Sessions, Stored, unseal};

/// How long a lease is valid: longer than a refresh may take, with some seconds for clocks that differ. Another replica
/// takes over from one that has crashed.
const LEASE: SignedDuration = SignedDuration::from_secs(45);

/// Delays before new tokens that cannot be stored are stored again; all within the lease.
const RETRIES: [Duration; 3] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

/// The right to refresh the tokens of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// The process that has it.
    holder: String,
    until: Timestamp,
}

/// Takes the lease of a session, unless its tokens are newer or another process has the lease.
fn take(stored: &mut Stored, holder: &str, now: Timestamp, newer: Option<Reservation>) -> Reservation {
    if let Some(newer) = newer {
        return newer;
    }
    let is_taken = |lease: &Lease| lease.holder != holder && lease.until > now;
    if stored.lease.as_ref().is_some_and(is_taken) {
        return Reservation::Busy;
    }
    stored.lease = Some(Lease {
        holder: holder.to_owned(),
        until: now.checked_add(LEASE).unwrap_or(now),
    });
    Reservation::Reserved
}

/// Gives the lease back, if it is still that of `holder`.
fn give_back(stored: &mut Stored, holder: &str) {
    stored.lease.take_if(|lease| lease.holder == holder);
}

/// Returns the tokens of a stored session if they are newer than those of `user`.
fn newer(sealed: Option<&str>, cookie: &SessionCookie, user: &OpenIdUser) -> Option<Reservation> {
    match unseal(sealed, cookie)? {
        Identity::OpenId(stored) if stored.tokens.expires() > user.tokens.expires() => {
            Some(Reservation::Newer(stored.tokens))
        }
        Identity::OpenId(_) | Identity::Console | Identity::Bearer(_) => None,
    }
}

#[async_trait]
impl TokenStore for Sessions {
    async fn reserve(&self, user: &OpenIdUser) -> Result<Reservation, ApiError> {
        let Some(cookie) = user.session.as_deref().map(SessionCookie::from_text) else {
            // It has not started yet: nobody else knows its tokens.
            return Ok(Reservation::Reserved);
        };
        let key = cookie.store_key();
        match &self.backend {
            Backend::File(_) => {
                let valid = self.lock();
                let Some(entry) = valid.get(&key) else {
                    return Ok(Reservation::Ended);
                };
                Ok(newer(entry.sealed.as_deref(), &cookie, user).unwrap_or(Reservation::Reserved))
            }
            Backend::Shared(shared) => {
                let reserved = shared.update(&key, |stored| {
                    let newer = newer(stored.sealed.as_deref(), &cookie, user);
                    take(stored, &self.replica, Timestamp::now(), newer)
                });
                Ok(reserved.await?.unwrap_or(Reservation::Ended))
            }
        }
    }

    async fn store(&self, user: &OpenIdUser) {
        let Some(cookie) = user.session.as_deref().map(SessionCookie::from_text) else {
            return;
        };
        let Some(sealed) = self.replace_identity(&cookie, &Identity::OpenId(user.clone())) else {
            return;
        };
        let Backend::Shared(shared) = &self.backend else {
            return;
        };
        let key = cookie.store_key();
        let mut delays = RETRIES.iter();
        loop {
            let stored = shared.update(&key, |stored| {
                stored.sealed = Some(sealed.clone());
                give_back(stored, &self.replica);
            });
            match (stored.await, delays.next()) {
                (Ok(_), _) => return,
                (Err(error), Some(delay)) => {
                    tracing::warn!(%error, "cannot store new tokens; trying again");
                    tokio::time::sleep(*delay).await;
                }
                (Err(error), None) => {
                    tracing::error!(%error, "cannot store new tokens: the session ends at other replicas");
                    return;
                }
            }
        }
    }

    async fn release(&self, user: &OpenIdUser) {
        let cookie = user.session.as_deref().map(SessionCookie::from_text);
        if let (Backend::Shared(shared), Some(cookie)) = (&self.backend, cookie) {
            let key = cookie.store_key();
            let released = shared.update(&key, |stored| give_back(stored, &self.replica));
            // It ends by itself.
            if let Err(error) = released.await {
                tracing::warn!(%error, "cannot give a lease back");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lease_belongs_to_one_replica_until_it_ends() {
        let now = Timestamp::now();
        let lease = |holder: &str, seconds: i64| {
            Some(Lease {
                holder: holder.to_owned(),
                until: now + SignedDuration::from_secs(seconds),
            })
        };
        for (before, result, after) in [
            (None, "Reserved", lease("own", 45)),
            (lease("own", 10), "Reserved", lease("own", 45)),
            (lease("other", 10), "Busy", lease("other", 10)),
            (lease("other", 0), "Reserved", lease("own", 45)),
            (lease("other", -10), "Reserved", lease("own", 45)),
        ] {
            let mut stored = Stored::started_at(now);
            stored.lease.clone_from(&before);
            let reservation = take(&mut stored, "own", now, None);
            assert_eq!(format!("{reservation:?}"), result, "{before:?}");
            assert_eq!(stored.lease, after, "{before:?}");
            give_back(&mut stored, "own");
            assert_eq!(stored.lease, after.filter(|lease| lease.holder != "own"));
        }
        let mut stored = Stored::started_at(now);
        take(&mut stored, "own", now, Some(Reservation::Ended));
        assert_eq!(stored.lease, None, "not needed");
    }
}
