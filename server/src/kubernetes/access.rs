//! What the credentials allow, as the cluster's authorizers answer (`SelfSubjectAccessReview`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::kubernetes::{Cluster, DryRun};

/// How long an answer is used. Rights change rarely, and the cluster refuses what is no longer allowed anyway.
const CACHE_TTL: Duration = Duration::from_secs(30);

/// Maximum number of cached answers; a user visits few projects.
const MAX_CACHED: usize = 4096;

/// An action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Access {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// Plural of the resource.
    pub resource: &'static str,
    /// Subresource, or empty.
    pub subresource: &'static str,
    /// Verb of the API.
    pub verb: &'static str,
}

impl Access {
    /// Creates an action on Jobs.
    pub const fn jobs(verb: &'static str) -> Self {
        Self {
            group: "batch",
            resource: "jobs",
            subresource: "",
            verb,
        }
    }

    /// Creates an action on Secrets.
    pub const fn secrets(verb: &'static str) -> Self {
        Self {
            group: "",
            resource: "secrets",
            subresource: "",
            verb,
        }
    }

    /// Reading the log of a Pod.
    pub const LOGS: Self = Self {
        group: "",
        resource: "pods",
        subresource: "log",
        verb: "get",
    };
}

/// Answers by project and action, with their time.
#[derive(Default)]
pub struct AccessCache(Mutex<HashMap<(String, Access), (Instant, bool)>>);

impl Cluster {
    /// Whether the credentials allow `access` in `project`. An answer that cannot be had counts as allowed: the
    /// cluster decides when it is done.
    pub async fn may(&self, project: &str, access: Access) -> bool {
        self.review(project, access).await.unwrap_or(true)
    }

    /// Returns whether the credentials allow `access` in `project`; `None` if the cluster does not say.
    pub async fn review(&self, project: &str, access: Access) -> Option<bool> {
        let cache = self.access_cache();
        let key = (project.to_owned(), access);
        let now = Instant::now();
        {
            let cached = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((at, allowed)) = cached.get(&key)
                && now.duration_since(*at) < CACHE_TTL
            {
                return Some(*allowed);
            }
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "namespace": project, "group": access.group, "resource": access.resource,
                "subresource": access.subresource, "verb": access.verb,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let answer = match self.post(path, &review, DryRun::No).await {
            Ok(response) => response.object["status"]["allowed"].as_bool(),
            Err(error) => {
                tracing::debug!(%error, "cannot review the access");
                None
            }
        };
        let allowed = answer?;
        let mut cached = cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.len() >= MAX_CACHED {
            cached.clear();
        }
        cached.insert(key, (now, allowed));
        Some(allowed)
    }
}
