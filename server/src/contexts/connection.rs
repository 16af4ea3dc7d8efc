//! The connection to one cluster: opened on first use; refreshes expired credentials.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use kube::config::{AuthInfo, Cluster as ClusterEntry, Config, Context, KubeConfigOptions, Kubeconfig};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::{Instant, timeout};

use app::api::error::ApiError;

use crate::contexts::credentials::Credentials;
use crate::contexts::proxy;
use crate::kubernetes::authorization::check_transport;
use crate::kubernetes::timeouts::Timeouts;
use crate::kubernetes::{Cluster, connect};

/// How long a request waits for credentials. A slower plugin keeps running, and a later request uses its result.
const TIMEOUT: Duration = Duration::from_secs(8);

/// How long a failure is returned from cache before the next attempt: a page sends several requests at once.
const RETRY_DELAY: Duration = Duration::from_secs(3);

/// How long before they expire credentials are refreshed.
const REFRESH_MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// First and maximum delay between background refreshes, which keep streams alive without requests.
const REFRESH_DELAY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(5));

/// Everything that defines a connection.
pub struct Definition {
    pub name: String,
    pub context: Context,
    pub cluster: ClusterEntry,
    pub user: AuthInfo,
}

impl Definition {
    /// Reads the context `name` from `kubeconfig`. A missing user means no credentials, as for kubectl.
    pub fn read(kubeconfig: &Kubeconfig, name: &str) -> Option<Self> {
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

    /// Returns a fingerprint that is equal for equal definitions. It contains secrets, as the definition does.
    async fn fingerprint(&self) -> Option<String> {
        let modified = self.modified().await;
        serde_json::to_string(&(&self.context, &self.cluster, &self.user, modified)).ok()
    }

    /// When each certificate and key file was last modified: they are renewed under the same names. A token file is
    /// not among them, since it is re-read anyway.
    async fn modified(&self) -> [Option<SystemTime>; 3] {
        let (cluster, user) = (&self.cluster, &self.user);
        let (authority, certificate, key) = futures::join!(
            modified(cluster.certificate_authority.as_deref()),
            modified(user.client_certificate.as_deref()),
            modified(user.client_key.as_deref()),
        );
        [authority, certificate, key]
    }
}

/// When a file was last modified; `None` if it does not exist.
async fn modified(file: Option<&str>) -> Option<SystemTime> {
    tokio::fs::metadata(file?).await.ok()?.modified().ok()
}

/// The slot of one context's connection, which may be empty.
#[derive(Clone)]
pub struct Slot {
    state: Arc<Mutex<State>>,
    timeouts: Timeouts,
}

/// The connection, and the last failure.
#[derive(Default)]
struct State {
    opened: Option<Opened>,
    failed: Option<(Instant, ApiError)>,
}

/// An open connection.
struct Opened {
    /// Fingerprint of the definition it was made from.
    fingerprint: Option<String>,
    cluster: Cluster,
    config: Config,
    credentials: Credentials,
    expires: Option<Timestamp>,
}

impl Opened {
    fn needs_refresh(&self) -> bool {
        self.expires
            .is_some_and(|expires| expires.duration_since(Timestamp::now()) < REFRESH_MARGIN)
    }

    /// Fetches new credentials. Requests and streams in progress continue with them.
    async fn refresh(&mut self) -> Result<(), ApiError> {
        let (user, expires) = self.credentials.fetch().await.map_err(unusable)?;
        self.config.auth_info = user;
        self.cluster
            .replace(self.config.clone())
            .map_err(|error| unusable(crate::with_causes(&error)))?;
        self.expires = expires;
        Ok(())
    }
}

impl Slot {
    /// Creates an empty slot whose cluster will use `timeouts`.
    pub fn new(timeouts: Timeouts) -> Self {
        Self {
            state: Arc::default(),
            timeouts,
        }
    }

    /// Returns the cluster of `definition`, connecting if necessary. Callers wait at most [`TIMEOUT`]; an attempt
    /// that has started always finishes, since a user may leave before a plugin has answered.
    pub async fn open(
        &self,
        kubeconfig: Arc<Kubeconfig>,
        definition: Definition,
    ) -> Result<Cluster, ApiError> {
        let still_waiting = || unusable("no credentials yet: a plugin is still running".to_owned());
        let Ok(mut state) = timeout(TIMEOUT, Arc::clone(&self.state).lock_owned()).await else {
            return Err(still_waiting());
        };
        let fingerprint = definition.fingerprint().await;
        let known = state
            .opened
            .as_ref()
            .filter(|opened| opened.fingerprint == fingerprint);
        if let Some(opened) = known.filter(|opened| !opened.needs_refresh()) {
            return Ok(opened.cluster.clone());
        }
        if let Some((at, error)) = &state.failed
            && at.elapsed() < RETRY_DELAY
        {
            return Err(error.clone());
        }
        let is_refresh = known.is_some();
        let weak = Arc::downgrade(&self.state);
        let timeouts = self.timeouts.clone();
        let attempt = tokio::spawn(async move {
            let outcome = match &mut state.opened {
                Some(opened) if is_refresh => opened.refresh().await,
                _ => connect(kubeconfig, definition, fingerprint, timeouts)
                    .await
                    .map(|opened| {
                        if opened.credentials.can_refresh() {
                            tokio::spawn(refresh_on_refusal(weak, opened.cluster.clone().refusals()));
                        }
                        state.opened = Some(opened);
                    }),
            };
            finish(state, outcome)
        });
        match timeout(TIMEOUT, attempt).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                tracing::error!(%error, "the task that opens a connection failed");
                Err(unusable("the console could not make a connection".to_owned()))
            }
            Err(_) => Err(still_waiting()),
        }
    }

    /// Returns the cluster if it is already open.
    pub fn opened(&self) -> Option<Cluster> {
        let state = self.state.try_lock().ok()?;
        state.opened.as_ref().map(|opened| opened.cluster.clone())
    }
}

/// Records the outcome of an attempt.
fn finish(mut state: OwnedMutexGuard<State>, outcome: Result<(), ApiError>) -> Result<Cluster, ApiError> {
    match (outcome, &state.opened) {
        (Ok(()), Some(opened)) => {
            let cluster = opened.cluster.clone();
            state.failed = None;
            Ok(cluster)
        }
        (Ok(()), None) => Err(unusable("there is no connection".to_owned())),
        (Err(error), _) => {
            state.failed = Some((Instant::now(), error.clone()));
            Err(error)
        }
    }
}

/// Refreshes the credentials when the cluster rejects them, for streams that run without requests. Ends with the
/// connection.
async fn refresh_on_refusal(state: Weak<Mutex<State>>, mut refusals: watch::Receiver<()>) {
    let mut delay = REFRESH_DELAY.0;
    while refusals.changed().await.is_ok() {
        let Some(state) = state.upgrade() else { return };
        let mut state = state.lock_owned().await;
        let Some(opened) = &mut state.opened else { return };
        delay = match opened.refresh().await {
            Ok(()) => REFRESH_DELAY.0,
            Err(error) => {
                tracing::warn!(cluster = opened.cluster.name(), %error, "cannot refresh the credentials");
                (delay * 2).min(REFRESH_DELAY.1)
            }
        };
        drop(state);
        tokio::time::sleep(delay).await;
        refusals.mark_unchanged();
    }
}

/// Opens the connection: reads the files that the kubeconfig names, and runs its plugin.
async fn connect(
    kubeconfig: Arc<Kubeconfig>,
    definition: Definition,
    fingerprint: Option<String>,
    timeouts: Timeouts,
) -> Result<Opened, ApiError> {
    let name = definition.name;
    let options = KubeConfigOptions {
        context: Some(name.clone()),
        ..Default::default()
    };
    let proxy = proxy::of(&definition.cluster, |name| std::env::var(name).ok()).map_err(unusable)?;
    let mut config = Config::from_custom_kubeconfig(Kubeconfig::clone(&kubeconfig), &options)
        .await
        .map_err(|error| unusable(crate::with_causes(&error)))?;
    config.proxy_url = proxy;
    // Checked before a plugin runs for credentials that could not be sent.
    check_transport(&config.cluster_url, &config.auth_info).map_err(|error| {
        unusable(format!(
            "the credentials of the context {name:?} are not used: {error}"
        ))
    })?;
    let credentials = Credentials::of(std::mem::take(&mut config.auth_info));
    let (user, expires) = credentials.fetch().await.map_err(unusable)?;
    config.auth_info = user;
    let cluster = connect::cluster(config.clone(), name, timeouts)
        .map_err(|error| unusable(crate::with_causes(&error)))?;
    Ok(Opened {
        fingerprint,
        cluster,
        config,
        credentials,
        expires,
    })
}

fn unusable(message: String) -> ApiError {
    ApiError::Credentials { message }
}
