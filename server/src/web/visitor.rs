//! Who sends a request, for the audit log and the list of sessions.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::HeaderValue;
use http::header::USER_AGENT;
use http::request::Parts;

use crate::session::agent;
use crate::session::attempts::Peer;
use crate::web::client_address::ClientAddress;
use crate::web::trace::RequestId;

/// The sender of a request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Whose wrong tokens are counted together.
    pub peer: Peer,
    /// Address of the client, if it is known.
    pub address: Option<IpAddr>,
    /// The browser, such as `Firefox 145, Linux`; empty if it does not tell.
    pub agent: String,
    /// Id of the request.
    pub request: String,
}

impl Visitor {
    /// Returns the sender of a request with these parts.
    pub fn of(parts: &Parts) -> Self {
        let address = parts.extensions.get::<ClientAddress>();
        let address = address.map(|ClientAddress(address)| *address);
        let agent = parts.headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        let request = parts.extensions.get::<RequestId>();
        Self {
            peer: Peer::of(address),
            address,
            agent: agent::describe(&String::from_utf8_lossy(agent.unwrap_or_default())),
            request: request.map(|RequestId(id)| id.clone()).unwrap_or_default(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}
