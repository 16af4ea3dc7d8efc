//! Who acts at the cluster: the console itself, or the signed-in user with credentials of their own.
//!
//! Everything that is read from a cluster is cached per identity, since each [`Cluster`](crate::kubernetes::Cluster)
//! belongs to one: its watches, its schema and its pending creations are never shared with another user.

pub mod bearer;
pub mod open_id;
mod people;
mod token_store;

use std::fmt;

use app::sign_in_mode::SignInMode;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::identity::open_id::{OpenIdUser, StoredUser};
use crate::kubernetes::UserCredentials;

pub use crate::identity::people::{People, Revocation};
pub use crate::identity::token_store::{Reservation, TokenStore};

/// Who acts at the cluster in a session.
#[derive(Debug, Clone)]
pub enum Identity {
    /// The console's own credentials, which all users share who signed in with its one-time token.
    Console,
    /// The user's own bearer token, passed to the API server.
    Bearer(BearerToken),
    /// A user of an `OpenID` Connect provider.
    OpenId(OpenIdUser),
}

impl Identity {
    /// Returns the key of a user's cached data; `None` for the console itself.
    pub fn key(&self) -> Option<IdentityKey> {
        match self {
            Self::Console => None,
            Self::Bearer(token) => Some(token.key),
            Self::OpenId(user) => Some(user.key),
        }
    }

    /// Returns the user's name as the sign-in told it; empty for the console, and if the cluster did not tell it.
    pub fn user_name(&self) -> &str {
        match self {
            Self::Console => "",
            Self::Bearer(token) => &token.user,
            Self::OpenId(user) => &user.tokens.user,
        }
    }

    /// Returns a short hash of the user's name, which tells the users of a browser apart; empty for the console.
    pub fn user_key(&self) -> String {
        let name = match self {
            Self::Console => return String::new(),
            // A token whose user the cluster does not tell is a user of its own.
            Self::Bearer(token) if token.user.is_empty() => token.expose(),
            Self::Bearer(token) => &token.user,
            Self::OpenId(user) => &user.tokens.user,
        };
        BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(name)[..9])
    }

    /// Returns a text that all sessions of the user have in common, and no session of another user.
    pub fn owner(&self) -> String {
        match self {
            Self::Console => "console".to_owned(),
            // A token whose user the cluster does not tell is a user of its own.
            Self::Bearer(token) if token.user.is_empty() => format!("token {}", token.expose()),
            Self::Bearer(token) => format!("cluster {}", token.user),
            Self::OpenId(user) => format!("provider {} {}", user.tokens.settings, user.tokens.user),
        }
    }

    /// Whether users sign in this way: a session of another way to sign in, before the settings were changed, must not
    /// be used.
    pub fn is_of(&self, mode: SignInMode) -> bool {
        mode == match self {
            Self::Console => SignInMode::LocalToken,
            Self::Bearer(_) => SignInMode::BearerToken,
            Self::OpenId(_) => SignInMode::OpenIdConnect,
        }
    }
}

/// The key of a user's cached data: a hash of the token, or a random number of the session.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentityKey([u8; 32]);

impl IdentityKey {
    /// Creates a random key.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    pub(crate) fn to_text(self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .ok()?
            .try_into()
            .ok()
            .map(Self)
    }
}

impl fmt::Debug for IdentityKey {
    /// Shows enough to tell users apart in a log, and nothing that identifies a token elsewhere.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02x}{:02x}{:02x}", self.0[0], self.0[1], self.0[2])
    }
}

/// Maximum length of a token in bytes: API servers accept headers of 1 MiB in all, but proxies rarely more than 32 KiB.
const MAX_TOKEN: usize = 24 * 1024;

/// A bearer token that is valid in a header.
#[derive(Debug, Clone)]
pub struct BearerToken {
    secret: SecretString,
    key: IdentityKey,
    /// The user's name at the cluster; empty if the cluster does not tell it.
    user: String,
}

impl BearerToken {
    /// Reads a token as a user pasted it: trimmed, with or without `Bearer`. `None` if it is empty, too long, or has
    /// characters that no token has (RFC 6750, 2.1).
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let scheme = text.strip_prefix("Bearer");
        let text = scheme
            .filter(|rest| rest.is_empty() || rest.starts_with(' '))
            .unwrap_or(text)
            .trim_start();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(&byte);
        (!text.is_empty() && text.len() <= MAX_TOKEN && text.bytes().all(is_token)).then(|| Self {
            secret: SecretString::from(text),
            key: IdentityKey(Sha256::digest(text).into()),
            user: String::new(),
        })
    }

    /// Sets the user's name, as the cluster tells it.
    #[must_use]
    pub fn of_user(mut self, user: String) -> Self {
        self.user = user;
        self
    }

    /// Returns the token, for a header.
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Returns the credentials for the cluster.
    pub(crate) fn credentials(&self) -> UserCredentials {
        UserCredentials::Bearer(self.secret.clone())
    }

    /// Returns when the token expires, if it is a JSON Web Token that says so (RFC 7519, `exp`). The API server checks
    /// the signature, not the console.
    pub fn expires(&self) -> Option<jiff::Timestamp> {
        #[derive(Deserialize)]
        struct Claims {
            exp: f64,
        }
        let payload = self.expose().split('.').nth(1)?;
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
        let claims: Claims = serde_json::from_slice(&payload).ok()?;
        #[allow(
            clippy::cast_possible_truncation,
            reason = "saturates, and the timestamp checks its range"
        )]
        jiff::Timestamp::from_second(claims.exp as i64).ok()
    }
}

/// An identity as a session stores it, encrypted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum StoredIdentity {
    Bearer { token: String, user: String },
    OpenId(StoredUser),
}

impl StoredIdentity {
    /// Returns the stored form; `None` for the console, whose credentials are never stored.
    pub(crate) fn of(identity: &Identity) -> Option<Self> {
        match identity {
            Identity::Console => None,
            Identity::Bearer(token) => Some(Self::Bearer {
                token: token.expose().to_owned(),
                user: token.user.clone(),
            }),
            Identity::OpenId(user) => Some(Self::OpenId(StoredUser::of(user.key, &user.tokens))),
        }
    }

    /// Returns the identity of `session`; `None` if it cannot be used any more.
    pub(crate) fn into_identity(self, session: &str) -> Option<Identity> {
        match self {
            Self::OpenId(user) => user.into_user(session.to_owned()).map(Identity::OpenId),
            Self::Bearer { token, user } => {
                BearerToken::read(&token).map(|token| Identity::Bearer(token.of_user(user)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_read_as_users_paste_it() {
        let long = "a".repeat(MAX_TOKEN);
        for (text, token) in [
            ("abc", Some("abc")),
            (" abc\r\n", Some("abc")),
            ("Bearer abc", Some("abc")),
            ("a.b-c_d~e+f/g==", Some("a.b-c_d~e+f/g==")),
            ("abcdef:0123456789abcdef", Some("abcdef:0123456789abcdef")),
            (&long, Some(long.as_str())),
            ("", None),
            ("Bearer ", None),
            ("a b", None),
            ("\"abc\"", None),
            ("abc\r\nX-Remote-User: admin", None),
            ("tökén", None),
            ("a\0", None),
            (&format!("{long}a"), None),
        ] {
            let read = BearerToken::read(text);
            assert_eq!(read.as_ref().map(BearerToken::expose), token, "{text:?}");
        }
    }

    #[test]
    fn expiry_is_that_of_the_token() {
        let jwt = |claims: &str| format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims));
        for (text, seconds) in [
            (jwt(r#"{"exp": 1764000000}"#), Some(1_764_000_000)),
            (jwt(r#"{"exp": 1764000000.5}"#), Some(1_764_000_000)),
            (jwt(r#"{"exp": 1e300}"#), None),
            (jwt(r#"{"exp": "soon"}"#), None),
            (jwt("{}"), None),
            (jwt("["), None),
            ("a.b.c".to_owned(), None),
            ("opaque".to_owned(), None),
        ] {
            let expires = BearerToken::read(&text).unwrap().expires();
            assert_eq!(expires.map(jiff::Timestamp::as_second), seconds, "{text}");
        }
    }

    #[test]
    fn token_is_not_shown_in_logs() {
        let identity = Identity::Bearer(BearerToken::read("sensitive").unwrap());
        assert!(!format!("{identity:?}").contains("sensitive"));
    }
}
