//! Interface between the server functions and the code that implements them.
//!
//! The trait keeps Kubernetes out of this crate: `server` implements it over one `kube::Client` per session.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Extension;

use crate::api::create::{CreateOutcome, Offers};
use crate::api::error::ApiError;
use crate::api::job::{DescriptionChange, JobDetail, JobRef, JobRow};
use crate::api::job_query::{JobPage, JobQuery};
use crate::api::rights::Rights;
use crate::api::session::{ClusterChoice, SessionList, Workspace};

/// Operations that the console performs on a cluster as the signed-in user. The cluster's RBAC allows or denies
/// every method; the console adds no rights.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Returns the clusters to choose from; works while the cluster itself is unreachable.
    fn clusters(&self) -> ClusterChoice;
    /// Returns the user's own sessions.
    fn sessions(&self) -> SessionList;
    /// Returns the data that every page's frame shows.
    async fn workspace(&self) -> Result<Workspace, ApiError>;
    /// Returns what the user may do with the Jobs of a project.
    async fn rights(&self, project: &str) -> Result<Rights, ApiError>;
    /// Returns a page of the Job list of a project, or of all projects; one that says that the list is still being
    /// read from the cluster if that takes longer than `patience`.
    async fn jobs(
        &self,
        project: Option<&str>,
        query: &JobQuery,
        patience: Duration,
    ) -> Result<JobPage, ApiError>;
    /// Returns all rows of the list that match `query`, up to a limit.
    async fn matching_jobs(&self, project: Option<&str>, query: &JobQuery) -> Result<Vec<JobRow>, ApiError>;
    /// Returns one Job with everything its page shows.
    async fn job(&self, project: &str, name: &str) -> Result<JobDetail, ApiError>;
    /// Returns a Job's manifest as YAML, without the fields that the cluster added.
    async fn manifest(&self, project: &str, name: &str) -> Result<String, ApiError>;
    /// Returns the objects that a new Job may refer to.
    async fn offers(&self, project: &str) -> Result<Offers, ApiError>;
    /// Posts each document of `text` (never PUT or apply) to `project`; with `dry_run`, only validates it.
    /// Documents whose positions are in `done` were created by an earlier attempt and are not sent again.
    async fn create(
        &self,
        project: &str,
        text: &str,
        dry_run: bool,
        done: &[usize],
    ) -> Result<CreateOutcome, ApiError>;
    /// Creates a new run of a Job under a new name, linked to the original, which stays.
    async fn rerun(&self, project: &str, job: &JobRef) -> Result<JobRow, ApiError>;
    /// Deletes Jobs with their Pods (propagation policy Background). Returns one result per Job, in order; a Job
    /// that is already gone counts as deleted.
    async fn delete(&self, project: &str, jobs: &[JobRef]) -> Result<Vec<Option<ApiError>>, ApiError>;
    /// Sets `spec.suspend`.
    async fn suspend(&self, project: &str, job: &JobRef, suspend: bool) -> Result<(), ApiError>;
    /// Changes alias and description; returns [`ApiError::Edited`] if somebody else changed the same field
    /// meanwhile.
    async fn describe(&self, project: &str, job: &JobRef, change: &DescriptionChange)
    -> Result<(), ApiError>;
}

/// Backend of the signed-in user; the server's session layer adds it to each request's extensions.
#[derive(Clone)]
pub struct SessionBackend(pub Arc<dyn Backend>);

/// Returns the backend of the current request.
///
/// # Errors
/// [`ApiError::SignedOut`] without a session: every server function starts with this call.
pub async fn backend() -> Result<Arc<dyn Backend>, ApiError> {
    match leptos_axum::extract::<Extension<SessionBackend>>().await {
        Ok(Extension(SessionBackend(backend))) => Ok(backend),
        Err(_) => Err(ApiError::SignedOut),
    }
}
