//! Client certificates: the common name is the user, the organizations are the groups ([X.509 client
//! certificates](https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates)).

use std::fmt::Write as _;

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::auth::User;

/// The identity in a verified client certificate. Only a TLS layer that has verified the certificate may attach it
/// to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Common name.
    pub name: String,
    /// Organizations.
    pub groups: Vec<String>,
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: String,
}

impl ClientCertificate {
    /// Parses a certificate in DER; `None` if it is not one or has no common name.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let text =
            |part: &x509_parser::x509::AttributeTypeAndValue<'_>| part.as_str().ok().map(str::to_owned);
        let subject = certificate.subject();
        let name = subject.iter_common_name().next().and_then(text)?;
        let groups = subject.iter_organization().filter_map(text).collect();
        let digest = ring::digest::digest(&ring::digest::SHA256, der);
        let mut fingerprint = String::with_capacity(64);
        for byte in digest.as_ref() {
            // Writing to a String cannot fail.
            let _ = write!(fingerprint, "{byte:02x}");
        }
        (!name.is_empty()).then_some(Self {
            name,
            groups,
            fingerprint,
        })
    }

    /// Returns its user.
    pub(crate) fn user(&self) -> User {
        let mut user = User::authenticated(self.name.clone(), self.groups.clone());
        let credential = format!("X509SHA256={}", self.fingerprint);
        user.extra.insert(CREDENTIAL.to_owned(), vec![credential]);
        user
    }
}

/// The key in a user's `extra` that identifies the credential.
pub(crate) const CREDENTIAL: &str = "authentication.kubernetes.io/credential-id";
