//! The contexts of a kubeconfig, read again when it changes: a context that is added, or a user that is written anew,
//! needs no restart.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::config::{Kubeconfig, KubeconfigError};
use tokio::time::Instant;

use app::api::error::ApiError;
use app::api::session::{ClusterOffer, Refusal};
use app::kit::foreign_text::into_visible;

use crate::contexts::connection::{Definition, Slot};
use crate::contexts::{context_id, exec_plugin, none};
use crate::kubernetes::Cluster;
use crate::kubernetes::timeouts::Timeouts;

/// For how long a kubeconfig that was read is used.
const FRESH: Duration = Duration::from_secs(2);

/// Reads the kubeconfig.
type Read = Box<dyn Fn() -> Result<Kubeconfig, KubeconfigError> + Send + Sync>;

/// Why a kubeconfig's contexts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextsError {
    /// It is missing or unreadable.
    #[error("cannot use the kubeconfig")]
    Kubeconfig(#[source] KubeconfigError),
    /// It has no such context.
    #[error("the kubeconfig has no context {0:?}")]
    Context(String),
    /// It has no context at all.
    #[error("the kubeconfig has no context")]
    Empty,
}

/// The clusters of a kubeconfig.
pub struct Contexts {
    read: Read,
    last: Mutex<(Instant, Arc<Kubeconfig>)>,
    /// The names that are offered; all if empty.
    only: Vec<String>,
    preferred: String,
    private: bool,
    timeouts: Timeouts,
    slots: Mutex<HashMap<String, Slot>>,
}

impl Contexts {
    /// The contexts that `read` finds. Those named in `only` are offered, the first of them first; if it names none,
    /// all are offered on a server that is only its owner's (`private`), else the current one alone.
    pub fn new(
        read: impl Fn() -> Result<Kubeconfig, KubeconfigError> + Send + Sync + 'static,
        only: &[String],
        private: bool,
    ) -> Result<Self, ContextsError> {
        let kubeconfig = read().map_err(ContextsError::Kubeconfig)?;
        let has = |name: &String| kubeconfig.contexts.iter().any(|named| named.name == *name);
        if let Some(missing) = only.iter().find(|name| !has(name)) {
            return Err(ContextsError::Context(missing.clone()));
        }
        // A current context that was deleted is none.
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
            last: Mutex::new((Instant::now(), Arc::new(kubeconfig))),
            only,
            preferred,
            private,
            timeouts: Timeouts::default(),
            slots: Mutex::default(),
        })
    }

    /// The same, whose clusters are waited for so long.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The context that is used where an address names none: the preferred one while it is there.
    pub fn first(&self) -> String {
        let names = self.names(&self.kubeconfig());
        names.into_iter().next().unwrap_or_else(|| self.preferred.clone())
    }

    /// Addresses have to say which one they mean.
    pub fn has_several(&self) -> bool {
        self.names(&self.kubeconfig()).len() > 1
    }

    /// All of them as the pages show them.
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

    /// The names that are offered, the preferred one first.
    fn names(&self, kubeconfig: &Kubeconfig) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut names: Vec<String> = kubeconfig
            .contexts
            .iter()
            .map(|named| named.name.clone())
            .filter(|name| self.only.is_empty() || self.only.contains(name))
            .filter(|name| seen.insert(name.clone()))
            .collect();
        // Stable: the others stay in the kubeconfig's order.
        names.sort_by_key(|name| *name != self.preferred);
        names
    }

    /// The kubeconfig as it is now; as it was if it cannot be read or is empty, for it may just be written.
    fn kubeconfig(&self) -> Arc<Kubeconfig> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.elapsed() > FRESH {
            last.0 = Instant::now();
            match (self.read)() {
                Ok(kubeconfig) if !kubeconfig.contexts.is_empty() => last.1 = Arc::new(kubeconfig),
                Ok(_) => tracing::warn!("the kubeconfig is empty: the last one is used"),
                // Not its causes: they may quote what stands in it.
                Err(_) => tracing::warn!("the kubeconfig cannot be read: the last one is used"),
            }
        }
        Arc::clone(&last.1)
    }

    /// The cluster of the context with `key`, else of the first one.
    pub async fn open(&self, key: Option<&str>) -> Result<Cluster, ApiError> {
        let kubeconfig = self.kubeconfig();
        let names = self.names(&kubeconfig);
        let name = match key {
            None => names.into_iter().next().unwrap_or_else(|| self.preferred.clone()),
            Some(key) => {
                let mut names = names.into_iter();
                names
                    .find(|name| context_id::of(name) == key)
                    .ok_or_else(|| none(key))?
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

    /// The first cluster for whoever must not make this machine run anything: none if it has not been opened before
    /// and needs a plugin.
    pub async fn open_without_plugin(&self) -> Result<Cluster, ApiError> {
        let kubeconfig = self.kubeconfig();
        let name = self.first();
        if let Some(cluster) = self.slot(name.clone()).standing() {
            return Ok(cluster);
        }
        let definition = Definition::read(&kubeconfig, &name);
        if definition.is_some_and(|definition| definition.user.exec.is_some()) {
            return Err(ApiError::Credentials {
                message: "nobody has asked for its credentials yet".to_owned(),
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

/// Host and port of an API server's address, which may hold a password.
fn host(server: &str) -> String {
    let uri = server.parse::<http::Uri>().ok();
    let authority = uri.as_ref().and_then(http::Uri::authority);
    let authority = authority.map(http::uri::Authority::as_str).unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}
