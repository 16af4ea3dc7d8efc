//! Correlates events like client-go's `EventCorrelator`: repeated events increment a count, the tenth of similar
//! events and later ones are aggregated, and a source that sends too many is rate limited.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use jiff::Timestamp;

/// Events that differ only in their message are similar; this many in [`SIMILAR_PERIOD`] seconds are aggregated.
const MAX_SIMILAR: usize = 10;
/// Time window for similar events, in seconds.
const SIMILAR_PERIOD: i64 = 600;
/// Number of events that a component may send about an object in a burst.
const BURST: f64 = 25.0;
/// Seconds until it may send one more.
const REFILL_SECONDS: f64 = 300.0;
/// Maximum number of entries remembered of each kind.
const MAX_REMEMBERED: usize = 4096;

/// The source and reason of an event about an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EventSource {
    /// The reporting component.
    pub component: String,
    /// The object's uid.
    pub object_uid: String,
    /// `Normal` or `Warning`.
    pub kind: String,
    /// The reason.
    pub reason: String,
}

/// An event to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CorrelatedEvent {
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
    similar: HashMap<EventSource, Similar>,
    /// By key, and by message unless aggregated.
    recent: HashMap<(EventSource, Option<String>), (CorrelatedEvent, Timestamp)>,
    buckets: HashMap<(String, String), Bucket>,
}

impl Correlator {
    /// Returns the event to store, under `name` if it is new; `None` if it exceeds the rate limit.
    pub(crate) fn observe(
        &mut self,
        source: EventSource,
        message: &str,
        name: &str,
        now: Timestamp,
    ) -> Option<CorrelatedEvent> {
        let is_aggregated = self.aggregate(&source, message, now);
        let source_key = (source.component.clone(), source.object_uid.clone());
        let key = (source, (!is_aggregated).then(|| message.to_owned()));
        evict_oldest(&mut self.recent, |(_, last)| *last);
        let (event, last) = self.recent.entry(key).or_insert_with(|| {
            let first = CorrelatedEvent {
                name: name.to_owned(),
                count: 0,
                first: now,
                message: String::new(),
            };
            (first, now)
        });
        event.count += 1;
        *last = now;
        event.message = if is_aggregated {
            format!("(combined from similar events): {message}")
        } else {
            message.to_owned()
        };
        let event = event.clone();
        self.is_within_rate(source_key, now).then_some(event)
    }

    /// Whether the event is one of many similar ones.
    fn aggregate(&mut self, source: &EventSource, message: &str, now: Timestamp) -> bool {
        evict_oldest(&mut self.similar, |similar| similar.last);
        let similar = self.similar.entry(source.clone()).or_insert_with(|| Similar {
            messages: HashSet::new(),
            last: now,
        });
        if now.as_second() - similar.last.as_second() > SIMILAR_PERIOD {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(message.to_owned());
        let is_aggregated = similar.messages.len() >= MAX_SIMILAR;
        if is_aggregated {
            // The set is bounded: which message is dropped makes no difference to the count.
            let one = similar.messages.iter().next().cloned();
            similar.messages.remove(&one.unwrap_or_default());
        }
        is_aggregated
    }

    fn is_within_rate(&mut self, source_key: (String, String), now: Timestamp) -> bool {
        evict_oldest(&mut self.buckets, |bucket| bucket.last);
        let bucket = self.buckets.entry(source_key).or_insert(Bucket {
            left: BURST,
            last: now,
        });
        let passed = now.duration_since(bucket.last).as_secs_f64().max(0.0);
        bucket.left = (bucket.left + passed / REFILL_SECONDS).min(BURST);
        bucket.last = now;
        let is_allowed = bucket.left >= 1.0;
        if is_allowed {
            bucket.left -= 1.0;
        }
        is_allowed
    }
}

/// Evicts the least recently used entry if there are too many.
fn evict_oldest<K: Clone + Eq + Hash, V>(map: &mut HashMap<K, V>, used: impl Fn(&V) -> Timestamp) {
    if map.len() < MAX_REMEMBERED {
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

    fn source() -> EventSource {
        let text = str::to_owned;
        EventSource {
            component: text("job-controller"),
            object_uid: text("uid"),
            kind: text("Warning"),
            reason: text("FailedCreate"),
        }
    }

    #[test]
    fn repeated_event_increments_count() {
        let mut correlator = Correlator::default();
        let first = correlator.observe(source(), "no", "a", at(0)).unwrap();
        assert_eq!((first.name.as_str(), first.count), ("a", 1));
        let repeated = correlator.observe(source(), "no", "b", at(9)).unwrap();
        assert_eq!(
            (repeated.name.as_str(), repeated.count, repeated.first),
            ("a", 2, at(0))
        );
    }

    #[test]
    fn tenth_and_later_similar_events_are_aggregated() {
        let mut correlator = Correlator::default();
        let mut observe = |number: i64| {
            let name = format!("event-{number}");
            let event = correlator.observe(source(), &format!("pod {number}"), &name, at(number));
            event
                .map(|event| (event.name, event.count, event.message))
                .unwrap()
        };
        for number in 1..10 {
            assert_eq!(
                observe(number),
                (format!("event-{number}"), 1, format!("pod {number}"))
            );
        }
        let aggregated = |number: i64| format!("(combined from similar events): pod {number}");
        assert_eq!(observe(10), ("event-10".to_owned(), 1, aggregated(10)));
        assert_eq!(observe(11), ("event-10".to_owned(), 2, aggregated(11)));
        // After ten minutes without any, they are reported one by one again.
        assert_eq!(observe(700), ("event-700".to_owned(), 1, "pod 700".to_owned()));
    }

    #[test]
    fn events_above_rate_limit_are_dropped() {
        let mut correlator = Correlator::default();
        let accepted = (0..40).filter(|_| correlator.observe(source(), "no", "a", at(0)).is_some());
        assert_eq!(accepted.count(), 25);
        assert!(correlator.observe(source(), "no", "a", at(299)).is_none());
        assert!(correlator.observe(source(), "no", "a", at(301)).is_some());
    }
}
