//! One cluster's connection: made when somebody asks for it, and given new credentials when the old ones are over.

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

/// How long a request waits for credentials. A plugin may take longer; the next request finds what it gave.
const TIMEOUT: Duration = Duration::from_secs(8);

/// For how long a failure is told again before it is tried again: a page asks several times at once.
const AGAIN: Duration = Duration::from_secs(3);

/// Credentials are renewed this long before they end.
const EARLY: SignedDuration = SignedDuration::from_secs(10);

/// First and longest pause between renewals that nobody asks for: streams go on without a person.
const PAUSE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(5));

/// All that a connection is made of.
pub struct Definition {
    pub name: String,
    pub context: Context,
    pub cluster: ClusterEntry,
    pub user: AuthInfo,
}

impl Definition {
    /// The context `name` as `kubeconfig` has it now. A user that is missing means no credentials, as to kubectl.
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

    /// Equal for equal definitions. Holds secrets, like the definition.
    async fn print(&self) -> Option<String> {
        let written = self.written().await;
        serde_json::to_string(&(&self.context, &self.cluster, &self.user, written)).ok()
    }

    /// When each file with a certificate or a key was last written: they are renewed under their names. A token's file
    /// is not among them, since it is read again in any case.
    async fn written(&self) -> [Option<SystemTime>; 3] {
        let (cluster, user) = (&self.cluster, &self.user);
        let (authority, certificate, key) = futures::join!(
            written(cluster.certificate_authority.as_deref()),
            written(user.client_certificate.as_deref()),
            written(user.client_key.as_deref()),
        );
        [authority, certificate, key]
    }
}

/// When a file was last written; none if there is none.
async fn written(file: Option<&str>) -> Option<SystemTime> {
    tokio::fs::metadata(file?).await.ok()?.modified().ok()
}

/// A place for a connection.
#[derive(Clone)]
pub struct Slot {
    state: Arc<Mutex<State>>,
    timeouts: Timeouts,
}

/// What there is of it.
#[derive(Default)]
struct State {
    opened: Option<Opened>,
    failed: Option<(Instant, ApiError)>,
}

/// A connection that stands.
struct Opened {
    /// What it was made of.
    print: Option<String>,
    cluster: Cluster,
    config: Config,
    credentials: Credentials,
    expires: Option<Timestamp>,
}

impl Opened {
    fn is_over(&self) -> bool {
        self.expires
            .is_some_and(|expires| expires.duration_since(Timestamp::now()) < EARLY)
    }

    /// Gets new credentials. Whatever goes on at the cluster goes on with them.
    async fn renew(&mut self) -> Result<(), ApiError> {
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
    /// An empty one, whose cluster is waited for so long.
    pub fn new(timeouts: Timeouts) -> Self {
        Self {
            state: Arc::default(),
            timeouts,
        }
    }

    /// The cluster of `definition`. Nobody waits for long, and an attempt that was begun is finished: a person may
    /// leave before a plugin has answered.
    pub async fn open(
        &self,
        kubeconfig: Arc<Kubeconfig>,
        definition: Definition,
    ) -> Result<Cluster, ApiError> {
        let waited = || unusable("the credentials are not there yet: a plugin is still running".to_owned());
        let Ok(mut state) = timeout(TIMEOUT, Arc::clone(&self.state).lock_owned()).await else {
            return Err(waited());
        };
        let print = definition.print().await;
        let known = state.opened.as_ref().filter(|opened| opened.print == print);
        if let Some(opened) = known.filter(|opened| !opened.is_over()) {
            return Ok(opened.cluster.clone());
        }
        if let Some((at, error)) = &state.failed
            && at.elapsed() < AGAIN
        {
            return Err(error.clone());
        }
        let renewed = known.is_some();
        let weak = Arc::downgrade(&self.state);
        let timeouts = self.timeouts.clone();
        let attempt = tokio::spawn(async move {
            let made = match &mut state.opened {
                Some(opened) if renewed => opened.renew().await,
                _ => connect(kubeconfig, definition, print, timeouts)
                    .await
                    .map(|opened| {
                        if opened.credentials.change() {
                            tokio::spawn(keep(weak, opened.cluster.clone().refusals()));
                        }
                        state.opened = Some(opened);
                    }),
            };
            finish(state, made)
        });
        match timeout(TIMEOUT, attempt).await {
            Ok(Ok(made)) => made,
            Ok(Err(error)) => {
                tracing::error!(%error, "a connection could not be made");
                Err(unusable("the console could not make a connection".to_owned()))
            }
            Err(_) => Err(waited()),
        }
    }

    /// The cluster, if it was opened before.
    pub fn standing(&self) -> Option<Cluster> {
        let state = self.state.try_lock().ok()?;
        state.opened.as_ref().map(|opened| opened.cluster.clone())
    }
}

/// Notes how an attempt ended.
fn finish(mut state: OwnedMutexGuard<State>, made: Result<(), ApiError>) -> Result<Cluster, ApiError> {
    match (made, &state.opened) {
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

/// Gets new credentials when the cluster refuses the old ones, for streams that go on by themselves. Ends with the
/// connection.
async fn keep(state: Weak<Mutex<State>>, mut refusals: watch::Receiver<()>) {
    let mut pause = PAUSE.0;
    while refusals.changed().await.is_ok() {
        let Some(state) = state.upgrade() else { return };
        let mut state = state.lock_owned().await;
        let Some(opened) = &mut state.opened else { return };
        pause = match opened.renew().await {
            Ok(()) => PAUSE.0,
            Err(error) => {
                tracing::warn!(cluster = opened.cluster.name(), %error, "no new credentials");
                (pause * 2).min(PAUSE.1)
            }
        };
        drop(state);
        tokio::time::sleep(pause).await;
        refusals.mark_unchanged();
    }
}

/// Makes the connection: reads the files that the kubeconfig names, and runs its plugin.
async fn connect(
    kubeconfig: Arc<Kubeconfig>,
    definition: Definition,
    print: Option<String>,
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
    // Before a plugin is run for what could not be sent.
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
        print,
        cluster,
        config,
        credentials,
        expires,
    })
}

fn unusable(message: String) -> ApiError {
    ApiError::Credentials { message }
}
