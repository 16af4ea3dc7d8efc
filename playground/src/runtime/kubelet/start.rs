//! Starts a Pod on its node, or resumes it after a restart of the playground.

use serde_json::{Value, json};

use crate::runtime::environment::list;
use crate::runtime::kubelet::PodLifecycle;
use crate::runtime::kubelet::status::set_conditions;
use crate::store::StoreError;

impl PodLifecycle {
    /// Prepares a Pod that was assigned to a node.
    pub(super) async fn prepare(&self, pod: &Value) -> Result<(), StoreError> {
        let now = self.cluster.clock.now_text();
        let number = u64::from_str_radix(&self.uid.replace('-', "")[..8], 16).unwrap_or(0);
        let ip = format!("10.244.{}.{}", number / 250 % 250, number % 250 + 1);
        self.change(|status| {
            status["phase"] = "Pending".into();
            status["startTime"] = now.clone().into();
            status["podIP"] = ip.clone().into();
            status["podIPs"] = json!([{"ip": ip}]);
            status["hostIP"] = "127.0.0.1".into();
            status["qosClass"] = "Burstable".into();
            for (field, statuses) in [("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")] {
                let all: Vec<_> = list(&pod["spec"][field]).iter().map(|container| json!({
                    "name": container["name"], "image": container["image"], "imageID": "", "ready": false,
                    "started": false, "restartCount": 0,
                    "state": {"waiting": {"reason": if field == "containers" && !list(&pod["spec"]["initContainers"]).is_empty() { "PodInitializing" } else { "ContainerCreating" }}},
                })).collect();
                if !all.is_empty() {
                    status[statuses] = all.into();
                }
            }
            set_conditions(status, false, "ContainersNotReady", &now);
        })
        .await
    }

    /// Handles a Pod found after a restart of the playground: its processes are gone. Returns true if the Pod
    /// continues.
    pub(super) async fn after_restart(&self, pod: &Value) -> Result<bool, StoreError> {
        let now = self.cluster.clock.now_text();
        let never = pod["spec"]["restartPolicy"] == "Never";
        let mut lost = false;
        for statuses in ["initContainerStatuses", "containerStatuses"] {
            lost |= list(&pod["status"][statuses])
                .iter()
                .any(|one| one["state"]["running"].is_object());
        }
        self.change(|status| {
            for statuses in ["initContainerStatuses", "containerStatuses"] {
                for one in status[statuses]
                    .as_array_mut()
                    .map_or(&mut [][..], Vec::as_mut_slice)
                {
                    if !one["state"]["running"].is_object() {
                        continue;
                    }
                    let ended = json!({"terminated": {
                        "exitCode": 255, "reason": "Unknown",
                        "message": "The container could not be located when the node was restarted",
                        "startedAt": one["state"]["running"]["startedAt"], "finishedAt": now,
                    }});
                    one["ready"] = false.into();
                    one["started"] = false.into();
                    if never {
                        one["state"] = ended;
                    } else {
                        // The restart is counted when it happens.
                        one["lastState"] = ended;
                        one["state"] = json!({"waiting": {"reason": "ContainerCreating"}});
                    }
                }
            }
            if never && lost {
                status["phase"] = "Failed".into();
                set_conditions(status, false, "PodFailed", &now);
            }
        })
        .await?;
        Ok(!(never && lost))
    }
}
