//! Derives the displayed status of a Job, with the reason.
//!
//! A Job's own status says only whether it is finished; why it is not running yet is in its Pods and events.
//! Rules: <https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup>.

#[cfg(test)]
mod tests;

use serde_json::Value;

use app::api::job::{ContainerExit, JobStatus, Reason, StatusKind};

use crate::jobs::events::EventIndex;
use crate::jobs::timestamps::millis;

/// Waiting reasons that mean a problem with the image (from kubelet's `images` package).
const IMAGE_ERRORS: [&str; 6] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
];

/// Waiting reasons that mean a problem with the container's set-up, such as a missing Secret (from kubelet's
/// `kuberuntime` package).
const CONTAINER_ERRORS: [&str; 3] = [
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];

/// Messages of the Job controller that add nothing to their reasons.
const REDUNDANT_MESSAGES: [&str; 4] = [
    "Reached expected number of succeeded pods",
    "Job has reached the specified backoff limit",
    "Job was active longer than specified deadline",
    "Job has failed indexes",
];

/// Derives the status of `job` from the Job, the Pods it owns, and the events of both.
pub fn derive<'a>(job: &Value, pods: impl IntoIterator<Item = &'a Value>, events: &EventIndex) -> JobStatus {
    let pods: Vec<&Value> = pods.into_iter().collect();
    // A finished Job keeps its result while it is being deleted.
    let leaving = !job["metadata"]["deletionTimestamp"].is_null();
    let ended = |kind, reason| JobStatus {
        kind,
        reason,
        leaving,
    };
    if let Some(condition) = condition(job, "Complete") {
        return ended(StatusKind::Completed, condition_reason(condition));
    }
    if let Some(condition) = condition(job, "Failed") {
        return ended(StatusKind::Failed, failure(condition, &pods));
    }
    if leaving {
        return status(StatusKind::Terminating, None);
    }
    // First phase of termination (KEP-3998): the outcome is decided, Pods are still running.
    for kind in ["FailureTarget", "SuccessCriteriaMet"] {
        if let Some(condition) = condition(job, kind) {
            return status(StatusKind::Running, condition_reason(condition));
        }
    }
    if job["spec"]["suspend"] == true {
        return status(StatusKind::Suspended, None);
    }
    unfinished(job, &pods, events)
}

fn status(kind: StatusKind, reason: Option<Reason>) -> JobStatus {
    JobStatus {
        kind,
        reason,
        leaving: false,
    }
}

/// Derives the status of a Job that is neither finished nor suspended.
fn unfinished(job: &Value, pods: &[&Value], events: &EventIndex) -> JobStatus {
    let live: Vec<&Value> = pods.iter().copied().filter(|pod| is_live(pod)).collect();
    let refused = events
        .refused(job)
        .map(|message| Reason::new("FailedCreate", message));
    let waits: Vec<JobStatus> = live
        .iter()
        .filter(|pod| pod["status"]["phase"] != "Running")
        .map(|pod| waiting(pod, events))
        .collect();
    // Most severe first: an error does not go away by itself, a lack of resources may.
    let worst = [
        StatusKind::ImageError,
        StatusKind::ContainerError,
        StatusKind::Unschedulable,
    ]
    .into_iter()
    .find_map(|kind| waits.iter().find(|wait| wait.kind == kind));

    if let Some(running) = live.iter().find(|pod| pod["status"]["phase"] == "Running") {
        let reason = worst
            .and_then(|wait| wait.reason.clone())
            .or(refused)
            .or_else(|| restarting(running));
        return status(StatusKind::Running, reason);
    }
    if let Some(worst) = worst {
        return worst.clone();
    }
    if let Some(wait) = waits.first() {
        return wait.clone();
    }
    if refused.is_some() {
        return status(StatusKind::Blocked, refused);
    }
    let count = |field: &str| job["status"][field].as_i64().unwrap_or(0);
    if count("failed") > 0 {
        // No Pod at the moment; the next one is created after the back-off.
        let reason = Reason {
            exit: last_exit(pods),
            ..Reason::new("BackOff", "")
        };
        return status(StatusKind::Running, Some(reason));
    }
    // `ready` counts ready Pods (Kubernetes 1.24). Older clusters do not report it, and Pods may not be readable.
    let active = count("active") > 0 && job["status"]["ready"].is_null();
    if count("succeeded") > 0 || count("ready") > 0 || active {
        return status(StatusKind::Running, None);
    }
    status(StatusKind::Updating, Some(Reason::new("Creating", "")))
}

/// Whether the Pod is active: neither finished nor being deleted.
fn is_live(pod: &Value) -> bool {
    pod["metadata"]["deletionTimestamp"].is_null()
        && !matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

/// Derives the status of a Pod that is not running yet.
fn waiting(pod: &Value, events: &EventIndex) -> JobStatus {
    let status = |kind, code: &str, message: &str| JobStatus {
        kind,
        reason: Some(Reason::new(code, message)),
        leaving: false,
    };
    let scheduled = conditions(pod).find(|condition| condition["type"] == "PodScheduled");
    if let Some(scheduled) = scheduled
        && scheduled["status"] == "False"
        && scheduled["reason"] == "Unschedulable"
    {
        return status(
            StatusKind::Unschedulable,
            "Unschedulable",
            text(&scheduled["message"]),
        );
    }
    if pod["spec"]["nodeName"].is_null() {
        return status(StatusKind::Updating, "Scheduling", "");
    }
    for container in container_statuses(pod) {
        let reason = text(&container["state"]["waiting"]["reason"]);
        let kind = if IMAGE_ERRORS.contains(&reason) {
            Some(StatusKind::ImageError)
        } else if CONTAINER_ERRORS.contains(&reason) {
            Some(StatusKind::ContainerError)
        } else {
            None
        };
        if let Some(kind) = kind {
            let message = text(&container["state"]["waiting"]["message"]);
            let message = if message.is_empty() {
                text(&container["image"])
            } else {
                message
            };
            return status(kind, reason, message);
        }
    }
    if let Some(image) = events.pulling(pod) {
        return status(StatusKind::Updating, "Pulling", image);
    }
    status(StatusKind::Updating, "Creating", "")
}

/// Returns the reason of a running Pod whose container waits to be restarted (`restartPolicy: OnFailure`).
fn restarting(pod: &Value) -> Option<Reason> {
    let container = container_statuses(pod)
        .find(|container| container["state"]["waiting"]["reason"] == "CrashLoopBackOff")?;
    Some(Reason {
        exit: exit(container, &container["lastState"]),
        ..Reason::new("BackOff", "")
    })
}

fn condition<'a>(job: &'a Value, kind: &str) -> Option<&'a Value> {
    conditions(job).find(|condition| condition["type"] == kind && condition["status"] == "True")
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object["status"]["conditions"].as_array().into_iter().flatten()
}

/// Returns the reason that a condition states.
fn condition_reason(condition: &Value) -> Option<Reason> {
    let message = text(&condition["message"]);
    let shown = Some(message).filter(|message| !REDUNDANT_MESSAGES.contains(message));
    let reason = Reason::new(text(&condition["reason"]), shown.unwrap_or_default());
    // Successful completion needs no reason.
    if reason.code == "CompletionsReached" {
        return None;
    }
    (!reason.code.is_empty() || !reason.message.is_empty()).then_some(reason)
}

/// Returns why a Job failed. An exceeded back-off limit says little; the exit code of the last attempt says more.
fn failure(condition: &Value, pods: &[&Value]) -> Option<Reason> {
    let mut reason = condition_reason(condition)?;
    if reason.code == "BackoffLimitExceeded"
        && let Some(exit) = last_exit(pods)
    {
        reason.message.clear();
        reason.exit = Some(exit);
    }
    Some(reason)
}

/// Returns how the newest failed Pod ended.
fn last_exit(pods: &[&Value]) -> Option<ContainerExit> {
    let failed = pods.iter().filter_map(|pod| {
        let exit = container_statuses(pod).find_map(|container| exit(container, &container["state"]))?;
        Some((millis(&pod["metadata"]["creationTimestamp"]), exit))
    });
    failed.max_by_key(|(created, _)| *created).map(|(_, exit)| exit)
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

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
