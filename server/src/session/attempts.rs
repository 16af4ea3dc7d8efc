//! Rate limiting of wrong sign-in tokens.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Maximum number of wrong tokens per peer within [`WINDOW`].
pub const MAX_ATTEMPTS: u32 = 10;

/// How long a wrong token counts.
pub const WINDOW: Duration = Duration::from_mins(1);

/// Maximum number of peers that are tracked; further ones are counted together.
const MAX_PEERS: usize = 10_000;

/// The client of a request, if known; behind a proxy that is not trusted it is the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(Option<IpAddr>);

impl Peer {
    /// Returns the network of `address`: the owner of one IPv6 address usually has 2^64.
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        }))
    }
}

/// Wrong tokens within the window, by peer: their number, and the time of the first.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<Peer, (u32, Instant)>>);

impl Attempts {
    /// Counts a wrong token; fails with the time to wait if there were too many.
    pub fn count(&self, peer: Peer) -> Result<(), Duration> {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() >= MAX_PEERS {
            attempts.retain(|_, (_, since)| since.elapsed() < WINDOW);
        }
        let peer = if attempts.len() < MAX_PEERS {
            peer
        } else {
            Peer(None)
        };
        let (count, since) = attempts.entry(peer).or_insert((0, Instant::now()));
        if since.elapsed() >= WINDOW {
            (*count, *since) = (0, Instant::now());
        }
        *count = count.saturating_add(1);
        if *count > MAX_ATTEMPTS {
            Err(WINDOW.saturating_sub(since.elapsed()))
        } else {
            Ok(())
        }
    }

    /// Resets the count of a peer that signed in.
    pub fn reset(&self, peer: Peer) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn wrong_tokens_are_counted_per_network_for_a_minute() {
        let attempts = Attempts::default();
        let peer = |text: &str| Peer::of(text.parse().ok());
        for _ in 0..MAX_ATTEMPTS {
            attempts.count(peer("2001:db8::1")).unwrap();
        }
        assert_eq!(
            attempts.count(peer("2001:db8::2")),
            Err(WINDOW),
            "the same network"
        );
        attempts.count(peer("2001:db8:0:1::1")).unwrap();
        attempts.count(peer("192.0.2.1")).unwrap();
        tokio::time::advance(WINDOW).await;
        attempts.count(peer("2001:db8::1")).unwrap();
        for _ in 0..MAX_ATTEMPTS {
            let _ = attempts.count(peer("192.0.2.1"));
        }
        attempts.reset(peer("::ffff:192.0.2.1"));
        attempts.count(peer("192.0.2.1")).unwrap();
    }
}
