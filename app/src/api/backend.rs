//! The port between the server functions and the server that carries them out.
//!
//! The trait keeps Kubernetes out of this crate: `server` implements it over one `kube::Client` per session.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Extension;

use crate::api::create::{CreateOutcome, Offers};
use crate::api::error::ApiError;
use crate::api::job::{DescriptionChange, JobDetail, JobList, JobRef, JobRow};
use crate::api::session::{ClusterChoice, Workspace};

/// What the console can do at a cluster, as one signed-in person. Every method is allowed or refused by the
/// cluster's RBAC; the console adds no rights.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The clusters to choose from; works while the cluster itself does not.
    fn clusters(&self) -> ClusterChoice;
    /// The frame of every page.
    async fn workspace(&self) -> Result<Workspace, ApiError>;
    /// The Job list of a project.
    async fn jobs(&self, project: &str) -> Result<JobList, ApiError>;
    /// One Job with all that its page shows.
    async fn job(&self, project: &str, name: &str) -> Result<JobDetail, ApiError>;
    /// A Job's manifest as YAML, without what the cluster wrote into it.
    async fn manifest(&self, project: &str, name: &str) -> Result<String, ApiError>;
    /// What a new Job may refer to.
    async fn offers(&self, project: &str) -> Result<Offers, ApiError>;
    /// Posts each document of `text` (never puts or applies) to `project`, or only asks (`dry_run`).
    /// Documents whose positions are in `done` were created by an earlier try and are not sent again.
    async fn create(
        &self,
        project: &str,
        text: &str,
        dry_run: bool,
        done: &[usize],
    ) -> Result<CreateOutcome, ApiError>;
    /// Creates a new run of a Job under a new name, linked to it; the old one stays.
    async fn rerun(&self, project: &str, job: &JobRef) -> Result<JobRow, ApiError>;
    /// Deletes Jobs with their Pods (propagation policy Background). One result per Job, in order; one that is gone
    /// already counts as deleted.
    async fn delete(&self, project: &str, jobs: &[JobRef]) -> Result<Vec<Option<ApiError>>, ApiError>;
    /// Sets `spec.suspend`.
    async fn suspend(&self, project: &str, job: &JobRef, suspend: bool) -> Result<(), ApiError>;
    /// Changes alias and description; [`ApiError::Edited`] if somebody else has changed the same meanwhile.
    async fn describe(&self, project: &str, job: &JobRef, change: &DescriptionChange)
    -> Result<(), ApiError>;
}

/// The signed-in person's backend; the server's session layer puts it into each request's extensions.
#[derive(Clone)]
pub struct SessionBackend(pub Arc<dyn Backend>);

/// The backend of the current request.
///
/// # Errors
/// [`ApiError::SignedOut`] without a session: every server function begins with this call.
pub async fn backend() -> Result<Arc<dyn Backend>, ApiError> {
    match leptos_axum::extract::<Extension<SessionBackend>>().await {
        Ok(Extension(SessionBackend(backend))) => Ok(backend),
        Err(_) => Err(ApiError::SignedOut),
    }
}
