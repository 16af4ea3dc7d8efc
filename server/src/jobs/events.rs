//! Events as rows of the Job page, and the state of Jobs and Pods that they reveal.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use app::api::event::EventRow;
use app::api::job::{Millis, Reason};
use app::foreign_text::visible;

use crate::jobs::timestamps::millis;

/// Builds the row of an event. Reporters of the `events.k8s.io` API leave the older fields empty, and vice versa.
pub fn row(event: &Value) -> EventRow {
    let text = |value: &Value| visible(value.as_str().unwrap_or_default()).into_owned();
    let about = &event["involvedObject"];
    let source = match event["source"]["component"].as_str() {
        Some(component) if !component.is_empty() => visible(component).into_owned(),
        _ => text(&event["reportingComponent"]),
    };
    EventRow {
        uid: text(&event["metadata"]["uid"]),
        warning: event["type"] == "Warning",
        reason: text(&event["reason"]),
        message: text(&event["message"]),
        object: format!("{}/{}", text(&about["kind"]), text(&about["name"])),
        source,
        count: event["count"]
            .as_i64()
            .or_else(|| event["series"]["count"].as_i64())
            .unwrap_or(1),
        last: last(event),
    }
}

/// Returns when an event last occurred.
fn last(event: &Value) -> Millis {
    [
        &event["series"]["lastObservedTime"],
        &event["lastTimestamp"],
        &event["eventTime"],
        &event["firstTimestamp"],
        &event["metadata"]["creationTimestamp"],
    ]
    .into_iter()
    .find_map(millis)
    .unwrap_or_default()
}

/// Returns the order in which events were written: their resource version, or zero.
pub fn version(event: &Value) -> u64 {
    let version = event["metadata"]["resourceVersion"].as_str();
    version
        .and_then(|version| version.parse().ok())
        .unwrap_or_default()
}

/// The latest state of Jobs and Pods according to their events; all other events are ignored.
#[derive(Debug, Default)]
pub struct EventIndex(HashMap<Key, Latest>);

/// Namespace and `uid` of an object: whoever may create events in one project could otherwise forge those of another.
type Key = (String, String);

/// Returns the object that an event is about.
fn subject(event: &Value) -> Option<Key> {
    let about = &event["involvedObject"];
    let namespace = about["namespace"]
        .as_str()
        .or_else(|| event["metadata"]["namespace"].as_str());
    Some((
        namespace.unwrap_or_default().to_owned(),
        about["uid"].as_str()?.to_owned(),
    ))
}

/// The newest state-changing event about one object.
#[derive(Debug)]
struct Latest {
    at: Millis,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The Job controller could not create a Pod, with the event's message.
    Refused(String),
    /// The kubelet is pulling this image.
    Pulling(String),
    /// Something keeps the Pod from starting, with the event's reason and message: a volume, the network, a node.
    Trouble(String, String),
    /// The previous state has ended.
    Ended,
}

impl State {
    /// Returns the state that an event reports.
    fn of(event: &Value) -> Option<Self> {
        let message = event["message"].as_str().unwrap_or_default();
        match event["reason"].as_str()? {
            "FailedCreate" => Some(Self::Refused(message.to_owned())),
            // `Pulling image "perl:5"`
            "Pulling" => {
                let image = message.split('"').nth(1).unwrap_or(message);
                Some(Self::Pulling(image.to_owned()))
            }
            reason @ ("FailedMount"
            | "FailedAttachVolume"
            | "FailedMapVolume"
            | "FailedCreatePodSandBox"
            | "FailedPodSandBoxStatus"
            | "FailedScheduling"
            | "NetworkNotReady") => Some(Self::Trouble(reason.to_owned(), message.to_owned())),
            // The node is found, the volume is there, or a later step has been reached.
            "SuccessfulCreate"
            | "Scheduled"
            | "SuccessfulAttachVolume"
            | "Pulled"
            | "Failed"
            | "Created"
            | "Started" => Some(Self::Ended),
            _ => None,
        }
    }
}

impl EventIndex {
    /// Whether an event changes the state of its object.
    pub fn is_relevant(event: &Value) -> bool {
        State::of(event).is_some()
    }

    /// Adds an event; returns the `uid` of the object whose state it may change.
    pub fn add<'a>(&mut self, event: &'a Value) -> Option<&'a str> {
        let uid = event["involvedObject"]["uid"].as_str()?;
        let state = State::of(event)?;
        // A time in the future would outrank all that happens until then.
        let at = last(event).min(Timestamp::now().as_millisecond());
        let key = subject(event)?;
        let known = self.0.get(&key).map(|latest| latest.at);
        if known.is_some_and(|known| known > at) {
            return None;
        }
        self.0.insert(key, Latest { at, state });
        Some(uid)
    }

    /// Removes an object of which only the end of a state is known, once that event has expired. A refusal stays true.
    pub fn expire(&mut self, event: &Value) {
        let Some(key) = subject(event) else { return };
        let is_ended = |latest: &Latest| latest.at <= last(event) && matches!(latest.state, State::Ended);
        if self.0.get(&key).is_some_and(is_ended) {
            self.0.remove(&key);
        }
    }

    /// Removes a deleted object.
    pub fn forget(&mut self, namespace: &str, uid: &str) {
        self.0.remove(&(namespace.to_owned(), uid.to_owned()));
    }

    /// Returns why the latest attempt to create a Pod of `job` was refused.
    pub fn refused(&self, job: &Value) -> Option<&str> {
        match &self.about(job)?.state {
            State::Refused(message) => Some(message),
            State::Pulling(_) | State::Trouble(..) | State::Ended => None,
        }
    }

    /// Returns what keeps `pod` from starting.
    pub fn trouble(&self, pod: &Value) -> Option<Reason> {
        match &self.about(pod)?.state {
            State::Trouble(code, message) => Some(Reason::new(code, message)),
            State::Refused(_) | State::Pulling(_) | State::Ended => None,
        }
    }

    /// Returns the image that is being pulled for `pod`.
    pub fn pulling(&self, pod: &Value) -> Option<&str> {
        match &self.about(pod)?.state {
            State::Pulling(image) => Some(image),
            State::Refused(_) | State::Trouble(..) | State::Ended => None,
        }
    }

    fn about(&self, object: &Value) -> Option<&Latest> {
        let metadata = &object["metadata"];
        let uid = metadata["uid"].as_str()?;
        let namespace = metadata["namespace"].as_str().unwrap_or_default();
        // An API server always names the namespace.
        let get = |namespace: &str| self.0.get(&(namespace.to_owned(), uid.to_owned()));
        get(namespace).or_else(|| get(""))
    }
}

impl<'a> FromIterator<&'a Value> for EventIndex {
    fn from_iter<I: IntoIterator<Item = &'a Value>>(events: I) -> Self {
        let mut index = Self::default();
        for event in events {
            index.add(event);
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn core_and_events_k8s_io_events_give_the_same_row() {
        let old = json!({
            "metadata": {"uid": "1"}, "type": "Warning", "reason": "BackOff", "message": "waits", "count": 3,
            "involvedObject": {"kind": "Pod", "name": "pi-x"}, "source": {"component": "kubelet"},
            "lastTimestamp": "1970-01-01T00:00:02Z", "eventTime": null,
        });
        let new = json!({
            "metadata": {"uid": "1"}, "type": "Warning", "reason": "BackOff", "message": "waits",
            "involvedObject": {"kind": "Pod", "name": "pi-x"}, "reportingComponent": "kubelet", "source": {},
            "eventTime": "1970-01-01T00:00:01.000000Z",
            "series": {"count": 3, "lastObservedTime": "1970-01-01T00:00:02.000000Z"},
        });
        assert_eq!(row(&old), row(&new));
        assert_eq!(row(&old).last, 2000);
    }

    /// Whoever may create events in one project must not change what is shown of another, now or later.
    #[test]
    fn events_count_only_in_their_namespace_and_not_in_advance() {
        let event = |namespace: &str, reason: &str, time: &str| {
            json!({
                "involvedObject": {"namespace": namespace, "uid": "1"}, "reason": reason, "message": "forged",
                "lastTimestamp": time,
            })
        };
        let job = json!({"metadata": {"namespace": "a", "uid": "1"}});
        let past = "2026-01-01T00:00:00Z";
        let forged: EventIndex = [&event("b", "FailedCreate", past)].into_iter().collect();
        assert_eq!(forged.refused(&job), None);
        let early = event("a", "FailedCreate", "2999-01-01T00:00:00Z");
        let mut index: EventIndex = [&early].into_iter().collect();
        assert_eq!(index.refused(&job), Some("forged"));
        index.add(&event("a", "SuccessfulCreate", "2999-01-01T00:00:00Z"));
        assert_eq!(index.refused(&job), None);
    }
}
