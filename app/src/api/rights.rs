//! What the signed-in user may do in a project.

use serde::{Deserialize, Serialize};

/// What the signed-in user may do with the Jobs of a project. Everything that is not known to be denied is allowed:
/// the cluster has the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "independent of each other")]
pub struct Rights {
    /// Create Jobs, which a rerun does too.
    pub create: bool,
    /// Change Jobs: suspend, resume, edit their information.
    pub change: bool,
    /// Delete Jobs.
    pub delete: bool,
    /// Read the logs of Pods.
    pub logs: bool,
}

impl Rights {
    /// Nothing is denied.
    pub const ALL: Self = Self {
        create: true,
        change: true,
        delete: true,
        logs: true,
    };
}
