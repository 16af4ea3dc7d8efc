//! What the API server and its controllers write into an object. It belongs to the one stored object, and keeps a copy
//! from being created.

/// Members of `metadata` that only the API server sets: they show that an object was read from a cluster.
pub const METADATA: [&str; 8] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
];

/// Members of `metadata` that tie an object to others of its cluster: its owner does not own a new object, and its
/// finalizers protect only itself.
pub const TIES: [&str; 2] = ["ownerReferences", "finalizers"];

/// Annotations that describe the stored object.
pub const ANNOTATIONS: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "batch.kubernetes.io/job-tracking",
    "batch.kubernetes.io/cronjob-scheduled-timestamp",
    "cronjob.kubernetes.io/instantiate",
    "deployment.kubernetes.io/revision",
    "revisions",
];

/// Labels that the API server generates for a Job's Pods and, through the template, for most Jobs: the Job's uid and
/// name under their old and new keys.
pub const LABELS: [&str; 4] = [UID_LABELS[0], UID_LABELS[1], NAME_LABELS[0], NAME_LABELS[1]];

/// Labels of a Job's Pods that hold its UID.
pub(crate) const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// Labels of a Job's Pods that hold its name.
pub(crate) const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
