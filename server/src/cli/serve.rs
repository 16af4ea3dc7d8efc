//! `jobwright serve`: assembles the server, listens, and shuts down gracefully.

mod check;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::api::error::ApiError;
use app::urls::Prefix;
use tokio::net::TcpListener;
use tower_http::csrf;

use crate::cli::arguments;
use crate::cli::arguments::{ConfigError, OidcUse, Serve, SignIn};
use crate::contexts::Clusters;
use crate::contexts::find::{self, ClusterCredentials, FindError};
use crate::data_dir::{DataDir, DataDirError};
use crate::identity::People;
use crate::identity::open_id::{OpenIdError, Provider};
use crate::job_table::JobTables;
use crate::kubernetes::timeouts::Timeouts;
use crate::operations::projects::ProjectDirectory;
use crate::playground::{Embedded, PlaygroundError};
use crate::process::{raise_descriptor_limit, shutdown_signal};
use crate::session::{CookieScope, Lifetime, SessionError, SessionService, SharedSessions};
use crate::web::client_address::TrustedProxies;
use crate::web::connections;
use crate::web::connections::max_connections;
use crate::web::health::Readiness;
use crate::web::hosts::Hosts;
use crate::web::metrics;
use crate::web::prefix::Paths;
use crate::web::router::router;
use crate::web::state::{AppState, Shared, leptos_options};
use crate::web::tls::{Tls, TlsError};

/// How long requests in flight may take after a shutdown signal. Streams never end by themselves.
const GRACE: Duration = Duration::from_secs(3);

/// How long the playground may take to stop its commands.
const PLAYGROUND_GRACE: Duration = Duration::from_secs(6);

/// Maximum number of connections to the metrics' own address.
const MAX_SCRAPES: usize = 16;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The options are rejected.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The session store cannot be opened.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The cluster configuration cannot be used.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The `OpenID` Connect provider's settings are not valid.
    #[error(transparent)]
    OpenId(#[from] OpenIdError),
    /// `--check` found a problem, which is printed.
    #[error("the options cannot be used as they are; problems: {0}")]
    Check(usize),
    /// The playground cannot start.
    #[error(transparent)]
    Playground(#[from] PlaygroundError),
    /// The public URL is not an origin.
    #[error("--public-url is not an origin")]
    Origin(#[from] csrf::ConfigError),
    /// Sessions cannot be stored in the cluster.
    #[error("--session-namespace: {0}")]
    Sessions(String),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address is in use, or does not belong to this machine.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// The bound address cannot be read.
    #[error("cannot read the address that the server listens on")]
    Serve(#[source] std::io::Error),
}

/// Serves until the process receives a shutdown signal (Ctrl-C, SIGTERM).
pub async fn run(arguments: Serve) -> Result<(), ServeError> {
    if arguments.check {
        return check::run(&arguments).await;
    }
    arguments.check_options()?;
    arguments.check_listen()?;
    let site = arguments.site_dir()?;
    let descriptors = raise_descriptor_limit();
    // Held until the end: two consoles on one directory would undo each other's sign-outs.
    let data_dir = DataDir::open(&arguments::data_dir(arguments.data_dir.as_ref())?)?;

    let listener = listen(arguments.listen).await?;
    let address = listener.local_addr().map_err(ServeError::Serve)?;
    let metrics_listener = match arguments.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let tls = arguments.tls_files().map(Tls::open).transpose()?;
    let hosts = Hosts::new(address.ip(), arguments.public_url.clone()).with_tls(tls.is_some());
    let sessions = open_sessions(&arguments, &data_dir, &hosts, address.port()).await?;

    let found = find_clusters(&arguments)?;
    let own = if arguments.discover_projects {
        find_with(&arguments, ClusterCredentials::Console)?
    } else {
        None
    };
    let (clusters, embedded) = match found {
        Some(_) if arguments.playground_kubeconfig.is_some() => {
            return Err(ConfigError::NoPlayground.into());
        }
        Some(clusters) => (clusters, None),
        None if arguments.sign_in != SignIn::LocalToken => return Err(ConfigError::NoUsers.into()),
        None => {
            let kubeconfig = arguments.playground_kubeconfig.as_deref();
            let embedded = Embedded::start(data_dir.path(), kubeconfig, arguments.data_limit).await?;
            (Clusters::One(embedded.cluster()), Some(embedded))
        }
    };
    tracing::info!(site = %site.display(), "starting");

    let base = match hosts.public_url() {
        Some(url) => url,
        None => format!("{}://{}", hosts.own_scheme(), reachable(address)),
    };
    let people = people(&arguments, &base, &sessions)?;
    let state = AppState::new(Shared {
        leptos: leptos_options(),
        site,
        sessions,
        hosts,
        trusted_proxies: TrustedProxies::new(arguments.trusted_proxies.clone()),
        clusters: Arc::new(clusters),
        sign_in: arguments.sign_in.into(),
        people,
        directory: Arc::new(ProjectDirectory::new(arguments.projects.clone(), own)),
        tables: JobTables::default(),
        readiness: Readiness::default(),
        base,
        audit: arguments
            .audit
            .unwrap_or(arguments.sign_in != SignIn::LocalToken)
            .then_some(print as fn(&str)),
        print,
    });
    let app = router(state.clone())?;
    if let Some(listener) = metrics_listener {
        serve_metrics(listener, state.clone())?;
    }
    state.announce("Jobwright is ready");

    // Open streams keep their connections open: what has not finished after the grace period is dropped.
    let (shutdown, shutting_down) = tokio::sync::oneshot::channel();
    let serving = connections::serve(listener, app, tls, max_connections(descriptors), async move {
        shutdown_signal().await;
        // The receiver lives as long as the server.
        let _ = shutdown.send(());
    });
    tokio::select! {
        () = serving => {}
        () = async {
            if shutting_down.await.is_ok() {
                tokio::time::sleep(GRACE).await;
            } else {
                std::future::pending::<()>().await;
            }
        } => {}
    }
    tracing::info!("shutting down");
    state.sessions.save();
    if let Some(embedded) = embedded
        && tokio::time::timeout(PLAYGROUND_GRACE, embedded.stop())
            .await
            .is_err()
    {
        tracing::warn!("the playground did not stop in time; its data is safe");
    }
    Ok(())
}

/// Opens the sessions, and the key of their cookies.
async fn open_sessions(
    arguments: &Serve,
    data_dir: &DataDir,
    hosts: &Hosts,
    port: u16,
) -> Result<SessionService, ServeError> {
    let lifetime = Lifetime {
        idle: Duration::from_hours(arguments.session_hours.into()),
        absolute: Duration::from_hours(arguments.session_max_hours.into()),
    };
    let scope = CookieScope {
        secure: hosts.secure(),
        port,
        path: Prefix(hosts.prefix().into()).cookie_path(),
    };
    let shared = shared_sessions(arguments).await?;
    let key_file = arguments.session_key_file.as_deref();
    Ok(SessionService::open(
        data_dir.path(),
        lifetime,
        scope,
        key_file,
        shared,
    )?)
}

/// Serves the metrics until the process ends.
fn serve_metrics(listener: TcpListener, state: AppState) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(ServeError::Serve)?;
    tracing::info!(%address, "metrics are served");
    let (metrics, never) = (metrics::router(state), std::future::pending());
    tokio::spawn(connections::serve(listener, metrics, None, MAX_SCRAPES, never));
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })
}

/// Returns the users, who sign in at a provider if the options name one.
fn people(arguments: &Serve, base: &str, sessions: &SessionService) -> Result<People, ServeError> {
    if arguments.sign_in != SignIn::OpenIdConnect {
        return Ok(People::default());
    }
    let provider = Arc::new(Provider::new(arguments.open_id.settings(base)?)?);
    let checked = Arc::clone(&provider);
    tokio::spawn(async move {
        // Not an error: the provider may start later than the console.
        if let Err(error) = checked.check().await {
            tracing::warn!(%error, "nobody can sign in yet");
        }
    });
    Ok(People::with_provider(provider, sessions.token_store()))
}

/// Returns the store that replicas share, if the options name one.
async fn shared_sessions(arguments: &Serve) -> Result<Option<SharedSessions>, ServeError> {
    let Some(namespace) = &arguments.session_namespace else {
        return Ok(None);
    };
    let clusters = find_with(arguments, ClusterCredentials::Console)?.ok_or(ConfigError::NoUsers)?;
    let unusable = |error: ApiError| ServeError::Sessions(error.to_string());
    let cluster = clusters.open(None).await.map_err(unusable)?;
    let shared = SharedSessions::new(cluster, namespace.clone());
    shared.check().await.map_err(unusable)?;
    Ok(Some(shared))
}

/// Returns the clusters that the options name, with the credentials that the way to sign in needs; `None` for the
/// playground.
fn find_clusters(arguments: &Serve) -> Result<Option<Clusters>, FindError> {
    let credentials = match arguments.sign_in {
        SignIn::LocalToken => ClusterCredentials::Console,
        SignIn::OpenIdConnect if arguments.open_id.oidc_use == OidcUse::Impersonation => {
            ClusterCredentials::Impersonation
        }
        SignIn::BearerToken | SignIn::OpenIdConnect => ClusterCredentials::Users,
    };
    find_with(arguments, credentials)
}

fn find_with(arguments: &Serve, credentials: ClusterCredentials) -> Result<Option<Clusters>, FindError> {
    find::find(
        arguments.cluster,
        &arguments.contexts,
        arguments.is_private(),
        credentials,
        Timeouts::default().with_watch(arguments.watch_seconds),
    )
}

/// Prints a line for the operator on standard output.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    // The operator may have closed standard output; that must not stop the server.
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        tracing::warn!(%error, "cannot print the sign-in URL");
    }
}

/// Returns an address that a browser on this machine can open, which `0.0.0.0` is not.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    }
}
