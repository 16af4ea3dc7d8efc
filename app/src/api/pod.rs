//! Pods as the Job page shows them (resource status, 资源状态).

use serde::{Deserialize, Serialize};

use crate::api::job::{Millis, Reason};

/// One Pod of a Job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodRow {
    /// `metadata.name`.
    pub name: String,
    /// `status.phase`, or `Terminating` once it is being deleted.
    pub phase: String,
    /// Reason, if the cluster reports one (`Unschedulable`, `OOMKilled`, `ErrImagePull`, …).
    pub reason: Option<Reason>,
    /// Node, once scheduled.
    pub node: Option<String>,
    /// Pod IP, once it has one.
    pub ip: Option<String>,
    /// `batch.kubernetes.io/job-completion-index` of an Indexed Job.
    pub index: Option<i64>,
    /// Creation time.
    pub created: Millis,
    /// `status.startTime`.
    pub started: Option<Millis>,
    /// End of the last container.
    pub finished: Option<Millis>,
    /// Containers, init containers first.
    pub containers: Vec<ContainerRow>,
}

/// One container of a Pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerRow {
    /// Name.
    pub name: String,
    /// Image as written.
    pub image: String,
    /// Whether it is an init container.
    pub init: bool,
    /// State.
    pub state: ContainerState,
    /// Number of restarts; a previous log exists if this is above 0.
    pub restarts: i64,
}

/// The state of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ContainerState {
    /// Not started.
    Waiting {
        /// `reason`, such as `ContainerCreating` or `CrashLoopBackOff`.
        reason: String,
        /// `message`.
        message: String,
    },
    /// Running.
    Running {
        /// Start time.
        since: Option<Millis>,
    },
    /// Terminated.
    Terminated {
        /// Exit code.
        exit_code: i64,
        /// `reason`, such as `Completed`, `Error` or `OOMKilled`.
        reason: String,
        /// `message`.
        message: String,
        /// End time.
        finished: Option<Millis>,
    },
}
