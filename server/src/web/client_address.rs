//! The address of a request's client: the peer of the connection or, behind trusted proxies, the one that they name.
//!
//! Anyone can send `X-Forwarded-For` (and `Forwarded`, RFC 7239). Proxies append the address of their peer at the end,
//! so the list is read from the right, and only as long as the one who wrote an entry is trusted.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

use crate::session::attempts::Peer;
use crate::web::state::AppState;

/// The address of the client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The proxies whose headers are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Maximum number of entries that are read: no request passes more proxies.
const MAX_ENTRIES: usize = 32;

impl TrustedProxies {
    /// Trusts the proxies of these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Reads a network such as `10.0.0.0/8`, or one address.
    pub fn parse(text: &str) -> Result<IpNet, String> {
        let text = text.trim();
        let network = text.parse::<IpNet>();
        network
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| "an address or a network such as 10.0.0.0/8 is expected".to_owned())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Returns the client of a request that `peer` has sent. If the two headers name different ones, a client may have
    /// written one of them, which proxies that write the other pass on: then it is `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let by = |name: &HeaderName, read: fn(&str) -> Option<IpAddr>| {
            headers
                .contains_key(name)
                .then(|| self.walk(peer, &entries(headers, name), read))
        };
        match (
            by(&X_FORWARDED_FOR, forwarded_for),
            by(&header::FORWARDED, forwarded),
        ) {
            (Some(one), Some(other)) if one != other => peer,
            (Some(client), _) | (None, Some(client)) => client,
            (None, None) => peer,
        }
    }

    /// Walks from the last entry to the first one: each was written by the address that the entry after it names.
    fn walk(&self, peer: IpAddr, entries: &[String], read: fn(&str) -> Option<IpAddr>) -> IpAddr {
        let mut client = peer;
        for entry in entries.iter().rev().take(MAX_ENTRIES) {
            // An entry that names nobody (`unknown`, `_hidden`): all that is known is who wrote it.
            let Some(address) = read(entry) else { break };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// Returns the entries of a list header in order. A comma within quotes does not separate.
fn entries(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let mut entries = Vec::new();
    for line in headers.get_all(name) {
        // Not UTF-8: an entry that names nobody, instead of none.
        let Ok(line) = line.to_str() else {
            entries.push(String::new());
            continue;
        };
        let mut quoted = false;
        let separated = line.split(|character| {
            quoted ^= character == '"';
            character == ',' && !quoted
        });
        entries.extend(separated.map(|entry| entry.trim().to_owned()));
    }
    entries
}

/// Reads an entry of `X-Forwarded-For`: an address, which some proxies send with a port.
fn forwarded_for(entry: &str) -> Option<IpAddr> {
    if let Ok(address) = entry.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = entry.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Reads an element of `Forwarded`: `for=192.0.2.1;proto=https`, `For="[2001:db8::1]:4711"`.
fn forwarded(element: &str) -> Option<IpAddr> {
    let mut nodes = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let node = nodes.next()?;
    // Who repeats it is not to be believed.
    if nodes.next().is_some() {
        return None;
    }
    let node = node
        .strip_prefix('"')
        .and_then(|node| node.strip_suffix('"'))
        .unwrap_or(node);
    forwarded_for(node)
}

/// Adds the [`ClientAddress`] to a request whose connection is known.
pub async fn layer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if let Some(ConnectInfo(peer)) = peer {
        let client = state.trusted_proxies.client(peer.ip(), request.headers());
        request.extensions_mut().insert(ClientAddress(client));
    }
    next.run(request).await
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get::<ClientAddress>();
        Ok(Self::of(address.map(|ClientAddress(address)| *address)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let networks = ["10.0.0.0/8", "192.0.2.7", "fd00::/8"];
        let proxies = TrustedProxies::new(
            networks
                .iter()
                .map(|text| TrustedProxies::parse(text).unwrap())
                .collect(),
        );
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    #[allow(clippy::too_many_lines, reason = "a table")]
    fn client_is_the_last_address_that_a_trusted_proxy_names() {
        let xff = "x-forwarded-for";
        #[allow(clippy::type_complexity, reason = "one row per line is easier to read")]
        let table: &[(&str, &[(&'static str, &str)], &str)] = &[
            // Nobody but a proxy is believed.
            ("203.0.113.9", &[], "203.0.113.9"),
            ("203.0.113.9", &[(xff, "198.51.100.1")], "203.0.113.9"),
            ("203.0.113.9", &[("forwarded", "for=198.51.100.1")], "203.0.113.9"),
            ("203.0.113.9", &[(xff, "10.0.0.1")], "203.0.113.9"),
            // A proxy, and a chain of them.
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "198.51.100.1")], "198.51.100.1"),
            ("::ffff:10.0.0.1", &[(xff, "198.51.100.1")], "198.51.100.1"),
            ("192.0.2.7", &[(xff, "198.51.100.1")], "198.51.100.1"),
            ("192.0.2.8", &[(xff, "198.51.100.1")], "192.0.2.8"),
            ("fd00::1", &[(xff, "2001:db8::5")], "2001:db8::5"),
            (
                "10.0.0.1",
                &[(xff, "198.51.100.1, 10.0.0.2, fd00::2")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1",
                &[(xff, "198.51.100.1"), (xff, "10.0.0.2")],
                "198.51.100.1",
            ),
            ("10.0.0.1", &[(xff, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            (
                "10.0.0.1",
                &[(xff, "::ffff:10.0.0.3, ::ffff:10.0.0.2")],
                "10.0.0.3",
            ),
            // What the client wrote stands left of what the proxy wrote.
            ("10.0.0.1", &[(xff, "1.1.1.1, 198.51.100.1")], "198.51.100.1"),
            (
                "10.0.0.1",
                &[(xff, "1.1.1.1, 10.0.0.9, 198.51.100.1")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1",
                &[(xff, "1.1.1.1"), (xff, "198.51.100.1, 10.0.0.2")],
                "198.51.100.1",
            ),
            // Entries that name nobody.
            ("10.0.0.1", &[(xff, "unknown")], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "")], "10.0.0.1"),
            ("10.0.0.1", &[(xff, ",")], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "1.1.1.1, nonsense")], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "1.1.1.1, unknown, 10.0.0.2")], "10.0.0.2"),
            ("10.0.0.1", &[(xff, "1.1.1.1, 198.51.100.1x")], "10.0.0.1"),
            ("10.0.0.1", &[(xff, "1.1.1.1, 198.51.100.01")], "10.0.0.1"),
            // Ports.
            ("10.0.0.1", &[(xff, "198.51.100.1:4711")], "198.51.100.1"),
            ("10.0.0.1", &[(xff, "[2001:db8::5]:4711")], "2001:db8::5"),
            ("10.0.0.1", &[(xff, "[2001:db8::5]")], "2001:db8::5"),
            // RFC 7239.
            ("10.0.0.1", &[("forwarded", "for=198.51.100.1")], "198.51.100.1"),
            (
                "10.0.0.1",
                &[("forwarded", "proto=https;For=\"198.51.100.1:80\";by=_x")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=\"[2001:db8::5]:4711\"")],
                "2001:db8::5",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=1.1.1.1, for=198.51.100.1")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=198.51.100.1, for=10.0.0.2;proto=http")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=1.1.1.1, for=_hidden")],
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=1.1.1.1, by=10.0.0.2")],
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=1.1.1.1;for=198.51.100.1")],
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=\"1.1.1.1, for=2.2.2.2")],
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                &[("forwarded", "host=\"a, for=1.1.1.1\";for=198.51.100.1")],
                "198.51.100.1",
            ),
            // Both: one of them may be the client's own.
            (
                "10.0.0.1",
                &[(xff, "198.51.100.1"), ("forwarded", "for=198.51.100.1")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1",
                &[(xff, "198.51.100.1"), ("forwarded", "for=1.1.1.1")],
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                &[(xff, "1.1.1.1"), ("forwarded", "for=198.51.100.1")],
                "10.0.0.1",
            ),
            (
                "10.0.0.1",
                &[(xff, "198.51.100.1"), ("forwarded", "nonsense")],
                "10.0.0.1",
            ),
        ];
        for (peer, headers, expected) in table {
            assert_eq!(client(peer, headers), *expected, "{peer} {headers:?}");
        }
        let long = format!("1.1.1.1{}", ", 10.0.0.2".repeat(4000));
        assert_eq!(client("10.0.0.1", &[(xff, &long)]), "10.0.0.2");
    }

    #[test]
    fn no_proxy_is_trusted_unless_it_is_named() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.1".parse().unwrap());
        for peer in ["127.0.0.1", "::1", "10.0.0.1"] {
            let peer: IpAddr = peer.parse().unwrap();
            assert_eq!(TrustedProxies::default().client(peer, &headers), peer);
        }
        for (text, is_network) in [
            ("10.0.0.0/8", true),
            (" 10.0.0.1 ", true),
            ("fd00::/8", true),
            ("::1", true),
            ("10.0.0.0/33", false),
            ("10.0.0", false),
            ("", false),
            ("proxy.example", false),
        ] {
            assert_eq!(TrustedProxies::parse(text).is_ok(), is_network, "{text}");
        }
    }
}
