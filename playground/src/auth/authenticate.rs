//! From credentials to a user: the administrator's token, tokens of ServiceAccounts, verified client certificates.

use http::{Extensions, HeaderMap};

use crate::api::error::ApiError;
use crate::auth::User;
use crate::auth::certificate::ClientCertificate;
use crate::auth::service_account::Signer;
use crate::cluster::Cluster;

/// What this cluster accepts as credentials.
#[derive(Clone)]
pub(crate) struct Authenticator {
    admin_token: String,
    signer: Signer,
}

impl Authenticator {
    /// `admin_token` is the one that the kubeconfig holds.
    pub(crate) fn new(admin_token: String, signer: Signer) -> Self {
        Self { admin_token, signer }
    }

    /// What signs ServiceAccounts' tokens.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Who sends a request: anonymous without credentials, 401 with wrong ones.
    pub(crate) fn user(
        &self,
        cluster: &Cluster,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<User, ApiError> {
        if let Some(certificate) = extensions.get::<ClientCertificate>() {
            return Ok(certificate.user());
        }
        let Some(given) = headers.get(http::header::AUTHORIZATION) else {
            return Ok(User::anonymous());
        };
        let text = given.to_str().map_err(|_| ApiError::unauthorized())?;
        // Other schemes name no authenticator: the request is anonymous, as with the API server.
        let Some(token) = text
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
        else {
            return Ok(User::anonymous());
        };
        self.token(cluster, token).ok_or_else(ApiError::unauthorized)
    }

    /// Whose token this is.
    pub(crate) fn token(&self, cluster: &Cluster, token: &str) -> Option<User> {
        if same(token, &self.admin_token) {
            return Some(User::admin());
        }
        self.signer.verify(cluster, token)
    }
}

/// Compared whole, so that the time tells nothing.
fn same(given: &str, wanted: &str) -> bool {
    given.len() == wanted.len()
        && given
            .bytes()
            .zip(wanted.bytes())
            .fold(0, |all, (a, b)| all | (a ^ b))
            == 0
}
