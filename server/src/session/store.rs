//! The store of valid sessions and their expiry.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};

use crate::identity::{Identity, Revocation, StoredIdentity};
use crate::random;
use crate::session::SessionError;
use crate::session::key::write_private;
use crate::session::seal::SealKey;

/// Maximum number of open streams and downloads per session: a browser opens six for all its tabs.
pub const MAX_STREAMS: usize = 64;

/// A valid session, as one request sees it.
#[derive(Clone)]
pub struct Session {
    /// The id; only the cookie and the store know it.
    pub id: String,
    /// Who acts at the cluster.
    pub identity: Identity,
    /// Tells when the cluster no longer accepts the identity.
    pub revocation: Revocation,
    /// Limits the open streams.
    pub streams: Arc<Semaphore>,
    expires: watch::Receiver<Timestamp>,
}

impl Session {
    /// Completes when the session ends: by signing out, by expiry, or since the cluster no longer accepts its
    /// credentials. Streams end with it.
    pub async fn ended(mut self) {
        loop {
            let expires = *self.expires.borrow_and_update();
            let Ok(left) = Duration::try_from(expires.duration_since(Timestamp::now())) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                changed = self.expires.changed() => if changed.is_err() { return },
                () = self.revocation.revoked() => return,
            }
        }
    }
}

/// What the cookie of a session contains.
#[derive(Debug, Clone)]
pub struct SessionCookie {
    id: String,
    /// The key of the credentials, if the user has own ones.
    key: Option<String>,
}

impl SessionCookie {
    pub(crate) fn from_text(text: &str) -> Self {
        let (id, key) = match text.split_once('.') {
            Some((id, key)) => (id, Some(key.to_owned())),
            None => (text, None),
        };
        Self {
            id: id.to_owned(),
            key,
        }
    }

    pub(crate) fn to_text(&self) -> String {
        match &self.key {
            Some(key) => format!("{}.{key}", self.id),
            None => self.id.clone(),
        }
    }
}

/// The result of using a session.
pub struct Used {
    /// The session.
    pub session: Session,
    /// Whether its expiry was extended, so that the cookie must be renewed too.
    pub extended: bool,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    /// Time after the last request.
    pub idle: Duration,
    /// Time after sign-in, even if the session is in use.
    pub absolute: Duration,
}

/// A session in memory.
struct Entry {
    started: Timestamp,
    /// When the credentials expire, if that is known.
    limit: Option<Timestamp>,
    /// The identity, encrypted with the cookie's key; `None` for the console's own.
    sealed: Option<String>,
    expires: watch::Sender<Timestamp>,
    streams: Arc<Semaphore>,
}

impl Entry {
    fn new(started: Timestamp, expires: Timestamp) -> Self {
        Self {
            started,
            limit: None,
            sealed: None,
            expires: watch::Sender::new(expires),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        }
    }

    fn session(&self, id: &str, identity: Identity) -> Session {
        Session {
            id: id.to_owned(),
            identity,
            revocation: Revocation::never(),
            streams: Arc::clone(&self.streams),
            expires: self.expires.subscribe(),
        }
    }

    /// Decrypts the identity; `None` if the cookie does not have the key.
    fn identity(&self, cookie: &SessionCookie) -> Option<Identity> {
        let Some(sealed) = &self.sealed else {
            return Some(Identity::Console);
        };
        let key = SealKey::from_text(cookie.key.as_deref()?)?;
        let stored: StoredIdentity = serde_json::from_slice(&key.open(&cookie.id, sealed)?).ok()?;
        stored.into_identity(cookie)
    }
}

/// A session in the file.
#[derive(Serialize, Deserialize)]
struct Stored {
    started: Timestamp,
    expires: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
}

/// The session store, persisted in a file.
pub struct Sessions {
    path: PathBuf,
    idle: SignedDuration,
    absolute: SignedDuration,
    valid: Mutex<HashMap<String, Entry>>,
}

impl Sessions {
    /// Reads the sessions of `path`, if the file exists.
    pub fn open(path: &Path, lifetime: Lifetime) -> Result<Self, SessionError> {
        let stored: HashMap<String, Stored> = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| SessionError::Sessions {
                path: path.display().to_string(),
                source,
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => HashMap::new(),
            Err(error) => return Err(SessionError::file(path, error)),
        };
        let sessions = Self {
            path: path.to_owned(),
            idle: SignedDuration::try_from(lifetime.idle).unwrap_or(SignedDuration::MAX),
            absolute: SignedDuration::try_from(lifetime.absolute).unwrap_or(SignedDuration::MAX),
            valid: Mutex::default(),
        };
        let now = Timestamp::now();
        // A reduced lifetime applies to existing sessions too.
        let valid = stored.into_iter().filter_map(|(id, stored)| {
            let expires = stored.expires.min(sessions.end(stored.started, stored.limit));
            let entry = Entry {
                limit: stored.limit,
                sealed: stored.sealed,
                ..Entry::new(stored.started, expires)
            };
            (expires > now).then_some((id, entry))
        });
        sessions.lock().extend(valid);
        Ok(sessions)
    }

    /// Creates a session of `identity`, whose credentials expire at `limit`; returns what its cookie contains.
    pub fn start(
        &self,
        identity: &Identity,
        limit: Option<Timestamp>,
    ) -> Result<SessionCookie, getrandom::Error> {
        let id = random::text::<32>()?;
        let (mut key, mut sealed) = (None, None);
        if let Some(stored) = StoredIdentity::of(identity) {
            // A text always serializes.
            let stored = serde_json::to_vec(&stored).unwrap_or_default();
            let new = SealKey::new()?;
            sealed = Some(new.seal(&id, &stored)?);
            key = Some(new.to_text());
        }
        let now = Timestamp::now();
        let entry = Entry {
            limit,
            sealed,
            ..Entry::new(now, self.end(now, limit))
        };
        let mut valid = self.lock();
        valid.retain(|_, entry| *entry.expires.borrow() > now);
        valid.insert(id.clone(), entry);
        self.write(&valid);
        Ok(SessionCookie { id, key })
    }

    /// Returns the session of `cookie` if it is valid, and extends its expiry.
    pub fn use_session(&self, cookie: &SessionCookie) -> Option<Used> {
        let id = &cookie.id;
        let mut valid = self.lock();
        let entry = valid.get(id)?;
        let expires = *entry.expires.borrow();
        if expires <= Timestamp::now() {
            valid.remove(id);
            return None;
        }
        let session = entry.session(id, entry.identity(cookie)?);
        let end = self.end(entry.started, entry.limit);
        // Not on every request, which would send the cookie and write the file each time.
        let extended = end.duration_since(expires) > self.idle / 60;
        if extended {
            entry.expires.send_replace(end);
            self.write(&valid);
        }
        Some(Used { session, extended })
    }

    /// Replaces the identity of a session whose cookie has the key, such as by one with new tokens.
    pub fn replace_identity(&self, cookie: &SessionCookie, identity: &Identity) {
        let (Some(key), Some(stored)) = (
            cookie.key.as_deref().and_then(SealKey::from_text),
            StoredIdentity::of(identity),
        ) else {
            return;
        };
        let stored = serde_json::to_vec(&stored).unwrap_or_default();
        let sealed = match key.seal(&cookie.id, &stored) {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::error!(%error, "cannot store new tokens; they will not survive a restart");
                return;
            }
        };
        let mut valid = self.lock();
        if let Some(entry) = valid.get_mut(&cookie.id) {
            entry.sealed = Some(sealed);
            self.write(&valid);
        }
    }

    /// Ends a session and its streams.
    pub fn end_session(&self, cookie: &SessionCookie) {
        let mut valid = self.lock();
        if valid.remove(&cookie.id).is_some() {
            self.write(&valid);
        }
    }

    /// Writes the file.
    pub fn save(&self) {
        self.write(&self.lock());
    }

    /// Returns when a session expires that started at `started`, is used now, and whose credentials expire at `limit`.
    fn end(&self, started: Timestamp, limit: Option<Timestamp>) -> Timestamp {
        let after = |time: Timestamp, duration| time.checked_add(duration).unwrap_or(Timestamp::MAX);
        after(Timestamp::now(), self.idle)
            .min(after(started, self.absolute))
            .min(limit.unwrap_or(Timestamp::MAX))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.valid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the file. A failure only requires users to sign in again after a restart.
    fn write(&self, valid: &HashMap<String, Entry>) {
        let stored: HashMap<&str, Stored> = valid
            .iter()
            .map(|(id, entry)| {
                let stored = Stored {
                    started: entry.started,
                    expires: *entry.expires.borrow(),
                    limit: entry.limit,
                    sealed: entry.sealed.clone(),
                };
                (id.as_str(), stored)
            })
            .collect();
        let written = serde_json::to_vec(&stored)
            .map_err(std::io::Error::other)
            .and_then(|bytes| write_private(&self.path, &bytes));
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "cannot write the sessions; they will not survive a restart");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::BearerToken;

    const DAY: Lifetime = Lifetime {
        idle: Duration::from_hours(1),
        absolute: Duration::from_hours(24),
    };

    #[test]
    fn sessions_survive_a_restart_and_sign_out_revokes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY).unwrap();
        let start = || sessions.start(&Identity::Console, None).unwrap();
        let (kept, ended) = (start(), start());
        sessions.end_session(&ended);
        let reopened = Sessions::open(&path, DAY).unwrap();
        assert!(reopened.use_session(&kept).is_some());
        assert!(reopened.use_session(&ended).is_none());
        assert!(reopened.use_session(&SessionCookie::from_text("")).is_none());
    }

    #[test]
    fn idle_session_expires() {
        let dir = tempfile::tempdir().unwrap();
        let never = Lifetime {
            idle: Duration::ZERO,
            ..DAY
        };
        let sessions = Sessions::open(&dir.path().join("sessions.json"), never).unwrap();
        let id = sessions.start(&Identity::Console, None).unwrap();
        assert!(sessions.use_session(&id).is_none());
    }

    #[test]
    fn use_extends_a_session() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY).unwrap();
        let id = sessions.start(&Identity::Console, None).unwrap();
        assert!(!sessions.use_session(&id).unwrap().extended);
        let soon = Timestamp::now() + SignedDuration::from_mins(5);
        sessions.lock()[&id.id].expires.send_replace(soon);
        assert!(sessions.use_session(&id).unwrap().extended);
        assert!(*sessions.lock()[&id.id].expires.borrow() > soon);
    }

    #[test]
    fn use_does_not_extend_a_session_beyond_its_absolute_lifetime() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY).unwrap();
        let now = Timestamp::now();
        let (id, old) = (
            SessionCookie::from_text("almost"),
            now - SignedDuration::from_hours(24),
        );
        let end = old + SignedDuration::from_hours(24) + SignedDuration::from_mins(1);
        let started = old + SignedDuration::from_mins(1);
        sessions.lock().insert(id.id.clone(), Entry::new(started, end));
        assert!(!sessions.use_session(&id).unwrap().extended);
        assert_eq!(*sessions.lock()[&id.id].expires.borrow(), end);
        sessions.lock().insert(
            id.id.clone(),
            Entry::new(old, now + SignedDuration::from_hours(1)),
        );
        sessions.save();
        assert!(Sessions::open(&path, DAY).unwrap().use_session(&id).is_none());
    }

    #[test]
    fn credentials_are_stored_encrypted_and_limit_the_session() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY).unwrap();
        let identity = Identity::Bearer(BearerToken::read("sensitive").unwrap());
        let limit = Timestamp::now() + SignedDuration::from_mins(5);
        let cookie = sessions.start(&identity, Some(limit)).unwrap();
        let file = fs::read_to_string(&path).unwrap();
        assert!(!file.contains("sensitive") && !file.contains(cookie.key.as_ref().unwrap()));
        let reopened = Sessions::open(&path, DAY).unwrap();
        let cookie = SessionCookie::from_text(&cookie.to_text());
        let used = reopened.use_session(&cookie).unwrap();
        assert_eq!(used.session.identity.key(), identity.key());
        assert_eq!(*reopened.lock()[&cookie.id].expires.borrow(), limit);
        let other = sessions.start(&identity, None).unwrap();
        for key in [None, other.key, Some(String::new())] {
            let forged = SessionCookie {
                id: cookie.id.clone(),
                key,
            };
            assert!(reopened.use_session(&forged).is_none());
        }
    }

    #[tokio::test]
    async fn stream_ends_with_its_session() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY).unwrap();
        let cookie = sessions.start(&Identity::Console, None).unwrap();
        let session = sessions.use_session(&cookie).unwrap().session;
        let waiting = tokio::spawn(session.ended());
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        sessions.end_session(&cookie);
        waiting.await.unwrap();
    }
}
