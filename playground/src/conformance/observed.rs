//! The lives of a namespace's Jobs, Pods and Events, as a watch sees them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::normal::{differences, generated_names, normal};
use crate::Playground;
use crate::resource::{EVENTS, JOBS};

/// Follows a namespace.
pub(super) struct Recorder {
    playground: Playground,
    namespace: String,
}

impl Recorder {
    /// Begins.
    pub(super) fn start(playground: &Playground, namespace: &str) -> Self {
        Self {
            playground: playground.clone(),
            namespace: namespace.to_owned(),
        }
    }

    /// Compares how the Jobs ended and which events there were.
    pub(super) async fn compare(&self, recorded: &Value) -> Vec<String> {
        // What the last request set off needs a moment.
        tokio::time::sleep(std::time::Duration::from_millis(700)).await;
        let store = &self.playground.cluster.store;
        let objects = |resource| -> Vec<Value> {
            let listed = store.list(resource, Some(&self.namespace));
            listed
                .map(|(all, _)| all.iter().map(|one| Value::clone(one)).collect())
                .unwrap_or_default()
        };
        let mut names = Vec::new();
        generated_names(&json!(objects(&crate::resource::PODS)), &mut names);
        let mut recorded_names = Vec::new();
        generated_names(recorded, &mut recorded_names);
        let mut found = Vec::new();
        let want = last_states(&recorded["jobs"], &recorded_names);
        let got: Value = objects(&JOBS)
            .iter()
            .map(|job| (text(job), normal(&job["status"], &names)))
            .collect();
        differences("observed jobs", &want, &got, &mut found);
        let last = |event: &Value| event["object"].clone();
        let recorded: Vec<Value> = recorded["events"]
            .as_array()
            .into_iter()
            .flatten()
            .map(last)
            .collect();
        let (want, got) = (told(&recorded, &recorded_names), told(&objects(&EVENTS), &names));
        found.extend(
            want.difference(&got)
                .map(|event| format!("observed event missing: {event}")),
        );
        found.extend(
            got.difference(&want)
                .map(|event| format!("observed event too much: {event}")),
        );
        found
    }
}

fn text(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

/// The last status of every Job that is still there.
fn last_states(events: &Value, names: &[(String, String)]) -> Value {
    let mut last = serde_json::Map::new();
    for event in events.as_array().into_iter().flatten() {
        if event["type"] == "DELETED" {
            last.remove(&text(&event["object"]));
        } else {
            last.insert(text(&event["object"]), normal(&event["object"]["status"], names));
        }
    }
    last.into()
}

fn told(events: &[Value], names: &[(String, String)]) -> BTreeSet<String> {
    events
        .iter()
        .map(|event| {
            let event = normal(event, names);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let message = text(&event["message"]);
            let message = message
                .split("/node-")
                .next()
                .unwrap_or_default()
                .replace("<random>", "*");
            let message = message.split(" to node-").next().unwrap_or_default().to_owned();
            let random = regex::Regex::new(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b");
            let message = random
                .map(|random| random.replace_all(&message, "-*").into_owned())
                .unwrap_or(message);
            format!(
                "{} {} {} {message}",
                text(&event["type"]),
                text(&event["reason"]),
                text(&event["involvedObject"]["kind"])
            )
        })
        .collect()
}
