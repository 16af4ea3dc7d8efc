//! Validates the `Host` header.
//!
//! A page of another site can make its own name resolve to 127.0.0.1 (DNS rebinding) and then reach this server as
//! its own origin. Such a request carries the other name in `Host`. An IP address cannot be rebound.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, StatusCode, Uri};

use crate::web::state::AppState;

/// The public URL of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// Whether the scheme is `https`.
    pub secure: bool,
    /// Host and, if given, port.
    pub authority: Authority,
    /// The path below which the console is served, without a slash at its end; empty for all of the host.
    pub path: String,
}

impl PublicUrl {
    /// Returns the origin as browsers serialize it, such as `https://jobs.example.com`.
    pub fn origin(&self) -> String {
        format!(
            "{}://{}",
            if self.secure { "https" } else { "http" },
            self.authority
        )
    }

    /// Returns the URL without a slash at its end.
    pub fn url(&self) -> String {
        self.origin() + &self.path
    }
}

/// The host names that this server accepts.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// Whether the server listens on loopback, so that only loopback addresses are accepted.
    loopback: bool,
    /// Whether the server encrypts connections itself.
    tls: bool,
    public: Option<PublicUrl>,
}

impl Hosts {
    /// Creates the hosts of a server that listens on `ip` and has the URL `public`.
    pub fn new(ip: IpAddr, public: Option<PublicUrl>) -> Self {
        Self {
            tls: false,
            loopback: ip.is_loopback(),
            public,
        }
    }

    /// Sets whether the server encrypts connections itself.
    #[must_use]
    pub fn with_tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Returns the scheme of the server's own address.
    pub fn own_scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// Whether browsers reach the server over HTTPS.
    pub fn secure(&self) -> bool {
        self.tls || self.public.as_ref().is_some_and(|public| public.secure)
    }

    /// Returns the origin of the public URL.
    pub fn public_origin(&self) -> Option<String> {
        self.public.as_ref().map(PublicUrl::origin)
    }

    /// Returns the public URL, without a slash at its end.
    pub fn public_url(&self) -> Option<String> {
        self.public.as_ref().map(PublicUrl::url)
    }

    /// Returns the path of the public URL: the prefix of all paths that browsers see.
    pub fn prefix(&self) -> &str {
        self.public.as_ref().map_or("", |public| &public.path)
    }

    /// Whether `host` is that of the public URL.
    pub fn is_public(&self, host: &Authority) -> bool {
        self.public
            .as_ref()
            .is_some_and(|public| public.authority == *host)
    }

    /// Whether `host`, the value of a `Host` header, is this server.
    fn accepts(&self, host: &Authority) -> bool {
        if self.is_public(host) {
            return true;
        }
        let name = host.host();
        let bare = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(name);
        match bare.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || !self.loopback,
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// Returns the host that a request is for: in HTTP/2 it is in the URI, in HTTP/1.1 in the header.
pub fn requested(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    uri.authority()
        .cloned()
        .or_else(|| headers.get(HOST)?.to_str().ok()?.parse().ok())
}

/// Responds with 421 to a request for another host.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let accepted = requested(request.uri(), request.headers()).is_some_and(|host| state.hosts.accepts(&host));
    // Probes are exempt: they use whatever name the machine has in its cluster, and reveal nothing.
    if accepted || matches!(request.uri().path(), "/healthz" | "/readyz") {
        next.run(request).await
    } else {
        let text =
            "This server does not answer under this name. Start it with --public-url to give it one.\n";
        (StatusCode::MISDIRECTED_REQUEST, text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_hosts_are_accepted() {
        let public = PublicUrl {
            secure: true,
            authority: Authority::from_static("jobs.example.com"),
            path: String::new(),
        };
        let local = Hosts::new(IpAddr::from([127, 0, 0, 1]), None);
        let open = Hosts::new(IpAddr::from([0, 0, 0, 0]), Some(public));
        let table = [
            ("127.0.0.1:3000", true, true),
            ("[::1]:3000", true, true),
            ("localhost:3000", true, true),
            ("LOCALHOST", true, true),
            ("192.168.1.5:3000", false, true),
            ("jobs.example.com", false, true),
            ("jobs.example.com:80", false, false),
            ("evil.example", false, false),
            ("localhost.evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
        ];
        for (host, known_locally, known_openly) in table {
            let authority: Authority = host.parse().unwrap();
            assert_eq!(
                (local.accepts(&authority), open.accepts(&authority)),
                (known_locally, known_openly),
                "{host}"
            );
        }
    }
}
