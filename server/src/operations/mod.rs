//! What the server functions do at the cluster: the implementation of the pages' port.

mod change;
mod create;
mod create_order;
mod form_options;
pub mod job_detail;
mod rerun;

pub use crate::operations::rerun::{RERUN_OF, origin};

use async_trait::async_trait;
use serde_json::Value;

use app::api::backend::Backend;
use app::api::create::{CreateOutcome, Offers};
use app::api::error::ApiError;
use app::api::job::{DescriptionChange, JobDetail, JobList, JobRef, JobRow};
use app::api::session::{ClusterChoice, Workspace};
use app::kit::foreign_text::{into_visible, visible};

use crate::contexts::extract::RequestedCluster;
use crate::jobs::events::EventIndex;
use crate::jobs::{export, quota, row};
use crate::kubernetes::{Cluster, DryRun, Kind};

/// The cluster that a request means, as one signed-in person uses it.
pub struct ClusterBackend {
    place: RequestedCluster,
    /// The identifier of the session. What one session may have created is looked for by itself alone.
    session: String,
}

impl ClusterBackend {
    /// The backend of a request in `session` that means `place`.
    pub fn new(place: RequestedCluster, session: String) -> Self {
        Self { place, session }
    }
}

#[async_trait]
impl Backend for ClusterBackend {
    fn clusters(&self) -> ClusterChoice {
        self.place.choice()
    }

    async fn workspace(&self) -> Result<Workspace, ApiError> {
        let cluster = self.place.open().await?;
        let (version, projects, user) = futures::join!(cluster.version(), cluster.projects(), cluster.user());
        let projects = projects?;
        Ok(Workspace {
            cluster: visible(cluster.name()).into_owned(),
            playground: cluster.is_playground(),
            version: into_visible(version?),
            projects: projects.names,
            all_projects: projects.complete,
            user: into_visible(user),
        })
    }

    async fn jobs(&self, project: &str) -> Result<JobList, ApiError> {
        let cluster = self.place.open().await?;
        let list = |known| optional(&cluster, known, project);
        let (jobs, pods, events, quotas) = futures::try_join!(
            cluster.jobs(project),
            list(Kind::PODS),
            list(Kind::EVENTS),
            list(Kind::QUOTAS),
        )?;
        let events: EventIndex = events.iter().flatten().collect();
        let rows = row::all(&jobs, pods.as_deref().unwrap_or_default(), &events);
        Ok(JobList {
            rows,
            quota: quota::banner(quotas.iter().flatten(), jobs.len()),
        })
    }

    async fn job(&self, project: &str, name: &str) -> Result<JobDetail, ApiError> {
        job_detail::read(&self.place.open().await?, project, name).await
    }

    async fn manifest(&self, project: &str, name: &str) -> Result<String, ApiError> {
        let job = self.place.open().await?.job(project, name).await?;
        Ok(manifest::to_yaml(&export::job(job)))
    }

    async fn offers(&self, project: &str) -> Result<Offers, ApiError> {
        form_options::read(&self.place.open().await?, project).await
    }

    async fn create(
        &self,
        project: &str,
        text: &str,
        dry_run: bool,
        done: &[usize],
    ) -> Result<CreateOutcome, ApiError> {
        let dry_run = if dry_run { DryRun::Yes } else { DryRun::No };
        create::run(
            &self.place.open().await?,
            &self.session,
            project,
            text,
            dry_run,
            done,
        )
        .await
    }

    async fn rerun(&self, project: &str, job: &JobRef) -> Result<JobRow, ApiError> {
        rerun::run(&self.place.open().await?, &self.session, project, job).await
    }

    async fn delete(&self, project: &str, jobs: &[JobRef]) -> Result<Vec<Option<ApiError>>, ApiError> {
        change::delete(&self.place.open().await?, project, jobs).await
    }

    async fn suspend(&self, project: &str, job: &JobRef, suspend: bool) -> Result<(), ApiError> {
        change::suspend(&self.place.open().await?, project, job, suspend).await
    }

    async fn describe(
        &self,
        project: &str,
        job: &JobRef,
        change: &DescriptionChange,
    ) -> Result<(), ApiError> {
        change::describe(&self.place.open().await?, project, job, change).await
    }
}

/// The objects of a collection; none if this person may not read it or the cluster has none such. What is only an
/// addition to a page must not take the page away.
async fn optional(cluster: &Cluster, known: Kind, project: &str) -> Result<Option<Vec<Value>>, ApiError> {
    readable(cluster.list(&known.collection(project)?, &[]).await)
}

/// None for what may not be read.
fn readable(list: Result<Vec<Value>, ApiError>) -> Result<Option<Vec<Value>>, ApiError> {
    match list {
        Ok(list) => Ok(Some(list)),
        Err(ApiError::Forbidden { .. } | ApiError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
