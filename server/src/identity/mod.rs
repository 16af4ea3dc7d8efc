//! Who acts at the cluster: the console itself, or the signed-in user with credentials of their own.
//!
//! Everything that is read from a cluster is cached per identity, since each [`Cluster`](crate::kubernetes::Cluster)
//! belongs to one: its watches, its schema and its pending creations are never shared with another user.

pub mod bearer;
mod people;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use crate::identity::people::{People, Revocation};

/// Who acts at the cluster in a session.
#[derive(Debug, Clone)]
pub enum Identity {
    /// The console's own credentials, which all users share who signed in with its one-time token.
    Console,
    /// The user's own bearer token, passed to the API server.
    Bearer(BearerToken),
}

impl Identity {
    /// Returns the key of a user's cached data; `None` for the console itself.
    pub fn key(&self) -> Option<IdentityKey> {
        match self {
            Self::Console => None,
            Self::Bearer(token) => Some(token.key),
        }
    }
}

/// The key of a user's cached data: a hash of the credentials.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentityKey([u8; 32]);

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
}

impl BearerToken {
    /// Reads a token as a user pasted it: trimmed, with or without `Bearer`. `None` if it is empty, too long, or has
    /// characters that no token has (RFC 6750, 2.1).
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("Bearer ").unwrap_or(text).trim_start();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(&byte);
        (!text.is_empty() && text.len() <= MAX_TOKEN && text.bytes().all(is_token)).then(|| Self {
            secret: SecretString::from(text),
            key: IdentityKey(Sha256::digest(text).into()),
        })
    }

    /// Returns the token, for a header.
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Returns when the token expires, if it is a JSON Web Token that says so (RFC 7519, `exp`). The API server checks
    /// the signature, not the console.
    pub fn expires(&self) -> Option<jiff::Timestamp> {
        #[derive(Deserialize)]
        struct Claims {
            exp: f64,
        }
        let payload = self.expose().split('.').nth(1)?;
        let payload = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload).ok()?;
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
    Bearer(String),
}

impl StoredIdentity {
    /// Returns the stored form; `None` for the console, whose credentials are never stored.
    pub(crate) fn of(identity: &Identity) -> Option<Self> {
        match identity {
            Identity::Console => None,
            Identity::Bearer(token) => Some(Self::Bearer(token.expose().to_owned())),
        }
    }

    /// Returns the identity; `None` if it cannot be used any more.
    pub(crate) fn into_identity(self) -> Option<Identity> {
        match self {
            Self::Bearer(token) => BearerToken::read(&token).map(Identity::Bearer),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

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
