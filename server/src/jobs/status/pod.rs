//! What keeps a Pod from running, and how it failed.

use serde_json::Value;

use app::api::job::{ContainerExit, JobStatus, Reason, StatusKind};

use crate::jobs::events::EventIndex;
use crate::jobs::status::{conditions, status, text};
use crate::jobs::timestamps::millis;

/// Waiting reasons that mean a problem with the image (kubelet's `images` package).
const IMAGE_ERRORS: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];

/// Waiting reasons that mean a problem with the container's set-up, such as a missing Secret (kubelet's `kuberuntime`
/// and `container` packages).
const CONTAINER_ERRORS: [&str; 10] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
    "PreCreateHookError",
    "PreStartHookError",
    "PostStartHookError",
    "CreatePodSandboxError",
    "ConfigPodSandboxError",
    "RunInitContainerError",
    "ContainerCannotRun",
];

/// Reason of the scheduler's events.
const NOT_SCHEDULED: &str = "FailedScheduling";

/// Whether the Pod is active: neither finished nor being deleted.
pub fn is_live(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_null()
        && !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

/// Whether the Pod's containers have started, as far as anybody knows.
pub fn is_running(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Running" | "Unknown"))
}

/// Derives the status of a Pod that is not running yet.
pub fn waiting(pod: &Value, events: &EventIndex) -> JobStatus {
    if let Some(reason) = unscheduled(pod, events) {
        return status(StatusKind::Unschedulable, Some(reason));
    }
    if pod["spec"]["nodeName"].is_null() {
        return status(StatusKind::Updating, Some(Reason::new("Scheduling", "")));
    }
    if let Some(status) = container_statuses(pod).find_map(|container| container_error(pod, container)) {
        return status;
    }
    // An older event of the scheduler may be in the same second as the one that says that it found a node.
    if let Some(reason) = events.trouble(pod).filter(|reason| reason.code != NOT_SCHEDULED) {
        return status(StatusKind::ContainerError, Some(reason));
    }
    if let Some(reason) = initializing(pod) {
        return status(StatusKind::Running, Some(reason));
    }
    if let Some(image) = events.pulling(pod) {
        return status(StatusKind::Updating, Some(Reason::new("Pulling", image)));
    }
    status(StatusKind::Updating, Some(Reason::new("Creating", "")))
}

/// Returns why no node takes the Pod.
fn unscheduled(pod: &Value, events: &EventIndex) -> Option<Reason> {
    let scheduled = conditions(pod).find(|condition| condition["type"] == "PodScheduled");
    let refused = scheduled.filter(|condition| condition["status"] == "False");
    let gates = pod["spec"]["schedulingGates"].as_array().into_iter().flatten();
    let gates: Vec<&str> = gates.map(|gate| text(&gate["name"])).collect();
    if !gates.is_empty() || refused.is_some_and(|condition| condition["reason"] == "SchedulingGated") {
        return Some(Reason::new("SchedulingGated", "").with("gates", gates.join(", ")));
    }
    if let Some(condition) = refused
        && condition["reason"] == "Unschedulable"
    {
        return Some(unschedulable(text(&condition["message"])));
    }
    // The scheduler failed itself, or has not written the condition.
    if let Some(condition) = refused
        && condition["reason"] == "SchedulerError"
    {
        return Some(Reason::new("SchedulerError", text(&condition["message"])));
    }
    if !pod["spec"]["nodeName"].is_null() {
        return None;
    }
    let event = events
        .trouble(pod)
        .filter(|reason| reason.code == NOT_SCHEDULED)?;
    Some(unschedulable(&event.message))
}

/// Splits the scheduler's message: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.
/// preemption: …`.
pub fn unschedulable(message: &str) -> Reason {
    let split = message.split_once(" nodes are available: ");
    let total = split.and_then(|(counts, _)| counts.rsplit_once('/'));
    let (Some((_, causes)), Some((_, total))) = (split, total) else {
        return Reason::new("Unschedulable", message);
    };
    // What follows is about claims and preemption, which would not change it.
    let causes = causes.split(". ").next().unwrap_or(causes);
    let causes = causes.trim_end_matches('.');
    if let Some(claim) = causes.strip_prefix("persistentvolumeclaim \"")
        && let Some((name, _)) = claim.split_once("\" not found")
    {
        return Reason::new("ClaimMissing", "").with("name", name);
    }
    if causes.contains("unbound immediate PersistentVolumeClaims") {
        return Reason::new("ClaimUnbound", "");
    }
    Reason::new("NoNodeFits", causes).with("nodes", total)
}

/// Returns the problem of a container that waits.
fn container_error(pod: &Value, container: &Value) -> Option<JobStatus> {
    let waiting = &container["state"]["waiting"];
    let code = text(&waiting["reason"]);
    let message = match text(&waiting["message"]) {
        "" => text(&container["image"]),
        message => message,
    };
    let name = text(&container["name"]);
    if IMAGE_ERRORS.contains(&code) {
        let reason = Reason::new(code, message)
            .with("container", name)
            .with("image", text(&container["image"]));
        return Some(status(StatusKind::ImageError, Some(reason)));
    }
    if CONTAINER_ERRORS.contains(&code) {
        let reason = Reason::new(code, message).with("container", name);
        return Some(status(StatusKind::ContainerError, Some(reason)));
    }
    // Between two restarts kubelet may leave the state of the last run.
    let restarts = container["restartCount"].as_i64().unwrap_or(0);
    let ended = exit(container, &container["state"]);
    if code == "CrashLoopBackOff" || (ended.is_some() && restarts > 0) {
        let reason = match place(pod, name) {
            Some((position, count)) => Reason::new("InitCrashLoop", "")
                .with("position", position)
                .with("count", count),
            None => Reason::new("CrashLoop", ""),
        };
        let reason = Reason {
            exit: ended.or_else(|| exit(container, &container["lastState"])),
            ..reason.with("container", name).with("restarts", restarts)
        };
        return Some(status(StatusKind::ContainerError, Some(reason)));
    }
    None
}

/// Returns the init container that runs, with its position. A sidecar is not waited for once it has started.
fn initializing(pod: &Value) -> Option<Reason> {
    let statuses = pod["status"]["initContainerStatuses"].as_array()?;
    let running = statuses.iter().find(|container| {
        !container["state"]["running"].is_null() && !is_sidecar(pod, text(&container["name"]))
    })?;
    let name = text(&running["name"]);
    let (position, count) = place(pod, name)?;
    let reason = Reason::new("Initializing", "").with("container", name);
    Some(reason.with("position", position).with("count", count))
}

fn is_sidecar(pod: &Value, name: &str) -> bool {
    let containers = pod["spec"]["initContainers"].as_array();
    let container = containers.and_then(|all| all.iter().find(|container| container["name"] == name));
    container.is_some_and(|container| container["restartPolicy"] == "Always")
}

/// Returns the position of an init container, from 1 on, and the number of them.
fn place(pod: &Value, name: &str) -> Option<(usize, usize)> {
    let all = pod["spec"]["initContainers"].as_array()?;
    let position = all.iter().position(|container| container["name"] == name)?;
    Some((position + 1, all.len()))
}

/// Returns what is wrong with a running Pod: its node is gone, or a container waits to be restarted.
pub fn ailing(pod: &Value) -> Option<Reason> {
    if pod["status"]["phase"] == "Unknown" || pod["status"]["reason"] == "NodeLost" {
        return Some(Reason::new("NodeLost", "").with("node", text(&pod["spec"]["nodeName"])));
    }
    // Between two restarts kubelet may leave the state of the last run. A container that is not restarted has failed the
    // Pod, which ends with its other containers.
    container_statuses(pod).find_map(|container| {
        let restarts = container["restartCount"].as_i64().unwrap_or(0);
        let is_waiting = container["state"]["waiting"]["reason"] == "CrashLoopBackOff";
        let ended = exit(container, &container["state"]);
        if !is_waiting && ended.is_none() {
            return None;
        }
        if !is_waiting && restarts == 0 {
            return Some(Reason {
                exit: ended,
                ..Reason::new("ExitCode", "")
            });
        }
        Some(Reason {
            exit: ended.or_else(|| exit(container, &container["lastState"])),
            ..Reason::new("CrashLoop", "")
                .with("container", text(&container["name"]))
                .with("restarts", restarts)
        })
    })
}

/// Adds to `reason` how the newest failed Pod ended: what happened to the Pod as a whole, such as an eviction, or the
/// exit of a container.
pub fn with_last_failure(reason: Reason, pods: &[&Value]) -> Reason {
    let failed = pods.iter().filter(|pod| pod["status"]["phase"] == "Failed");
    let Some(pod) = failed.max_by_key(|pod| millis(&pod["metadata"]["creationTimestamp"])) else {
        return reason;
    };
    match (text(&pod["status"]["reason"]), pod_exit(pod)) {
        // Kubelet's reasons of a Pod: Evicted, Preempting, NodeShutdown, DeadlineExceeded, OutOfcpu, …
        (code, _) if !code.is_empty() => {
            let message = match text(&pod["status"]["message"]) {
                "" => code.to_owned(),
                message => format!("{code}: {}", message.trim_end_matches('.')),
            };
            Reason { message, ..reason }
        }
        (_, exit) => Reason {
            message: if exit.is_some() {
                String::new()
            } else {
                reason.message.clone()
            },
            exit,
            ..reason
        },
    }
}

/// Whether a Pod has failed.
pub fn has_failed(pod: &Value) -> bool {
    pod["status"]["phase"] == "Failed"
}

/// Returns how the first container of a Pod that failed did so.
pub fn pod_exit(pod: &Value) -> Option<ContainerExit> {
    container_statuses(pod).find_map(|container| exit(container, &container["state"]))
}

/// Returns how a container failed, if it did.
fn exit(container: &Value, state: &Value) -> Option<ContainerExit> {
    let terminated = &state["terminated"];
    let code = terminated["exitCode"].as_i64().filter(|code| *code != 0)?;
    let reason = match text(&terminated["reason"]) {
        "Error" => "",
        other => other,
    };
    Some(ContainerExit {
        container: text(&container["name"]).to_owned(),
        code,
        reason: reason.to_owned(),
    })
}

fn container_statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainerStatuses", "containerStatuses"]
        .into_iter()
        .flat_map(|field| pod["status"][field].as_array().into_iter().flatten())
}
