//! Series of `events.k8s.io/v1` events, as client-go's recorder keeps them: the second event of the same about the same
//! state of an object makes the first one a series; those after it are counted and not written.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::store::Key;

/// A series that has not been heard of for this many seconds is over.
const OVER_AFTER: i64 = 360;
/// How many are remembered.
const MEMORY: usize = 4096;

/// What makes two events the same: component, uid and resourceVersion of the object, type, reason and action.
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

/// What is to be done with an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It is the first one.
    First,
    /// It makes this event a series.
    Second(Key),
    /// It is counted.
    Later,
}

impl Series {
    /// Takes an event that would be stored under `event`.
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
    fn the_second_of_the_same_makes_a_series_until_it_is_over() {
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
