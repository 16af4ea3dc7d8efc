//! The server functions. Each begins with [`backend`], which refuses a request without a session.

#![allow(
    missing_docs,
    reason = "the macro makes each argument a field of a struct that nobody reads"
)]

#[cfg(feature = "ssr")]
use crate::api::backend::backend;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::api::create::{CreateOutcome, Offers};
use crate::api::error::ApiError;
use crate::api::job::{DescriptionChange, JobDetail, JobList, JobRef, JobRow};
use crate::api::session::{ClusterChoice, Workspace};

/// Gives an answer the HTTP status of its error: proxies, logs and other programs understand that too. A page that is
/// rendered with the error in it decides on its own status.
#[cfg(feature = "ssr")]
fn told<T>(answer: Result<T, ApiError>) -> Result<T, ApiError> {
    let is_call =
        use_context::<http::request::Parts>().is_some_and(|parts| parts.uri.path().starts_with("/api/"));
    if let (Err(error), true, Some(response)) =
        (&answer, is_call, use_context::<leptos_axum::ResponseOptions>())
    {
        response.set_status(error.status());
    }
    answer
}

/// The frame of every page: cluster, projects, person.
#[server(name = AskWorkspace, endpoint = "workspace", input = Json, output = Json)]
pub async fn workspace() -> Result<Workspace, ApiError> {
    told(backend().await?.workspace().await)
}

/// The clusters to choose from.
#[server(name = AskClusters, endpoint = "clusters", input = Json, output = Json)]
pub async fn clusters() -> Result<ClusterChoice, ApiError> {
    told(Ok(backend().await?.clusters()))
}

/// The Job list of a project with its quota banner.
#[server(name = AskJobs, endpoint = "jobs", input = Json, output = Json)]
pub async fn jobs(project: String) -> Result<JobList, ApiError> {
    told(backend().await?.jobs(&project).await)
}

/// One Job with its Pods, events, environment, records and manifest.
#[server(name = AskJob, endpoint = "job", input = Json, output = Json)]
pub async fn job(project: String, name: String) -> Result<JobDetail, ApiError> {
    told(backend().await?.job(&project, &name).await)
}

/// A Job's manifest, clean: it can be created again as it is.
#[server(name = AskManifest, endpoint = "manifest", input = Json, output = Json)]
pub async fn manifest(project: String, name: String) -> Result<String, ApiError> {
    told(backend().await?.manifest(&project, &name).await)
}

/// What a new Job of this project may refer to.
#[server(name = AskOffers, endpoint = "offers", input = Json, output = Json)]
pub async fn offers(project: String) -> Result<Offers, ApiError> {
    told(backend().await?.offers(&project).await)
}

/// Creates the documents of `text` in a project, or asks the API server what it would say (`dry_run`).
/// `done`: documents (by position) that an earlier try created. A text that is too long is not sent.
pub async fn create(
    project: String,
    text: String,
    dry_run: bool,
    done: Vec<usize>,
) -> Result<CreateOutcome, ApiError> {
    if text.len() > manifest::MAX_BYTES {
        return Err(ApiError::too_large());
    }
    post_manifest(project, text, dry_run, done).await
}

/// The server's half of [`create`].
#[server(name = CreateObjects, endpoint = "create", input = Json, output = Json)]
pub async fn post_manifest(
    project: String,
    text: String,
    dry_run: bool,
    done: Vec<usize>,
) -> Result<CreateOutcome, ApiError> {
    told(backend().await?.create(&project, &text, dry_run, &done).await)
}

/// Creates a new run of a Job; the old one stays.
#[server(name = RerunJob, endpoint = "rerun", input = Json, output = Json)]
pub async fn rerun(project: String, job: JobRef) -> Result<JobRow, ApiError> {
    told(backend().await?.rerun(&project, &job).await)
}

/// Deletes Jobs with their Pods; one result per Job.
#[server(name = DeleteJobs, endpoint = "delete", input = Json, output = Json)]
pub async fn delete(project: String, jobs: Vec<JobRef>) -> Result<Vec<Option<ApiError>>, ApiError> {
    told(backend().await?.delete(&project, &jobs).await)
}

/// Suspends or resumes a Job.
#[server(name = SuspendJob, endpoint = "suspend", input = Json, output = Json)]
pub async fn suspend(project: String, job: JobRef, suspend: bool) -> Result<(), ApiError> {
    told(backend().await?.suspend(&project, &job, suspend).await)
}

/// Changes a Job's alias and description.
#[server(name = DescribeJob, endpoint = "describe", input = Json, output = Json)]
pub async fn describe(project: String, job: JobRef, change: DescriptionChange) -> Result<(), ApiError> {
    told(backend().await?.describe(&project, &job, &change).await)
}
