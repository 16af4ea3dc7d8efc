//! The credentials of a user at the cluster.

use kube::config::AuthInfo;
use secrecy::SecretString;

/// The credentials of a user.
#[derive(Debug, Clone)]
pub enum UserCredentials {
    /// The user's own bearer token, and nothing of the console's.
    Bearer(SecretString),
    /// The console's credentials, with the right to act as others (`impersonate`), and the names to act as.
    Impersonation {
        /// User name.
        user: String,
        /// Groups, besides `system:authenticated`, which every user is in.
        groups: Vec<String>,
    },
}

impl UserCredentials {
    /// Returns the credentials of requests; `own` are the console's.
    pub(crate) fn auth_info(&self, own: &AuthInfo) -> AuthInfo {
        match self {
            Self::Bearer(token) => AuthInfo {
                token: Some(token.clone()),
                ..AuthInfo::default()
            },
            // The API server adds `system:authenticated` itself.
            Self::Impersonation { user, groups } => AuthInfo {
                impersonate: Some(user.clone()),
                impersonate_groups: Some(groups.clone()),
                // Those of the configuration are about another user.
                impersonate_uid: None,
                impersonate_user_extra: None,
                ..own.clone()
            },
        }
    }
}
