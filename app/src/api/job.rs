//! Jobs as the list and the Job page show them.

use serde::{Deserialize, Serialize};

use crate::api::event::EventRow;
use crate::api::pod::PodRow;

/// Milliseconds since the Unix epoch, UTC.
pub type Millis = i64;

/// Labels that the API server gives a Job's Pods, and most Jobs by way of their template: the Job's name and uid again,
/// under old and new names.
pub const GENERATED_LABELS: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// A Job as a person sees and confirms it. Its name alone may mean another Job by the time something is done with it:
/// one that was deleted and created again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobRef {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
}

/// A text that a person changed, and what stood there when they began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextChange {
    /// Before; empty if there was none.
    pub from: String,
    /// After; empty removes it.
    pub to: String,
}

/// Changes of what describes a Job. What was not touched is none, and is not sent to the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescriptionChange {
    /// Of the alias.
    pub alias: Option<TextChange>,
    /// Of the description.
    pub description: Option<TextChange>,
}

/// The state of a Job in one word (feature L6), derived from its conditions, Pods and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StatusKind {
    /// 更新中: nothing of it runs yet: Pods are being made, scheduled, or their images pulled.
    Updating,
    /// At least one Pod runs, or the Job waits for its next try.
    Running,
    /// Condition `Complete`.
    Completed,
    /// Condition `Failed`.
    Failed,
    /// `spec.suspend` is true.
    Suspended,
    /// Its Pods are refused by a ResourceQuota.
    Blocked,
    /// No node takes its Pods.
    Unschedulable,
    /// An image cannot be pulled.
    ImageError,
    /// A container cannot be set up: a Secret or `ConfigMap` that it uses is missing, its command does not exist.
    ContainerError,
    /// It is being deleted.
    Terminating,
}

impl StatusKind {
    /// Nothing more will happen to the Job by itself.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// A state with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// The state.
    pub kind: StatusKind,
    /// Why, as far as the cluster says.
    pub reason: Option<Reason>,
    /// It is finished (`kind` says how) and is being deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub leaving: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Why something is in its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Kubernetes' `reason` where there is one (`DeadlineExceeded`, `BackoffLimitExceeded`, `ErrImagePull`, …),
    /// else one of ours: `Scheduling`, `Pulling`, `Creating`, `ExitCode`, `BackOff`.
    pub code: String,
    /// The cluster's own sentence, or the thing itself (the image, `3 in "load"`); may be empty.
    pub message: String,
}

/// One line of the Job list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRow {
    /// `metadata.namespace`.
    pub project: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// Annotation `kubesphere.io/alias-name`, else the older `displayName`.
    pub alias: Option<String>,
    /// Annotation `kubesphere.io/description`, else the older `desc`.
    pub description: Option<String>,
    /// Its state.
    pub status: JobStatus,
    /// `status.succeeded`.
    pub succeeded: i64,
    /// `status.failed`.
    pub failed: i64,
    /// `status.active`.
    pub active: i64,
    /// `spec.completions`; none for a work queue.
    pub completions: Option<i64>,
    /// `spec.parallelism`.
    pub parallelism: i64,
    /// Images of its containers, init containers last, without repeats.
    pub images: Vec<String>,
    /// The controller that owns it, as `CronJob/nightly`.
    pub owner: Option<String>,
    /// `metadata.labels`, in order.
    pub labels: Vec<(String, String)>,
    /// `metadata.creationTimestamp`.
    pub created: Millis,
    /// `status.startTime`.
    pub started: Option<Millis>,
    /// When it completed or failed.
    pub finished: Option<Millis>,
    /// Newest change of a condition, else creation (the list's update time).
    pub updated: Millis,
    /// `spec.suspend`.
    pub suspended: bool,
}

impl JobDetail {
    /// Its Pods as far as they may be read.
    pub fn readable_pods(&self) -> &[PodRow] {
        self.pods.as_deref().unwrap_or_default()
    }
}

impl JobRow {
    /// The Job, to be changed or deleted.
    pub fn job(&self) -> JobRef {
        JobRef {
            name: self.name.clone(),
            uid: self.uid.clone(),
        }
    }

    /// Whether the Job can still be suspended or resumed.
    pub fn is_active(&self) -> bool {
        !self.status.kind.is_finished() && self.status.kind != StatusKind::Terminating
    }

    /// Pods that have to succeed: `completions`, else 1 (a work queue ends with its first success).
    pub fn wanted(&self) -> i64 {
        self.completions.unwrap_or(1)
    }
}

/// The Job list of one project with its banner (L3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobList {
    /// Jobs, newest update first.
    pub rows: Vec<JobRow>,
    /// The banner's numbers.
    pub quota: QuotaBanner,
}

/// Jobs used and planned, Pods left: from all `ResourceQuota`s of the project, the smallest wins. None is ∞.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QuotaBanner {
    /// Jobs that exist (`count/jobs.batch` used, else counted).
    pub jobs_used: i64,
    /// `count/jobs.batch` hard.
    pub jobs_hard: Option<i64>,
    /// `pods`/`count/pods` hard − used, at least 0.
    pub pods_left: Option<i64>,
}

/// One change of the live Job list, as sent on `/stream/jobs` (event `change`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ListChange {
    /// The whole list, on connecting and after a lost watch.
    Snapshot {
        /// The list.
        list: JobList,
    },
    /// Rows that are new or changed, with the banner.
    Rows {
        /// The rows.
        rows: Vec<JobRow>,
        /// `uid`s of Jobs that are gone.
        gone: Vec<String>,
        /// The banner.
        quota: QuotaBanner,
    },
    /// The watch on the cluster is lost since this time: rows may be stale. A `Snapshot` follows when it is back.
    Stale {
        /// Since when.
        since: Millis,
    },
}

/// Everything on a Job's page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobDetail {
    /// The same facts as in the list.
    pub row: JobRow,
    /// `spec.backoffLimit` (the API server's default is 6).
    pub backoff_limit: i64,
    /// `spec.activeDeadlineSeconds`.
    pub active_deadline_seconds: Option<i64>,
    /// `spec.ttlSecondsAfterFinished`.
    pub ttl_seconds_after_finished: Option<i64>,
    /// `spec.completionMode`.
    pub completion_mode: String,
    /// Its completion indexes, if it is Indexed.
    pub indexes: Option<Indexes>,
    /// `spec.template.spec.restartPolicy`.
    pub restart_policy: String,
    /// `metadata.annotations` without the last-applied configuration, in order.
    pub annotations: Vec<(String, String)>,
    /// `spec.template.spec.nodeSelector`, in order.
    pub node_selector: Vec<(String, String)>,
    /// Its Pods, newest first; none if the person may not list Pods.
    pub pods: Option<Vec<PodRow>>,
    /// Events of the Job and its Pods, newest first; none if the person may not read events.
    pub events: Option<Vec<EventRow>>,
    /// Environment of each container.
    pub environment: Vec<ContainerEnvironment>,
    /// Every run: this Job and those it was rerun from or as, newest first (D1).
    pub records: Vec<Record>,
    /// The manifest as YAML, clean: it can be created again as it is.
    pub manifest: String,
}

/// The completion indexes of an Indexed Job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexes {
    /// `spec.completions`: the indexes go from 0 to one less.
    pub count: i64,
    /// `status.completedIndexes`, as the cluster writes it: `0,2-4`; may be empty.
    pub completed: String,
    /// `status.failedIndexes`, likewise; only with `backoffLimitPerIndex`.
    pub failed: String,
}

/// One run of a Job (执行记录).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Name of the Job that made this run.
    pub name: String,
    /// Its state.
    pub status: JobStatus,
    /// Pods that succeeded.
    pub succeeded: i64,
    /// Pods that have to succeed.
    pub wanted: i64,
    /// Start.
    pub started: Option<Millis>,
    /// End.
    pub finished: Option<Millis>,
}

/// The environment of one container, without a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerEnvironment {
    /// Container name.
    pub container: String,
    /// It is an init container.
    pub init: bool,
    /// Its variables, in order.
    pub variables: Vec<Variable>,
}

/// One environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Name; empty for a whole ConfigMap or Secret whose keys are not known.
    pub name: String,
    /// Where the value comes from.
    pub source: VariableSource,
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum VariableSource {
    /// Written in the manifest.
    Value {
        /// The value.
        value: String,
    },
    /// A key of a ConfigMap, with its value where the person may read it.
    ConfigMap {
        /// ConfigMap name.
        name: String,
        /// Key; empty for all keys.
        key: String,
        /// Value, if readable.
        value: Option<String>,
    },
    /// A key of a Secret; its value is never sent.
    Secret {
        /// Secret name.
        name: String,
        /// Key; empty for all keys.
        key: String,
    },
    /// A field of the Pod, such as `metadata.name`.
    Field {
        /// Field path.
        path: String,
    },
    /// A resource of a container, such as `limits.cpu`.
    Resource {
        /// Resource name.
        resource: String,
    },
}

#[cfg(test)]
impl JobRow {
    /// A running Job, for tests.
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
