//! Authenticates requests: the administrator's token, ServiceAccount tokens, verified client certificates.

use http::{Extensions, HeaderMap};

use crate::api::error::ApiError;
use crate::auth::User;
use crate::auth::certificate::ClientCertificate;
use crate::auth::service_account::Signer;
use crate::cluster::Cluster;

/// The credentials that this cluster accepts.
#[derive(Clone)]
pub(crate) struct Authenticator {
    admin_token: String,
    signer: Signer,
}

impl Authenticator {
    /// Creates an authenticator; `admin_token` is the token of the kubeconfig.
    pub(crate) fn new(admin_token: String, signer: Signer) -> Self {
        Self { admin_token, signer }
    }

    /// Returns the signer of ServiceAccount tokens.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Returns the user of a request: anonymous without credentials, 401 with invalid ones.
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
        // No authenticator handles other schemes: the request is anonymous, as with the API server.
        let Some(token) = text
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
        else {
            return Ok(User::anonymous());
        };
        self.token(cluster, token).ok_or_else(ApiError::unauthorized)
    }

    /// Returns the user of a token.
    pub(crate) fn token(&self, cluster: &Cluster, token: &str) -> Option<User> {
        if constant_time_eq(token, &self.admin_token) {
            return Some(User::admin());
        }
        self.signer.verify(cluster, token)
    }
}

/// Compares in constant time.
fn constant_time_eq(given: &str, wanted: &str) -> bool {
    given.len() == wanted.len()
        && given
            .bytes()
            .zip(wanted.bytes())
            .fold(0, |all, (a, b)| all | (a ^ b))
            == 0
}
