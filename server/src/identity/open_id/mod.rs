//! Sign-in at an `OpenID` Connect provider: the authorization code flow with PKCE, a nonce and refresh tokens.

mod http;
mod names;
mod provider;

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::identity::IdentityKey;
use crate::kubernetes::UserCredentials;

pub use crate::identity::open_id::http::HttpError;
pub use crate::identity::open_id::names::{Claims, NameRules};
pub use crate::identity::open_id::provider::{Login, OpenIdError, Provider};

/// How the identity of a user reaches the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// The ID token is passed to the API server, which trusts the same provider.
    PassThrough,
    /// The console acts with its own credentials and names the user (`Impersonate-User`, `Impersonate-Group`).
    Impersonation,
}

/// Settings of the provider.
#[derive(Debug, Clone)]
pub struct OpenIdSettings {
    /// The issuer, exactly as the provider names itself.
    pub issuer: String,
    /// The console's name at the provider.
    pub client_id: String,
    /// The console's secret at the provider; `None` for a public client.
    pub client_secret: Option<SecretString>,
    /// Certificates of the authority that signed the provider's, in DER; `None` for those of the system.
    pub authority: Option<Vec<Vec<u8>>>,
    /// Scopes to request besides `openid`.
    pub scopes: Vec<String>,
    /// How names are read from claims.
    pub names: NameRules,
    /// How the identity reaches the cluster.
    pub token_use: TokenUse,
    /// Where the provider sends the user back to.
    pub redirect_url: String,
    /// Where the provider sends the user after signing out.
    pub signed_out_url: String,
}

/// The tokens of a signed-in user.
#[derive(Debug, Clone)]
pub struct OpenIdTokens {
    pub(crate) id_token: SecretString,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) expires: Timestamp,
    pub(crate) subject: String,
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    /// Fingerprint of the settings by which the names were read.
    pub(crate) settings: String,
}

impl OpenIdTokens {
    /// Whether the provider can be asked for new ones.
    pub fn can_refresh(&self) -> bool {
        self.refresh_token.is_some()
    }

    /// Returns when they expire.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Returns the credentials for the cluster.
    pub(crate) fn credentials(&self, token_use: TokenUse) -> UserCredentials {
        match token_use {
            TokenUse::PassThrough => UserCredentials::Bearer(self.id_token.clone()),
            TokenUse::Impersonation => UserCredentials::Impersonation {
                user: self.user.clone(),
                groups: self.groups.clone(),
            },
        }
    }
}

/// A user who signed in at the provider.
#[derive(Debug, Clone)]
pub struct OpenIdUser {
    pub(crate) key: IdentityKey,
    /// As of the sign-in, or of the last refresh that was stored.
    pub(crate) tokens: Arc<OpenIdTokens>,
    /// How the session store finds and opens the session, to store new tokens; `None` before it starts.
    pub(crate) session: Option<String>,
}

/// The tokens as a session stores them, encrypted.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredUser {
    /// Identifies the session's cached data.
    key: String,
    id_token: String,
    refresh_token: Option<String>,
    expires: Timestamp,
    subject: String,
    user: String,
    groups: Vec<String>,
    #[serde(default)]
    settings: String,
}

impl StoredUser {
    pub(crate) fn of(key: IdentityKey, tokens: &OpenIdTokens) -> Self {
        use secrecy::ExposeSecret;
        Self {
            key: key.to_text(),
            id_token: tokens.id_token.expose_secret().to_owned(),
            refresh_token: tokens
                .refresh_token
                .as_ref()
                .map(|token| token.expose_secret().to_owned()),
            expires: tokens.expires,
            subject: tokens.subject.clone(),
            user: tokens.user.clone(),
            groups: tokens.groups.clone(),
            settings: tokens.settings.clone(),
        }
    }

    pub(crate) fn into_user(self, session: String) -> Option<OpenIdUser> {
        Some(OpenIdUser {
            key: IdentityKey::from_text(&self.key)?,
            tokens: Arc::new(OpenIdTokens {
                id_token: self.id_token.into(),
                refresh_token: self.refresh_token.map(SecretString::from),
                expires: self.expires,
                subject: self.subject,
                user: self.user,
                groups: self.groups,
                settings: self.settings,
            }),
            session: Some(session),
        })
    }
}
