//! Compares the life cycles of a namespace's Jobs, Pods and Events, as watches see them.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use regex::Regex;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::conformance::normalize::{generated_names, normal};
use crate::conformance::replay::{Client, ReplayError};
use crate::conformance::states::{agree, divergence};

/// Maximum time for the effects of the last request.
const TIMEOUT: Duration = Duration::from_secs(6);
/// Minimum time, so that unexpected events can arrive.
const MIN_WAIT: Duration = Duration::from_millis(1200);

/// Names that appear in no state, only in messages.
static RANDOM_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"-([bcdfghjklmnpqrstvwxz2456789]{5}|<random>)\b").ok());
static NODE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r" to node-\w+$").ok());

/// Events as they arrive.
type Events = Arc<Mutex<Vec<Value>>>;

/// Watches a namespace.
pub(super) struct Recorder {
    watches: Vec<(&'static str, Events, JoinHandle<()>)>,
}

impl Recorder {
    /// Opens a watch for each list that was recorded.
    pub(super) async fn start(
        client: &Client,
        namespace: &str,
        recorded: &Value,
    ) -> Result<Self, ReplayError> {
        let mut watches = Vec::new();
        for (list, path) in [
            ("jobs", "/apis/batch/v1/namespaces"),
            ("pods", "/api/v1/namespaces"),
            ("events", "/api/v1/namespaces"),
        ] {
            if !recorded[list].is_array() {
                continue;
            }
            let body = client.open_watch(&format!("{path}/{namespace}/{list}")).await?;
            let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
            let into = Arc::clone(&seen);
            let task = tokio::spawn(async move {
                let mut frames = body.into_data_stream();
                let mut rest: Vec<u8> = Vec::new();
                while let Some(Ok(frame)) = frames.next().await {
                    rest.extend_from_slice(&frame);
                    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                        let line: Vec<u8> = rest.drain(..=end).collect();
                        if let Ok(event) = serde_json::from_slice(&line) {
                            into.lock().unwrap_or_else(PoisonError::into_inner).push(event);
                        }
                    }
                }
            });
            watches.push((list, seen, task));
        }
        Ok(Self { watches })
    }

    /// Compares the life cycles with the recorded ones once nothing changes any more; `cut` is what had been seen
    /// before the last request.
    pub(super) async fn compare(self, recorded: &Value, cut: Value) -> Vec<String> {
        // The recording ended with the last response; what was in flight then may be in it or not.
        if [cut, self.seen()]
            .iter()
            .any(|seen| self.differences(recorded, seen).is_empty())
        {
            return Vec::new();
        }
        let until = tokio::time::Instant::now() + TIMEOUT;
        tokio::time::sleep(MIN_WAIT).await;
        loop {
            let found = self.differences(recorded, &self.seen());
            if found.is_empty() || tokio::time::Instant::now() > until {
                for (_, _, task) in &self.watches {
                    task.abort();
                }
                return found;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Returns everything seen so far.
    pub(super) fn seen(&self) -> Value {
        let mut seen = json!({});
        for (list, events, _) in &self.watches {
            let events = events.lock().unwrap_or_else(PoisonError::into_inner);
            seen[*list] = events.clone().into();
        }
        seen
    }

    fn differences(&self, recorded: &Value, seen: &Value) -> Vec<String> {
        let (mut then, mut now) = (Vec::new(), Vec::new());
        generated_names(recorded, &mut then);
        generated_names(seen, &mut now);
        let mut found = Vec::new();
        for (list, _, _) in &self.watches {
            if *list == "events" {
                let (want, got) = (
                    event_summaries(&recorded[*list], &then),
                    event_summaries(&seen[*list], &now),
                );
                found.extend(
                    want.difference(&got)
                        .map(|one| format!("observed event missing: {one}")),
                );
                found.extend(
                    got.difference(&want)
                        .map(|one| format!("observed event too much: {one}")),
                );
            } else {
                found.extend(lives(list, (&recorded[*list], &then), (&seen[*list], &now)));
            }
        }
        found
    }
}

type Names = Vec<(String, String)>;

/// Compares the life cycles of all objects of a list: each recorded one needs one that agrees.
fn lives(list: &str, recorded: (&Value, &Names), seen: (&Value, &Names)) -> Vec<String> {
    let (want, got) = (by_object(list, recorded), by_object(list, seen));
    let mut left: Vec<&(String, Vec<Value>)> = got.iter().collect();
    let mut out = Vec::new();
    for (name, life) in &want {
        let same = |other: &&(String, Vec<Value>)| other.0 == *name;
        match left.iter().position(|other| same(other) && agree(life, &other.1)) {
            Some(at) => {
                left.remove(at);
            }
            None => match left.iter().find(|other| same(other)) {
                Some(other) => out.extend(divergence(&format!("observed {list}/{name}"), life, &other.1)),
                None => out.push(format!("observed {list}/{name}: missing")),
            },
        }
    }
    if got.len() > want.len() {
        out.push(format!(
            "observed {list}: {} objects, recorded {}",
            got.len(),
            want.len()
        ));
    }
    out
}

/// Returns the states of each object, by its name or placeholder, in the order of its first one.
fn by_object(list: &str, (events, names): (&Value, &Names)) -> Vec<(String, Vec<Value>)> {
    let mut lives: Vec<(String, String, Vec<Value>)> = Vec::new();
    for event in events.as_array().into_iter().flatten() {
        let uid = event["object"]["metadata"]["uid"].as_str().unwrap_or_default();
        let mut state = event.clone();
        if event["type"] != "ADDED" {
            later(list, &mut state["object"]["spec"]);
        }
        crate::conformance::exchange::drop_managers(&mut state);
        let state = crate::api::without_nulls(normal(&state, names));
        let name = state["object"]["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        match lives.iter_mut().find(|(known, _, _)| known == uid) {
            Some((_, _, life)) => life.push(state),
            None => lives.push((uid.to_owned(), name, vec![state])),
        }
    }
    lives.into_iter().map(|(_, name, life)| (name, life)).collect()
}

/// Removes what was not recorded of a spec after the first state.
fn later(list: &str, spec: &mut Value) {
    let Some(members) = spec.as_object_mut() else {
        return;
    };
    if list == "pods" {
        members.retain(|name, _| matches!(name.as_str(), "nodeName" | "schedulingGates"));
    } else {
        members.remove("template");
    }
}

/// Returns the events, each as type, reason, kind and message.
fn event_summaries(events: &Value, names: &Names) -> BTreeSet<String> {
    let last = events
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| &event["object"]);
    last.map(|event| {
        let event = normal(event, names);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut message = text(&event["message"]);
        for (pattern, stand_in) in [(&*RANDOM_NAME, "-*"), (&*NODE, " to <node>")] {
            if let Some(pattern) = pattern {
                message = pattern.replace_all(&message, stand_in).into_owned();
            }
        }
        format!(
            "{} {} {} {message}",
            text(&event["type"]),
            text(&event["reason"]),
            text(&event["involvedObject"]["kind"])
        )
    })
    .collect()
}
