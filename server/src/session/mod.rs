//! Sign-in with a one-time token, and the sessions.
//!
//! The browser holds an encrypted cookie with the session's id; the server stores the valid ids and their expiry in
//! its data directory, so that sessions survive a restart and signing out revokes them. A user's own credentials are
//! stored there too, encrypted with a key that only the cookie contains.

pub mod agent;
pub mod attempts;
mod cookie;
mod key;
mod seal;
mod shared;
mod store;
mod token;
mod tokens;

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

pub use crate::session::cookie::CookieScope;
pub use crate::session::shared::SharedSessions;
pub use crate::session::store::{
    Ending, Lifetime, MAX_STREAMS, OwnSession, Session, SessionCookie, Sessions, StartError,
};

use crate::identity::TokenStore;
use crate::session::attempts::Attempts;
use crate::session::cookie::CookieRules;
use crate::session::token::OneTimeToken;

/// Maximum number of credentials that are checked at once: each is a request to the cluster or the provider.
const MAX_CHECKS: usize = 16;

/// Sessions, sign-in tokens, cookies and rate limits.
pub struct SessionService {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) token: OneTimeToken,
    pub(crate) cookie: CookieRules,
    pub(crate) attempts: Attempts,
    /// Limits how many credentials are checked at once.
    pub(crate) checks: Semaphore,
    /// The same for addresses that have sent many wrong ones.
    pub(crate) slow_checks: Semaphore,
}

/// Why sessions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A file of the data directory cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The key file is invalid.
    #[error("{0} is not a session key: remove it to create a new one, which signs everyone out")]
    Key(String),
    /// The key file that the options name is too short.
    #[error("{0} has fewer than 32 bytes: write random ones to it, such as with `head -c 64 /dev/urandom`")]
    ShortKey(String),
    /// The session file is invalid.
    #[error("cannot read {path}: remove it to create a new one, which signs everyone out")]
    Sessions {
        /// The file.
        path: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// The operating system returns no random numbers.
    #[error("the operating system returns no random numbers")]
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
    /// Reads or creates the key and the sessions in `data_dir`; with `key_file` and `shared`, both come from elsewhere.
    pub fn open(
        data_dir: &Path,
        lifetime: Lifetime,
        scope: CookieScope,
        key_file: Option<&Path>,
        shared: Option<SharedSessions>,
    ) -> Result<Self, SessionError> {
        let key = match key_file {
            Some(path) => key::read(path)?,
            None => key::open(&data_dir.join("session.key"))?,
        };
        // All replicas have the same.
        let mut secret = Sha256::new();
        secret.update(b"owners of sessions");
        secret.update(key.master());
        let secret = secret.finalize().into();
        let sessions = match shared {
            Some(shared) => Sessions::shared(shared, lifetime, secret),
            None => Arc::new(Sessions::open(&data_dir.join("sessions.json"), lifetime, secret)?),
        };
        Ok(Self {
            sessions,
            token: OneTimeToken::new().map_err(SessionError::Random)?,
            cookie: CookieRules::new(key, lifetime.idle, scope),
            attempts: Attempts::default(),
            checks: Semaphore::new(MAX_CHECKS),
            slow_checks: Semaphore::new(1),
        })
    }

    /// Checks the key of cookies: that of `key_file`, or else the one in `data_dir`.
    pub fn check_key(data_dir: &Path, key_file: Option<&Path>) -> Result<(), SessionError> {
        match key_file {
            Some(path) => key::read(path).map(drop).map_err(|error| match error {
                SessionError::Key(path) => SessionError::ShortKey(path),
                error => error,
            }),
            None => key::check(&data_dir.join("session.key")),
        }
    }

    /// Returns the store of users' tokens.
    pub fn token_store(&self) -> Arc<dyn TokenStore> {
        Arc::clone(&self.sessions) as Arc<dyn TokenStore>
    }

    /// Returns the token for the next sign-in.
    pub fn token(&self) -> Arc<str> {
        self.token.current()
    }

    /// Returns the number of sessions that are valid now.
    pub fn count(&self) -> usize {
        self.sessions.count()
    }

    /// Saves the sessions; called before the process exits.
    pub fn save(&self) {
        self.sessions.save();
    }
}
