//! The projects that a user can choose from.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::contexts::Clusters;
use crate::job_table::Partitions;
use crate::kubernetes::access::Access;
use crate::kubernetes::{Cluster, Projects, by_name};

/// How long the namespaces that the console knows, and those that a user may use, are cached.
const CACHE_TTL: Duration = Duration::from_mins(2);

/// Maximum number of namespaces that are checked for a user: each is a request.
const MAX_CHECKED: usize = 1000;

/// Maximum number of projects in a list of all projects that is not read cluster-wide: each needs four watches.
const MAX_FOLLOWED: usize = 100;

/// Maximum number of concurrent checks.
const CONCURRENCY: usize = 32;

/// Maximum number of users whose projects are cached.
const MAX_CACHED: usize = 1000;

/// Where projects come from for users who may not list namespaces.
#[derive(Default)]
pub struct ProjectDirectory {
    /// Projects that the operator names.
    named: Vec<String>,
    /// The clusters with the console's own credentials, which may list namespaces.
    own: Option<Clusters>,
    namespaces: Mutex<Option<(Instant, Vec<String>)>>,
    /// By [`Cluster::id`].
    of_users: Mutex<HashMap<u64, (Instant, Vec<String>)>>,
}

impl ProjectDirectory {
    /// Creates a directory of the projects `named`, and those that `own` lists.
    pub fn new(named: Vec<String>, own: Option<Clusters>) -> Self {
        Self {
            named,
            own,
            ..Self::default()
        }
    }

    /// Returns the projects of the user of `cluster`: all namespaces if the user may list them, else those that the
    /// console knows and whose Jobs the user may list.
    pub async fn projects(&self, cluster: &Cluster) -> Result<Projects, ApiError> {
        let projects = cluster.projects().await?;
        if projects.complete || (self.named.is_empty() && self.own.is_none()) {
            return Ok(projects);
        }
        let cached = lock(&self.of_users).get(&cluster.id()).cloned();
        if let Some((at, names)) = cached
            && at.elapsed() < CACHE_TTL
        {
            return Ok(Projects {
                names,
                complete: false,
            });
        }
        let mut candidates: BTreeSet<String> = self.named.iter().cloned().collect();
        candidates.extend(self.namespaces().await);
        candidates.extend(projects.names.iter().cloned());
        let reviews: Vec<(String, Option<bool>)> = stream::iter(candidates.into_iter().take(MAX_CHECKED))
            .map(|name| async move {
                let allowed = cluster.review(&name, Access::jobs("list")).await;
                (name, allowed)
            })
            .buffer_unordered(CONCURRENCY)
            .collect()
            .await;
        let is_complete = reviews.iter().all(|(_, allowed)| allowed.is_some());
        // Without an answer a project is not offered: its name alone may tell something.
        let allowed = reviews.into_iter().filter(|(_, allowed)| *allowed == Some(true));
        let mut names: Vec<String> = allowed.map(|(name, _)| name).collect();
        names.sort_by(|a, b| by_name(a, b));
        // Something has to be shown, and says that it is not allowed.
        if names.is_empty() {
            names = projects.names;
        }
        if !is_complete {
            return Ok(Projects {
                names,
                complete: false,
            });
        }
        let mut cached = lock(&self.of_users);
        if cached.len() >= MAX_CACHED {
            cached.clear();
        }
        cached.insert(cluster.id(), (Instant::now(), names.clone()));
        Ok(Projects {
            names,
            complete: false,
        })
    }

    /// Returns where the Jobs of all projects are read: cluster-wide if the user of `cluster` may, else in each project
    /// whose Jobs the user may list.
    pub async fn job_partitions(&self, cluster: &Cluster) -> Result<Partitions, ApiError> {
        // Without an answer, what is asked for is tried: the cluster refuses it.
        let may = |verb| cluster.review("", Access::jobs(verb));
        if let (Some(true), Some(true)) = futures::join!(may("list"), may("watch")) {
            return Ok(vec![None]);
        }
        let names = self.projects(cluster).await?.names;
        let checked: Vec<(String, bool)> = stream::iter(names.into_iter().take(MAX_CHECKED))
            .map(|name| async move {
                let allowed = cluster.may(&name, Access::jobs("list")).await;
                (name, allowed)
            })
            .buffered(CONCURRENCY)
            .collect()
            .await;
        let allowed: Partitions = checked
            .iter()
            .filter(|(_, allowed)| *allowed)
            .map(|(name, _)| Some(name.clone()))
            .take(MAX_FOLLOWED)
            .collect();
        if allowed.is_empty() {
            // Something has to be asked for, and the answer says what is missing.
            return Ok(checked.into_iter().take(1).map(|(name, _)| Some(name)).collect());
        }
        Ok(allowed)
    }

    /// Returns the namespaces that the console may list.
    async fn namespaces(&self) -> Vec<String> {
        let Some(own) = &self.own else { return Vec::new() };
        let cached = lock(&self.namespaces).clone();
        if let Some((at, names)) = cached
            && at.elapsed() < CACHE_TTL
        {
            return names;
        }
        let listed = match own.open(None).await {
            Ok(cluster) => cluster.projects().await,
            Err(error) => Err(error),
        };
        match listed {
            Ok(projects) => {
                *lock(&self.namespaces) = Some((Instant::now(), projects.names.clone()));
                projects.names
            }
            Err(error) => {
                tracing::warn!(%error, "the console cannot list namespaces");
                Vec::new()
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
