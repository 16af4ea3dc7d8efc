//! How far each container's log was sent, so that a reconnect loses and doubles no line.
//!
//! A log can be asked for from a second on, no finer. So a position is the newest line's exact time and how many
//! lines of that very time were sent: on reconnecting, older lines and that many are left out. All positions
//! together are the event's `id`, which the browser sends back as `Last-Event-ID`.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;

use super::line::Stamped;

/// How far one log was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Time of the newest line.
    pub at: Timestamp,
    /// How many lines of this time were sent.
    pub count: u32,
}

impl Position {
    /// After one more line. Out-of-order lines (standard output and error are written side by side) do not move it.
    pub fn after(position: Option<Self>, line: &Stamped) -> Option<Self> {
        let Some(at) = line.at else { return position };
        match position {
            Some(known) if known.at > at => Some(known),
            Some(known) if known.at == at => Some(Self {
                at,
                count: known.count + 1,
            }),
            _ => Some(Self { at, count: 1 }),
        }
    }
}

/// Leaves out the lines that were sent already.
#[derive(Debug)]
pub struct Filter {
    position: Option<Position>,
    seen: u32,
}

impl Filter {
    /// Of a log that was sent up to `position`.
    pub fn new(position: Option<Position>) -> Self {
        Self { position, seen: 0 }
    }

    /// Whether `line` is new.
    pub fn is_new(&mut self, line: &Stamped) -> bool {
        let (Some(position), Some(at)) = (self.position, line.at) else {
            return true;
        };
        if at == position.at {
            self.seen += 1;
            return self.seen > position.count;
        }
        // From the first newer line on everything is new, whatever its time.
        if at > position.at {
            self.position = None;
        }
        at > position.at
    }
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

    /// Notes that `line` is sent.
    pub fn sent(&mut self, key: &str, line: &Stamped) {
        if let Some(position) = Position::after(self.get(key), line) {
            self.0.insert(key.to_owned(), position);
        }
    }

    /// As an event's `id`: `UID/CONTAINER=NANOSECONDS.COUNT`, with commas between.
    pub fn id(&self) -> String {
        let mut id = String::new();
        for (key, position) in &self.0 {
            let comma = if id.is_empty() { "" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(
                id,
                "{comma}{key}={}.{}",
                position.at.as_nanosecond(),
                position.count
            );
        }
        id
    }

    /// Reads an `id`; what is none of ours is left out.
    pub fn from_id(id: &str) -> Self {
        let entries = id.split(',').filter_map(|entry| {
            let (key, position) = entry.split_once('=')?;
            let (at, count) = position.split_once('.')?;
            let at = Timestamp::from_nanosecond(at.parse().ok()?).ok()?;
            Some((
                key.to_owned(),
                Position {
                    at,
                    count: count.parse().ok()?,
                },
            ))
        });
        Self(entries.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(nanos: i128, text: &str) -> Stamped {
        let at = Timestamp::from_nanosecond(nanos).unwrap();
        Stamped {
            at: Some(at),
            time: at.to_string(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_reconnect_at_any_line_loses_and_doubles_nothing() {
        // Several lines of one time, as quick programs write them.
        let log: Vec<Stamped> = [5, 5, 5, 7, 7, 8, 9, 9, 9, 9]
            .iter()
            .enumerate()
            .map(|(number, nanos)| line(*nanos, &number.to_string()))
            .collect();
        for cut in 0..=log.len() {
            let mut positions = Positions::default();
            let mut received: Vec<&str> = Vec::new();
            for line in &log[..cut] {
                received.push(&line.text);
                positions.sent("pod/pi", line);
            }
            let restored = Positions::from_id(&positions.id());
            assert_eq!(restored, positions);
            let mut filter = Filter::new(restored.get("pod/pi"));
            // The cluster sends the whole second again.
            received.extend(
                log.iter()
                    .filter(|line| filter.is_new(line))
                    .map(|line| line.text.as_str()),
            );
            assert_eq!(
                received,
                ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_foreign_id_is_no_position() {
        for id in ["", "7", "a=b", "a=1", "a=1.x,b=99999999999999999999999999.1"] {
            assert_eq!(Positions::from_id(id), Positions::default(), "{id}");
        }
    }
}
