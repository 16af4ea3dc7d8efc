//! Computes the cells of a Pod from the state of its containers.

use jiff::Timestamp;
use serde_json::Value;

use crate::http::table::time::{at, short};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Returns a container's state as the column `STATUS` shows it; `None` if it is simply running.
fn reason_of(state: &Value) -> Option<String> {
    let (waiting, ended) = (&state["waiting"], &state["terminated"]);
    if !text(&waiting["reason"]).is_empty() {
        return Some(text(&waiting["reason"]).to_owned());
    }
    if !ended.is_object() {
        return None;
    }
    Some(
        match (text(&ended["reason"]), ended["signal"].as_i64().unwrap_or(0)) {
            ("", 0) => format!("ExitCode:{}", ended["exitCode"].as_i64().unwrap_or(0)),
            ("", signal) => format!("Signal:{signal}"),
            (reason, _) => reason.to_owned(),
        },
    )
}

/// Whether an init container is a sidecar container.
fn is_sidecar(pod: &Value, name: &Value) -> bool {
    list(&pod["spec"]["initContainers"])
        .iter()
        .any(|one| one["name"] == *name && one["restartPolicy"] == "Always")
}

/// The column `Status`, how many containers are ready, how often they were restarted and when last.
struct Summary {
    status: String,
    ready: usize,
    restarts: i64,
    last_restart: Option<Timestamp>,
}

fn summary(pod: &Value) -> Summary {
    let status = &pod["status"];
    let mut found = Summary {
        status: match text(&status["reason"]) {
            "" => text(&status["phase"]).to_owned(),
            reason => reason.to_owned(),
        },
        ready: 0,
        restarts: 0,
        last_restart: None,
    };
    let gated = list(&status["conditions"])
        .iter()
        .any(|one| one["type"] == "PodScheduled" && one["reason"] == "SchedulingGated");
    if gated {
        "SchedulingGated".clone_into(&mut found.status);
    }
    let latest = |found: &mut Summary, own: &Value| {
        let ended = at(&own["lastState"]["terminated"]["finishedAt"]);
        found.last_restart = found.last_restart.max(ended);
        found.restarts += own["restartCount"].as_i64().unwrap_or(0);
    };
    let mut initializing = false;
    let total = list(&pod["spec"]["initContainers"]).len();
    for (number, own) in list(&status["initContainerStatuses"]).iter().enumerate() {
        latest(&mut found, own);
        let sidecar = is_sidecar(pod, &own["name"]);
        if sidecar && own["started"] == true {
            found.ready += usize::from(own["ready"] == true);
            continue;
        }
        let ended = &own["state"]["terminated"];
        if ended["exitCode"] == 0 {
            continue;
        }
        found.status = match reason_of(&own["state"]) {
            Some(reason) if ended.is_object() => format!("Init:{reason}"),
            Some(reason) if reason != "PodInitializing" => format!("Init:{reason}"),
            _ => format!("Init:{number}/{total}"),
        };
        initializing = true;
        break;
    }
    let has = |kind: &str| {
        list(&status["conditions"])
            .iter()
            .any(|one| one["type"] == kind && one["status"] == "True")
    };
    if !initializing || has("Initialized") {
        let mut running = false;
        found.restarts = 0;
        found.last_restart = None;
        for own in list(&status["initContainerStatuses"]) {
            if is_sidecar(pod, &own["name"]) {
                latest(&mut found, own);
            }
        }
        for own in list(&status["containerStatuses"]).iter().rev() {
            latest(&mut found, own);
            match reason_of(&own["state"]) {
                Some(reason) => found.status = reason,
                None if own["ready"] == true && own["state"]["running"].is_object() => {
                    running = true;
                    found.ready += 1;
                }
                None => {}
            }
        }
        // Some containers have completed and some run: the Pod is running.
        if found.status == "Completed" && running {
            let reason = if has("Ready") { "Running" } else { "NotReady" };
            reason.clone_into(&mut found.status);
        }
    }
    let is_finished = matches!(text(&status["phase"]), "Succeeded" | "Failed");
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        if status["reason"] == "NodeLost" {
            "Unknown".clone_into(&mut found.status);
        } else if !is_finished {
            "Terminating".clone_into(&mut found.status);
        }
    }
    found
}

/// Returns one cell.
pub(super) fn cell(pod: &Value, column: &str, now: Timestamp) -> Value {
    let or_none = |value: &Value| match text(value) {
        "" => Value::from("<none>"),
        some => some.into(),
    };
    match column {
        "Ready" => {
            let sidecars = list(&pod["spec"]["initContainers"]).iter();
            let total = list(&pod["spec"]["containers"]).len()
                + sidecars.filter(|one| one["restartPolicy"] == "Always").count();
            format!("{}/{total}", summary(pod).ready).into()
        }
        "Status" => summary(pod).status.into(),
        "Restarts" => {
            let found = summary(pod);
            match found.last_restart {
                Some(last) if found.restarts > 0 => {
                    let ago = short(now.as_second() - last.as_second());
                    format!("{} ({ago} ago)", found.restarts).into()
                }
                _ => found.restarts.to_string().into(),
            }
        }
        "IP" => or_none(&pod["status"]["podIPs"][0]["ip"]),
        "Node" => or_none(&pod["spec"]["nodeName"]),
        "Nominated Node" => or_none(&pod["status"]["nominatedNodeName"]),
        _ => {
            let gates = list(&pod["spec"]["readinessGates"]);
            if gates.is_empty() {
                return "<none>".into();
            }
            let met = gates.iter().filter(|gate| {
                list(&pod["status"]["conditions"])
                    .iter()
                    .any(|one| one["type"] == gate["conditionType"] && one["status"] == "True")
            });
            format!("{}/{}", met.count(), gates.len()).into()
        }
    }
}
