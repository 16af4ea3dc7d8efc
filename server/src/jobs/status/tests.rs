//! The derived status, case by case.

#![allow(
    clippy::needless_pass_by_value,
    reason = "calls read better with `json!` in place"
)]

use serde_json::{Value, json};

use super::*;

fn job(spec: Value, status: Value) -> Value {
    json!({"metadata": {"name": "pi", "uid": "job-1"}, "spec": spec, "status": status})
}

fn pod(status: Value) -> Value {
    json!({
        "metadata": {"name": "pi-x", "uid": "pod-1", "creationTimestamp": "2026-11-23T10:00:00Z"},
        "spec": {"nodeName": "node-1"},
        "status": status,
    })
}

fn waiting_for(reason: &str, message: &str) -> Value {
    let state = json!({"waiting": {"reason": reason, "message": message}});
    pod(json!({"phase": "Pending", "containerStatuses": [{"name": "pi", "image": "perl:5", "state": state}]}))
}

fn failed(code: i64) -> Value {
    let state = json!({"terminated": {"exitCode": code, "reason": "Error"}});
    pod(json!({"phase": "Failed", "containerStatuses": [{"name": "pi", "state": state}]}))
}

fn event(about: &str, reason: &str, message: &str, at: &str) -> Value {
    json!({
        "metadata": {"uid": format!("{about}-{reason}-{at}")}, "involvedObject": {"uid": about},
        "reason": reason, "message": message, "lastTimestamp": format!("2026-11-23T10:00:{at}Z"),
    })
}

/// Returns the status, and the reason's code and message as the list shows them.
fn shown(job: &Value, pods: &[Value], events: &[Value]) -> (StatusKind, String) {
    let status = derive(job, pods, &events.iter().collect());
    let reason = status.reason.map_or_else(String::new, |reason| {
        let exit = reason.exit.map(|exit| {
            let reason = Some(exit.reason).filter(|reason| !reason.is_empty());
            let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("exit code {}{reason} in \"{}\"", exit.code, exit.container)
        });
        let parts = [Some(reason.code), exit, Some(reason.message)];
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(": ")
    });
    (status.kind, reason)
}

fn ended(kind: &str, reason: &str, message: &str) -> Value {
    json!({"type": kind, "status": "True", "reason": reason, "message": message})
}

#[test]
fn new_job_is_updating() {
    for status in [json!(null), json!({}), json!({"active": 0})] {
        let expected = (StatusKind::Updating, "CreatingPods".to_owned());
        assert_eq!(shown(&job(json!({}), status), &[], &[]), expected);
    }
}

#[test]
fn starting_pod_is_updating() {
    let active = job(json!({}), json!({"active": 1}));
    let mut unscheduled = pod(json!({"phase": "Pending"}));
    unscheduled["spec"] = json!({});
    assert_eq!(
        shown(&active, &[unscheduled], &[]),
        (StatusKind::Updating, "Scheduling".to_owned())
    );

    let creating = [waiting_for("ContainerCreating", "")];
    assert_eq!(
        shown(&active, &creating, &[]),
        (StatusKind::Updating, "Creating".to_owned())
    );

    let pulling = event("pod-1", "Pulling", "Pulling image \"perl:5\"", "01");
    let expected = (StatusKind::Updating, "Pulling: perl:5".to_owned());
    assert_eq!(
        shown(&active, &creating, std::slice::from_ref(&pulling)),
        expected
    );

    let pulled = event("pod-1", "Pulled", "Successfully pulled image", "02");
    let expected = (StatusKind::Updating, "Creating".to_owned());
    assert_eq!(shown(&active, &creating, &[pulling, pulled]), expected);
}

#[test]
fn running_pod_makes_the_job_running() {
    let active = job(json!({}), json!({"active": 2}));
    let running = pod(json!({"phase": "Running"}));
    assert_eq!(
        shown(&active, std::slice::from_ref(&running), &[]),
        (StatusKind::Running, String::new())
    );
    let mixed = [waiting_for("ImagePullBackOff", "Back-off pulling image"), running];
    let expected = (
        StatusKind::Running,
        "ImagePullBackOff: Back-off pulling image".to_owned(),
    );
    assert_eq!(shown(&active, &mixed, &[]), expected);
}

#[test]
fn image_container_and_scheduling_errors_are_reported() {
    let active = job(json!({}), json!({"active": 1}));
    let image = [waiting_for("ErrImagePull", "not found")];
    assert_eq!(
        shown(&active, &image, &[]),
        (StatusKind::ImageError, "ErrImagePull: not found".to_owned())
    );

    let missing = "secret \"keys\" not found";
    let container = [waiting_for("CreateContainerConfigError", missing)];
    let expected = format!("CreateContainerConfigError: {missing}");
    assert_eq!(
        shown(&active, &container, &[]),
        (StatusKind::ContainerError, expected)
    );

    let message = "0/3 nodes are available: 3 Insufficient cpu.";
    let condition =
        json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message});
    let unschedulable = pod(json!({"phase": "Pending", "conditions": [condition]}));
    let expected = (
        StatusKind::Unschedulable,
        "NoNodeFits: 3 Insufficient cpu".to_owned(),
    );
    assert_eq!(shown(&active, &[unschedulable], &[]), expected);
}

#[test]
fn exceeded_quota_blocks_until_a_pod_is_created() {
    let new = job(json!({}), json!({}));
    let message = "pods \"pi-\" is forbidden: exceeded quota: small";
    let refused = event("job-1", "FailedCreate", message, "01");
    let expected = (
        StatusKind::Blocked,
        "FailedCreate: exceeded quota: small".to_owned(),
    );
    assert_eq!(shown(&new, &[], std::slice::from_ref(&refused)), expected);
    let made = event("job-1", "SuccessfulCreate", "Created pod: pi-x", "02");
    assert_eq!(shown(&new, &[], &[refused, made]).0, StatusKind::Updating);
}

#[test]
fn job_in_back_off_is_running() {
    let between = job(json!({}), json!({"failed": 1}));
    let expected = (StatusKind::Running, "BackOff: exit code 3 in \"pi\"".to_owned());
    assert_eq!(shown(&between, &[failed(3)], &[]), expected);

    let last = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
    let state = json!({"waiting": {"reason": "CrashLoopBackOff"}});
    let statuses = json!([{"name": "pi", "state": state, "lastState": last}]);
    let restarting = pod(json!({"phase": "Running", "containerStatuses": statuses}));
    let active = job(json!({}), json!({"active": 1}));
    let expected = (
        StatusKind::Running,
        "CrashLoop: exit code 137 (OOMKilled) in \"pi\"".to_owned(),
    );
    assert_eq!(shown(&active, &[restarting], &[]), expected);
}

#[test]
fn finished_job_has_the_reason_of_its_condition() {
    let complete = ended(
        "Complete",
        "CompletionsReached",
        "Reached expected number of succeeded pods",
    );
    let met = ended("SuccessCriteriaMet", "CompletionsReached", "Reached");
    let completed = job(json!({}), json!({"succeeded": 4, "conditions": [met, complete]}));
    // Successful completion needs no reason.
    assert_eq!(
        shown(&completed, &[], &[]),
        (StatusKind::Completed, String::new())
    );

    let limit = ended(
        "Failed",
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
    );
    let out_of_tries = job(json!({}), json!({"failed": 1, "conditions": [limit]}));
    let expected = "BackoffLimitExceeded: exit code 2 in \"pi\"".to_owned();
    assert_eq!(
        shown(&out_of_tries, &[failed(2)], &[]),
        (StatusKind::Failed, expected)
    );

    let late = ended(
        "Failed",
        "DeadlineExceeded",
        "Job was active longer than specified deadline",
    );
    let too_late = job(json!({}), json!({"conditions": [late]}));
    let expected = "DeadlineExceeded".to_owned();
    assert_eq!(
        shown(&too_late, &[failed(2)], &[]),
        (StatusKind::Failed, expected)
    );
}

#[test]
fn failure_target_and_success_criteria_met_are_still_running() {
    for (kind, reason) in [
        ("FailureTarget", "DeadlineExceeded"),
        ("SuccessCriteriaMet", "SuccessPolicy"),
    ] {
        let ending = job(
            json!({}),
            json!({"active": 1, "conditions": [ended(kind, reason, "")]}),
        );
        assert_eq!(shown(&ending, &[], &[]), (StatusKind::Running, reason.to_owned()));
    }
}

#[test]
fn false_condition_is_ignored() {
    let mut condition = ended("Failed", "BackoffLimitExceeded", "");
    condition["status"] = json!("False");
    let new = job(json!({}), json!({"conditions": [condition]}));
    assert_eq!(shown(&new, &[], &[]).0, StatusKind::Updating);
}

#[test]
fn suspended_and_terminating_take_precedence_and_a_result_is_kept() {
    let suspended = job(json!({"suspend": true}), json!({"active": 1}));
    assert_eq!(
        shown(&suspended, &[pod(json!({"phase": "Running"}))], &[]).0,
        StatusKind::Suspended
    );
    let leaving = |conditions: Value| {
        let mut job = job(json!({"suspend": true}), json!({"conditions": conditions}));
        job["metadata"]["deletionTimestamp"] = json!("2026-11-23T10:00:00Z");
        derive(&job, [], &EventIndex::default())
    };
    assert_eq!(leaving(json!([])).kind, StatusKind::Terminating);
    for (condition, kind) in [
        ("Complete", StatusKind::Completed),
        ("Failed", StatusKind::Failed),
    ] {
        let status = leaving(json!([ended(condition, "", "")]));
        assert_eq!((status.kind, status.leaving), (kind, true));
    }
}
