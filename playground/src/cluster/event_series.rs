//! Tracks series of `events.k8s.io/v1` events like client-go's recorder: the second identical event about the same
//! state of an object turns the first one into a series; later ones are counted and not written.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::store::Key;

/// A series without a new event for this many seconds is finished.
const OVER_AFTER: i64 = 360;
/// Maximum number of events remembered.
const MEMORY: usize = 4096;

/// What identifies an event: component, uid and resourceVersion of the object, type, reason and action.
pub(crate) type Same = [String; 6];

#[derive(Debug)]
struct Begun {
    event: Key,
    is_series: bool,
    last: Timestamp,
}

/// The events that may become series.
#[derive(Debug, Default)]
pub(crate) struct Series {
    begun: HashMap<Same, Begun>,
}

/// What to do with an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Store it: it is the first one.
    First,
    /// Turn this stored event into a series.
    Second(Key),
    /// Only count it.
    Later,
}

impl Series {
    /// Observes an event that would be stored under `event`.
    pub(crate) fn observe(&mut self, same: Same, event: Key, now: Timestamp) -> Part {
        self.begun
            .retain(|_, begun| now.as_second() - begun.last.as_second() <= OVER_AFTER);
        if let Some(begun) = self.begun.get_mut(&same) {
            begun.last = now;
            if begun.is_series {
                return Part::Later;
            }
            begun.is_series = true;
            return Part::Second(begun.event.clone());
        }
        if self.begun.len() < MEMORY {
            let begun = Begun {
                event,
                is_series: false,
                last: now,
            };
            self.begun.insert(same, begun);
        }
        Part::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::EVENTS;

    #[test]
    fn second_identical_event_starts_series_until_it_finishes() {
        let same = |version: &str| {
            ["default-scheduler", "uid", version, "Warning", "No", "Binding"].map(str::to_owned)
        };
        let key = |name: &str| Key::new(&EVENTS, "demo", name);
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut series = Series::default();
        assert_eq!(series.observe(same("1"), key("a"), at(0)), Part::First);
        // Another state of the object: another event.
        assert_eq!(series.observe(same("2"), key("b"), at(0)), Part::First);
        assert_eq!(series.observe(same("2"), key("c"), at(1)), Part::Second(key("b")));
        assert_eq!(series.observe(same("2"), key("d"), at(360)), Part::Later);
        assert_eq!(series.observe(same("2"), key("e"), at(721)), Part::First);
    }
}
