//! The one way to Kubernetes, whichever cluster it is.
//!
//! Objects are read and written as raw JSON: a typed struct drops the fields it does not know. What the pages show
//! is derived from that JSON by the pure functions of [`crate::jobs`].

pub mod authorization;
mod client;
pub mod connect;
mod create_once;
pub mod error;
mod generated_name;
mod liveness;
pub mod logs;
pub mod openapi;
mod paging;
pub mod paths;
pub mod timeouts;
pub mod watch;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kube::{Client, Config};
use serde_json::{Value, json};

use app::api::error::ApiError;

use crate::kubernetes::connect::ConnectError;
use crate::kubernetes::create_once::pending_attempts::PendingAttempts;
use crate::kubernetes::timeouts::Timeouts;

pub use crate::kubernetes::client::{Answer, DryRun};
pub use crate::kubernetes::liveness::Disconnections;
pub use crate::kubernetes::paths::{Kind, Resource};

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Cluster {
    facts: Arc<Facts>,
    /// How long one request may take.
    timeout: Duration,
}

/// What is known of a cluster without asking it.
struct Facts {
    client: RwLock<Client>,
    /// Of which the client is made, and made anew; none of a cluster without a network.
    config: Option<RwLock<Config>>,
    /// Told when the cluster does not accept the credentials.
    refused: tokio::sync::watch::Sender<()>,
    name: String,
    playground: bool,
    /// The project that the credentials prefer; the only one known to a person who may not list them.
    namespace: String,
    schema: openapi::Cache,
    liveness: liveness::Liveness,
    pending_attempts: PendingAttempts,
    shared_watches: watch::SharedWatches,
    timeouts: Timeouts,
}

impl Cluster {
    /// The cluster behind `client`, shown as `name`.
    pub fn new(client: Client, name: impl Into<String>, playground: bool) -> Self {
        Self::build(client, None, name.into(), playground, Timeouts::default())
    }

    /// The cluster behind `client`, which was made of `config` and can be made anew.
    fn renewable(client: Client, config: Config, name: String, timeouts: Timeouts) -> Self {
        Self::build(client, Some(config), name, false, timeouts)
    }

    fn build(
        client: Client,
        config: Option<Config>,
        name: String,
        playground: bool,
        timeouts: Timeouts,
    ) -> Self {
        // A kubeconfig may say anything.
        let namespace = Some(client.default_namespace())
            .filter(|name| manifest::names::dns_label(name).is_ok())
            .unwrap_or("default")
            .to_owned();
        let timeout = timeouts.request;
        Self {
            facts: Arc::new(Facts {
                client: RwLock::new(client),
                config: config.map(RwLock::new),
                refused: tokio::sync::watch::Sender::new(()),
                name,
                playground,
                namespace,
                schema: openapi::Cache::default(),
                liveness: liveness::Liveness::default(),
                pending_attempts: PendingAttempts::default(),
                shared_watches: watch::SharedWatches::default(),
                timeouts,
            }),
            timeout,
        }
    }

    /// The same cluster, of which an answer is awaited no longer than `timeout`.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long one request may take.
    fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Tells whenever the cluster stops answering, for those who wait for it without asking.
    pub fn disconnections(&self) -> Disconnections {
        self.facts.liveness.listen(self)
    }

    /// How long it is waited for.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.facts.timeouts
    }

    /// The watches that are shared.
    fn shared_watches(&self) -> &watch::SharedWatches {
        &self.facts.shared_watches
    }

    /// The client, for watches and logs.
    pub fn client(&self) -> Client {
        self.facts
            .client
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Leaves all connections: those that lie idle may be as dead as the one that does not answer.
    fn renew(&self) {
        let Some(config) = &self.facts.config else { return };
        let config = config.read().unwrap_or_else(PoisonError::into_inner).clone();
        match connect::client(config, &self.facts.name, &self.facts.timeouts) {
            Ok(client) => *self.facts.client.write().unwrap_or_else(PoisonError::into_inner) = client,
            Err(error) => tracing::warn!(%error, "no new connections"),
        }
    }

    /// Goes on with another configuration of the same cluster: with new credentials.
    pub fn replace(&self, config: Config) -> Result<(), ConnectError> {
        let client = connect::client(config.clone(), &self.facts.name, &self.facts.timeouts)?;
        if let Some(known) = &self.facts.config {
            *known.write().unwrap_or_else(PoisonError::into_inner) = config;
        }
        *self.facts.client.write().unwrap_or_else(PoisonError::into_inner) = client;
        Ok(())
    }

    /// Tells whenever the cluster does not accept the credentials, until nobody uses it any more.
    pub fn refusals(&self) -> tokio::sync::watch::Receiver<()> {
        self.facts.refused.subscribe()
    }

    /// The cluster did not accept the credentials.
    fn refused(&self) {
        self.facts.refused.send_replace(());
    }

    /// The kubeconfig context, `in-cluster`, or `playground`.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// The project that the credentials prefer.
    pub fn namespace(&self) -> &str {
        &self.facts.namespace
    }

    /// It is the embedded playground.
    pub fn is_playground(&self) -> bool {
        self.facts.playground
    }

    /// `gitVersion` of the API server.
    pub async fn version(&self) -> Result<String, ApiError> {
        let version = self.get("/version").await?;
        Ok(version["gitVersion"].as_str().unwrap_or_default().to_owned())
    }

    /// Namespaces by name, system projects last. Who may not list them sees the credentials' own.
    pub async fn projects(&self) -> Result<Projects, ApiError> {
        let namespaces = match self.list("/api/v1/namespaces", &[]).await {
            Ok(namespaces) => namespaces,
            Err(ApiError::Forbidden { .. }) => {
                return Ok(Projects {
                    names: vec![self.facts.namespace.clone()],
                    complete: false,
                });
            }
            Err(error) => return Err(error),
        };
        let mut names: Vec<String> = namespaces
            .iter()
            .filter_map(|namespace| namespace["metadata"]["name"].as_str().map(str::to_owned))
            // Nothing else can be one, nor stand in an address.
            .filter(|name| manifest::names::dns_label(name).is_ok())
            .collect();
        names.sort_by(|a, b| is_system(a).cmp(&is_system(b)).then_with(|| a.cmp(b)));
        Ok(Projects {
            names,
            complete: true,
        })
    }

    /// The person's name at the cluster (`SelfSubjectReview`, Kubernetes 1.28); empty where it does not say.
    pub async fn user(&self) -> String {
        let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        match self.post(path, &review, DryRun::No).await {
            Ok(Answer { object, .. }) => object["status"]["userInfo"]["username"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            Err(error) => {
                tracing::debug!(%error, "the cluster does not say who we are");
                String::new()
            }
        }
    }

    /// The Jobs of a project.
    pub async fn jobs(&self, project: &str) -> Result<Vec<Value>, ApiError> {
        self.list(&Kind::JOBS.collection(project)?, &[]).await
    }

    /// Whether the Jobs of a project may be listed; the answer is cheap however many there are.
    pub async fn may_list_jobs(&self, project: &str) -> Result<(), ApiError> {
        self.get(&format!("{}?limit=1", Kind::JOBS.collection(project)?))
            .await?;
        Ok(())
    }

    /// One Job.
    pub async fn job(&self, project: &str, name: &str) -> Result<Value, ApiError> {
        self.get(&Kind::JOBS.object(project, name)?).await
    }
}

/// The projects that a person can be shown.
pub struct Projects {
    /// Their names.
    pub names: Vec<String>,
    /// There are no others in the cluster.
    pub complete: bool,
}

/// Kubernetes' own namespaces and those of common distributions.
fn is_system(namespace: &str) -> bool {
    namespace.starts_with("kube-")
        || namespace.starts_with("openshift")
        || namespace.starts_with("kubesphere-")
}
