//! The Job list of one project or of all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use app::api::error::ApiError;
use app::api::job::JobRow;
use app::api::job_query::{JobPage, JobQuery, MAX_SELECTED};

use crate::job_table::{JobTable, JobTables, Partitions, Phase, read_once};
use crate::kubernetes::Cluster;
use crate::operations::projects::ProjectDirectory;

/// How long a selection waits for a list that is being read.
const MATCHING_PATIENCE: Duration = Duration::from_secs(15);

/// An open Job list.
pub struct OpenList {
    /// The table with the list.
    pub table: Arc<JobTable>,
    /// Notifies of changes of the table since it was opened, and keeps it open.
    pub revision: watch::Receiver<u64>,
    cluster: Cluster,
    partitions: Partitions,
}

/// Opens Job lists; an extension of every request with a session.
#[derive(Clone)]
pub struct JobLists {
    tables: JobTables,
    directory: Arc<ProjectDirectory>,
}

impl JobLists {
    /// Creates an opener of these tables.
    pub fn new(tables: JobTables, directory: Arc<ProjectDirectory>) -> Self {
        Self { tables, directory }
    }

    /// Opens the list of `project`, or of all projects that the user may use.
    pub async fn open(&self, cluster: &Cluster, project: Option<&str>) -> Result<OpenList, ApiError> {
        let partitions = match project {
            Some(project) => vec![Some(project.to_owned())],
            None => self.directory.job_partitions(cluster).await?,
        };
        let (table, revision) = self.tables.open(cluster, partitions.clone());
        Ok(OpenList {
            table,
            revision,
            cluster: cluster.clone(),
            partitions,
        })
    }
}

impl OpenList {
    /// Checks whether the Jobs may be listed. Of several projects, those that may not be listed are left out, so any
    /// one suffices.
    pub async fn check(&self) -> Result<(), ApiError> {
        let mut result = Ok(());
        for project in &self.partitions {
            result = self.cluster.may_list_jobs(project.as_deref()).await;
            if !matches!(result, Err(ApiError::Forbidden { .. })) {
                break;
            }
        }
        result
    }

    /// Returns all rows that match `query`, at most [`MAX_SELECTED`].
    pub async fn matching(&self, query: &JobQuery) -> Result<Vec<JobRow>, ApiError> {
        match self.page(query, MATCHING_PATIENCE).await?.loading {
            None => Ok(self.table.matching(query, MAX_SELECTED)),
            Some(_) => Err(ApiError::Console {
                message: "the list is still being read from the cluster; try again in a moment".to_owned(),
            }),
        }
    }

    /// Returns a page of the list; one that says that the list is still being read if that takes longer than `patience`.
    pub async fn page(&self, query: &JobQuery, patience: Duration) -> Result<JobPage, ApiError> {
        let deadline = Instant::now() + patience;
        let mut revision = self.revision.clone();
        loop {
            let phase = self.table.phase();
            match phase {
                Phase::Live => return Ok(self.table.window(query).page()),
                Phase::Loading { .. } => {}
                Phase::Stale { .. } => self.check().await?,
                Phase::Denied { .. } => {
                    self.check().await?;
                    // The user may list Jobs but not watch them.
                    return read_once(&self.cluster, &self.partitions, query).await;
                }
            }
            let read = match phase {
                Phase::Loading { read } => read,
                _ => 0,
            };
            if tokio::time::timeout_at(deadline, revision.changed())
                .await
                .is_err()
            {
                self.check().await?;
                return Ok(JobPage {
                    loading: Some(read),
                    ..JobPage::default()
                });
            }
        }
    }
}
