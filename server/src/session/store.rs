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

use crate::random;
use crate::session::SessionError;
use crate::session::key::write_private;

/// Maximum number of open streams and downloads per session: a browser opens six for all its tabs.
pub const MAX_STREAMS: usize = 64;

/// A valid session, as one request sees it.
#[derive(Clone)]
pub struct Session {
    /// The id; only the cookie and the store know it.
    pub id: String,
    /// Limits the open streams.
    pub streams: Arc<Semaphore>,
    expires: watch::Receiver<Timestamp>,
}

impl Session {
    /// Completes when the session ends: by signing out, or by expiry. Streams end with it.
    pub async fn ended(mut self) {
        loop {
            let expires = *self.expires.borrow_and_update();
            let Ok(left) = Duration::try_from(expires.duration_since(Timestamp::now())) else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                changed = self.expires.changed() => if changed.is_err() { return },
            }
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
    expires: watch::Sender<Timestamp>,
    streams: Arc<Semaphore>,
}

impl Entry {
    fn new(started: Timestamp, expires: Timestamp) -> Self {
        Self {
            started,
            expires: watch::Sender::new(expires),
            streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        }
    }

    fn session(&self, id: &str) -> Session {
        Session {
            id: id.to_owned(),
            streams: Arc::clone(&self.streams),
            expires: self.expires.subscribe(),
        }
    }
}

/// A session in the file.
#[derive(Serialize, Deserialize)]
struct Stored {
    started: Timestamp,
    expires: Timestamp,
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
            let expires = stored.expires.min(sessions.end(stored.started));
            (expires > now).then(|| (id, Entry::new(stored.started, expires)))
        });
        sessions.lock().extend(valid);
        Ok(sessions)
    }

    /// Creates a session.
    pub fn start(&self) -> Result<Session, getrandom::Error> {
        let id = random::text::<32>()?;
        let now = Timestamp::now();
        let entry = Entry::new(now, self.end(now));
        let session = entry.session(&id);
        let mut valid = self.lock();
        valid.retain(|_, entry| *entry.expires.borrow() > now);
        valid.insert(id, entry);
        self.write(&valid);
        Ok(session)
    }

    /// Returns the session `id` if it is valid, and extends its expiry.
    pub fn use_session(&self, id: &str) -> Option<Used> {
        let mut valid = self.lock();
        let entry = valid.get(id)?;
        let expires = *entry.expires.borrow();
        if expires <= Timestamp::now() {
            valid.remove(id);
            return None;
        }
        let end = self.end(entry.started);
        // Not on every request, which would send the cookie and write the file each time.
        let extended = end.duration_since(expires) > self.idle / 60;
        if extended {
            entry.expires.send_replace(end);
        }
        let session = entry.session(id);
        if extended {
            self.write(&valid);
        }
        Some(Used { session, extended })
    }

    /// Ends a session and its streams.
    pub fn end_session(&self, id: &str) {
        let mut valid = self.lock();
        if valid.remove(id).is_some() {
            self.write(&valid);
        }
    }

    /// Writes the file.
    pub fn save(&self) {
        self.write(&self.lock());
    }

    /// Returns when a session expires that started at `started` and is used now.
    fn end(&self, started: Timestamp) -> Timestamp {
        let after = |time: Timestamp, duration| time.checked_add(duration).unwrap_or(Timestamp::MAX);
        after(Timestamp::now(), self.idle).min(after(started, self.absolute))
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

    const DAY: Lifetime = Lifetime {
        idle: Duration::from_hours(1),
        absolute: Duration::from_hours(24),
    };

    #[test]
    fn sessions_survive_a_restart_and_sign_out_revokes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY).unwrap();
        let (kept, ended) = (sessions.start().unwrap().id, sessions.start().unwrap().id);
        sessions.end_session(&ended);
        let reopened = Sessions::open(&path, DAY).unwrap();
        assert!(reopened.use_session(&kept).is_some());
        assert!(reopened.use_session(&ended).is_none());
        assert!(reopened.use_session("").is_none());
    }

    #[test]
    fn idle_session_expires() {
        let dir = tempfile::tempdir().unwrap();
        let never = Lifetime {
            idle: Duration::ZERO,
            ..DAY
        };
        let sessions = Sessions::open(&dir.path().join("sessions.json"), never).unwrap();
        let id = sessions.start().unwrap().id;
        assert!(sessions.use_session(&id).is_none());
    }

    #[test]
    fn use_extends_a_session() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY).unwrap();
        let id = sessions.start().unwrap().id;
        assert!(!sessions.use_session(&id).unwrap().extended);
        let soon = Timestamp::now() + SignedDuration::from_mins(5);
        sessions.lock()[&id].expires.send_replace(soon);
        assert!(sessions.use_session(&id).unwrap().extended);
        assert!(*sessions.lock()[&id].expires.borrow() > soon);
    }

    #[test]
    fn use_does_not_extend_a_session_beyond_its_absolute_lifetime() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let sessions = Sessions::open(&path, DAY).unwrap();
        let now = Timestamp::now();
        let (id, old) = ("almost".to_owned(), now - SignedDuration::from_hours(24));
        let end = old + SignedDuration::from_hours(24) + SignedDuration::from_mins(1);
        let started = old + SignedDuration::from_mins(1);
        sessions.lock().insert(id.clone(), Entry::new(started, end));
        assert!(!sessions.use_session(&id).unwrap().extended);
        assert_eq!(*sessions.lock()[&id].expires.borrow(), end);
        sessions
            .lock()
            .insert(id.clone(), Entry::new(old, now + SignedDuration::from_hours(1)));
        sessions.save();
        assert!(Sessions::open(&path, DAY).unwrap().use_session(&id).is_none());
    }

    #[tokio::test]
    async fn stream_ends_with_its_session() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&dir.path().join("sessions.json"), DAY).unwrap();
        let session = sessions.start().unwrap();
        let waiting = tokio::spawn(session.clone().ended());
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        sessions.end_session(&session.id);
        waiting.await.unwrap();
    }
}
