//! Kubernetes events as the Job page shows them.

use serde::{Deserialize, Serialize};

use crate::api::job::Millis;

/// One event of a Job or of one of its Pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// `metadata.uid`, the row's identity.
    pub uid: String,
    /// `type` is `Warning`.
    pub warning: bool,
    /// `reason`.
    pub reason: String,
    /// `message`.
    pub message: String,
    /// Involved object, such as `Pod/job-demo-x7k2p`.
    pub object: String,
    /// Component that reported the event.
    pub source: String,
    /// Number of occurrences.
    pub count: i64,
    /// Time of the last occurrence.
    pub last: Millis,
}
