//! The contexts of a kubeconfig, read again when it changes: a context that is added, or credentials that are
//! renewed, need no restart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::config::{AuthInfo, Context, ExecInteractiveMode, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::config::{Cluster as ClusterEntry, Config};
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{Instant, timeout};

use app::api::error::ApiError;
use app::api::session::{ClusterOffer, Refusal};

use super::{key, none, plugin};
use crate::cluster::Cluster;
use crate::cluster::connect;

/// For how long a kubeconfig that was read is used.
const FRESH: Duration = Duration::from_secs(2);

/// How long a person waits for a plugin's credentials; some ask a server far away.
const PATIENCE: Duration = Duration::from_secs(20);

/// For how long a failure is told again before it is tried again: a page asks several times at once.
const AGAIN: Duration = Duration::from_secs(3);

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
    first: String,
    private: bool,
    slots: Mutex<HashMap<String, Arc<AsyncMutex<Slot>>>>,
}

/// One connection, made or not.
#[derive(Default)]
struct Slot {
    /// With what it was made of.
    opened: Option<(Option<String>, Cluster)>,
    failed: Option<(Instant, ApiError)>,
}

/// All that a connection is made of.
struct Definition {
    name: String,
    context: Context,
    cluster: ClusterEntry,
    user: AuthInfo,
}

impl Definition {
    /// The context `name` as `kubeconfig` has it now. A user that is missing means no credentials, as to kubectl.
    fn read(kubeconfig: &Kubeconfig, name: &str) -> Option<Self> {
        let named = kubeconfig.contexts.iter().find(|named| named.name == name)?;
        let context = named.context.clone()?;
        let mut clusters = kubeconfig.clusters.iter();
        let cluster = clusters.find(|named| named.name == context.cluster)?;
        let mut users = kubeconfig.auth_infos.iter();
        let user = users.find(|named| Some(&named.name) == context.user.as_ref());
        Some(Self {
            name: name.to_owned(),
            cluster: cluster.cluster.clone()?,
            user: user.and_then(|named| named.auth_info.clone()).unwrap_or_default(),
            context,
        })
    }

    /// Equal for equal definitions. Holds secrets, like the definition.
    fn print(&self) -> Option<String> {
        serde_json::to_string(&(&self.context, &self.cluster, &self.user)).ok()
    }
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
        let first = match (
            only.first(),
            &kubeconfig.current_context,
            kubeconfig.contexts.first(),
        ) {
            (Some(first), _, _) => first.clone(),
            (None, Some(current), _) if has(current) => current.clone(),
            (None, Some(current), _) if !current.is_empty() => {
                return Err(ContextsError::Context(current.clone()));
            }
            (None, _, Some(named)) => named.name.clone(),
            (None, _, None) => return Err(ContextsError::Empty),
        };
        let only = if only.is_empty() && !private {
            vec![first.clone()]
        } else {
            only.to_vec()
        };
        Ok(Self {
            read: Box::new(read),
            last: Mutex::new((Instant::now(), Arc::new(kubeconfig))),
            only,
            first,
            private,
            slots: Mutex::default(),
        })
    }

    /// The context that is used where an address names none.
    pub fn first(&self) -> &str {
        &self.first
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
            key: key::of(&name),
            server: server.map(host).unwrap_or_default(),
            plugin: user.and_then(plugin::name),
            unverified: cluster.is_some_and(|cluster| cluster.insecure_skip_tls_verify == Some(true)),
            refused: match user {
                None => Some(Refusal::Incomplete),
                Some(user) => plugin::refused(user, self.private),
            },
            name,
        }
    }

    /// The names that are offered, the first one first.
    fn names(&self, kubeconfig: &Kubeconfig) -> Vec<String> {
        let mut names: Vec<String> = kubeconfig
            .contexts
            .iter()
            .map(|named| named.name.clone())
            .filter(|name| self.only.is_empty() || self.only.contains(name))
            .collect();
        // Stable: the others stay in the kubeconfig's order.
        names.sort_by_key(|name| *name != self.first);
        names.dedup();
        names
    }

    /// The kubeconfig as it is now; as it was if it cannot be read, for it may just be written.
    fn kubeconfig(&self) -> Arc<Kubeconfig> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.elapsed() > FRESH {
            last.0 = Instant::now();
            match (self.read)() {
                Ok(kubeconfig) => last.1 = Arc::new(kubeconfig),
                Err(error) => tracing::warn!(
                    error = crate::with_causes(&error),
                    "the kubeconfig cannot be read"
                ),
            }
        }
        Arc::clone(&last.1)
    }

    /// The cluster of the context with `key`, else of the first one.
    pub async fn open(&self, key: Option<&str>) -> Result<Cluster, ApiError> {
        let kubeconfig = self.kubeconfig();
        let name = match key {
            None => self.first.clone(),
            Some(key) => {
                let mut names = self.names(&kubeconfig).into_iter();
                names.find(|name| key::of(name) == key).ok_or_else(|| none(key))?
            }
        };
        let credentials = |message: String| ApiError::Credentials { message };
        let definition = Definition::read(&kubeconfig, &name)
            .ok_or_else(|| credentials(format!("the kubeconfig has no cluster for the context {name:?}")))?;
        if let Some(refusal) = plugin::refused(&definition.user, self.private) {
            return Err(credentials(refusal.message().to_owned()));
        }
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(name).or_default())
        };
        let waited = || credentials("the plugin has given no credentials yet".to_owned());
        let Ok(mut slot) = timeout(PATIENCE, slot.lock_owned()).await else {
            return Err(waited());
        };
        match &*slot {
            Slot {
                opened: Some((known, cluster)),
                ..
            } if *known == definition.print() => {
                return Ok(cluster.clone());
            }
            Slot {
                failed: Some((at, error)),
                ..
            } if at.elapsed() < AGAIN => return Err(error.clone()),
            _ => {}
        }
        // A person may leave before the plugin has answered; its answer is kept all the same.
        let opening = tokio::spawn(async move {
            let opened = connect(kubeconfig, &definition).await;
            slot.failed = opened.as_ref().err().map(|error| (Instant::now(), error.clone()));
            slot.opened = opened
                .as_ref()
                .ok()
                .map(|cluster| (definition.print(), cluster.clone()));
            opened
        });
        match timeout(PATIENCE, opening).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                tracing::error!(%error, "a connection could not be made");
                Err(credentials("the console could not make a connection".to_owned()))
            }
            Err(_) => Err(waited()),
        }
    }
}

/// Makes the connection. Reads the files that the kubeconfig names, and runs its plugin.
async fn connect(kubeconfig: Arc<Kubeconfig>, definition: &Definition) -> Result<Cluster, ApiError> {
    let name = definition.name.clone();
    let options = KubeConfigOptions {
        context: Some(name.clone()),
        ..Default::default()
    };
    let unusable = |error: &(dyn std::error::Error + 'static)| ApiError::Credentials {
        message: plugin::refusal(error).unwrap_or_else(|| crate::with_causes(error)),
    };
    let mut config = Config::from_custom_kubeconfig(Kubeconfig::clone(&kubeconfig), &options)
        .await
        .map_err(|error| unusable(&error))?;
    if let Some(exec) = &mut config.auth_info.exec {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
        tracing::info!(
            context = name,
            plugin = exec.command,
            "running the plugin for credentials"
        );
    }
    tokio::task::spawn_blocking(move || connect::cluster(config, name))
        .await
        .map_err(|error| unusable(&error))?
        .map_err(|error| unusable(&error))
}

/// Host and port of an API server's address, which may hold a password.
fn host(server: &str) -> String {
    let uri = server.parse::<http::Uri>().ok();
    let authority = uri.as_ref().and_then(http::Uri::authority);
    let authority = authority.map(http::uri::Authority::as_str).unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default().to_owned()
}
