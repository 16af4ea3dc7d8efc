//! The resume position of each container's log, so that a reconnect neither loses nor repeats a line.
//!
//! Lines are stored in order of arrival, which is not that of their timestamps: standard output and error are
//! written concurrently. With `sinceTime` the kubelet filters each line by itself, to the second. But a log only
//! grows, so the lines not older than a given second are the same ones, in the same order, whenever they are read.
//! A position is therefore a line of the log, its **head**, and the number of lines sent from the head on: after a
//! reconnect the log is requested from some seconds before the head's time, and everything up to the head, and that
//! many lines from it on, is skipped.
//!
//! The head advances once a second, to a line newer than all since the last head, so that little is read again; and
//! to a line more than [`DISORDER`] older than the head, which would otherwise not be requested. All positions
//! together form the event's `id`, which the browser sends back as `Last-Event-ID`: the server keeps no state.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

use crate::live::logs::line::TimestampedLine;

/// How much older than a preceding line a line may be so that a reconnect between the two does not lose it.
pub const DISORDER: SignedDuration = SignedDuration::from_secs(10);

/// How far a log was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Timestamp of the head.
    head: Timestamp,
    /// Hash of the head's text: other lines may have the same timestamp.
    hash: u32,
    /// Number of lines sent, from the head on.
    count: u32,
    /// Timestamp of the newest line sent.
    newest: Timestamp,
}

impl Position {
    /// Creates the position after this single line.
    pub fn at(line: &TimestampedLine, at: Timestamp) -> Self {
        Self {
            head: at,
            hash: hash(&line.text),
            count: 1,
            newest: at,
        }
    }

    /// Returns the `sinceTime` to request the log with.
    pub fn since(&self) -> Timestamp {
        let second = self.head.as_second().saturating_sub(DISORDER.as_secs());
        Timestamp::from_second(second).unwrap_or(Timestamp::MIN)
    }

    /// Returns the timestamp of the newest line sent.
    pub fn newest(&self) -> Timestamp {
        self.newest
    }

    /// Returns the number of lines sent, from the head on.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether this line is the head.
    pub fn is_head(&self, line: &TimestampedLine) -> bool {
        line.at == Some(self.head) && hash(&line.text) == self.hash
    }

    /// Returns the position after one more line, written at `at`; `top` is the newest timestamp from the head on.
    pub fn after(&self, line: &TimestampedLine, at: Timestamp, top: Timestamp) -> Self {
        let newest = self.newest.max(at);
        let advances = at > top && at.as_second() > self.head.as_second();
        if advances || at < self.since() {
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

/// Whether a key is safe in an event's `id`: names and uids of the API are graphic ASCII, and a line break would
/// start another field.
fn is_key(key: &str) -> bool {
    key.bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b',' && byte != b'=')
}

/// Hashes with FNV-1a: short, and the same in every version of the console, since browsers store it.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// Positions by container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Positions(BTreeMap<String, Position>);

impl Positions {
    /// Returns the key of a container's log in an `id`: the start of its Pod's `uid`, and its name.
    pub fn key(pod_uid: &str, container: &str) -> String {
        format!("{}/{container}", pod_uid.get(..13).unwrap_or(pod_uid))
    }

    /// Returns how far the log of `key` was sent.
    pub fn get(&self, key: &str) -> Option<Position> {
        self.0.get(key).copied()
    }

    /// Sets how far the log of `key` was sent.
    pub fn set(&mut self, key: &str, position: Position) {
        match self.0.get_mut(key) {
            Some(current) => *current = position,
            None => {
                self.0.insert(key.to_owned(), position);
            }
        }
    }

    /// Formats the positions as an event's `id`: `UID/CONTAINER=HEAD.HASH.COUNT.NEWEST`, separated by commas; the
    /// head's timestamp in nanoseconds, and the newest line's relative to it.
    pub fn id(&self) -> String {
        let mut id = String::new();
        for (key, position) in self.0.iter().filter(|(key, _)| is_key(key)) {
            let comma = if id.is_empty() { "" } else { "," };
            let head = position.head.as_nanosecond();
            // Writing to a `String` cannot fail.
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

    /// Parses an `id`; ignores invalid entries. It comes from a browser: nothing that is not allowed in an event
    /// may be echoed.
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
    fn positions_survive_a_round_trip_through_an_id() {
        let id = "0a1b2c3d-4e5f/main=1764000000123456789.811c9dc5.7.12,x/y=5.0.1.0";
        assert_eq!(Positions::from_id(id).id(), id);
        let position = Positions::from_id(id).get("0a1b2c3d-4e5f/main").unwrap();
        assert_eq!(position.since(), Timestamp::from_second(1_763_999_990).unwrap());
    }

    #[test]
    fn invalid_id_is_ignored() {
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
