//! Since when a stream does not know what the cluster is like, and whether the page was told.

use std::collections::HashSet;
use std::hash::Hash;

use app::api::job::Millis;
use serde::Serialize;

use crate::kubernetes::watch::Change;

/// Data of a `stale` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// Since when what is shown may be out of date.
    pub since: Millis,
}

/// Which of a stream's sources are lost.
#[derive(Debug)]
pub struct Outage<S> {
    lost: HashSet<S>,
    unread: bool,
    since: Option<Millis>,
    told: bool,
}

impl<S> Default for Outage<S> {
    fn default() -> Self {
        Self {
            lost: HashSet::new(),
            unread: false,
            since: None,
            told: false,
        }
    }
}

impl<S: Eq + Hash> Outage<S> {
    /// Takes a change of a source in. Where the source is `needed`, one that may not be read any more is lost.
    pub fn take(&mut self, source: S, change: &Change, needed: bool, now: Millis) {
        match change {
            Change::Lost => self.lose(source, now),
            Change::Denied if needed => self.lose(source, now),
            Change::Denied | Change::Reset(_) => {
                self.lost.remove(&source);
                self.end();
            }
            Change::Applied(_) | Change::Deleted(_) => {}
        }
    }

    /// What the watches are about could not be read.
    pub fn unread(&mut self, now: Millis) {
        self.unread = true;
        self.since.get_or_insert(now);
    }

    /// It could be read.
    pub fn read(&mut self) {
        self.unread = false;
        self.end();
    }

    /// It has to be read again.
    pub fn is_unread(&self) -> bool {
        self.unread
    }

    /// A watch is lost.
    pub fn is_on(&self) -> bool {
        !self.lost.is_empty()
    }

    /// What the page has to be told, once.
    pub fn news(&mut self) -> Option<Stale> {
        let since = self.since?;
        (!std::mem::replace(&mut self.told, true)).then_some(Stale { since })
    }

    /// Whether the page was told of an outage that is over now; says so once, and the next one is told again.
    pub fn is_over(&mut self) -> bool {
        self.since.is_none() && std::mem::take(&mut self.told)
    }

    fn lose(&mut self, source: S, now: Millis) {
        self.lost.insert(source);
        self.since.get_or_insert(now);
    }

    fn end(&mut self) {
        if self.lost.is_empty() && !self.unread {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_once_and_ends_with_its_last_source() {
        let mut outage = Outage::default();
        assert_eq!(outage.news(), None);
        outage.take("a", &Change::Lost, true, 7);
        outage.take("b", &Change::Lost, true, 8);
        assert_eq!(outage.news(), Some(Stale { since: 7 }));
        assert_eq!(outage.news(), None);
        outage.take("a", &Change::Reset(Vec::new()), true, 9);
        assert!(outage.is_on() && !outage.is_over());
        outage.take("b", &Change::Denied, false, 9);
        assert!(!outage.is_on() && outage.is_over() && !outage.is_over());
        outage.take("a", &Change::Denied, true, 10);
        assert_eq!(outage.news(), Some(Stale { since: 10 }));
    }
}
