//! Which sessions are valid, and until when.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::SessionError;
use super::key::write_private;
use crate::random;

/// A valid session, as one request sees it.
#[derive(Clone)]
pub struct Session {
    /// Identifier; only the cookie and the store know it.
    pub id: String,
    expires: watch::Receiver<Timestamp>,
}

impl Session {
    /// Waits until the session ends: by signing out, or because nobody used it. Streams end with it.
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

/// What became of a session's use.
pub struct Used {
    /// The session.
    pub session: Session,
    /// It was prolonged, so the cookie must be too.
    pub prolonged: bool,
}

/// The sessions, kept in a file.
pub struct Sessions {
    path: PathBuf,
    idle: SignedDuration,
    valid: Mutex<HashMap<String, watch::Sender<Timestamp>>>,
}

impl Sessions {
    /// Reads the sessions of `path`, if there are any.
    pub fn open(path: &Path, idle: Duration) -> Result<Self, SessionError> {
        let stored: HashMap<String, Timestamp> = match fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| SessionError::Sessions {
                path: path.display().to_string(),
                source,
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => HashMap::new(),
            Err(error) => return Err(SessionError::file(path, error)),
        };
        let now = Timestamp::now();
        let valid = stored
            .into_iter()
            .filter(|(_, expires)| *expires > now)
            .map(|(id, expires)| (id, watch::Sender::new(expires)))
            .collect();
        let idle = SignedDuration::try_from(idle).unwrap_or(SignedDuration::MAX);
        Ok(Self {
            path: path.to_owned(),
            idle,
            valid: Mutex::new(valid),
        })
    }

    /// A new session.
    pub fn start(&self) -> Result<Session, getrandom::Error> {
        let id = random::text::<32>()?;
        let sender = watch::Sender::new(self.end_from_now());
        let session = Session {
            id: id.clone(),
            expires: sender.subscribe(),
        };
        let mut valid = self.lock();
        let now = Timestamp::now();
        valid.retain(|_, expires| *expires.borrow() > now);
        valid.insert(id, sender);
        self.write(&valid);
        Ok(session)
    }

    /// The session `id` if it is valid; its end moves on.
    pub fn use_session(&self, id: &str) -> Option<Used> {
        let mut valid = self.lock();
        let sender = valid.get(id)?;
        let expires = *sender.borrow();
        if expires <= Timestamp::now() {
            valid.remove(id);
            return None;
        }
        let end = self.end_from_now();
        // Not at each request: the cookie would be sent each time, and the file written.
        let prolonged = end.duration_since(expires) > self.idle / 60;
        if prolonged {
            sender.send_replace(end);
        }
        let session = Session {
            id: id.to_owned(),
            expires: sender.subscribe(),
        };
        if prolonged {
            self.write(&valid);
        }
        Some(Used { session, prolonged })
    }

    /// Ends a session; its streams end too.
    pub fn end(&self, id: &str) {
        let mut valid = self.lock();
        if valid.remove(id).is_some() {
            self.write(&valid);
        }
    }

    /// Writes the file.
    pub fn save(&self) {
        self.write(&self.lock());
    }

    fn end_from_now(&self) -> Timestamp {
        Timestamp::now().checked_add(self.idle).unwrap_or(Timestamp::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Timestamp>>> {
        self.valid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file that cannot be written costs a new sign-in after the next restart, nothing now.
    fn write(&self, valid: &HashMap<String, watch::Sender<Timestamp>>) {
        let stored: HashMap<&str, Timestamp> = valid
            .iter()
            .map(|(id, expires)| (id.as_str(), *expires.borrow()))
            .collect();
        let written = serde_json::to_vec(&stored)
            .map_err(std::io::Error::other)
            .and_then(|bytes| write_private(&self.path, &bytes));
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "sessions will not survive a restart");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn sessions_survive_a_restart_and_signing_out_revokes_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.json");
        let sessions = Sessions::open(&path, HOUR).unwrap();
        let (kept, ended) = (sessions.start().unwrap().id, sessions.start().unwrap().id);
        sessions.end(&ended);
        let again = Sessions::open(&path, HOUR).unwrap();
        assert!(again.use_session(&kept).is_some());
        assert!(again.use_session(&ended).is_none());
        assert!(again.use_session("").is_none());
    }

    #[test]
    fn an_unused_session_ends() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&folder.path().join("sessions.json"), Duration::ZERO).unwrap();
        let id = sessions.start().unwrap().id;
        assert!(sessions.use_session(&id).is_none());
    }

    #[test]
    fn use_prolongs_a_session() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&folder.path().join("sessions.json"), HOUR).unwrap();
        let id = sessions.start().unwrap().id;
        assert!(!sessions.use_session(&id).unwrap().prolonged);
        let soon = Timestamp::now() + SignedDuration::from_mins(5);
        sessions.lock()[&id].send_replace(soon);
        assert!(sessions.use_session(&id).unwrap().prolonged);
        assert!(*sessions.lock()[&id].borrow() > soon);
    }

    #[tokio::test]
    async fn a_stream_learns_of_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = Sessions::open(&folder.path().join("sessions.json"), HOUR).unwrap();
        let session = sessions.start().unwrap();
        let waiting = tokio::spawn(session.clone().ended());
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        sessions.end(&session.id);
        waiting.await.unwrap();
    }
}
