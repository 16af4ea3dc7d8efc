//! Computes the table cells of most types.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::http::table::time::{at, short, since};
use crate::http::table::{pod, service, storage};
use crate::resource::Resource;

pub(super) const NONE: &str = "<none>";

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn or_none(value: &Value) -> String {
    match text(value) {
        "" => NONE.to_owned(),
        some => some.to_owned(),
    }
}

fn count(value: &Value) -> usize {
    value
        .as_object()
        .map_or_else(|| list(value).len(), serde_json::Map::len)
}

pub(super) fn joined<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.collect::<Vec<_>>().join(",")
}

/// Whether a condition is true.
fn is_true(object: &Value, kind: &str) -> bool {
    list(&object["status"]["conditions"])
        .iter()
        .any(|one| one["type"] == kind && one["status"] == "True")
}

/// Returns the conditions of a row: `Completed` for a Pod that has finished.
pub(super) fn conditions(object: &Value) -> Option<Value> {
    let phase = (object["kind"] == "Pod").then(|| text(&object["status"]["phase"]))?;
    let message = match phase {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": phase, "message": message}]))
}

/// Returns one cell.
pub(super) fn cell(resource: &Resource, object: &Value, column: &str, now: Timestamp) -> Value {
    match column {
        "Name" if resource.plural == "storageclasses" => storage::class(object, column),
        "Name" => object["metadata"]["name"].clone(),
        "Age" => since(&object["metadata"]["creationTimestamp"], now).into(),
        "Created At" => object["metadata"]["creationTimestamp"].clone(),
        _ => match resource.plural {
            "jobs" => job(object, column, now),
            "cronjobs" => cron_job(object, column, now),
            "pods" => pod::cell(object, column, now),
            "events" => event(object, column, now),
            "nodes" => node(object, column),
            "persistentvolumeclaims" => storage::claim(object, column),
            "resourcequotas" => quota(object, column),
            "services" => service::cell(object, column),
            "storageclasses" => storage::class(object, column),
            "rolebindings" | "clusterrolebindings" => binding(object, column),
            _ => plain(object, column),
        },
    }
}

fn containers(template: &Value, column: &str) -> Value {
    let field = if column == "Images" { "image" } else { "name" };
    let all = list(&template["spec"]["containers"]).iter();
    joined(all.map(|one| text(&one[field]))).into()
}

/// Formats a label selector; `<none>` for an empty one.
pub(super) fn selector(selector: &Value) -> String {
    let equal = selector["matchLabels"].as_object().into_iter().flatten();
    let mut parts: Vec<(&str, String)> = equal
        .map(|(key, value)| (key.as_str(), format!("{key}={}", text(value))))
        .collect();
    for one in list(&selector["matchExpressions"]) {
        let key = text(&one["key"]);
        let mut values: Vec<&str> = list(&one["values"]).iter().map(text).collect();
        values.sort_unstable();
        let values = values.join(",");
        let part = match text(&one["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        };
        parts.push((key, part));
    }
    if parts.is_empty() {
        return NONE.to_owned();
    }
    parts.sort_by_key(|(key, _)| *key);
    joined(parts.iter().map(|(_, part)| part.as_str()))
}

fn job(object: &Value, column: &str, now: Timestamp) -> Value {
    let (spec, status) = (&object["spec"], &object["status"]);
    match column {
        "Status" => {
            let deleting = !object["metadata"]["deletionTimestamp"].is_null();
            let first = ["Complete", "Failed"]
                .into_iter()
                .find(|kind| is_true(object, kind));
            let rest = || {
                ["Suspended", "FailureTarget", "SuccessCriteriaMet"]
                    .into_iter()
                    .find(|kind| is_true(object, kind))
            };
            first
                .or(deleting.then_some("Terminating"))
                .or_else(rest)
                .unwrap_or("Running")
                .into()
        }
        "Completions" => {
            let succeeded = status["succeeded"].as_i64().unwrap_or(0);
            let parallelism = spec["parallelism"].as_i64().unwrap_or(0);
            match spec["completions"].as_i64() {
                Some(completions) => format!("{succeeded}/{completions}"),
                None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
                None => format!("{succeeded}/1"),
            }
            .into()
        }
        "Duration" => match (at(&status["startTime"]), at(&status["completionTime"])) {
            (None, _) => "".into(),
            (Some(start), end) => short(end.unwrap_or(now).as_second() - start.as_second()).into(),
        },
        "Selector" => selector(&spec["selector"]).into(),
        _ => containers(&spec["template"], column),
    }
}

fn cron_job(object: &Value, column: &str, now: Timestamp) -> Value {
    let (spec, status) = (&object["spec"], &object["status"]);
    match column {
        "Schedule" => spec["schedule"].clone(),
        "Timezone" => or_none(&spec["timeZone"]).into(),
        "Suspend" => match spec["suspend"].as_bool() {
            Some(true) => "True",
            Some(false) => "False",
            None => "<unset>",
        }
        .into(),
        "Active" => list(&status["active"]).len().into(),
        "Last Schedule" if status["lastScheduleTime"].is_null() => NONE.into(),
        "Last Schedule" => since(&status["lastScheduleTime"], now).into(),
        "Selector" => selector(&spec["jobTemplate"]["spec"]["selector"]).into(),
        _ => containers(&spec["jobTemplate"]["spec"]["template"], column),
    }
}

/// Returns an event's cells about when it was seen; series and new events keep that in other fields.
fn event(object: &Value, column: &str, now: Timestamp) -> Value {
    let seen = |fields: &[&Value]| {
        let found = fields.iter().find(|value| value.is_string());
        found.map_or_else(|| "<unknown>".to_owned(), |value| since(value, now))
    };
    let about = &object["involvedObject"];
    match column {
        "Last Seen" => seen(&[
            &object["series"]["lastObservedTime"],
            &object["lastTimestamp"],
            &object["eventTime"],
        ])
        .into(),
        "First Seen" => seen(&[&object["firstTimestamp"], &object["eventTime"]]).into(),
        "Object" => match text(&about["name"]) {
            "" => text(&about["kind"]).to_lowercase().into(),
            name => format!("{}/{name}", text(&about["kind"]).to_lowercase()).into(),
        },
        "Subobject" => text(&about["fieldPath"]).into(),
        "Source" => {
            let source = &object["source"];
            match (text(&source["component"]), text(&source["host"])) {
                ("", _) => text(&object["reportingComponent"]).into(),
                (component, "") => component.into(),
                (component, host) => format!("{component}, {host}").into(),
            }
        }
        "Message" => text(&object["message"]).trim().into(),
        "Count" => match object["series"]["count"].as_i64().or(object["count"].as_i64()) {
            Some(count) if count > 0 => count.into(),
            _ => 1.into(),
        },
        other => text(&object[other.to_lowercase()]).into(),
    }
}

fn node(object: &Value, column: &str) -> Value {
    let (status, info) = (&object["status"], &object["status"]["nodeInfo"]);
    let address = |kind: &str| {
        let found = list(&status["addresses"]).iter().find(|one| one["type"] == kind);
        found.map_or(NONE, |one| text(&one["address"])).to_owned()
    };
    let or_unknown = |value: &Value| match text(value) {
        "" => "<unknown>".to_owned(),
        some => some.to_owned(),
    };
    match column {
        "Status" => {
            let ready = list(&status["conditions"])
                .iter()
                .find(|one| one["type"] == "Ready");
            let state = match ready {
                Some(one) if one["status"] == "True" => "Ready",
                Some(_) => "NotReady",
                None => "Unknown",
            };
            if object["spec"]["unschedulable"] == true {
                format!("{state},SchedulingDisabled").into()
            } else {
                state.into()
            }
        }
        "Roles" => {
            let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
            let mut roles: Vec<&str> = labels
                .filter_map(
                    |(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
                        Some(role) if !role.is_empty() => Some(role),
                        _ if key == "kubernetes.io/role" => value.as_str(),
                        _ => None,
                    },
                )
                .collect();
            roles.sort_unstable();
            if roles.is_empty() {
                NONE.into()
            } else {
                roles.join(",").into()
            }
        }
        "Version" => text(&info["kubeletVersion"]).into(),
        "Internal-IP" => address("InternalIP").into(),
        "External-IP" => address("ExternalIP").into(),
        "OS-Image" => or_unknown(&info["osImage"]).into(),
        "Kernel-Version" => match text(&info["architecture"]) {
            "" => or_unknown(&info["kernelVersion"]).into(),
            machine => format!("{} ({machine})", or_unknown(&info["kernelVersion"])).into(),
        },
        _ => or_unknown(&info["containerRuntimeVersion"]).into(),
    }
}

fn quota(object: &Value, column: &str) -> Value {
    let mut parts = Vec::new();
    let hard = object["status"]["hard"].as_object();
    let mut names: Vec<&String> = hard.into_iter().flatten().map(|(name, _)| name).collect();
    names.sort();
    for name in names {
        let is_limit = name.starts_with("limits");
        if is_limit == (column == "Limit") {
            let amount = |which: &str| match text(&object["status"][which][name]) {
                "" => "0".to_owned(),
                some => some.to_owned(),
            };
            parts.push(format!("{name}: {}/{}", amount("used"), amount("hard")));
        }
    }
    parts.join(", ").into()
}

fn binding(object: &Value, column: &str) -> Value {
    let role = &object["roleRef"];
    let subjects = |kind: &str| {
        let chosen = list(&object["subjects"]).iter().filter(|one| one["kind"] == kind);
        let names: Vec<String> = chosen
            .map(|one| match text(&one["namespace"]) {
                "" => text(&one["name"]).to_owned(),
                namespace => format!("{namespace}/{}", text(&one["name"])),
            })
            .collect();
        names.join(", ")
    };
    match column {
        "Role" => format!("{}/{}", text(&role["kind"]), text(&role["name"])).into(),
        "Users" => subjects("User").into(),
        "Groups" => subjects("Group").into(),
        _ => subjects("ServiceAccount").into(),
    }
}

fn plain(object: &Value, column: &str) -> Value {
    match column {
        "Status" => text(&object["status"]["phase"]).into(),
        "Data" => (count(&object["data"]) + count(&object["binaryData"])).into(),
        "Secrets" => count(&object["secrets"]).into(),
        "Type" => text(&object["type"]).into(),
        "Value" => object["value"].clone(),
        "Global-Default" => (object["globalDefault"] == true).into(),
        "PreemptionPolicy" => text(&object["preemptionPolicy"]).into(),
        "Holder" => text(&object["spec"]["holderIdentity"]).into(),
        _ => "".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_ordered_by_key() {
        let wanted = "a=1,b in (x,y),!c";
        let given = json!({"matchLabels": {"a": "1"}, "matchExpressions": [
            {"key": "c", "operator": "DoesNotExist"}, {"key": "b", "operator": "In", "values": ["y", "x"]},
        ]});
        assert_eq!(selector(&given), wanted);
        assert_eq!(selector(&json!({})), NONE);
    }
}
