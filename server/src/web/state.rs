//! The state that all requests share.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;

use app::sign_in_mode::SignInMode;

use crate::contexts::Clusters;
use crate::contexts::extract::RequestedCluster;
use crate::identity::{Identity, People};
use crate::job_table::JobTables;
use crate::operations::projects::ProjectDirectory;
use crate::session::SessionService;
use crate::web::client_address::TrustedProxies;
use crate::web::health::Readiness;
use crate::web::hosts::Hosts;
use crate::web::prefix::Paths;

/// Shared by all requests; cloning is cheap.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The contents of [`AppState`].
pub struct Shared {
    /// The names of the browser bundle.
    pub leptos: LeptosOptions,
    /// The directory of the browser's files.
    pub site: PathBuf,
    /// Sessions and sign-in.
    pub sessions: SessionService,
    /// The host names that this server accepts.
    pub hosts: Hosts,
    /// The proxies that say who a client is.
    pub trusted_proxies: TrustedProxies,
    /// The clusters.
    pub clusters: Arc<Clusters>,
    /// How users sign in.
    pub sign_in: SignInMode,
    /// The users who have credentials of their own, and their connections.
    pub people: People,
    /// Finds the projects of users who may not list namespaces.
    pub directory: Arc<ProjectDirectory>,
    /// The Job lists that are open.
    pub tables: JobTables,
    /// The cached readiness of the cluster.
    pub readiness: Readiness,
    /// The URL of this server without a slash at its end, such as `http://127.0.0.1:3000`.
    pub base: String,
    /// Prints a line of the audit log; `None` for no log.
    pub audit: Option<fn(&str)>,
    /// Prints a line for the operator.
    pub print: fn(&str),
}

impl Shared {
    /// Prints the URL for the next sign-in, labelled with `what`.
    pub fn announce(&self, what: &str) {
        let token = match self.sign_in {
            SignInMode::LocalToken => format!("?token={}", self.sessions.token()),
            SignInMode::BearerToken | SignInMode::OpenIdConnect => String::new(),
        };
        (self.print)(&format!("{what}: {}/{token}", self.base));
    }

    /// Returns the cluster of a request, as `identity` reaches it.
    pub fn requested(&self, key: Option<String>, identity: Identity) -> RequestedCluster {
        RequestedCluster::new(Arc::clone(&self.clusters), key, self.people.clone(), identity)
    }
}

impl AppState {
    /// Wraps `shared`.
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Paths for AppState {
    fn prefix(&self) -> &str {
        self.hosts.prefix()
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

/// Returns the names of the browser bundle: `/pkg/frontend.js` and `/pkg/frontend_bg.wasm`.
pub fn leptos_options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("frontend")
        .site_pkg_dir("pkg")
        .build()
}
