//! The store of valid sessions and their expiry.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::error::ApiError;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
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
use crate::session::tokens::Lease;

/// Maximum number of open streams and downloads per session: a browser opens six for all its tabs.
pub const MAX_STREAMS: usize = 64;

/// Maximum number of sessions per user. One more ends the one that was not used for longest, so that a user who keeps
/// signing in fills the store with nothing, and never ends a session of another user.
pub const MAX_SESSIONS: usize = 32;

/// Length of a handle, in hexadecimal digits.
const HANDLE: usize = 12;

/// How old the stored time of the last use may be.
const USE_GRANULARITY: SignedDuration = SignedDuration::from_mins(5);

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
    /// Whose session it is: equal for all sessions of one user.
    owner: String,
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
    pub(super) fn store_key(&self) -> String {
        let mut key = String::new();
        for byte in &Sha256::digest(&self.id)[..20] {
            // Writing to a `String` cannot fail.
            let _ = write!(key, "{byte:02x}");
        }
        key
    }

    /// Returns the session's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the hash by which the user's list and the audit log name the session.
    #[cfg(test)]
    pub(crate) fn handle(&self) -> String {
        crate::audit::session_hash(&self.id)
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

/// A session as its user sees it among their others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSession {
    /// Names it in requests; a hash of the id.
    pub handle: String,
    /// The browser that signed in.
    pub agent: String,
    /// When it signed in.
    pub started: Timestamp,
    /// When it was last used, to within some minutes.
    pub used: Timestamp,
    /// Whether it is that of the request.
    pub is_current: bool,
}

/// Which sessions of a user are to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<'a> {
    /// The one with this handle.
    One(&'a str),
    /// All but that of the request.
    Others,
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
pub(super) struct Entry {
    started: Timestamp,
    /// When the credentials expire, if that is known.
    limit: Option<Timestamp>,
    /// The identity, encrypted with the cookie's key; `None` for the console's own.
    pub(super) sealed: Option<String>,
    /// Keyed hash of the user; empty for a session of an earlier version that was not used since.
    owner: String,
    agent: String,
    used: Timestamp,
    expires: watch::Sender<Timestamp>,
    streams: Arc<Semaphore>,
}

impl Entry {
    fn new(started: Timestamp, expires: Timestamp) -> Self {
        Self {
            started,
            limit: None,
            sealed: None,
            owner: String::new(),
            agent: String::new(),
            used: started,
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
            owner: self.owner.clone(),
            expires: self.expires.subscribe(),
        }
    }

    fn stored(&self) -> Stored {
        Stored {
            started: self.started,
            expires: *self.expires.borrow(),
            limit: self.limit,
            sealed: self.sealed.clone(),
            owner: self.owner.clone(),
            agent: self.agent.clone(),
            used: Some(self.used),
            lease: None,
        }
    }

    /// Reads a stored session that expires at `expires`.
    fn of(stored: Stored, expires: Timestamp) -> Self {
        Self {
            limit: stored.limit,
            sealed: stored.sealed,
            owner: stored.owner,
            agent: stored.agent,
            used: stored.used.unwrap_or(stored.started),
            ..Self::new(stored.started, expires)
        }
    }

    /// Returns when it was last used: now, if one of its streams is open.
    fn last_use(&self) -> Timestamp {
        if self.streams.available_permits() < MAX_STREAMS {
            Timestamp::now()
        } else {
            self.used
        }
    }

    /// Decrypts the identity; `None` if the cookie does not have the key.
    fn identity(&self, cookie: &SessionCookie) -> Option<Identity> {
        unseal(self.sealed.as_deref(), cookie)
    }
}

/// Decrypts an identity as it is stored; `None` if the cookie does not have the key.
pub(super) fn unseal(sealed: Option<&str>, cookie: &SessionCookie) -> Option<Identity> {
    let Some(sealed) = sealed else {
        return Some(Identity::Console);
    };
    let key = SealKey::from_text(cookie.key.as_deref()?)?;
    let stored: StoredIdentity = serde_json::from_slice(&key.open(&cookie.id, sealed)?).ok()?;
    stored.into_identity(&cookie.to_text())
}

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stored {
    started: Timestamp,
    expires: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sealed: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    owner: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    agent: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used: Option<Timestamp>,
    /// Who refreshes its tokens now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lease: Option<Lease>,
}

impl Stored {
    #[cfg(test)]
    pub(super) fn started_at(started: Timestamp) -> Self {
        Entry::new(started, started).stored()
    }

    /// Takes over what a use of the session changes. Times only ever advance, whichever replica stores first.
    fn use_as(&mut self, newer: &Self) {
        self.used = self.used.max(newer.used);
        self.expires = self.expires.max(newer.expires);
        self.owner.clone_from(&newer.owner);
    }
}

/// Where sessions are stored.
pub(super) enum Backend {
    /// In a file, by one process.
    File(PathBuf),
    /// In the cluster, by all replicas.
    Shared(SharedSessions),
}

/// A new session, and those that it ended.
struct Started {
    cookie: SessionCookie,
    /// Sessions of the same user, of which there were too many.
    displaced: Vec<String>,
    /// Sessions that nobody can use any more.
    expired: Vec<String>,
}

/// Returns the handle of the session that is stored under `key`: both are prefixes of the same hash.
fn handle_of(key: &str) -> &str {
    key.get(..HANDLE).unwrap_or(key)
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
    pub(super) backend: Backend,
    idle: SignedDuration,
    absolute: SignedDuration,
    /// Makes the hashes of users: names cannot be guessed from what is stored.
    secret: [u8; 32],
    /// Tells this process apart from other replicas.
    pub(super) replica: String,
    valid: Mutex<HashMap<String, Entry>>,
}

impl Sessions {
    /// Reads the sessions of `path`, if the file exists. `secret` makes the hashes of users.
    pub fn open(path: &Path, lifetime: Lifetime, secret: [u8; 32]) -> Result<Self, SessionError> {
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
            secret,
            replica: random::text::<9>().unwrap_or_default(),
            valid: Mutex::default(),
        };
        let now = Timestamp::now();
        // A reduced lifetime applies to existing sessions too.
        let valid = stored.into_iter().filter_map(|(id, stored)| {
            let expires = stored.expires.min(sessions.end(stored.started, stored.limit));
            (expires > now).then(|| (id, Entry::of(stored, expires)))
        });
        sessions.lock().extend(valid);
        Ok(sessions)
    }

    /// Creates a store that shares sessions with other replicas; follows their changes as long as it is in use.
    pub fn shared(shared: SharedSessions, lifetime: Lifetime, secret: [u8; 32]) -> Arc<Self> {
        let sessions = Arc::new(Self {
            backend: Backend::Shared(shared.clone()),
            idle: SignedDuration::try_from(lifetime.idle).unwrap_or(SignedDuration::MAX),
            absolute: SignedDuration::try_from(lifetime.absolute).unwrap_or(SignedDuration::MAX),
            secret,
            replica: random::text::<9>().unwrap_or_default(),
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
        let Some(entry) = valid.get_mut(&key) else {
            valid.insert(key, Entry::of(stored, expires));
            return;
        };
        entry.limit = stored.limit;
        entry.sealed = stored.sealed;
        entry.used = entry.used.max(stored.used.unwrap_or(stored.started));
        entry.agent = stored.agent;
        if !stored.owner.is_empty() {
            entry.owner = stored.owner;
        }
        entry
            .expires
            .send_if_modified(|current| std::mem::replace(current, expires) != expires);
    }

    /// Creates a session of the browser `agent` and stores it where all replicas find it.
    pub async fn sign_in(
        &self,
        identity: &Identity,
        limit: Option<Timestamp>,
        agent: &str,
    ) -> Result<SessionCookie, StartError> {
        let Started {
            cookie,
            displaced,
            expired,
        } = self.start(identity, limit, agent)?;
        if let Backend::Shared(shared) = &self.backend {
            let (key, stored) = (cookie.store_key(), self.stored(&cookie.store_key()));
            if let Some(stored) = stored
                && let Err(error) = shared.put(&key, &stored).await
            {
                self.lock().remove(&key);
                return Err(StartError::Store(error));
            }
            // The sign-in waits for this: whoever keeps signing in is slowed down.
            for key in displaced {
                shared.delete(&key).await;
            }
            let shared = shared.clone();
            tokio::spawn(async move {
                for key in expired {
                    shared.delete(&key).await;
                }
            });
        }
        Ok(cookie)
    }

    /// Returns the hash of a user.
    fn owner(&self, identity: &Identity) -> String {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(identity.owner());
        BASE64_URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
    }

    /// Returns the number of sessions that are valid now.
    pub fn count(&self) -> usize {
        let now = Timestamp::now();
        let valid = self.lock();
        valid
            .values()
            .filter(|entry| *entry.expires.borrow() > now)
            .count()
    }

    /// Returns the sessions of the user of `session`, the last used one first.
    pub fn own(&self, session: &Session) -> Vec<OwnSession> {
        let current = SessionCookie::from_text(&session.id).store_key();
        let now = Timestamp::now();
        let valid = self.lock();
        let mut own: Vec<OwnSession> = valid
            .iter()
            .filter(|(_, entry)| entry.owner == session.owner && *entry.expires.borrow() > now)
            .map(|(key, entry)| OwnSession {
                handle: handle_of(key).to_owned(),
                agent: entry.agent.clone(),
                started: entry.started,
                used: if *key == current { now } else { entry.last_use() },
                is_current: *key == current,
            })
            .collect();
        own.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.handle.cmp(&b.handle)));
        own
    }

    /// Ends sessions of the user of `session` and their streams, at all replicas; never those of another user. Returns
    /// their handles.
    pub async fn end_own(&self, session: &Session, which: Ending<'_>) -> Vec<String> {
        let current = SessionCookie::from_text(&session.id).store_key();
        let is_meant = |key: &str| match which {
            Ending::One(handle) => handle_of(key) == handle,
            Ending::Others => key != current,
        };
        let mut ended: Vec<String> = {
            let mut valid = self.lock();
            let ended = valid
                .extract_if(|key, entry| entry.owner == session.owner && is_meant(key))
                .map(|(key, _)| key)
                .collect();
            self.write(&valid);
            ended
        };
        if let Backend::Shared(shared) = &self.backend {
            // Another replica may have started some just now.
            match shared.all().await {
                Ok(all) => {
                    let is_own = |stored: &Stored| stored.owner == session.owner;
                    for (key, stored) in all {
                        if is_own(&stored) && is_meant(&key) && !ended.contains(&key) {
                            ended.push(key);
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "cannot list the sessions; ending those that are known"),
            }
            let deletions = ended.iter().map(|key| shared.delete(key));
            futures::future::join_all(deletions).await;
        }
        ended.iter().map(|key| handle_of(key).to_owned()).collect()
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
        let (used, is_changed) = self.use_session(cookie)?;
        if is_changed {
            self.store_change(key, Stored::use_as);
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

    fn stored(&self, key: &str) -> Option<Stored> {
        self.lock().get(key).map(Entry::stored)
    }

    /// Tells other replicas of a change, in the background: `change` makes it in what is stored, given the session here.
    fn store_change(&self, key: String, change: fn(&mut Stored, &Stored)) {
        let (Backend::Shared(shared), Some(newer)) = (&self.backend, self.stored(&key)) else {
            return;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            let changed = shared.update(&key, |stored| change(stored, &newer)).await;
            if let Err(error) = changed {
                tracing::warn!(%error, "cannot store a change of a session");
            }
        });
    }

    /// Creates a session of `identity`, whose credentials expire at `limit`. The user's oldest sessions end if there are
    /// too many.
    fn start(
        &self,
        identity: &Identity,
        limit: Option<Timestamp>,
        agent: &str,
    ) -> Result<Started, getrandom::Error> {
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
        let owner = self.owner(identity);
        let entry = Entry {
            limit,
            sealed,
            owner: owner.clone(),
            agent: agent.to_owned(),
            ..Entry::new(now, self.end(now, limit))
        };
        let mut valid = self.lock();
        let expired = valid
            .extract_if(|_, entry| *entry.expires.borrow() <= now)
            .map(|(key, _)| key)
            .collect();
        let mut own: Vec<(Timestamp, String)> = valid
            .iter()
            .filter(|(_, entry)| entry.owner == owner)
            .map(|(key, entry)| (entry.last_use(), key.clone()))
            .collect();
        own.sort();
        let too_many = (own.len() + 1).saturating_sub(MAX_SESSIONS);
        let displaced: Vec<String> = own.into_iter().take(too_many).map(|(_, key)| key).collect();
        for key in &displaced {
            valid.remove(key);
        }
        let cookie = SessionCookie { id, key };
        valid.insert(cookie.store_key(), entry);
        self.write(&valid);
        Ok(Started {
            cookie,
            displaced,
            expired,
        })
    }

    /// Returns the session of `cookie` if it is valid, and extends its expiry. Also returns whether what is stored has
    /// changed.
    fn use_session(&self, cookie: &SessionCookie) -> Option<(Used, bool)> {
        let key = cookie.store_key();
        let mut valid = self.lock();
        let entry = valid.get_mut(&key)?;
        let expires = *entry.expires.borrow();
        let now = Timestamp::now();
        if expires <= now {
            valid.remove(&key);
            return None;
        }
        let identity = entry.identity(cookie)?;
        let owner = self.owner(&identity);
        let end = self.end(entry.started, entry.limit);
        // Not on every request, which would send the cookie and write the file each time.
        let extended = end.duration_since(expires) > self.idle / 60;
        let is_noted = now.duration_since(entry.used) <= (self.idle / 60).min(USE_GRANULARITY);
        let is_changed = extended || !is_noted || entry.owner != owner;
        entry.owner = owner;
        let session = entry.session(&cookie.id, identity);
        if extended {
            entry.expires.send_replace(end);
        }
        if is_changed {
            entry.used = now;
            self.write(&valid);
        }
        Some((Used { session, extended }, is_changed))
    }

    /// Replaces the identity of a session whose cookie has the key, such as by one with new tokens. Returns what is to
    /// be stored.
    pub(super) fn replace_identity(&self, cookie: &SessionCookie, identity: &Identity) -> Option<String> {
        let key = cookie.key.as_deref().and_then(SealKey::from_text)?;
        let stored = serde_json::to_vec(&StoredIdentity::of(identity)?).unwrap_or_default();
        let sealed = match key.seal(&cookie.id, &stored) {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::error!(%error, "cannot store new tokens; they will not survive a restart");
                return None;
            }
        };
        let mut valid = self.lock();
        if let Some(entry) = valid.get_mut(&cookie.store_key()) {
            entry.sealed = Some(sealed.clone());
            self.write(&valid);
        }
        Some(sealed)
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

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
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

    const SECRET: [u8; 32] = [7; 32];

    fn user(name: &str) -> Identity {
        Identity::Bearer(BearerToken::read(name).unwrap().of_user(name.to_owned()))
    }

    /// Returns the agents of the sessions that the user of `cookie` sees.
    fn seen(sessions: &Sessions, cookie: &SessionCookie) -> Vec<String> {
        let session = sessions.use_session(cookie).unwrap().0.session;
        let own = sessions.own(&session);
        assert_eq!(own.iter().filter(|own| own.is_current).count(), 1);
        let mut agents: Vec<String> = own.into_iter().map(|own| own.agent).collect();
        agents.sort();
        agents
    }

    #[tokio::test]
    async fn users_see_and_end_their_own_sessions_only() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY, SECRET).unwrap();
        let start = |identity: &Identity, agent: &str| sessions.start(identity, None, agent).unwrap().cookie;
        let (alice, bob) = (user("alice"), user("bob"));
        let (a1, a2, a3) = (start(&alice, "a1"), start(&alice, "a2"), start(&alice, "a3"));
        let (b1, local) = (start(&bob, "b1"), start(&Identity::Console, "local"));
        assert_eq!(seen(&sessions, &a1), ["a1", "a2", "a3"]);
        assert_eq!(seen(&sessions, &b1), ["b1"]);
        assert_eq!(seen(&sessions, &local), ["local"]);
        let of = |cookie| sessions.use_session(cookie).unwrap().0.session;
        for foreign in [a1.handle(), local.handle(), String::new(), "x".repeat(12)] {
            assert!(sessions.end_own(&of(&b1), Ending::One(&foreign)).await.is_empty());
        }
        assert!(sessions.end_own(&of(&b1), Ending::Others).await.is_empty());
        assert_eq!(
            sessions.end_own(&of(&a1), Ending::One(&a2.handle())).await,
            [a2.handle()]
        );
        assert!(sessions.use_session(&a2).is_none());
        assert_eq!(sessions.end_own(&of(&a1), Ending::Others).await, [a3.handle()]);
        for (cookie, is_valid) in [(&a1, true), (&a3, false), (&b1, true), (&local, true)] {
            assert_eq!(sessions.use_session(cookie).is_some(), is_valid);
        }
    }

    #[test]
    fn too_many_sessions_of_a_user_end_the_unused_ones_of_that_user() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY, SECRET).unwrap();
        let start = |identity: &Identity| sessions.start(identity, None, "").unwrap();
        let (alice, bob) = (user("alice"), user("bob"));
        let others: Vec<_> = [&alice, &Identity::Console]
            .map(|identity| start(identity).cookie)
            .into();
        let (in_use, unused) = (start(&bob).cookie, start(&bob).cookie);
        let stream = Arc::clone(&sessions.lock()[&in_use.store_key()].streams);
        let _open = stream.try_acquire_owned().unwrap();
        for number in 2..MAX_SESSIONS {
            assert!(start(&bob).displaced.is_empty(), "{number}");
        }
        let one_more = start(&bob);
        assert_eq!(one_more.displaced, [unused.store_key()]);
        for _ in 0..3 * MAX_SESSIONS {
            assert_eq!(start(&bob).displaced.len(), 1);
        }
        assert!(sessions.use_session(&in_use).is_some(), "its stream is open");
        assert_eq!(seen(&sessions, &in_use).len(), MAX_SESSIONS);
        for other in others {
            assert!(sessions.use_session(&other).is_some());
        }
    }

    /// A session of an earlier version has no owner until it is used.
    #[test]
    fn session_without_an_owner_is_adopted_by_its_user() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY, SECRET).unwrap();
        let start = || sessions.start(&user("alice"), None, "").unwrap().cookie;
        let (old, new) = (start(), start());
        sessions.lock().get_mut(&old.store_key()).unwrap().owner.clear();
        assert_eq!(seen(&sessions, &new).len(), 1);
        sessions.use_session(&old).unwrap();
        assert_eq!(seen(&sessions, &new).len(), 2);
    }

    #[test]
    fn stored_sessions_do_not_name_their_users() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY, SECRET).unwrap();
        sessions
            .start(&user("alice"), None, "Firefox 145, Linux")
            .unwrap();
        let other = Sessions::open(&path, DAY, [8; 32]).unwrap();
        assert_ne!(sessions.owner(&user("alice")), other.owner(&user("alice")));
        let file = fs::read_to_string(&path).unwrap();
        assert!(file.contains("Firefox 145") && !file.contains("alice"), "{file}");
    }

    #[test]
    fn sessions_survive_a_restart_and_sign_out_revokes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY, SECRET).unwrap();
        let start = || sessions.start(&Identity::Console, None, "").unwrap().cookie;
        let (kept, ended) = (start(), start());
        sessions.end_session(&ended);
        let reopened = Sessions::open(&path, DAY, SECRET).unwrap();
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
        let sessions = Sessions::open(&dir.path().join("sessions.json"), never, SECRET).unwrap();
        let id = sessions.start(&Identity::Console, None, "").unwrap().cookie;
        assert!(sessions.use_session(&id).is_none());
    }

    #[test]
    fn use_extends_a_session() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY, SECRET).unwrap();
        let id = sessions.start(&Identity::Console, None, "").unwrap().cookie;
        assert!(!sessions.use_session(&id).unwrap().0.extended);
        let soon = Timestamp::now() + SignedDuration::from_mins(5);
        sessions.lock()[&id.store_key()].expires.send_replace(soon);
        assert!(sessions.use_session(&id).unwrap().0.extended);
        assert!(*sessions.lock()[&id.store_key()].expires.borrow() > soon);
    }

    #[test]
    fn use_does_not_extend_a_session_beyond_its_absolute_lifetime() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY, SECRET).unwrap();
        let now = Timestamp::now();
        let (id, old) = (
            SessionCookie::from_text("almost"),
            now - SignedDuration::from_hours(24),
        );
        let end = old + SignedDuration::from_hours(24) + SignedDuration::from_mins(1);
        let started = old + SignedDuration::from_mins(1);
        sessions.lock().insert(id.store_key(), Entry::new(started, end));
        assert!(!sessions.use_session(&id).unwrap().0.extended);
        assert_eq!(*sessions.lock()[&id.store_key()].expires.borrow(), end);
        sessions.lock().insert(
            id.store_key(),
            Entry::new(old, now + SignedDuration::from_hours(1)),
        );
        sessions.save();
        assert!(
            Sessions::open(&path, DAY, SECRET)
                .unwrap()
                .use_session(&id)
                .is_none()
        );
    }

    #[test]
    fn credentials_are_stored_encrypted_and_limit_the_session() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY, SECRET).unwrap();
        let identity = Identity::Bearer(BearerToken::read("sensitive").unwrap());
        let limit = Timestamp::now() + SignedDuration::from_mins(5);
        let cookie = sessions.start(&identity, Some(limit), "").unwrap().cookie;
        let file = fs::read_to_string(&path).unwrap();
        assert!(!file.contains("sensitive") && !file.contains(cookie.key.as_ref().unwrap()));
        let reopened = Sessions::open(&path, DAY, SECRET).unwrap();
        let cookie = SessionCookie::from_text(&cookie.to_text());
        let used = reopened.use_session(&cookie).unwrap().0;
        assert_eq!(used.session.identity.key(), identity.key());
        assert_eq!(*reopened.lock()[&cookie.store_key()].expires.borrow(), limit);
        let other = sessions.start(&identity, None, "").unwrap().cookie;
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
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY, SECRET).unwrap();
        let cookie = sessions.start(&Identity::Console, None, "").unwrap().cookie;
        let session = sessions.use_session(&cookie).unwrap().0.session;
        let waiting = tokio::spawn(session.ended());
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        sessions.end_session(&cookie);
        waiting.await.unwrap();
    }
}
