//! The baseline's users and their credentials, as described in `baseline.json`.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use crate::auth::certificate::ClientCertificate;

/// The credentials of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials {
    /// Headers such as `Authorization`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// A verified certificate, for a server in this process.
    pub certificate: Option<ClientCertificate>,
}

impl Credentials {
    /// Creates credentials with a bearer token.
    pub(super) fn token(token: &str) -> Self {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).ok();
        Self {
            headers: value
                .map(|value| (http::header::AUTHORIZATION, value))
                .into_iter()
                .collect(),
            certificate: None,
        }
    }
}

/// How a user authenticates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// `client certificate CN=alice, O=dev`.
    Certificate { name: String, groups: Vec<String> },
    /// `bearer token of ServiceAccount demo/robot`.
    ServiceAccount { namespace: String, name: String },
    /// `the bearer token "not-a-token"`.
    Token(String),
    /// `no credentials`.
    Nobody,
}

impl User {
    /// Parses the description of a user.
    fn parse(text: &str) -> Self {
        if let Some(subject) = text.strip_prefix("client certificate ") {
            let subject = subject.split(" (").next().unwrap_or_default();
            let parts = |name: &'static str| {
                subject
                    .split(", ")
                    .filter_map(move |part| part.strip_prefix(name)?.strip_prefix('='))
                    .map(str::to_owned)
            };
            return Self::Certificate {
                name: parts("CN").next().unwrap_or_default(),
                groups: parts("O").collect(),
            };
        }
        if let Some((namespace, name)) = text
            .strip_prefix("bearer token of ServiceAccount ")
            .and_then(|account| account.split_once('/'))
        {
            return Self::ServiceAccount {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            };
        }
        text.split('"')
            .nth(1)
            .map_or(Self::Nobody, |token| Self::Token(token.to_owned()))
    }

    /// Returns the certificate of such a user, as a TLS layer would have verified it.
    pub(super) fn certificate(&self) -> Option<ClientCertificate> {
        match self {
            Self::Certificate { name, groups } => Some(ClientCertificate {
                name: name.clone(),
                groups: groups.clone(),
                fingerprint: "0".repeat(64),
            }),
            _ => None,
        }
    }
}

/// Returns all users of a baseline by name.
pub(super) fn all(described: &BTreeMap<String, String>) -> BTreeMap<String, User> {
    described
        .iter()
        .map(|(name, text)| (name.clone(), User::parse(text)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_parse_to_credentials() {
        let text = str::to_owned;
        assert_eq!(
            User::parse("client certificate CN=admin, O=system:masters (the default)"),
            User::Certificate {
                name: text("admin"),
                groups: vec![text("system:masters")]
            }
        );
        assert_eq!(
            User::parse("bearer token of ServiceAccount demo/robot"),
            User::ServiceAccount {
                namespace: text("demo"),
                name: text("robot")
            }
        );
        assert_eq!(User::parse("the bearer token \"no\""), User::Token(text("no")));
        assert_eq!(User::parse("no credentials"), User::Nobody);
    }
}
