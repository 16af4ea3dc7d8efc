//! The store of valid sessions and their expiry.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::error::ApiError;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, watch};

use crate::identity::{Identity, Revocation, StoredIdentity};
use crate::random;
use crate::session::SessionError;
use crate::session::key::write_private;
use crate::session::seal::SealKey;
use crate::session::shared::{SharedChange, SharedSessions};

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

    /// Returns the key under which the session is stored: what is stored must not be enough to use it.
    fn store_key(&self) -> String {
        let mut key = String::new();
        for byte in &Sha256::digest(&self.id)[..20] {
            // Writing to a `String` cannot fail.
            let _ = write!(key, "{byte:02x}");
        }
        key
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

    fn stored(&self) -> Stored {
        Stored {
            started: self.started,
            expires: *self.expires.borrow(),
            limit: self.limit,
            sealed: self.sealed.clone(),
        }
    }

    /// Decrypts the identity; `None` if the cookie does not have the key.
    fn identity(&self, cookie: &SessionCookie) -> Option<Identity> {
        let Some(sealed) = &self.sealed else {
            return Some(Identity::Console);
        };
        let key = SealKey::from_text(cookie.key.as_deref()?)?;
        let stored: StoredIdentity = serde_json::from_slice(&key.open(&cookie.id, sealed)?).ok()?;
        stored.into_identity(&cookie.to_text())
    }
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    started: Timestamp,
    expires: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
}

/// Where sessions are stored.
enum Backend {
    /// In a file, by one process.
    File(PathBuf),
    /// In the cluster, by all replicas.
    Shared(SharedSessions),
}

/// Why a session cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The operating system returns no random numbers.
    #[error("the operating system returns no random numbers")]
    Random(#[from] getrandom::Error),
    /// It cannot be stored.
    #[error("cannot store the session: {0}")]
    Store(ApiError),
}

/// The session store.
pub struct Sessions {
    backend: Backend,
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
            backend: Backend::File(path.to_owned()),
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

    /// Creates a store that shares sessions with other replicas; follows their changes as long as it is in use.
    pub fn shared(shared: SharedSessions, lifetime: Lifetime) -> Arc<Self> {
        let sessions = Arc::new(Self {
            backend: Backend::Shared(shared.clone()),
            idle: SignedDuration::try_from(lifetime.idle).unwrap_or(SignedDuration::MAX),
            absolute: SignedDuration::try_from(lifetime.absolute).unwrap_or(SignedDuration::MAX),
            valid: Mutex::default(),
        });
        let weak = Arc::downgrade(&sessions);
        tokio::spawn(async move {
            let mut changes = shared.changes();
            while let Some(change) = changes.next().await {
                let Some(sessions) = weak.upgrade() else { return };
                sessions.apply(change);
            }
        });
        sessions
    }

    /// Applies a change that a replica made.
    fn apply(&self, change: SharedChange) {
        let mut valid = self.lock();
        match change {
            SharedChange::Reset(all) => {
                // A session that was started meanwhile is found by its next request.
                let known: HashSet<&String> = all.iter().map(|(key, _)| key).collect();
                valid.retain(|key, _| known.contains(key));
                for (key, stored) in all {
                    self.put(&mut valid, key, stored);
                }
            }
            SharedChange::Applied(key, stored) => self.put(&mut valid, key, stored),
            SharedChange::Deleted(key) => {
                valid.remove(&key);
            }
        }
    }

    /// Adds a stored session, or updates it; its streams go on.
    fn put(&self, valid: &mut HashMap<String, Entry>, key: String, stored: Stored) {
        let expires = stored.expires.min(self.end(stored.started, stored.limit));
        let entry = valid
            .entry(key)
            .or_insert_with(|| Entry::new(stored.started, expires));
        entry.limit = stored.limit;
        entry.sealed = stored.sealed;
        entry
            .expires
            .send_if_modified(|current| std::mem::replace(current, expires) != expires);
    }

    /// Creates a session and stores it where all replicas find it.
    pub async fn sign_in(
        &self,
        identity: &Identity,
        limit: Option<Timestamp>,
    ) -> Result<SessionCookie, StartError> {
        let cookie = self.start(identity, limit)?;
        if let Backend::Shared(shared) = &self.backend {
            let (key, stored) = (cookie.store_key(), self.stored(&cookie.store_key()));
            if let Some(stored) = stored
                && let Err(error) = shared.put(&key, &stored).await
            {
                self.lock().remove(&key);
                return Err(StartError::Store(error));
            }
        }
        Ok(cookie)
    }

    /// Returns the session of `cookie` if it is valid, and extends its expiry. Another replica may have started it just
    /// now.
    pub async fn find(&self, cookie: &SessionCookie) -> Option<Used> {
        let key = cookie.store_key();
        if let Backend::Shared(shared) = &self.backend
            && !self.lock().contains_key(&key)
        {
            match shared.get(&key).await {
                Ok(Some(stored)) => self.put(&mut self.lock(), key.clone(), stored),
                Ok(None) => return None,
                Err(error) => {
                    tracing::warn!(%error, "cannot look for a session");
                    return None;
                }
            }
        }
        let used = self.use_session(cookie)?;
        if used.extended {
            self.store_change(key);
        }
        Some(used)
    }

    /// Ends a session and its streams, at all replicas.
    pub async fn sign_out(&self, cookie: &SessionCookie) {
        self.end_session(cookie);
        if let Backend::Shared(shared) = &self.backend {
            shared.delete(&cookie.store_key()).await;
        }
    }

    /// Returns the identity of a session as it is stored now; another replica may have refreshed its tokens.
    pub fn identity(&self, cookie: &SessionCookie) -> Option<Identity> {
        self.lock().get(&cookie.store_key())?.identity(cookie)
    }

    fn stored(&self, key: &str) -> Option<Stored> {
        self.lock().get(key).map(Entry::stored)
    }

    /// Tells other replicas of a change, in the background.
    fn store_change(&self, key: String) {
        let (Backend::Shared(shared), Some(stored)) = (&self.backend, self.stored(&key)) else {
            return;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            if let Err(error) = shared.change(&key, &stored).await {
                tracing::warn!(%error, "cannot store a change of a session");
            }
        });
    }

    /// Creates a session of `identity`, whose credentials expire at `limit`; returns what its cookie contains.
    fn start(
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
        let cookie = SessionCookie { id, key };
        valid.insert(cookie.store_key(), entry);
        self.write(&valid);
        Ok(cookie)
    }

    /// Returns the session of `cookie` if it is valid, and extends its expiry.
    fn use_session(&self, cookie: &SessionCookie) -> Option<Used> {
        let key = cookie.store_key();
        let mut valid = self.lock();
        let entry = valid.get(&key)?;
        let expires = *entry.expires.borrow();
        if expires <= Timestamp::now() {
            valid.remove(&key);
            return None;
        }
        let session = entry.session(&cookie.id, entry.identity(cookie)?);
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
        let key = cookie.store_key();
        {
            let mut valid = self.lock();
            if let Some(entry) = valid.get_mut(&key) {
                entry.sealed = Some(sealed);
                self.write(&valid);
            }
        }
        self.store_change(key);
    }

    /// Ends a session and its streams.
    fn end_session(&self, cookie: &SessionCookie) {
        let mut valid = self.lock();
        if valid.remove(&cookie.store_key()).is_some() {
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

    /// Writes the file, if there is one. A failure only requires users to sign in again after a restart.
    fn write(&self, valid: &HashMap<String, Entry>) {
        let Backend::File(path) = &self.backend else {
            return;
        };
        let stored: HashMap<&str, Stored> = valid
            .iter()
            .map(|(key, entry)| (key.as_str(), entry.stored()))
            .collect();
        let written = serde_json::to_vec(&stored)
            .map_err(std::io::Error::other)
            .and_then(|bytes| write_private(path, &bytes));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "cannot write the sessions; they will not survive a restart");
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
        sessions.lock()[&id.store_key()].expires.send_replace(soon);
        assert!(sessions.use_session(&id).unwrap().extended);
        assert!(*sessions.lock()[&id.store_key()].expires.borrow() > soon);
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
        sessions.lock().insert(id.store_key(), Entry::new(started, end));
        assert!(!sessions.use_session(&id).unwrap().extended);
        assert_eq!(*sessions.lock()[&id.store_key()].expires.borrow(), end);
        sessions.lock().insert(
            id.store_key(),
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
        assert_eq!(*reopened.lock()[&cookie.store_key()].expires.borrow(), limit);
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
