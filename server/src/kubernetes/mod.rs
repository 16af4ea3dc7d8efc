//! The client of a Kubernetes cluster; all access goes through [`Cluster`].
//!
//! Objects are read and written as raw JSON: a typed struct would drop the fields it does not know. What the pages
//! show is derived from that JSON by the pure functions of [`crate::jobs`].

pub mod access;
pub mod authorization;
mod client;
pub mod connect;
mod create_once;
pub mod error;
mod generated_name;
mod liveness;
pub mod logs;
pub mod measured;
pub mod openapi;
mod paging;
pub mod paths;
pub mod timeouts;
mod user;
pub mod watch;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use kube::{Client, Config};
use serde_json::{Value, json};

use app::api::error::ApiError;

use crate::kubernetes::connect::ConnectError;
use crate::kubernetes::create_once::pending_attempts::PendingAttempts;
use crate::kubernetes::timeouts::Timeouts;

pub use crate::kubernetes::client::{ApiResponse, DryRun};
pub use crate::kubernetes::liveness::Disconnections;
pub use crate::kubernetes::paths::{Kind, Resource};
pub use crate::kubernetes::user::UserCredentials;

/// A connected cluster; cloning is cheap.
#[derive(Clone)]
pub struct Cluster {
    inner: Arc<Inner>,
    /// Timeout of one request.
    timeout: Duration,
}

/// The state that clones of a cluster share.
struct Inner {
    id: u64,
    /// The console's own connection, if this is a user's.
    base: Option<Cluster>,
    /// With the generation of the connections; see [`liveness::Liveness::generation`].
    client: RwLock<(u64, Client)>,
    /// The configuration of the client, to rebuild it; `None` for a cluster without a network.
    config: Option<RwLock<Config>>,
    /// Notifies when the cluster rejects the credentials.
    refused: tokio::sync::watch::Sender<()>,
    name: String,
    playground: bool,
    /// The default namespace of the credentials; the only one known to a user who may not list namespaces.
    namespace: String,
    schema: openapi::Cache,
    liveness: Arc<liveness::Liveness>,
    access: access::AccessCache,
    /// The user's name, once the cluster has told it.
    user: OnceLock<String>,
    pending_attempts: PendingAttempts,
    shared_watches: watch::SharedWatches,
    timeouts: Timeouts,
}

impl Cluster {
    /// Creates a cluster from `client`, shown as `name`.
    pub fn new(client: Client, name: impl Into<String>, playground: bool) -> Self {
        Self::build(client, None, name.into(), playground, Timeouts::default(), None)
    }

    /// Creates a cluster from `client`, which can be rebuilt from `config`.
    fn with_config(client: Client, config: Config, name: String, timeouts: Timeouts) -> Self {
        Self::build(client, Some(config), name, false, timeouts, None)
    }

    /// Returns the same cluster with the credentials of `user`. It shares nothing that was read with other credentials.
    pub fn with_user(&self, user: &UserCredentials) -> Result<Self, ConnectError> {
        let config = self.config_of(user)?;
        let name = self.inner.name.clone();
        let timeouts = self.inner.timeouts.clone().for_users();
        let client = connect::client(config.clone(), &name, &timeouts)?;
        Ok(Self::build(
            client,
            Some(config),
            name,
            false,
            timeouts,
            Some(self.clone()),
        ))
    }

    fn build(
        client: Client,
        config: Option<Config>,
        name: String,
        playground: bool,
        timeouts: Timeouts,
        base: Option<Cluster>,
    ) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let liveness = base
            .as_ref()
            .map_or_else(Arc::default, |base| Arc::clone(&base.inner.liveness));
        // The namespace of a kubeconfig is not validated.
        let namespace = Some(client.default_namespace())
            .filter(|name| manifest::names::dns_label(name).is_ok())
            .unwrap_or("default")
            .to_owned();
        let timeout = timeouts.request;
        Self {
            inner: Arc::new(Inner {
                id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
                base,
                client: RwLock::new((liveness.generation(), client)),
                config: config.map(RwLock::new),
                refused: tokio::sync::watch::Sender::new(()),
                name,
                playground,
                namespace,
                schema: openapi::Cache::default(),
                liveness,
                access: access::AccessCache::default(),
                user: OnceLock::new(),
                pending_attempts: PendingAttempts::default(),
                shared_watches: watch::SharedWatches::default(),
                timeouts,
            }),
            timeout,
        }
    }

    /// Returns the same cluster with another request timeout.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Replaces the credentials of a user's cluster. Requests and streams in progress continue with the old ones.
    pub fn set_user(&self, user: &UserCredentials) -> Result<(), ConnectError> {
        let base = self.inner.base.as_ref().ok_or(ConnectError::NoUsers)?;
        self.replace(base.config_of(user)?)
    }

    fn config_of(&self, user: &UserCredentials) -> Result<Config, ConnectError> {
        let config = self.inner.config.as_ref().ok_or(ConnectError::NoUsers)?;
        let mut config = config.read().unwrap_or_else(PoisonError::into_inner).clone();
        config.auth_info = user.auth_info(&config.auth_info);
        Ok(config)
    }

    /// Returns a reference that does not keep the cluster connected.
    pub fn downgrade(&self) -> WeakCluster {
        WeakCluster {
            inner: Arc::downgrade(&self.inner),
            timeout: self.timeout,
        }
    }

    /// Returns a number that differs from that of every other connected cluster.
    pub fn id(&self) -> u64 {
        self.inner.id
    }

    /// Returns how long a stream of a user goes on before the cluster has to check again whether the user may read it;
    /// `None` for the console itself, whose operator can restart it.
    pub(crate) fn max_unchecked(&self) -> Option<Duration> {
        self.is_of_user().then_some(self.inner.timeouts.watch)
    }

    /// Whether requests carry a user's own credentials.
    fn is_of_user(&self) -> bool {
        self.inner.base.is_some()
    }

    /// Returns the timeout of one request.
    fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Subscribes to changes of connectivity, for callers that wait without sending requests.
    pub fn disconnections(&self) -> Disconnections {
        // Not with the credentials of one user, who may sign out.
        self.inner
            .liveness
            .subscribe(self.inner.base.as_ref().unwrap_or(self))
    }

    /// Returns the timeouts.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.inner.timeouts
    }

    /// Returns the cached answers about rights.
    fn access_cache(&self) -> &access::AccessCache {
        &self.inner.access
    }

    /// Returns the watches shared by all subscribers.
    fn shared_watches(&self) -> &watch::SharedWatches {
        &self.inner.shared_watches
    }

    /// Returns the client, for watches and logs. It is a new one if the cluster was disconnected since the last call:
    /// idle connections may be as dead as the one that did not respond.
    pub fn client(&self) -> Client {
        let generation = self.inner.liveness.generation();
        {
            let current = self.inner.client.read().unwrap_or_else(PoisonError::into_inner);
            if current.0 == generation || self.inner.config.is_none() {
                return current.1.clone();
            }
        }
        let mut current = self.inner.client.write().unwrap_or_else(PoisonError::into_inner);
        if current.0 != generation
            && let Some(config) = &self.inner.config
        {
            current.0 = generation;
            let config = config.read().unwrap_or_else(PoisonError::into_inner).clone();
            match connect::client(config, &self.inner.name, &self.inner.timeouts) {
                Ok(client) => current.1 = client,
                Err(error) => tracing::warn!(%error, "cannot rebuild the client"),
            }
        }
        current.1.clone()
    }

    /// Drops all connections, also those of other users.
    fn reconnect(&self) {
        self.inner.liveness.next_generation();
    }

    /// Replaces the configuration of the same cluster, with new credentials.
    pub fn replace(&self, config: Config) -> Result<(), ConnectError> {
        let client = connect::client(config.clone(), &self.inner.name, &self.inner.timeouts)?;
        if let Some(current) = &self.inner.config {
            *current.write().unwrap_or_else(PoisonError::into_inner) = config;
        }
        let generation = self.inner.liveness.generation();
        *self.inner.client.write().unwrap_or_else(PoisonError::into_inner) = (generation, client);
        Ok(())
    }

    /// Notifies whenever the cluster rejects the credentials, as long as the cluster is in use.
    pub fn refusals(&self) -> tokio::sync::watch::Receiver<()> {
        self.inner.refused.subscribe()
    }

    /// Notifies that the cluster rejected the credentials.
    fn refused(&self) {
        self.inner.refused.send_replace(());
    }

    /// Returns the kubeconfig context, `in-cluster`, or `playground`.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Returns the default namespace of the credentials.
    pub fn namespace(&self) -> &str {
        &self.inner.namespace
    }

    /// Whether this is the embedded playground.
    pub fn is_playground(&self) -> bool {
        self.inner.playground
    }

    /// Returns the `gitVersion` of the API server.
    pub async fn version(&self) -> Result<String, ApiError> {
        let version = self.get("/version").await?;
        Ok(version["gitVersion"].as_str().unwrap_or_default().to_owned())
    }

    /// Lists namespaces by name, system namespaces last. Users who may not list them get the credentials' own.
    pub async fn projects(&self) -> Result<Projects, ApiError> {
        let namespaces = match self.list("/api/v1/namespaces", &[]).await {
            Ok(namespaces) => namespaces,
            Err(ApiError::Forbidden { .. }) => {
                return Ok(Projects {
                    names: vec![self.inner.namespace.clone()],
                    complete: false,
                });
            }
            Err(error) => return Err(error),
        };
        let mut names: Vec<String> = namespaces
            .iter()
            .filter_map(|namespace| namespace["metadata"]["name"].as_str().map(str::to_owned))
            // Anything else cannot be a namespace, nor part of an address.
            .filter(|name| manifest::names::dns_label(name).is_ok())
            .collect();
        names.sort_by(|a, b| by_name(a, b));
        Ok(Projects {
            names,
            complete: true,
        })
    }

    /// Returns the user name at the cluster (`SelfSubjectReview`, Kubernetes 1.28); empty if the cluster does not
    /// report it.
    pub async fn user(&self) -> String {
        if let Some(user) = self.inner.user.get() {
            return user.clone();
        }
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        match self.post(path, &review, DryRun::No).await {
            Ok(ApiResponse { object, .. }) => {
                let user = object["status"]["userInfo"]["username"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                // The console's own credentials may be replaced by those of another user.
                if self.is_of_user() && !user.is_empty() {
                    // Fails if another request was first.
                    let _ = self.inner.user.set(user.clone());
                }
                user
            }
            Err(error) => {
                tracing::debug!(%error, "cannot read the user name from the cluster");
                String::new()
            }
        }
    }

    /// Checks whether the Jobs of a project, or of all projects, may be listed; reads at most one Job.
    pub async fn may_list_jobs(&self, project: Option<&str>) -> Result<(), ApiError> {
        self.get(&format!("{}?limit=1", Kind::JOBS.collection_of(project)?))
            .await?;
        Ok(())
    }

    /// Reads a Job.
    pub async fn job(&self, project: &str, name: &str) -> Result<Value, ApiError> {
        self.get(&Kind::JOBS.object(project, name)?).await
    }
}

/// A reference to a cluster that does not keep it connected.
#[derive(Clone)]
pub struct WeakCluster {
    inner: Weak<Inner>,
    timeout: Duration,
}

impl WeakCluster {
    /// Returns the cluster while it is in use.
    pub fn upgrade(&self) -> Option<Cluster> {
        let inner = self.inner.upgrade()?;
        Some(Cluster {
            inner,
            timeout: self.timeout,
        })
    }
}

/// The projects that a user can choose from.
pub struct Projects {
    /// Names of the namespaces.
    pub names: Vec<String>,
    /// Whether the list is complete.
    pub complete: bool,
}

/// Compares namespaces by name, those of the system last.
pub(crate) fn by_name(a: &str, b: &str) -> std::cmp::Ordering {
    is_system(a).cmp(&is_system(b)).then_with(|| a.cmp(b))
}

/// Whether this is a namespace of Kubernetes itself or of a common distribution.
fn is_system(namespace: &str) -> bool {
    namespace.starts_with("kube-")
        || namespace.starts_with("openshift")
        || namespace.starts_with("kubesphere-")
}
