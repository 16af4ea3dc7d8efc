//! Server functions. Each starts with [`backend`], which rejects a request without a session.

#![allow(
    missing_docs,
    reason = "the macro turns arguments into fields of an internal struct"
)]

#[cfg(feature = "ssr")]
use std::time::Duration;

#[cfg(feature = "ssr")]
use crate::api::backend::backend;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::api::create::{CreateOutcome, Offers};
use crate::api::error::ApiError;
use crate::api::job::{DescriptionChange, JobDetail, JobRef, JobRow};
use crate::api::job_query::{JobPage, JobQuery};
use crate::api::rights::Rights;
use crate::api::session::{ClusterChoice, SessionList, Workspace};

/// How long a program waits for a list that is being read from the cluster.
#[cfg(feature = "ssr")]
const CALL_PATIENCE: Duration = Duration::from_secs(15);

/// How long a page waits for it, before it shows the progress.
#[cfg(feature = "ssr")]
const PAGE_PATIENCE: Duration = Duration::from_millis(1500);

/// Whether the request is a call, as opposed to that of a page which needs the same data.
#[cfg(feature = "ssr")]
fn is_call() -> bool {
    use_context::<http::request::Parts>().is_some_and(|parts| parts.uri.path().starts_with("/api/"))
}

/// Sets the HTTP status of a response to that of its error, so that proxies, logs and other programs understand it.
/// A page that renders the error chooses its own status.
#[cfg(feature = "ssr")]
fn with_status<T>(answer: Result<T, ApiError>) -> Result<T, ApiError> {
    if let (Err(error), true, Some(response)) =
        (&answer, is_call(), use_context::<leptos_axum::ResponseOptions>())
    {
        response.set_status(error.status());
    }
    answer
}

/// Returns the data of every page's frame: cluster, projects, user.
#[server(name = AskWorkspace, endpoint = "workspace", input = Json, output = Json)]
pub async fn workspace() -> Result<Workspace, ApiError> {
    with_status(backend().await?.workspace().await)
}

/// Returns the clusters to choose from.
#[server(name = AskClusters, endpoint = "clusters", input = Json, output = Json)]
pub async fn clusters() -> Result<ClusterChoice, ApiError> {
    with_status(Ok(backend().await?.clusters()))
}

/// Returns the user's own sessions.
#[server(name = AskSessions, endpoint = "sessions", input = Json, output = Json)]
pub async fn sessions() -> Result<SessionList, ApiError> {
    with_status(Ok(backend().await?.sessions()))
}

/// Returns what the user may do with the Jobs of a project.
#[server(name = AskRights, endpoint = "rights", input = Json, output = Json)]
pub async fn rights(project: String) -> Result<Rights, ApiError> {
    with_status(backend().await?.rights(&project).await)
}

/// Returns a page of the Job list of a project with its quota banner; without `project`, that of all projects.
#[server(name = AskJobs, endpoint = "jobs", input = Json, output = Json)]
pub async fn jobs(
    #[server(default)] project: Option<String>,
    #[server(default)] query: JobQuery,
) -> Result<JobPage, ApiError> {
    let patience = if is_call() { CALL_PATIENCE } else { PAGE_PATIENCE };
    let query = query.bounded();
    with_status(backend().await?.jobs(project.as_deref(), &query, patience).await)
}

/// Returns all rows of the Job list that match a query, at most [`MAX_SELECTED`](crate::api::job_query::MAX_SELECTED).
#[server(name = AskMatchingJobs, endpoint = "matching-jobs", input = Json, output = Json)]
pub async fn matching_jobs(
    #[server(default)] project: Option<String>,
    #[server(default)] query: JobQuery,
) -> Result<Vec<JobRow>, ApiError> {
    let query = query.bounded();
    with_status(backend().await?.matching_jobs(project.as_deref(), &query).await)
}

/// Returns one Job with its Pods, events, environment, records and manifest.
#[server(name = AskJob, endpoint = "job", input = Json, output = Json)]
pub async fn job(project: String, name: String) -> Result<JobDetail, ApiError> {
    with_status(backend().await?.job(&project, &name).await)
}

/// Returns a Job's cleaned manifest, which can be created again as is.
#[server(name = AskManifest, endpoint = "manifest", input = Json, output = Json)]
pub async fn manifest(project: String, name: String) -> Result<String, ApiError> {
    with_status(backend().await?.manifest(&project, &name).await)
}

/// Returns the objects that a new Job of this project may refer to.
#[server(name = AskOffers, endpoint = "offers", input = Json, output = Json)]
pub async fn offers(project: String) -> Result<Offers, ApiError> {
    with_status(backend().await?.offers(&project).await)
}

/// Creates the documents of `text` in a project; with `dry_run`, only validates them on the API server.
/// `done`: positions of the documents that an earlier attempt created.
///
/// # Errors
/// [`ApiError::too_large`] for a text over [`MAX_BYTES`](manifest::MAX_BYTES), which is not sent.
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

/// Server half of [`create`].
#[server(name = CreateObjects, endpoint = "create", input = Json, output = Json)]
pub async fn post_manifest(
    project: String,
    text: String,
    dry_run: bool,
    done: Vec<usize>,
) -> Result<CreateOutcome, ApiError> {
    with_status(backend().await?.create(&project, &text, dry_run, &done).await)
}

/// Creates a new run of a Job; the original stays.
#[server(name = RerunJob, endpoint = "rerun", input = Json, output = Json)]
pub async fn rerun(project: String, job: JobRef) -> Result<JobRow, ApiError> {
    with_status(backend().await?.rerun(&project, &job).await)
}

/// Deletes Jobs with their Pods; returns one result per Job.
#[server(name = DeleteJobs, endpoint = "delete", input = Json, output = Json)]
pub async fn delete(project: String, jobs: Vec<JobRef>) -> Result<Vec<Option<ApiError>>, ApiError> {
    with_status(backend().await?.delete(&project, &jobs).await)
}

/// Suspends or resumes a Job.
#[server(name = SuspendJob, endpoint = "suspend", input = Json, output = Json)]
pub async fn suspend(project: String, job: JobRef, suspend: bool) -> Result<(), ApiError> {
    with_status(backend().await?.suspend(&project, &job, suspend).await)
}

/// Changes a Job's alias and description.
#[server(name = DescribeJob, endpoint = "describe", input = Json, output = Json)]
pub async fn describe(project: String, job: JobRef, change: DescriptionChange) -> Result<(), ApiError> {
    with_status(backend().await?.describe(&project, &job, &change).await)
}
