//! Jobs as the list and the Job page show them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::api::event::EventRow;
use crate::api::pod::PodRow;

pub use manifest::generated::LABELS as GENERATED_LABELS;

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// Reference to a Job as the user saw and confirmed it. The name alone may mean another Job by the time the action
/// runs: one that was deleted and created again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRef {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
}

/// A Job to act on, with its project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Project.
    pub project: String,
    /// Job.
    pub job: JobRef,
}

impl Target {
    /// Returns the reference to the Job of a row.
    pub fn of(row: &JobRow) -> Self {
        Self {
            project: row.project.clone(),
            job: row.job(),
        }
    }
}

/// Change of a text field, with the value that the user started from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextChange {
    /// Old value; empty if there was none.
    pub from: String,
    /// New value; empty removes the field.
    pub to: String,
}

/// Changes to the describing annotations of a Job. Untouched fields are none and are not sent to the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescriptionChange {
    /// Change of the alias.
    pub alias: Option<TextChange>,
    /// Change of the description.
    pub description: Option<TextChange>,
}

/// State of a Job in one word (feature L6), derived from its conditions, Pods and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StatusKind {
    /// Nothing runs yet (更新中): Pods are being created or scheduled, or their images are being pulled.
    Updating,
    /// At least one Pod runs, or the Job waits for its next retry.
    Running,
    /// Condition `Complete`.
    Completed,
    /// Condition `Failed`.
    Failed,
    /// `spec.suspend` is true.
    Suspended,
    /// No Pod can be created: a ResourceQuota or an admission plugin rejects it, or `parallelism` is 0.
    Blocked,
    /// No node accepts its Pods, or they have scheduling gates.
    Unschedulable,
    /// An image cannot be pulled.
    ImageError,
    /// A container cannot be set up: a Secret, `ConfigMap` or volume that it uses is missing, its command does not
    /// exist, or an init container fails again and again.
    ContainerError,
    /// It is being deleted.
    Terminating,
}

impl StatusKind {
    /// Returns whether the Job will not change any more by itself.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// A state with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// State.
    pub kind: StatusKind,
    /// Reason, as far as the cluster reports one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Whether the Job is finished (`kind` says how) and is being deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub leaving: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// Reason of a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Kubernetes' `reason` where there is one (`DeadlineExceeded`, `BackoffLimitExceeded`, `ErrImagePull`, …),
    /// else one of the console's, such as `Scheduling` or `BackOff`; `docs/states.md` lists those of Jobs.
    pub code: String,
    /// Message of the cluster, or the subject itself (the image); may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// How the container ended that is the cause; the pages phrase it in their language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<ContainerExit>,
    /// Arguments of the code by name, such as `node` or `container`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Reason {
    /// Creates a reason without an exit.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            exit: None,
            args: BTreeMap::new(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}

/// How a container failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerExit {
    /// Name of the container.
    pub container: String,
    /// Exit code.
    pub code: i64,
    /// Kubernetes' reason (`OOMKilled`), empty if it only says that there was an error.
    pub reason: String,
}

/// One row of the Job list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    /// `metadata.namespace`.
    pub project: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// Annotation `kubesphere.io/alias-name`, else the older `displayName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Annotation `kubesphere.io/description`, else the older `desc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// State.
    pub status: JobStatus,
    /// `status.succeeded`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub succeeded: i64,
    /// `status.failed`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: i64,
    /// `status.active`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub active: i64,
    /// `spec.completions`; none for a work queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<i64>,
    /// `spec.parallelism`.
    pub parallelism: i64,
    /// Images of its containers, init containers last, without duplicates.
    pub images: Vec<String>,
    /// Owning controller, such as `CronJob/nightly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `metadata.labels`, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<(String, String)>,
    /// `metadata.creationTimestamp`.
    pub created: Millis,
    /// `status.startTime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Millis>,
    /// Time when it completed or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Millis>,
    /// Last transition of a condition, else the creation time (the list's update time).
    pub updated: Millis,
    /// `spec.suspend`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspended: bool,
}

impl JobDetail {
    /// Returns its Pods, as far as they may be read.
    pub fn readable_pods(&self) -> &[PodRow] {
        self.pods.as_deref().unwrap_or_default()
    }
}

impl JobRow {
    /// Returns the reference for changing or deleting the Job.
    pub fn job(&self) -> JobRef {
        JobRef {
            name: self.name.clone(),
            uid: self.uid.clone(),
        }
    }

    /// Returns whether the Job can still be suspended or resumed.
    pub fn is_active(&self) -> bool {
        !self.status.kind.is_finished() && self.status.kind != StatusKind::Terminating
    }

    /// Returns the progress as the list shows it: `3/4`, or only what has succeeded for a work queue, which ends when its
    /// Pods agree.
    pub fn progress(&self) -> String {
        match self.completions {
            Some(completions) => format!("{}/{completions}", self.succeeded),
            None => self.succeeded.to_string(),
        }
    }

    /// Returns the number of Pods that have to succeed: `completions`, else 1 (a work queue ends with its first
    /// success).
    pub fn wanted(&self) -> i64 {
        self.completions.unwrap_or(1)
    }
}

/// Jobs used and planned, and Pods left, over all `ResourceQuota`s of the project; the smallest value counts. None
/// means unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QuotaBanner {
    /// Existing Jobs (`count/jobs.batch` used, else counted).
    pub jobs_used: i64,
    /// `count/jobs.batch` hard.
    pub jobs_hard: Option<i64>,
    /// `pods`/`count/pods` hard − used, at least 0.
    pub pods_left: Option<i64>,
}

/// All data of a Job's page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobDetail {
    /// Facts that the list shows too.
    pub row: JobRow,
    /// `spec.backoffLimit` (the API server's default is 6).
    pub backoff_limit: i64,
    /// `spec.activeDeadlineSeconds`.
    pub active_deadline_seconds: Option<i64>,
    /// `spec.ttlSecondsAfterFinished`.
    pub ttl_seconds_after_finished: Option<i64>,
    /// `spec.completionMode`.
    pub completion_mode: String,
    /// Completion indexes, if the Job is Indexed.
    pub indexes: Option<Indexes>,
    /// `spec.template.spec.restartPolicy`.
    pub restart_policy: String,
    /// `metadata.annotations` without the last-applied configuration, in order.
    pub annotations: Vec<(String, String)>,
    /// `spec.template.spec.nodeSelector`, in order.
    pub node_selector: Vec<(String, String)>,
    /// Pods, newest first; none if the user may not list Pods.
    pub pods: Option<Vec<PodRow>>,
    /// Number of Pods that are left out because there are too many.
    pub pods_left_out: usize,
    /// Events of the Job and its Pods, newest first; none if the user may not read events.
    pub events: Option<Vec<EventRow>>,
    /// Number of Pods whose events are left out: those of a Job with many Pods are not all read.
    pub events_left_out: usize,
    /// Environment of each container.
    pub environment: Vec<ContainerEnvironment>,
    /// Every run: this Job and those it was rerun from or as, newest first (D1).
    pub records: Vec<Record>,
    /// Cleaned manifest as YAML, which can be created again as is.
    pub manifest: String,
}

/// The completion indexes of an Indexed Job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexes {
    /// `spec.completions`: the indexes range from 0 to one less.
    pub count: i64,
    /// `status.completedIndexes`, as the API server writes it: `0,2-4`; may be empty.
    pub completed: String,
    /// `status.failedIndexes`, likewise; only with `backoffLimitPerIndex`.
    pub failed: String,
}

/// One run of a Job (执行记录).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Name of the Job of this run.
    pub name: String,
    /// State.
    pub status: JobStatus,
    /// Pods that succeeded.
    pub succeeded: i64,
    /// Number of Pods that have to succeed.
    pub wanted: i64,
    /// Start time.
    pub started: Option<Millis>,
    /// End time.
    pub finished: Option<Millis>,
}

/// Environment of one container, without Secret values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerEnvironment {
    /// Container name.
    pub container: String,
    /// Whether it is an init container.
    pub init: bool,
    /// Variables, in order.
    pub variables: Vec<Variable>,
    /// Whether more variables are left out because there are too many.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_cut: bool,
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Name; empty for a whole ConfigMap or Secret whose keys are unknown.
    pub name: String,
    /// Source of the value.
    pub source: VariableSource,
    /// Whether a later variable of the same name takes its place in the container.
    #[serde(default, skip_serializing_if = "is_false")]
    pub overridden: bool,
}

/// What the kubelet does about a source that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingSource {
    /// It is optional: the variable is not set.
    Skipped,
    /// The container is not started.
    Required,
}

/// Source of an environment variable's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum VariableSource {
    /// Literal value in the manifest.
    Value {
        /// Value as written.
        value: String,
        /// Value in the container, if it refers to other variables whose values are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expanded: Option<String>,
    },
    /// Key of a ConfigMap, with its value if the user may read it.
    ConfigMap {
        /// ConfigMap name.
        name: String,
        /// Key; empty for all keys.
        key: String,
        /// Value, if readable.
        value: Option<String>,
        /// Whether the ConfigMap or the key does not exist.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<MissingSource>,
    },
    /// Key of a Secret; its value is never sent.
    Secret {
        /// Secret name.
        name: String,
        /// Key; empty for all keys.
        key: String,
    },
    /// Key of a file in a volume.
    File {
        /// Name of the volume.
        volume: String,
        /// Path of the file in it.
        path: String,
        /// Key.
        key: String,
    },
    /// Field of the Pod, such as `metadata.name`.
    Field {
        /// Field path.
        path: String,
    },
    /// Resource of a container, such as `limits.cpu`.
    Resource {
        /// Resource name.
        resource: String,
    },
}

#[cfg(test)]
impl JobRow {
    /// Returns a running Job for tests.
    pub fn sample() -> Self {
        Self {
            project: "demo".into(),
            name: "job-demo".into(),
            uid: "1".into(),
            alias: Some("任务示例".into()),
            description: None,
            status: JobStatus {
                kind: StatusKind::Running,
                reason: None,
                leaving: false,
            },
            succeeded: 1,
            failed: 0,
            active: 2,
            completions: Some(4),
            parallelism: 2,
            images: vec!["perl:5.28.0".into()],
            owner: Some("CronJob/nightly".into()),
            labels: vec![("app".into(), "Pi".into())],
            created: 0,
            started: None,
            finished: None,
            updated: 0,
            suspended: false,
        }
    }
}
