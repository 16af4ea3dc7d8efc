//! Pods as the Job page shows them.

use serde_json::Value;

use app::api::job::{ContainerExit, Reason};
use app::api::pod::{ContainerRow, ContainerState, PodRow};
use app::foreign_text::visible;

use crate::jobs::timestamps::millis;

/// Whether the object with `uid` controls `pod`. A name or a label is not enough: a deleted Job of the same name
/// may still have terminating Pods.
pub fn is_owned_by(pod: &Value, uid: &str) -> bool {
    owner(pod) == Some(uid)
}

/// Returns the `uid` of the object that controls `pod`.
pub fn owner(pod: &Value) -> Option<&str> {
    let owners = pod["metadata"]["ownerReferences"].as_array()?;
    owners.iter().find(|owner| owner["controller"] == true)?["uid"].as_str()
}

/// Builds the row of a Pod.
pub fn row(pod: &Value) -> PodRow {
    let metadata = &pod["metadata"];
    let containers = containers(pod);
    let finished = containers
        .iter()
        .filter_map(|container| match container.state {
            ContainerState::Terminated { finished, .. } => finished,
            _ => None,
        })
        .max();
    let phase = pod["status"]["phase"].as_str().unwrap_or("Pending");
    let over = matches!(phase, "Succeeded" | "Failed");
    let leaving = !metadata["deletionTimestamp"].is_null();
    PodRow {
        name: non_empty(&metadata["name"]).unwrap_or_default(),
        phase: if leaving && !over {
            "Terminating".to_owned()
        } else {
            visible(phase).into_owned()
        },
        reason: reason(pod, &containers),
        node: non_empty(&pod["spec"]["nodeName"]),
        ip: non_empty(&pod["status"]["podIP"]),
        index: metadata["annotations"]["batch.kubernetes.io/job-completion-index"]
            .as_str()
            .and_then(|index| index.parse().ok()),
        created: millis(&metadata["creationTimestamp"]).unwrap_or_default(),
        started: millis(&pod["status"]["startTime"]),
        finished: if over { finished } else { None },
        containers,
    }
}

/// Returns why a Pod is in its state: its own reason, else that of its `PodScheduled` condition or of one of its
/// containers.
fn reason(pod: &Value, containers: &[ContainerRow]) -> Option<Reason> {
    let status = &pod["status"];
    if let Some(code) = non_empty(&status["reason"]) {
        return Some(Reason::new(
            code,
            non_empty(&status["message"]).unwrap_or_default(),
        ));
    }
    let unscheduled = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False");
    if let Some(condition) = unscheduled {
        let code = non_empty(&condition["reason"]).unwrap_or_default();
        return Some(Reason::new(
            code,
            non_empty(&condition["message"]).unwrap_or_default(),
        ));
    }
    containers.iter().find_map(|container| match &container.state {
        ContainerState::Waiting { reason, message }
            if !matches!(reason.as_str(), "" | "ContainerCreating" | "PodInitializing") =>
        {
            Some(Reason::new(reason, message))
        }
        ContainerState::Terminated {
            exit_code,
            reason,
            message,
            ..
        } if *exit_code != 0 => {
            let code = if reason.is_empty() { "ExitCode" } else { reason };
            Some(Reason {
                exit: Some(ContainerExit {
                    container: container.name.clone(),
                    code: *exit_code,
                    // It is the reason itself.
                    reason: String::new(),
                }),
                ..Reason::new(code, message)
            })
        }
        _ => None,
    })
}

/// Returns the containers of the specification with the state that the kubelet reports, init containers first.
fn containers(pod: &Value) -> Vec<ContainerRow> {
    let groups = [
        ("initContainers", "initContainerStatuses", true),
        ("containers", "containerStatuses", false),
    ];
    let mut rows = Vec::new();
    for (field, status_field, init) in groups {
        let statuses = pod["status"][status_field].as_array();
        for container in pod["spec"][field].as_array().into_iter().flatten() {
            let status =
                statuses.and_then(|all| all.iter().find(|status| status["name"] == container["name"]));
            rows.push(ContainerRow {
                name: non_empty(&container["name"]).unwrap_or_default(),
                image: non_empty(&container["image"]).unwrap_or_default(),
                init,
                state: state(status.map_or(&Value::Null, |status| &status["state"])),
                restarts: status
                    .and_then(|status| status["restartCount"].as_i64())
                    .unwrap_or(0),
            });
        }
    }
    rows
}

fn state(state: &Value) -> ContainerState {
    let text = |value: &Value| non_empty(value).unwrap_or_default();
    if let Some(running) = state.get("running") {
        return ContainerState::Running {
            since: millis(&running["startedAt"]),
        };
    }
    if let Some(ended) = state.get("terminated") {
        return ContainerState::Terminated {
            exit_code: ended["exitCode"].as_i64().unwrap_or(0),
            reason: text(&ended["reason"]),
            message: text(&ended["message"]),
            finished: millis(&ended["finishedAt"]),
        };
    }
    let waiting = &state["waiting"];
    ContainerState::Waiting {
        reason: text(&waiting["reason"]),
        message: text(&waiting["message"]),
    }
}

/// Returns a string if it is not empty.
fn non_empty(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(visible(text).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn oom_killed_pod_has_a_reason() {
        let terminated = json!({
            "exitCode": 137, "reason": "OOMKilled", "finishedAt": "1970-01-01T00:00:09Z",
        });
        let pod = json!({
            "metadata": {
                "name": "pi-0-x", "creationTimestamp": "1970-01-01T00:00:01Z",
                "annotations": {"batch.kubernetes.io/job-completion-index": "3"},
            },
            "spec": {
                "nodeName": "node-1",
                "initContainers": [{"name": "fetch", "image": "curl"}],
                "containers": [{"name": "pi", "image": "perl"}],
            },
            "status": {
                "phase": "Failed", "podIP": "10.0.0.1", "startTime": "1970-01-01T00:00:02Z",
                "initContainerStatuses": [{"name": "fetch", "state": {"terminated": {"exitCode": 0}}}],
                "containerStatuses": [{"name": "pi", "restartCount": 1, "state": {"terminated": terminated}}],
            },
        });
        let expected = PodRow {
            name: "pi-0-x".to_owned(),
            phase: "Failed".to_owned(),
            reason: Some(Reason {
                exit: Some(ContainerExit {
                    container: "pi".to_owned(),
                    code: 137,
                    reason: String::new(),
                }),
                ..Reason::new("OOMKilled", "")
            }),
            node: Some("node-1".to_owned()),
            ip: Some("10.0.0.1".to_owned()),
            index: Some(3),
            created: 1000,
            started: Some(2000),
            finished: Some(9000),
            containers: vec![
                ContainerRow {
                    name: "fetch".to_owned(),
                    image: "curl".to_owned(),
                    init: true,
                    state: ContainerState::Terminated {
                        exit_code: 0,
                        reason: String::new(),
                        message: String::new(),
                        finished: None,
                    },
                    restarts: 0,
                },
                ContainerRow {
                    name: "pi".to_owned(),
                    image: "perl".to_owned(),
                    init: false,
                    state: ContainerState::Terminated {
                        exit_code: 137,
                        reason: "OOMKilled".to_owned(),
                        message: String::new(),
                        finished: Some(9000),
                    },
                    restarts: 1,
                },
            ],
        };
        assert_eq!(row(&pod), expected);
    }
}
