//! How far each container's log was sent, so that a reconnect loses and doubles no line.
//!
//! Lines are stored in the order in which they came, which is not that of their times: standard output and error are
//! written side by side. And a log can be asked for from a second on, where the kubelet looks at each line by itself
//! (`sinceTime`). But a log only grows, so the lines of a part of it that are not older than a second are the same
//! ones, in the same order, whenever they are read. A position is therefore a line of the log, its **head**, and how
//! many lines were sent from it on: on reconnecting the log is asked for from some seconds before the head's time, and
//! all is left out up to the head and that many lines from it on.
//!
//! The head moves on once a second, to a line that is newer than all since the last head, so that little is read
//! again; and to a line that is more than [`DISORDER`] older than the head, which would not be asked for otherwise.
//! All positions together are the event's `id`, which the browser sends back as `Last-Event-ID`: the server keeps
//! none.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

use crate::live::logs::line::Stamped;

/// How much older than a line before it one can be and is still found: a cut between the two loses nothing.
pub const DISORDER: SignedDuration = SignedDuration::from_secs(10);

/// How far one log was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Time of the head.
    head: Timestamp,
    /// Of the head's text: others may have its time.
    hash: u32,
    /// How many lines were sent, from the head on.
    count: u32,
    /// Time of the newest line that was sent.
    newest: Timestamp,
}

impl Position {
    /// The log has just this line.
    pub fn at(line: &Stamped, at: Timestamp) -> Self {
        Self {
            head: at,
            hash: hash(&line.text),
            count: 1,
            newest: at,
        }
    }

    /// From which second on the log is to be asked for.
    pub fn since(&self) -> Timestamp {
        let second = self.head.as_second().saturating_sub(DISORDER.as_secs());
        Timestamp::from_second(second).unwrap_or(Timestamp::MIN)
    }

    /// Time of the newest line that was sent.
    pub fn newest(&self) -> Timestamp {
        self.newest
    }

    /// How many lines were sent, from the head on.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether the position counts from this line.
    pub fn begins_at(&self, line: &Stamped) -> bool {
        line.at == Some(self.head) && hash(&line.text) == self.hash
    }

    /// After one more line, of the time `at`; `top` is the newest time from the head on.
    pub fn after(&self, line: &Stamped, at: Timestamp, top: Timestamp) -> Self {
        let newest = self.newest.max(at);
        let moves_on = at > top && at.as_second() > self.head.as_second();
        if moves_on || at < self.since() {
            return Self {
                newest,
                ..Self::at(line, at)
            };
        }
        Self {
            count: self.count.saturating_add(1),
            newest,
            ..*self
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('.');
        let head: i128 = fields.next()?.parse().ok()?;
        let hash = u32::from_str_radix(fields.next()?, 16).ok()?;
        let count = fields.next()?.parse().ok().filter(|count| *count > 0)?;
        let ahead: i128 = fields.next()?.parse().ok()?;
        Some(Self {
            head: Timestamp::from_nanosecond(head).ok()?,
            hash,
            count,
            newest: Timestamp::from_nanosecond(head.checked_add(ahead)?).ok()?,
        })
    }
}

/// Names and uids of the API are graphic ASCII; a line end in an event's `id` would be another field of it.
fn is_key(key: &str) -> bool {
    key.bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b',' && byte != b'=')
}

/// FNV-1a: short, and the same in every version of the console, since browsers keep it.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Positions by container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, Position>);

impl Positions {
    /// What identifies a container's log in an `id`: the beginning of its Pod's `uid`, and its name.
    pub fn key(pod_uid: &str, container: &str) -> String {
        format!("{}/{container}", pod_uid.get(..13).unwrap_or(pod_uid))
    }

    /// How far the log of `key` was sent.
    pub fn get(&self, key: &str) -> Option<Position> {
        self.0.get(key).copied()
    }

    /// The log of `key` was sent up to here.
    pub fn set(&mut self, key: &str, position: Position) {
        match self.0.get_mut(key) {
            Some(known) => *known = position,
            None => {
                self.0.insert(key.to_owned(), position);
            }
        }
    }

    /// As an event's `id`: `UID/CONTAINER=HEAD.HASH.COUNT.NEWEST`, with commas between; the head's time in
    /// nanoseconds, and the newest line's from there on.
    pub fn id(&self) -> String {
        let mut id = String::new();
        for (key, position) in self.0.iter().filter(|(key, _)| is_key(key)) {
            let comma = if id.is_empty() { "" } else { "," };
            let head = position.head.as_nanosecond();
            // Writing to a String cannot fail.
            let _ = write!(
                id,
                "{comma}{key}={head}.{:x}.{}.{}",
                position.hash,
                position.count,
                position.newest.as_nanosecond() - head,
            );
        }
        id
    }

    /// Reads an `id`; what is none of ours is left out. It comes from a browser: nothing of it may get into an event
    /// that cannot stand in one.
    pub fn from_id(id: &str) -> Self {
        let entries = id.split(',').filter_map(|entry| {
            let (key, position) = entry.split_once('=').filter(|(key, _)| is_key(key))?;
            Some((key.to_owned(), Position::parse(position)?))
        });
        Self(entries.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_brings_positions_back() {
        let id = "0a1b2c3d-4e5f/main=1764000000123456789.811c9dc5.7.12,x/y=5.0.1.0";
        assert_eq!(Positions::from_id(id).id(), id);
        let position = Positions::from_id(id).get("0a1b2c3d-4e5f/main").unwrap();
        assert_eq!(position.since(), Timestamp::from_second(1_763_999_990).unwrap());
    }

    #[test]
    fn a_foreign_id_is_no_position() {
        let far = "99999999999999999999999999";
        for id in [
            "",
            "7",
            "a=b",
            "a=1",
            "a=1.2",
            "a=1.x.1.0",
            "a=1.0.0.0",
            "a=1.0.-1.0",
            "a\nevent: x=1.0.1.0",
            "a\r=1.0.1.0",
            "a\0=1.0.1.0",
        ] {
            assert_eq!(Positions::from_id(id), Positions::default(), "{id}");
        }
        for id in [
            format!("a={far}.0.1.0"),
            format!("a=1.0.1.{far}"),
            format!("a=1.0.1.{}", i128::MAX),
        ] {
            assert_eq!(Positions::from_id(&id), Positions::default(), "{id}");
        }
    }
}
