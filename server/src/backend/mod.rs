//! What the server functions do at the cluster: the implementation of the pages' port.

mod create;
pub mod detail;
mod offers;
mod order;
mod rerun;

pub use rerun::{RERUN_OF, origin};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use app::api::backend::Backend;
use app::api::create::{CreateOutcome, Offers};
use app::api::error::{ApiError, Cause};
use app::api::job::{JobDetail, JobList, JobRow};
use app::api::session::{ClusterChoice, Workspace};
use app::kit::foreign_text::{into_visible, visible};

use crate::cluster::events::EventIndex;
use crate::cluster::rows::{ALIAS, DESCRIPTION};
use crate::cluster::{Builtin, Cluster, DryRun, clean, quota, rows};
use crate::clusters::request::Place;

/// How many objects are deleted at once.
const AT_ONCE: usize = 8;

/// The cluster that a request means, as one signed-in person uses it.
pub struct ClusterBackend {
    place: Place,
    /// The identifier of the session. What one session may have created is looked for by itself alone.
    session: String,
}

impl ClusterBackend {
    /// The backend of a request in `session` that means `place`.
    pub fn new(place: Place, session: String) -> Self {
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
            list(Builtin::PODS),
            list(Builtin::EVENTS),
            list(Builtin::QUOTAS),
        )?;
        let events: EventIndex = events.iter().flatten().collect();
        let rows = rows::all(&jobs, pods.as_deref().unwrap_or_default(), &events);
        Ok(JobList {
            rows,
            quota: quota::banner(quotas.iter().flatten(), jobs.len()),
        })
    }

    async fn job(&self, project: &str, name: &str) -> Result<JobDetail, ApiError> {
        detail::read(&self.place.open().await?, project, name).await
    }

    async fn manifest(&self, project: &str, name: &str) -> Result<String, ApiError> {
        let job = self.place.open().await?.job(project, name).await?;
        Ok(manifest::to_yaml(&clean::job(job)))
    }

    async fn offers(&self, project: &str) -> Result<Offers, ApiError> {
        offers::read(&self.place.open().await?, project).await
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

    async fn rerun(&self, project: &str, name: &str) -> Result<JobRow, ApiError> {
        rerun::run(&self.place.open().await?, &self.session, project, name).await
    }

    async fn delete(&self, project: &str, names: &[String]) -> Result<Vec<Option<ApiError>>, ApiError> {
        let cluster = self.place.open().await?;
        let paths: Vec<_> = names
            .iter()
            .map(|name| Builtin::JOBS.object(project, name))
            .collect();
        let deletions = stream::iter(paths).map(|path| async {
            match path {
                Ok(path) => cluster.delete(&path).await.err(),
                Err(error) => Some(error),
            }
        });
        Ok(deletions.buffered(AT_ONCE).collect().await)
    }

    async fn suspend(&self, project: &str, name: &str, suspend: bool) -> Result<(), ApiError> {
        let path = Builtin::JOBS.object(project, name)?;
        let cluster = self.place.open().await?;
        let stored = cluster
            .patch(&path, &json!({"spec": {"suspend": suspend}}))
            .await?;
        // Servers before 1.22 take the field and drop it without a word.
        if stored["spec"]["suspend"].as_bool().unwrap_or_default() == suspend {
            return Ok(());
        }
        let message = "this cluster cannot suspend Jobs: that needs Kubernetes 1.22 or newer".to_owned();
        let cause = Cause {
            field: "spec.suspend".to_owned(),
            reason: "FieldValueNotSupported".to_owned(),
            message: message.clone(),
        };
        Err(ApiError::Invalid {
            message,
            causes: vec![cause],
        })
    }

    async fn describe(
        &self,
        project: &str,
        name: &str,
        alias: &str,
        description: &str,
    ) -> Result<(), ApiError> {
        // The older keys go, else they would show through once the new ones are empty.
        let value = |text: &str| {
            if text.is_empty() {
                Value::Null
            } else {
                Value::from(text)
            }
        };
        let annotations = json!({
            ALIAS[0]: value(alias),
            ALIAS[1]: null,
            DESCRIPTION[0]: value(description),
            DESCRIPTION[1]: null,
        });
        let path = Builtin::JOBS.object(project, name)?;
        let cluster = self.place.open().await?;
        cluster
            .patch(&path, &json!({"metadata": {"annotations": annotations}}))
            .await?;
        Ok(())
    }
}

/// The objects of a collection; none if this person may not read it or the cluster has none such. What is only an
/// addition to a page must not take the page away.
async fn optional(cluster: &Cluster, known: Builtin, project: &str) -> Result<Option<Vec<Value>>, ApiError> {
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
