//! Tables: how `kubectl get` asks for its columns.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::resource::Resource;

/// The client prefers a table.
pub(super) fn wanted(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(http::header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    accept
        .split(',')
        .next()
        .is_some_and(|first| first.contains("as=Table"))
}

/// The objects as rows.
pub(super) fn of(resource: &Resource, objects: &[&Value], version: &str, token: &str) -> Value {
    let columns = columns(resource.plural);
    let definitions: Vec<_> = std::iter::once(("Name", "string"))
        .chain(columns.iter().map(|name| (*name, "string")))
        .chain([("Age", "string")])
        .map(|(name, kind)| json!({"name": name, "type": kind, "format": if name == "Name" { "name" } else { "" }, "description": "", "priority": 0}))
        .collect();
    let rows: Vec<_> = objects
        .iter()
        .map(|object| {
            let mut cells = vec![object["metadata"]["name"].clone()];
            cells.extend(columns.iter().map(|column| Value::from(cell(object, column))));
            cells.push(age(object["metadata"]["creationTimestamp"].as_str()).into());
            json!({"cells": cells, "object": {
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"],
            }})
        })
        .collect();
    let mut metadata = json!({"resourceVersion": version});
    if !token.is_empty() {
        metadata["continue"] = token.into();
    }
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": definitions, "rows": rows})
}

fn columns(plural: &str) -> &'static [&'static str] {
    match plural {
        "jobs" => &["Status", "Completions", "Duration"],
        "pods" => &["Ready", "Status", "Restarts"],
        "nodes" => &["Status", "Version"],
        "namespaces" => &["Status"],
        "events" => &["Type", "Reason", "Object", "Message"],
        "configmaps" | "secrets" => &["Data"],
        _ => &[],
    }
}

fn cell(object: &Value, column: &str) -> String {
    let status = &object["status"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let condition = |kind: &str| {
        status["conditions"]
            .as_array()
            .is_some_and(|all| all.iter().any(|c| c["type"] == kind && c["status"] == "True"))
    };
    match (object["kind"].as_str().unwrap_or_default(), column) {
        ("Job", "Status") => {
            let known = ["Complete", "Failed", "Suspended"]
                .into_iter()
                .find(|kind| condition(kind));
            known.unwrap_or("Running").to_owned()
        }
        ("Job", "Completions") => {
            let wanted = object["spec"]["completions"].as_i64();
            let succeeded = status["succeeded"].as_i64().unwrap_or(0);
            wanted.map_or_else(
                || format!("{succeeded}/1 of {}", object["spec"]["parallelism"]),
                |wanted| format!("{succeeded}/{wanted}"),
            )
        }
        ("Job", "Duration") => match (status["startTime"].as_str(), status["completionTime"].as_str()) {
            (Some(start), Some(end)) => between(start, end),
            (Some(start), None) => age(Some(start)),
            _ => String::new(),
        },
        ("Pod", "Ready") => {
            let all = status["containerStatuses"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            let total = object["spec"]["containers"].as_array().map_or(0, Vec::len);
            format!(
                "{}/{total}",
                all.iter().filter(|one| one["ready"] == true).count()
            )
        }
        ("Pod", "Status") => pod_status(object),
        ("Pod", "Restarts") => {
            let all = status["containerStatuses"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            all.iter()
                .filter_map(|one| one["restartCount"].as_i64())
                .sum::<i64>()
                .to_string()
        }
        ("Node", "Status") => if condition("Ready") { "Ready" } else { "NotReady" }.to_owned(),
        ("Node", "Version") => text(&status["nodeInfo"]["kubeletVersion"]),
        ("Namespace", "Status") => text(&status["phase"]),
        ("Event", "Object") => format!(
            "{}/{}",
            text(&object["involvedObject"]["kind"]).to_lowercase(),
            text(&object["involvedObject"]["name"])
        ),
        ("Event", column) => text(&object[column.to_lowercase()]),
        (_, "Data") => object["data"]
            .as_object()
            .map_or(0, serde_json::Map::len)
            .to_string(),
        _ => String::new(),
    }
}

/// What kubectl shows: the phase, or the first container's reason.
fn pod_status(pod: &Value) -> String {
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        return "Terminating".to_owned();
    }
    let all = pod["status"]["containerStatuses"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let reason = all.iter().find_map(|one| {
        one["state"]["waiting"]["reason"]
            .as_str()
            .or_else(|| one["state"]["terminated"]["reason"].as_str())
    });
    reason
        .or_else(|| pod["status"]["phase"].as_str())
        .unwrap_or("Unknown")
        .to_owned()
}

fn between(start: &str, end: &str) -> String {
    match (start.parse::<jiff::Timestamp>(), end.parse::<jiff::Timestamp>()) {
        (Ok(start), Ok(end)) => short(end.as_second() - start.as_second()),
        _ => String::new(),
    }
}

fn age(since: Option<&str>) -> String {
    let since = since.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    since.map_or_else(
        || "<unknown>".to_owned(),
        |since| short(jiff::Timestamp::now().as_second() - since.as_second()),
    )
}

/// `7s`, `3m5s`, `2h`, `4d`: as kubectl shortens durations.
fn short(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..600 => format!("{}m{}s", seconds / 60, seconds % 60),
        seconds @ 600..10_800 => format!("{}m", seconds / 60),
        seconds @ 10_800..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}
