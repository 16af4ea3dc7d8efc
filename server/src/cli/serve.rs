//! `jobwright serve`: puts the parts together, listens, and ends gracefully.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tower_http::csrf;

use crate::cli::arguments;
use crate::cli::arguments::{ConfigError, Serve};
use crate::contexts::Clusters;
use crate::contexts::find::{self, FindError};
use crate::data_dir::{DataDir, DataDirError};
use crate::kubernetes::timeouts::Timeouts;
use crate::playground::{Embedded, PlaygroundError};
use crate::process::{asked_to_end, raise_descriptor_limit};
use crate::session::{Lifetime, SessionError, SessionService};
use crate::web::connections;
use crate::web::connections::max_connections;
use crate::web::health::Readiness;
use crate::web::hosts::Hosts;
use crate::web::router::router;
use crate::web::state::{AppState, Shared, leptos_options};

/// How long requests that are still running may take once the server is asked to end. Streams never end by
/// themselves.
const GRACE: Duration = Duration::from_secs(3);

/// How long the playground may take to end its commands.
const PLAYGROUND_GRACE: Duration = Duration::from_secs(6);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Sessions cannot be had.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The cluster's configuration cannot be used.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The playground cannot run.
    #[error(transparent)]
    Playground(#[from] PlaygroundError),
    /// The public address is no origin.
    #[error("--public-url is no origin")]
    Origin(#[from] csrf::ConfigError),
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The address that was taken cannot be told.
    #[error("the server has failed")]
    Serve(#[source] std::io::Error),
}

/// Serves until the process is asked to end (Ctrl-C, SIGTERM).
pub async fn run(arguments: Serve) -> Result<(), ServeError> {
    arguments.check_listen()?;
    let site = arguments.site_dir()?;
    let descriptors = raise_descriptor_limit();
    // Held to the end: two consoles would undo each other's sign-outs.
    let data_dir = DataDir::open(&arguments::data_dir(arguments.data_dir.as_ref())?)?;

    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|source| ServeError::Listen {
            address: arguments.listen,
            source,
        })?;
    let address = listener.local_addr().map_err(ServeError::Serve)?;
    let hosts = Hosts::new(address.ip(), arguments.public_url.clone());
    let lifetime = Lifetime {
        idle: Duration::from_hours(arguments.session_hours.into()),
        absolute: Duration::from_hours(arguments.session_max_hours.into()),
    };
    let sessions = SessionService::open(data_dir.path(), lifetime, hosts.secure(), address.port())?;

    let found = find::find(
        arguments.cluster,
        &arguments.contexts,
        arguments.is_private(),
        Timeouts::default().with_watch(arguments.watch_seconds),
    )?;
    let (clusters, embedded) = match found {
        Some(_) if arguments.playground_kubeconfig.is_some() => {
            return Err(ConfigError::NoPlayground.into());
        }
        Some(clusters) => (clusters, None),
        None => {
            let kubeconfig = arguments.playground_kubeconfig.as_deref();
            let embedded = Embedded::start(data_dir.path(), kubeconfig, arguments.data_limit).await?;
            (Clusters::One(embedded.cluster()), Some(embedded))
        }
    };
    tracing::info!(site = %site.display(), "starting");

    let base = match hosts.public_origin() {
        Some(origin) => origin,
        None => format!("http://{}", reachable(address)),
    };
    let state = AppState::new(Shared {
        leptos: leptos_options(),
        site,
        sessions,
        hosts,
        clusters: Arc::new(clusters),
        readiness: Readiness::default(),
        base,
        print,
    });
    let app = router(state.clone())?;
    state.announce("Jobwright is ready");

    // Open streams hold their connections: what has not ended after the grace period is dropped.
    let (asked, ending) = tokio::sync::oneshot::channel();
    let serving = connections::serve(listener, app, max_connections(descriptors), async move {
        asked_to_end().await;
        // The receiver is there as long as anything is served.
        let _ = asked.send(());
    });
    tokio::select! {
        () = serving => {}
        () = async {
            if ending.await.is_ok() {
                tokio::time::sleep(GRACE).await;
            } else {
                std::future::pending::<()>().await;
            }
        } => {}
    }
    tracing::info!("ending");
    state.sessions.save();
    if let Some(embedded) = embedded
        && tokio::time::timeout(PLAYGROUND_GRACE, embedded.stop())
            .await
            .is_err()
    {
        tracing::warn!("the playground did not end in time; its data is safe");
    }
    Ok(())
}

/// Prints a line for the person who started the server.
fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever started the server may have closed its output; that must not end it.
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        tracing::warn!(%error, "the address could not be printed");
    }
}

/// An address that a browser on this machine can open: `0.0.0.0` is none.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    }
}
