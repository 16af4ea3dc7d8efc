//! What the browser may ask of the server: the server functions and their data.
//!
//! Endpoints are named by hand, since generated names change with the code. Each function begins with
//! [`backend`](backend::backend), which refuses a request without a session.

#[cfg(feature = "ssr")]
pub mod backend;
pub mod create;
pub mod error;
pub mod event;
pub mod job;
pub mod pod;
pub mod session;

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use create::{CreateOutcome, Offers};
use error::ApiError;
use job::{JobDetail, JobList, JobRow};
use session::Workspace;

/// The frame of every page: cluster, projects, person.
#[server(endpoint = "workspace", input = Json, output = Json)]
pub async fn workspace() -> Result<Workspace, ApiError> {
    backend::backend().await?.workspace().await
}

/// The Job list of a project with its quota banner.
#[server(endpoint = "jobs", input = Json, output = Json)]
pub async fn jobs(project: String) -> Result<JobList, ApiError> {
    backend::backend().await?.jobs(&project).await
}

/// One Job with its Pods, events, environment, records and manifest.
#[server(endpoint = "job", input = Json, output = Json)]
pub async fn job(project: String, name: String) -> Result<JobDetail, ApiError> {
    backend::backend().await?.job(&project, &name).await
}

/// What a new Job of this project may refer to.
#[server(endpoint = "offers", input = Json, output = Json)]
pub async fn offers(project: String) -> Result<Offers, ApiError> {
    backend::backend().await?.offers(&project).await
}

/// Creates the documents of `text` in a project, or asks the API server what it would say (`dry_run`).
/// `done`: documents (by position) that an earlier try created.
#[server(endpoint = "create", input = Json, output = Json)]
pub async fn create(
    project: String,
    text: String,
    dry_run: bool,
    done: Vec<usize>,
) -> Result<CreateOutcome, ApiError> {
    backend::backend().await?.create(&project, &text, dry_run, &done).await
}

/// Creates a new run of a Job; the old one stays.
#[server(endpoint = "rerun", input = Json, output = Json)]
pub async fn rerun(project: String, name: String) -> Result<JobRow, ApiError> {
    backend::backend().await?.rerun(&project, &name).await
}

/// Deletes Jobs with their Pods; one result per name.
#[server(endpoint = "delete", input = Json, output = Json)]
pub async fn delete(project: String, names: Vec<String>) -> Result<Vec<Option<ApiError>>, ApiError> {
    backend::backend().await?.delete(&project, &names).await
}

/// Suspends or resumes a Job.
#[server(endpoint = "suspend", input = Json, output = Json)]
pub async fn suspend(project: String, name: String, suspend: bool) -> Result<(), ApiError> {
    backend::backend().await?.suspend(&project, &name, suspend).await
}

/// Sets a Job's alias and description.
#[server(endpoint = "describe", input = Json, output = Json)]
pub async fn describe(
    project: String,
    name: String,
    alias: String,
    description: String,
) -> Result<(), ApiError> {
    backend::backend().await?.describe(&project, &name, &alias, &description).await
}
