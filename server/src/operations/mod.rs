//! Use cases behind the server functions: the implementation of [`Backend`] on a cluster.

mod change;
mod create;
mod create_order;
mod form_options;
pub mod job_detail;
pub mod job_list;
pub mod job_objects;
pub mod projects;
mod rerun;

pub use crate::jobs::export::RERUN_OF;
pub use crate::operations::rerun::origin;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::Value;

use app::api::backend::Backend;
use app::api::create::{CreateOutcome, Offers};
use app::api::error::ApiError;
use app::api::job::{DescriptionChange, JobDetail, JobRef, JobRow};
use app::api::job_query::{JobPage, JobQuery};
use app::api::rights::Rights;
use app::api::session::{ClusterChoice, SessionEntry, SessionList, Workspace};
use app::foreign_text::{into_visible, visible};

use crate::audit::{Audit, Target};
use crate::contexts::extract::RequestedCluster;
use crate::identity::Identity;
use crate::jobs::export;
use crate::kubernetes::access::Access;
use crate::kubernetes::{Cluster, DryRun, Kind};
use crate::operations::job_list::JobLists;
use crate::operations::projects::ProjectDirectory;
use crate::session::{Session, Sessions};

/// The cluster of a request, as used by one signed-in user.
#[derive(Clone)]
pub struct ClusterBackend {
    requested: RequestedCluster,
    /// Creations with an unknown outcome are looked up within a session only.
    session: Session,
    sessions: Arc<Sessions>,
    audit: Audit,
    directory: Arc<ProjectDirectory>,
    lists: JobLists,
}

impl ClusterBackend {
    /// Creates the backend of a request in `session` for the cluster `requested`.
    pub fn new(
        requested: RequestedCluster,
        session: Session,
        sessions: Arc<Sessions>,
        audit: Audit,
        directory: Arc<ProjectDirectory>,
        lists: JobLists,
    ) -> Self {
        Self {
            requested,
            session,
            sessions,
            audit,
            directory,
            lists,
        }
    }

    /// Records a change of a Job.
    async fn record(
        &self,
        cluster: &Cluster,
        action: &'static str,
        (project, job): (&str, &JobRef),
        error: Option<&ApiError>,
    ) {
        let target = Target {
            project,
            kind: "Job",
            name: &job.name,
            uid: Some(&job.uid),
        };
        self.audit.record(cluster, action, target, error).await;
    }
}

#[async_trait]
impl Backend for ClusterBackend {
    fn clusters(&self) -> ClusterChoice {
        self.requested.choice()
    }

    fn sessions(&self) -> SessionList {
        let own = self.sessions.own(&self.session);
        SessionList {
            is_shared: matches!(self.session.identity, Identity::Console),
            sessions: own
                .into_iter()
                .map(|own| SessionEntry {
                    handle: own.handle,
                    agent: into_visible(own.agent),
                    started: own.started.as_millisecond(),
                    used: own.used.as_millisecond(),
                    is_current: own.is_current,
                })
                .collect(),
        }
    }

    async fn workspace(&self) -> Result<Workspace, ApiError> {
        let cluster = self.requested.open().await?;
        let (version, projects, user) = futures::join!(
            cluster.version(),
            self.directory.projects(&cluster),
            cluster.user()
        );
        let projects = projects?;
        Ok(Workspace {
            cluster: visible(cluster.name()).into_owned(),
            playground: cluster.is_playground(),
            version: into_visible(version?),
            projects: projects.names,
            all_projects: projects.complete,
            // Kubernetes before 1.28 does not tell it.
            user: into_visible(if user.is_empty() {
                self.requested.user_name().to_owned()
            } else {
                user
            }),
        })
    }

    async fn rights(&self, project: &str) -> Result<Rights, ApiError> {
        let cluster = self.requested.open().await?;
        let may = |access| cluster.may(project, access);
        let (create, change, delete, logs) = futures::join!(
            may(Access::jobs("create")),
            may(Access::jobs("patch")),
            may(Access::jobs("delete")),
            may(Access::LOGS),
        );
        Ok(Rights {
            create,
            change,
            delete,
            logs,
        })
    }

    async fn jobs(
        &self,
        project: Option<&str>,
        query: &JobQuery,
        patience: Duration,
    ) -> Result<JobPage, ApiError> {
        let cluster = self.requested.open().await?;
        let list = self.lists.open(&cluster, project).await?;
        list.page(query, patience).await
    }

    async fn matching_jobs(&self, project: Option<&str>, query: &JobQuery) -> Result<Vec<JobRow>, ApiError> {
        let cluster = self.requested.open().await?;
        let list = self.lists.open(&cluster, project).await?;
        list.matching(query).await
    }

    async fn job(&self, project: &str, name: &str) -> Result<JobDetail, ApiError> {
        Ok(job_detail::read(&self.requested.open().await?, project, name)
            .await?
            .detail)
    }

    async fn manifest(&self, project: &str, name: &str) -> Result<String, ApiError> {
        let job = self.requested.open().await?.job(project, name).await?;
        Ok(manifest::to_yaml(&export::job(job)))
    }

    async fn offers(&self, project: &str) -> Result<Offers, ApiError> {
        form_options::read(&self.requested.open().await?, project).await
    }

    async fn create(
        &self,
        project: &str,
        text: &str,
        dry_run: bool,
        done: &[usize],
    ) -> Result<CreateOutcome, ApiError> {
        if dry_run {
            let cluster = self.requested.open().await?;
            let outcome = create::run(&cluster, &self.session.id, project, text, DryRun::Yes, done).await?;
            return Ok(outcome.0);
        }
        let this = self.clone();
        let (project, text, done) = (project.to_owned(), text.to_owned(), done.to_owned());
        detached(async move {
            let cluster = this.requested.open().await?;
            let (outcome, uids) =
                create::run(&cluster, &this.session.id, &project, &text, DryRun::No, &done).await?;
            for document in outcome.documents.iter().filter(|document| !document.skipped) {
                let target = Target {
                    project: &project,
                    kind: &document.kind,
                    name: &document.name,
                    uid: uids.get(&document.entry).map(String::as_str),
                };
                this.audit
                    .record(&cluster, "create", target, document.error.as_ref())
                    .await;
            }
            Ok(outcome)
        })
        .await
    }

    async fn rerun(&self, project: &str, job: &JobRef) -> Result<JobRow, ApiError> {
        let (this, project, job) = (self.clone(), project.to_owned(), job.clone());
        detached(async move {
            let cluster = this.requested.open().await?;
            let new = rerun::run(&cluster, &this.session.id, &project, &job).await;
            let record = match &new {
                Ok(new) => ("create", new.job(), None),
                Err(error) => ("rerun", job.clone(), Some(error)),
            };
            this.record(&cluster, record.0, (&project, &record.1), record.2)
                .await;
            new
        })
        .await
    }

    async fn delete(&self, project: &str, jobs: &[JobRef]) -> Result<Vec<Option<ApiError>>, ApiError> {
        let (this, project, jobs) = (self.clone(), project.to_owned(), jobs.to_owned());
        detached(async move {
            let cluster = this.requested.open().await?;
            let (this, cluster, project) = (&this, &cluster, project.as_str());
            let deletions = stream::iter(jobs).map(|job| async move {
                let error = change::delete(cluster, project, &job).await.err();
                this.record(cluster, "delete", (project, &job), error.as_ref())
                    .await;
                error
            });
            Ok(deletions.buffered(MAX_DELETIONS).collect().await)
        })
        .await
    }

    async fn suspend(&self, project: &str, job: &JobRef, suspend: bool) -> Result<(), ApiError> {
        let (this, project, job) = (self.clone(), project.to_owned(), job.clone());
        detached(async move {
            let cluster = this.requested.open().await?;
            let result = change::suspend(&cluster, &project, &job, suspend).await;
            let action = if suspend { "suspend" } else { "resume" };
            this.record(&cluster, action, (&project, &job), result.as_ref().err())
                .await;
            result
        })
        .await
    }

    async fn describe(
        &self,
        project: &str,
        job: &JobRef,
        change: &DescriptionChange,
    ) -> Result<(), ApiError> {
        let (this, project, job, change) = (self.clone(), project.to_owned(), job.clone(), change.clone());
        detached(async move {
            let cluster = this.requested.open().await?;
            let result = change::describe(&cluster, &project, &job, &change).await;
            this.record(&cluster, "describe", (&project, &job), result.as_ref().err())
                .await;
            result
        })
        .await
    }
}

/// Maximum number of concurrent delete requests.
const MAX_DELETIONS: usize = 8;

/// Completes a change, and its record, although the browser closes the connection meanwhile.
async fn detached<T: Send + 'static>(
    change: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(change).await.unwrap_or_else(|error| {
        Err(ApiError::Console {
            message: error.to_string(),
        })
    })
}

/// Lists a collection; `None` if the user may not read it or the cluster does not have it. Optional parts of a page
/// must not make the whole page fail.
async fn optional(cluster: &Cluster, kind: Kind, project: &str) -> Result<Option<Vec<Value>>, ApiError> {
    readable(cluster.list(&kind.collection(project)?, &[]).await)
}

/// Converts a list that may not be read to `None`.
fn readable(list: Result<Vec<Value>, ApiError>) -> Result<Option<Vec<Value>>, ApiError> {
    match list {
        Ok(list) => Ok(Some(list)),
        Err(ApiError::Forbidden { .. } | ApiError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
