//! Tracks when a stream lost its sources and whether the client has been notified.

use std::collections::HashSet;
use std::hash::Hash;

use app::api::job::Millis;
use serde::Serialize;

use crate::kubernetes::watch::Change;

/// Data of a `stale` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// Since when the displayed data may be out of date.
    pub since: Millis,
}

/// The disconnected sources of a stream.
#[derive(Debug)]
pub struct Outage<S> {
    disconnected: HashSet<S>,
    unread: bool,
    since: Option<Millis>,
    notified: bool,
}

impl<S> Default for Outage<S> {
    fn default() -> Self {
        Self {
            disconnected: HashSet::new(),
            unread: false,
            since: None,
            notified: false,
        }
    }
}

impl<S: Eq + Hash> Outage<S> {
    /// Applies a change of a source. A `needed` source that may no longer be read counts as disconnected.
    pub fn apply(&mut self, source: S, change: &Change, needed: bool, now: Millis) {
        match change {
            Change::Disconnected => self.disconnect(source, now),
            Change::Denied if needed => self.disconnect(source, now),
            Change::Denied | Change::Reset(_) => {
                self.disconnected.remove(&source);
                self.end();
            }
            Change::Applied(_) | Change::Deleted(_) => {}
        }
    }

    /// Records that the object could not be read.
    pub fn read_failed(&mut self, now: Millis) {
        self.unread = true;
        self.since.get_or_insert(now);
    }

    /// Records that the object was read.
    pub fn read_succeeded(&mut self) {
        self.unread = false;
        self.end();
    }

    /// Whether the object has to be read again.
    pub fn needs_read(&self) -> bool {
        self.unread
    }

    /// Whether a watch is disconnected.
    pub fn is_disconnected(&self) -> bool {
        !self.disconnected.is_empty()
    }

    /// Returns the notification for the page, once per outage.
    pub fn take_stale(&mut self) -> Option<Stale> {
        let since = self.since?;
        (!std::mem::replace(&mut self.notified, true)).then_some(Stale { since })
    }

    /// Whether an outage that the page was notified of has ended; true once.
    pub fn take_recovered(&mut self) -> bool {
        self.since.is_none() && std::mem::take(&mut self.notified)
    }

    fn disconnect(&mut self, source: S, now: Millis) {
        self.disconnected.insert(source);
        self.since.get_or_insert(now);
    }

    fn end(&mut self) {
        if self.disconnected.is_empty() && !self.unread {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outage_is_reported_once_and_ends_with_its_last_source() {
        let mut outage = Outage::default();
        assert_eq!(outage.take_stale(), None);
        outage.apply("a", &Change::Disconnected, true, 7);
        outage.apply("b", &Change::Disconnected, true, 8);
        assert_eq!(outage.take_stale(), Some(Stale { since: 7 }));
        assert_eq!(outage.take_stale(), None);
        outage.apply("a", &Change::Reset(Vec::new()), true, 9);
        assert!(outage.is_disconnected() && !outage.take_recovered());
        outage.apply("b", &Change::Denied, false, 9);
        assert!(!outage.is_disconnected() && outage.take_recovered() && !outage.take_recovered());
        outage.apply("a", &Change::Denied, true, 10);
        assert_eq!(outage.take_stale(), Some(Stale { since: 10 }));
    }
}
