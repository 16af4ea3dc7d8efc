//! Reads the Pods and events of a Job by selectors: its project may have tens of thousands of others.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use futures::StreamExt;
use futures::stream;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::core::Selector;
use serde::Deserialize;
use serde_json::Value;

use app::api::error::ApiError;

use crate::jobs::events::version;
use crate::jobs::pods;
use crate::kubernetes::watch::Selection;
use crate::kubernetes::{Cluster, Kind};
use crate::operations::readable;

/// Maximum number of Pods of a Job whose events are read: each needs a request, and a watch on an open page.
const MAX_EVENT_PODS: usize = 20;

/// Maximum number of concurrent requests for one page.
const CONCURRENCY: usize = 8;

/// The Pods and events of a Job.
#[derive(Debug, Default)]
pub struct JobObjects {
    /// The Job's own Pods; `None` if they may not be listed.
    pub pods: Option<Vec<Value>>,
    /// Events about the Job, and about the Pods of `event_pods`; `None` if they may not be listed.
    pub events: Option<Vec<Value>>,
    /// Names of the Pods whose events were read: of those that exist, the ones that matter most; and those that are
    /// gone, as far as the Job's events name them.
    pub event_pods: Vec<String>,
    /// Number of Pods known, including those that are gone.
    pub known_pods: usize,
}

/// Reads the Pods and events of a Job. It does not have to exist any more.
pub async fn read(cluster: &Cluster, project: &str, job: &Value) -> Result<JobObjects, ApiError> {
    let mut objects = read_without_pod_events(cluster, project, job).await?;
    let Some(events) = &mut objects.events else {
        return Ok(objects);
    };
    let own = objects.pods.as_deref().unwrap_or_default();
    let uids: HashMap<&str, &str> = own.iter().map(|pod| (name(pod), uid(pod))).collect();
    let of_pods: Vec<Result<Vec<Value>, ApiError>> = stream::iter(objects.event_pods.clone())
        .map(|name| {
            let uids = &uids;
            async move {
                let listed = list(cluster, Kind::EVENTS, project, &pod_events(&name)).await;
                let mut events = readable(listed)?.unwrap_or_default();
                events.retain(|event| {
                    let about = &event["involvedObject"];
                    // Another Pod may have had the name before.
                    about["name"] == name.as_str()
                        && uids.get(name.as_str()).is_none_or(|uid| about["uid"] == *uid)
                });
                Ok(events)
            }
        })
        .buffered(CONCURRENCY)
        .collect()
        .await;
    for of_pod in of_pods {
        events.extend(of_pod?);
    }
    Ok(objects)
}

/// Reads the Pods of a Job and the events about the Job alone.
pub async fn read_without_pod_events(
    cluster: &Cluster,
    project: &str,
    job: &Value,
) -> Result<JobObjects, ApiError> {
    let about_job = job_events(uid(job));
    let (pods, events) = futures::join!(
        own_pods(cluster, project, job),
        list(cluster, Kind::EVENTS, project, &about_job),
    );
    let (pods, events) = (pods?, readable(events)?);
    let Some(mut events) = events else {
        return Ok(JobObjects {
            pods,
            ..JobObjects::default()
        });
    };
    events.retain(|event| event["involvedObject"]["uid"] == uid(job));
    let own = pods.as_deref().unwrap_or_default();
    let (event_pods, known_pods) = event_pods(own, &events, job);
    Ok(JobObjects {
        pods,
        events: Some(events),
        event_pods,
        known_pods,
    })
}

/// Lists the Pods that a Job controls; `None` if they may not be listed.
pub async fn own_pods(cluster: &Cluster, project: &str, job: &Value) -> Result<Option<Vec<Value>>, ApiError> {
    let pods = readable(list(cluster, Kind::PODS, project, &pods_of(job)).await)?;
    Ok(pods.map(|mut pods| {
        pods.retain(|pod| pods::is_owned_by(pod, uid(job)));
        pods
    }))
}

/// Selects the Pods of a Job, and possibly others.
pub fn pods_of(job: &Value) -> Selection {
    let selector = LabelSelector::deserialize(&job["spec"]["selector"]).ok();
    let selector = selector.and_then(|selector| Selector::try_from(selector).ok());
    Selection {
        fields: None,
        // An API server always sets the selector of a Job, and an empty one would select nothing.
        labels: selector
            .map(|selector| selector.to_string())
            .filter(|text| !text.is_empty()),
    }
}

/// Selects the events about the Job with this `uid`.
pub fn job_events(uid: &str) -> Selection {
    Selection {
        fields: Some(format!("involvedObject.uid={uid}")),
        labels: None,
    }
}

/// Selects the events about Pods of this name.
pub fn pod_events(name: &str) -> Selection {
    Selection {
        fields: Some(format!("involvedObject.kind=Pod,involvedObject.name={name}")),
        labels: None,
    }
}

async fn list(
    cluster: &Cluster,
    kind: Kind,
    project: &str,
    selection: &Selection,
) -> Result<Vec<Value>, ApiError> {
    let fields = selection.fields.as_deref().map(|text| ("fieldSelector", text));
    let labels = selection.labels.as_deref().map(|text| ("labelSelector", text));
    let query: Vec<_> = fields.into_iter().chain(labels).collect();
    cluster.list(&kind.collection(project)?, &query).await
}

/// Returns the names of the Pods whose events are read, and the number of all.
fn event_pods(own: &[Value], events: &[Value], job: &Value) -> (Vec<String>, usize) {
    let mut pods: Vec<&Value> = own.iter().collect();
    pods.sort_by_cached_key(|pod| importance(pod));
    let present: BTreeSet<&str> = pods.iter().map(|pod| name(pod)).collect();
    // `Created pod: pi-x7k2p`; of many such events only the last message is kept.
    let created = |event: &Value| -> Option<String> {
        let message = event["message"].as_str()?;
        let message = message.strip_prefix(COMBINED).unwrap_or(message);
        let name = message.strip_prefix("Created pod: ")?;
        let is_gone =
            name.starts_with(pod_name_prefix(self::name(job))) && is_name(name) && !present.contains(name);
        is_gone.then(|| name.to_owned())
    };
    let mut gone: Vec<(Reverse<u64>, String)> = events
        .iter()
        .filter(|event| event["reason"] == "SuccessfulCreate")
        .filter_map(|event| Some((Reverse(version(event)), created(event)?)))
        .collect();
    gone.sort();
    let mut seen = BTreeSet::new();
    gone.retain(|(_, name)| seen.insert(name.clone()));
    let known = pods.len() + gone.len();
    let gone = gone.into_iter().map(|(_, name)| name);
    let names = pods.into_iter().map(|pod| name(pod).to_owned()).chain(gone);
    (names.take(MAX_EVENT_PODS).collect(), known)
}

/// What the API's clients put before the message of the last of many similar events.
const COMBINED: &str = "(combined from similar events): ";

/// Returns the order in which Pods matter: those that do not run yet, those that run, those that failed, the others; the
/// newest first.
pub fn importance(pod: &Value) -> (u8, Reverse<String>) {
    let rank = match pod["status"]["phase"].as_str() {
        Some("Succeeded") => 3,
        Some("Failed") => 2,
        Some("Running") => 1,
        _ => 0,
    };
    let created = pod["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
    (rank, Reverse(created.to_owned()))
}

/// Whether a text can be a Pod's name; anything else could change the meaning of a selector.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
}

/// Returns a part of a Job's name that its Pods' names start with: at most 58 characters are kept, of which the index of
/// an Indexed Job and separators take some.
fn pod_name_prefix(name: &str) -> &str {
    name.get(..45).unwrap_or(name)
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_are_selected_as_the_job_selects_them() {
        let labels = |selector: Value| pods_of(&json!({"spec": {"selector": selector}})).labels;
        let by_uid = labels(json!({"matchLabels": {"controller-uid": "u1"}}));
        assert_eq!(by_uid.as_deref(), Some("controller-uid=u1"));
        let own = labels(json!({
            "matchLabels": {"app": "a"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["x", "y"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        }));
        assert_eq!(own.as_deref(), Some("app=a,tier in (x,y),!old"));
        assert_eq!(labels(Value::Null), None);
        assert_eq!(labels(json!({})), None);
    }

    #[test]
    fn events_are_read_of_the_pods_that_matter_most_then_of_those_that_are_gone() {
        let pod = |name: &str, phase: &str, second: usize| {
            json!({
                "metadata": {"name": name, "creationTimestamp": format!("2026-01-01T00:00:{second:02}Z")},
                "status": {"phase": phase},
            })
        };
        let own = [
            pod("pi-old", "Failed", 1),
            pod("pi-runs", "Running", 2),
            pod("pi-waits", "Pending", 0),
            pod("pi-new", "Succeeded", 2),
        ];
        let created =
            |text: &str| json!({"reason": "SuccessfulCreate", "message": format!("Created pod: {text}")});
        let events = [
            created("pi-gone"),
            json!({"reason": "SuccessfulCreate", "message": "(combined from similar events): Created pod: pi-later",
                "metadata": {"resourceVersion": "9"}}),
            created("pi-old"),
            created("other"),
            created("pi-x,involvedObject.uid=1"),
        ];
        let job = json!({"metadata": {"name": "pi"}});
        let names = ["pi-waits", "pi-runs", "pi-old", "pi-new", "pi-later", "pi-gone"];
        let names = names.map(str::to_owned).to_vec();
        assert_eq!(event_pods(&own, &events, &job), (names, 6));
        let many: Vec<_> = (0..50)
            .map(|number| pod(&format!("pi-{number}"), "Running", number))
            .collect();
        let (names, known) = event_pods(&many, &events, &job);
        assert_eq!((names.len(), known), (MAX_EVENT_PODS, 53));
        assert_eq!(names[0], "pi-49");
    }
}
