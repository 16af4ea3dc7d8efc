//! The contexts of a kubeconfig, re-read when it changes: a new context or a changed user needs no restart.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::config::{Kubeconfig, KubeconfigError};
use tokio::time::Instant;

use app::api::error::ApiError;
use app::api::session::{ClusterOffer, Refusal};
use app::foreign_text::into_visible;

use crate::contexts::connection::{Definition, Slot};
use crate::contexts::{context_id, exec_plugin, unknown_cluster};
use crate::kubernetes::Cluster;
use crate::kubernetes::timeouts::Timeouts;

/// How long a kubeconfig is cached after it was read.
const CACHE_TTL: Duration = Duration::from_secs(2);

/// Reads the kubeconfig.
type Read = Box<dyn Fn() -> Result<Kubeconfig, KubeconfigError> + Send + Sync>;

/// Why a kubeconfig's contexts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextsError {
    /// The kubeconfig is missing or cannot be read.
    #[error("cannot read the kubeconfig")]
    Kubeconfig(#[source] KubeconfigError),
    /// The kubeconfig has no contexts of these names, which are quoted.
    #[error("the kubeconfig has no context {0}")]
    Context(String),
    /// The kubeconfig has no contexts.
    #[error("the kubeconfig has no contexts")]
    Empty,
}

/// The clusters of a kubeconfig.
pub struct Contexts {
    read: Read,
    cached: Mutex<(Instant, Arc<Kubeconfig>)>,
    /// Names of the contexts that are offered; all if empty.
    only: Vec<String>,
    preferred: String,
    private: bool,
    timeouts: Timeouts,
    slots: Mutex<HashMap<String, Slot>>,
}

impl Contexts {
    /// Creates the list of contexts that `read` returns. If `only` names contexts, just these are offered and the
    /// first of them is the default; otherwise all are offered if only users of this machine can reach the server
    /// (`private`), else just the current one.
    pub fn new(
        read: impl Fn() -> Result<Kubeconfig, KubeconfigError> + Send + Sync + 'static,
        only: &[String],
        private: bool,
    ) -> Result<Self, ContextsError> {
        let kubeconfig = read().map_err(ContextsError::Kubeconfig)?;
        let has = |name: &String| kubeconfig.contexts.iter().any(|named| named.name == *name);
        let missing: Vec<String> = only
            .iter()
            .filter(|name| !has(name))
            .map(|name| format!("{name:?}"))
            .collect();
        if !missing.is_empty() {
            return Err(ContextsError::Context(missing.join(" and ")));
        }
        // The current context may name one that was deleted.
        let current = kubeconfig.current_context.as_ref().filter(|name| has(name));
        let any = kubeconfig.contexts.first().map(|named| &named.name);
        let preferred = only
            .first()
            .or(current)
            .or(any)
            .ok_or(ContextsError::Empty)?
            .clone();
        let only = if only.is_empty() && !private {
            vec![preferred.clone()]
        } else {
            only.to_vec()
        };
        Ok(Self {
            read: Box::new(read),
            cached: Mutex::new((Instant::now(), Arc::new(kubeconfig))),
            only,
            preferred,
            private,
            timeouts: Timeouts::default(),
            slots: Mutex::default(),
        })
    }

    /// Sets the timeouts of the clusters.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Returns the context used by addresses without a cluster: the preferred one while it exists.
    pub fn default_context(&self) -> String {
        let names = self.names(&self.kubeconfig());
        names.into_iter().next().unwrap_or_else(|| self.preferred.clone())
    }

    /// Whether there are several contexts, so that addresses have to name one.
    pub fn has_several(&self) -> bool {
        self.names(&self.kubeconfig()).len() > 1
    }

    /// Returns all contexts as the pages show them.
    pub fn offers(&self) -> Vec<ClusterOffer> {
        let kubeconfig = self.kubeconfig();
        let names = self.names(&kubeconfig).into_iter();
        names.map(|name| self.offer(&kubeconfig, name)).collect()
    }

    fn offer(&self, kubeconfig: &Kubeconfig, name: String) -> ClusterOffer {
        let definition = Definition::read(kubeconfig, &name);
        let user = definition.as_ref().map(|definition| &definition.user);
        let cluster = definition.as_ref().map(|definition| &definition.cluster);
        let server = cluster.and_then(|cluster| cluster.server.as_deref());
        ClusterOffer {
            key: context_id::of(&name),
            server: into_visible(server.map(host).unwrap_or_default()),
            plugin: user.and_then(exec_plugin::name).map(into_visible),
            unverified: cluster.is_some_and(|cluster| cluster.insecure_skip_tls_verify == Some(true)),
            refused: match user {
                None => Some(Refusal::Incomplete),
                Some(user) => exec_plugin::refused(user, self.private),
            },
            name: into_visible(name),
        }
    }

    /// Returns the names that are offered, the preferred one first.
    fn names(&self, kubeconfig: &Kubeconfig) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut names: Vec<String> = kubeconfig
            .contexts
            .iter()
            .map(|named| named.name.clone())
            .filter(|name| self.only.is_empty() || self.only.contains(name))
            .filter(|name| seen.insert(name.clone()))
            .collect();
        // The sort is stable: the others keep the kubeconfig's order.
        names.sort_by_key(|name| *name != self.preferred);
        names
    }

    /// Returns the current kubeconfig, or the last valid one if it cannot be read or is empty, as while it is being
    /// written.
    fn kubeconfig(&self) -> Arc<Kubeconfig> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if cached.0.elapsed() > CACHE_TTL {
            cached.0 = Instant::now();
            match (self.read)() {
                Ok(kubeconfig) if !kubeconfig.contexts.is_empty() => cached.1 = Arc::new(kubeconfig),
                Ok(_) => tracing::warn!("the kubeconfig is empty; using the last valid one"),
                // Without its causes: they may quote secrets of the file.
                Err(_) => tracing::warn!("cannot read the kubeconfig; using the last valid one"),
            }
        }
        Arc::clone(&cached.1)
    }

    /// Returns the cluster of the context with id `key`, or of the default context.
    pub async fn open(&self, key: Option<&str>) -> Result<Cluster, ApiError> {
        let kubeconfig = self.kubeconfig();
        let names = self.names(&kubeconfig);
        let name = match key {
            None => names.into_iter().next().unwrap_or_else(|| self.preferred.clone()),
            Some(key) => {
                let mut names = names.into_iter();
                names
                    .find(|name| context_id::of(name) == key)
                    .ok_or_else(|| unknown_cluster(key))?
            }
        };
        let credentials = |message: String| ApiError::Credentials { message };
        let definition = Definition::read(&kubeconfig, &name)
            .ok_or_else(|| credentials(format!("the kubeconfig has no cluster for the context {name:?}")))?;
        if let Some(refusal) = exec_plugin::refused(&definition.user, self.private) {
            return Err(credentials(refusal.message().to_owned()));
        }
        self.slot(name).open(kubeconfig, definition).await
    }

    /// Returns the default cluster for a caller that must not cause a plugin to run. Fails if the cluster is not
    /// open yet and needs a plugin.
    pub async fn open_without_plugin(&self) -> Result<Cluster, ApiError> {
        let kubeconfig = self.kubeconfig();
        let name = self.default_context();
        if let Some(cluster) = self.slot(name.clone()).opened() {
            return Ok(cluster);
        }
        let definition = Definition::read(&kubeconfig, &name);
        if definition.is_some_and(|definition| definition.user.exec.is_some()) {
            return Err(ApiError::Credentials {
                message: "no credentials yet: its plugin runs when a user opens the cluster".to_owned(),
            });
        }
        self.open(None).await
    }

    fn slot(&self, name: String) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(name);
        slot.or_insert_with(|| Slot::new(self.timeouts.clone())).clone()
    }
}

/// Returns host and port of an API server's URL, without user information, which may hold a password.
fn host(server: &str) -> String {
    let uri = server.parse::<http::Uri>().ok();
    let authority = uri.as_ref().and_then(http::Uri::authority);
    let authority = authority.map(http::uri::Authority::as_str).unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}
