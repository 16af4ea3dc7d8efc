//! Correlates events like client-go's `EventCorrelator`: repeated events increment a count, the tenth of similar
//! events and later ones are aggregated, and a source that sends too many is rate limited.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use jiff::Timestamp;

/// Events that differ only in their message are similar; this many in [`SIMILAR_WITHIN`] seconds are aggregated.
const MOST_SIMILAR: usize = 10;
/// Time window for similar events, in seconds.
const SIMILAR_WITHIN: i64 = 600;
/// Number of events that a component may send about an object in a burst.
const BURST: f64 = 25.0;
/// Seconds until it may send one more.
const ONE_MORE_AFTER: f64 = 300.0;
/// Maximum number of entries remembered of each kind.
const MEMORY: usize = 4096;

/// The source and reason of an event about an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Saying {
    /// The reporting component.
    pub component: String,
    /// The object's uid.
    pub about: String,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// The reason.
    pub reason: String,
}

/// An event to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The event's name: that of the first one, if it is repeated.
    pub name: String,
    /// How often it has occurred.
    pub count: i64,
    /// When it occurred first.
    pub first: Timestamp,
    /// The message.
    pub message: String,
}

#[derive(Clone, Debug)]
struct Similar {
    messages: HashSet<String>,
    last: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    last: Timestamp,
}

/// Recent events.
#[derive(Debug, Default)]
pub(crate) struct Correlator {
    similar: HashMap<Saying, Similar>,
    /// By key, and by message unless aggregated.
    told: HashMap<(Saying, Option<String>), (Told, Timestamp)>,
    talkers: HashMap<(String, String), Bucket>,
}

impl Correlator {
    /// Returns the event to store, under `name` if it is new; `None` if it exceeds the rate limit.
    pub(crate) fn observe(
        &mut self,
        saying: Saying,
        message: &str,
        name: &str,
        now: Timestamp,
    ) -> Option<Told> {
        let combined = self.combine(&saying, message, now);
        let talker = (saying.component.clone(), saying.about.clone());
        let key = (saying, (!combined).then(|| message.to_owned()));
        make_room(&mut self.told, |(_, last)| *last);
        let (told, last) = self.told.entry(key).or_insert_with(|| {
            let first = Told {
                name: name.to_owned(),
                count: 0,
                first: now,
                message: String::new(),
            };
            (first, now)
        });
        told.count += 1;
        *last = now;
        told.message = if combined {
            format!("(combined from similar events): {message}")
        } else {
            message.to_owned()
        };
        let told = told.clone();
        self.may_talk(talker, now).then_some(told)
    }

    /// Whether the event is one of many similar ones.
    fn combine(&mut self, saying: &Saying, message: &str, now: Timestamp) -> bool {
        make_room(&mut self.similar, |similar| similar.last);
        let similar = self.similar.entry(saying.clone()).or_insert_with(|| Similar {
            messages: HashSet::new(),
            last: now,
        });
        if now.as_second() - similar.last.as_second() > SIMILAR_WITHIN {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(message.to_owned());
        let combined = similar.messages.len() >= MOST_SIMILAR;
        if combined {
            // The set is bounded: which message is dropped makes no difference to the count.
            let one = similar.messages.iter().next().cloned();
            similar.messages.remove(&one.unwrap_or_default());
        }
        combined
    }

    fn may_talk(&mut self, talker: (String, String), now: Timestamp) -> bool {
        make_room(&mut self.talkers, |bucket| bucket.last);
        let bucket = self.talkers.entry(talker).or_insert(Bucket {
            left: BURST,
            last: now,
        });
        let passed = now.duration_since(bucket.last).as_secs_f64().max(0.0);
        bucket.left = (bucket.left + passed / ONE_MORE_AFTER).min(BURST);
        bucket.last = now;
        let may = bucket.left >= 1.0;
        if may {
            bucket.left -= 1.0;
        }
        may
    }
}

/// Evicts the least recently used entry if there are too many.
fn make_room<K: Clone + Eq + Hash, V>(map: &mut HashMap<K, V>, used: impl Fn(&V) -> Timestamp) {
    if map.len() < MEMORY {
        return;
    }
    let oldest = map
        .iter()
        .min_by_key(|(_, value)| used(value))
        .map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        map.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn saying() -> Saying {
        let text = str::to_owned;
        Saying {
            component: text("job-controller"),
            about: text("uid"),
            kind: text("Warning"),
            reason: text("FailedCreate"),
        }
    }

    #[test]
    fn repeated_event_increments_count() {
        let mut correlator = Correlator::default();
        let first = correlator.observe(saying(), "no", "a", at(0)).unwrap();
        assert_eq!((first.name.as_str(), first.count), ("a", 1));
        let again = correlator.observe(saying(), "no", "b", at(9)).unwrap();
        assert_eq!((again.name.as_str(), again.count, again.first), ("a", 2, at(0)));
    }

    #[test]
    fn tenth_and_later_similar_events_are_aggregated() {
        let mut correlator = Correlator::default();
        let mut tell = |number: i64| {
            let name = format!("event-{number}");
            let told = correlator.observe(saying(), &format!("pod {number}"), &name, at(number));
            told.map(|told| (told.name, told.count, told.message)).unwrap()
        };
        for number in 1..10 {
            assert_eq!(
                tell(number),
                (format!("event-{number}"), 1, format!("pod {number}"))
            );
        }
        let combined = |number: i64| format!("(combined from similar events): pod {number}");
        assert_eq!(tell(10), ("event-10".to_owned(), 1, combined(10)));
        assert_eq!(tell(11), ("event-10".to_owned(), 2, combined(11)));
        // After ten minutes without any, they are reported one by one again.
        assert_eq!(tell(700), ("event-700".to_owned(), 1, "pod 700".to_owned()));
    }

    #[test]
    fn events_above_rate_limit_are_dropped() {
        let mut correlator = Correlator::default();
        let heard = (0..40).filter(|_| correlator.observe(saying(), "no", "a", at(0)).is_some());
        assert_eq!(heard.count(), 25);
        assert!(correlator.observe(saying(), "no", "a", at(299)).is_none());
        assert!(correlator.observe(saying(), "no", "a", at(301)).is_some());
    }
}
