//! Signing in with a one-time token, and the session that follows.
//!
//! The browser holds an encrypted cookie with the session's identifier; the server holds which identifiers are
//! valid and until when, in its data folder, so that sessions survive a restart and signing out revokes them.

pub mod attempts;
mod cookie;
mod key;
mod store;
mod token;

use std::path::Path;
use std::sync::Arc;

pub use crate::session::store::{Lifetime, MAX_STREAMS, Session};

use crate::session::attempts::Attempts;
use crate::session::cookie::CookieRules;
use crate::session::store::Sessions;
use crate::session::token::OneTimeToken;

/// Everything about sessions.
pub struct SessionService {
    pub(crate) sessions: Sessions,
    pub(crate) token: OneTimeToken,
    pub(crate) cookie: CookieRules,
    pub(crate) attempts: Attempts,
}

/// Why sessions cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A file of the data folder cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The key file is not one that this program wrote.
    #[error("{0} is not a session key: remove it to sign everyone out and begin anew")]
    Key(String),
    /// The file of sessions is not one that this program wrote.
    #[error("cannot read {path}: remove it to sign everyone out and begin anew")]
    Sessions {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
}

impl SessionError {
    fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }
}

impl SessionService {
    /// Reads or makes the key and the sessions in `data_dir`. `secure` says that browsers reach the server through
    /// HTTPS; `port` tells consoles on one machine apart.
    pub fn open(data_dir: &Path, lifetime: Lifetime, secure: bool, port: u16) -> Result<Self, SessionError> {
        let idle = lifetime.idle;
        Ok(Self {
            sessions: Sessions::open(&data_dir.join("sessions.json"), lifetime)?,
            token: OneTimeToken::new().map_err(SessionError::Random)?,
            cookie: CookieRules::new(key::open(&data_dir.join("session.key"))?, idle, secure, port),
            attempts: Attempts::default(),
        })
    }

    /// The token that signs in the next person.
    pub fn token(&self) -> Arc<str> {
        self.token.current()
    }

    /// Writes what was used since the last write; called before the process ends.
    pub fn save(&self) {
        self.sessions.save();
    }
}
