//! Checks the credentials of a user by asking the API server who they belong to.

use serde_json::json;

use app::api::error::ApiError;

use crate::kubernetes::{Cluster, DryRun};

/// Result of checking a token.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The cluster accepts it, and tells the user's name if it can.
    Accepted(String),
    /// The cluster does not accept it.
    Rejected,
    /// The cluster does not respond, or not as an API server does.
    Unknown(ApiError),
}

/// Name of a request without credentials.
const ANONYMOUS: &str = "system:anonymous";

/// Asks the API server whether it accepts the credentials of `cluster`: by `SelfSubjectReview` (Kubernetes 1.28), or, if it has
/// none, by `SelfSubjectAccessReview`, which every authenticated user may create.
pub async fn verify(cluster: &Cluster) -> Verdict {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    match cluster.post(path, &review, DryRun::No).await {
        Ok(response) => match response.object["status"]["userInfo"]["username"].as_str() {
            Some(ANONYMOUS) => Verdict::Rejected,
            name => Verdict::Accepted(name.unwrap_or_default().to_owned()),
        },
        // Also of an API server that knows the review but does not let this user create it.
        Err(ApiError::NotFound { .. } | ApiError::Forbidden { .. }) => verify_by_access_review(cluster).await,
        Err(error) => rejected_or_unknown(error),
    }
}

async fn verify_by_access_review(cluster: &Cluster) -> Verdict {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"group": "batch", "resource": "jobs", "verb": "list"}},
    });
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    match cluster.post(path, &review, DryRun::No).await {
        Err(ApiError::Forbidden { message }) if message.contains(ANONYMOUS) => Verdict::Rejected,
        // Also authenticated if the cluster takes even this right away.
        Ok(_) | Err(ApiError::Forbidden { .. }) => Verdict::Accepted(String::new()),
        Err(error) => rejected_or_unknown(error),
    }
}

fn rejected_or_unknown(error: ApiError) -> Verdict {
    match error {
        ApiError::SignedOut | ApiError::Credentials { .. } => Verdict::Rejected,
        error => Verdict::Unknown(error),
    }
}
