//! Tracks series of `events.k8s.io/v1` events like client-go's recorder: the second identical event about the same
//! state of an object turns the first one into a series; later ones are counted and not written.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::store::Key;

/// A series without a new event for this many seconds is finished.
const FINISHED_AFTER: i64 = 360;
/// Maximum number of events remembered.
const MAX_REMEMBERED: usize = 4096;

/// What identifies an event: component, uid and resourceVersion of the object, type, reason and action.
pub(crate) type EventIdentity = [String; 6];

#[derive(Debug)]
struct Candidate {
    event: Key,
    is_series: bool,
    last: Timestamp,
}

/// The events that may become series.
#[derive(Debug, Default)]
pub(crate) struct Series {
    candidates: HashMap<EventIdentity, Candidate>,
}

/// What to do with an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SeriesAction {
    /// Store it: it is the first one.
    First,
    /// Turn this stored event into a series.
    Second(Key),
    /// Only count it.
    Later,
}

impl Series {
    /// Observes an event that would be stored under `event`.
    pub(crate) fn observe(&mut self, identity: EventIdentity, event: Key, now: Timestamp) -> SeriesAction {
        self.candidates
            .retain(|_, candidate| now.as_second() - candidate.last.as_second() <= FINISHED_AFTER);
        if let Some(candidate) = self.candidates.get_mut(&identity) {
            candidate.last = now;
            if candidate.is_series {
                return SeriesAction::Later;
            }
            candidate.is_series = true;
            return SeriesAction::Second(candidate.event.clone());
        }
        if self.candidates.len() < MAX_REMEMBERED {
            let candidate = Candidate {
                event,
                is_series: false,
                last: now,
            };
            self.candidates.insert(identity, candidate);
        }
        SeriesAction::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::EVENTS;

    #[test]
    fn second_identical_event_starts_series_until_it_finishes() {
        let identity = |version: &str| {
            ["default-scheduler", "uid", version, "Warning", "No", "Binding"].map(str::to_owned)
        };
        let key = |name: &str| Key::new(&EVENTS, "demo", name);
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let mut series = Series::default();
        assert_eq!(
            series.observe(identity("1"), key("a"), at(0)),
            SeriesAction::First
        );
        // Another state of the object: another event.
        assert_eq!(
            series.observe(identity("2"), key("b"), at(0)),
            SeriesAction::First
        );
        assert_eq!(
            series.observe(identity("2"), key("c"), at(1)),
            SeriesAction::Second(key("b"))
        );
        assert_eq!(
            series.observe(identity("2"), key("d"), at(360)),
            SeriesAction::Later
        );
        assert_eq!(
            series.observe(identity("2"), key("e"), at(721)),
            SeriesAction::First
        );
    }
}
