//! Writes the state of containers into the Pod's status.

use serde_json::{Value, json};

use crate::runtime::kubelet::PodLifecycle;
use crate::runtime::sandbox::Exit;
use crate::store::StoreError;

impl PodLifecycle {
    pub(super) async fn container_status(
        &self,
        statuses: &str,
        name: &str,
        change: impl Fn(&mut Value),
    ) -> Result<(), StoreError> {
        let now = self.cluster.clock.now_text();
        self.change(|status| {
            for own in status[statuses]
                .as_array_mut()
                .map_or(&mut [][..], Vec::as_mut_slice)
            {
                if own["name"] == name {
                    change(own);
                }
            }
            let all = status["containerStatuses"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            let ready = !all.is_empty() && all.iter().all(|one| one["ready"] == true);
            let running = all.iter().any(|one| one["state"]["running"].is_object());
            if running {
                status["phase"] = "Running".into();
            }
            set_conditions(status, ready, "ContainersNotReady", &now);
        })
        .await
    }

    pub(super) async fn ended(
        &self,
        statuses: &str,
        name: &str,
        exit: Exit,
        reason: &str,
        message: &str,
        started_at: Option<&str>,
    ) -> Result<(), StoreError> {
        let now = self.cluster.clock.now_text();
        self.container_status(statuses, name, |own| {
            let mut ended = json!({
                "exitCode": exit.code, "reason": reason, "startedAt": started_at.unwrap_or(&now), "finishedAt": now,
            });
            if !message.is_empty() {
                ended["message"] = message.into();
            }
            if !own["containerID"].is_null() {
                ended["containerID"] = own["containerID"].clone();
            }
            own["state"] = json!({"terminated": ended});
            own["ready"] = (statuses == "initContainerStatuses" && exit.code == 0).into();
            own["started"] = false.into();
        })
        .await
    }

    /// Marks the Pod as evicted by its node.
    pub(super) async fn evicted(&self, message: &str) -> Result<(), StoreError> {
        let now = self.cluster.clock.now_text();
        self.change(|status| {
            status["phase"] = "Failed".into();
            status["reason"] = "Evicted".into();
            status["message"] = message.into();
            set_conditions(status, false, "PodFailed", &now);
            let mut all = status["conditions"].as_array().cloned().unwrap_or_default();
            all.retain(|condition| condition["type"] != "DisruptionTarget");
            all.push(json!({
                "type": "DisruptionTarget", "status": "True", "lastProbeTime": null, "lastTransitionTime": now,
                "reason": "TerminationByKubelet", "message": message,
            }));
            status["conditions"] = all.into();
        })
        .await
    }
}

/// Starts a new attempt in a container's status; the result of the previous one moves to `lastState`.
pub(super) fn begin_run(own: &mut Value, attempt: i64) {
    own["restartCount"] = attempt.into();
    if own["state"]["terminated"].is_object() {
        own["lastState"] = own["state"].take();
    }
}

/// Sets the Pod's conditions: always initialized, and ready or not ready for this reason.
pub(super) fn set_conditions(status: &mut Value, ready: bool, reason: &str, now: &str) {
    let mut all = status["conditions"].as_array().cloned().unwrap_or_default();
    for kind in ["Initialized", "Ready", "ContainersReady"] {
        let value = if kind == "Initialized" || ready {
            "True"
        } else {
            "False"
        };
        let same = all
            .iter()
            .any(|condition| condition["type"] == kind && condition["status"] == value);
        if same {
            continue;
        }
        all.retain(|condition| condition["type"] != kind);
        let mut condition =
            json!({"type": kind, "status": value, "lastProbeTime": null, "lastTransitionTime": now});
        if value == "False" {
            condition["reason"] = reason.into();
        }
        all.push(condition);
    }
    status["conditions"] = all.into();
}
