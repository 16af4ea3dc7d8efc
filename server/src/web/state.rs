//! What every request may use.

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;

use crate::contexts::Clusters;
use crate::session::SessionService;
use crate::web::health::Readiness;
use crate::web::hosts::Hosts;

/// Shared by all requests; cloning is cheap.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// What [`AppState`] shares.
pub struct Shared {
    /// How the pages name the browser bundle.
    pub leptos: LeptosOptions,
    /// The folder of the browser's files.
    pub site: PathBuf,
    /// Who is signed in.
    pub sessions: SessionService,
    /// The names under which this server answers.
    pub hosts: Hosts,
    /// The clusters. Today everyone uses the server's own credentials.
    pub clusters: Arc<Clusters>,
    /// Whether the cluster answers, as far as is known.
    pub readiness: Readiness,
    /// How this server's addresses begin, such as `http://127.0.0.1:3000`.
    pub base: String,
    /// Prints a line for the person who started the server.
    pub print: fn(&str),
}

impl Shared {
    /// Prints the address that signs in the next person, after `what` it is.
    pub fn announce(&self, what: &str) {
        (self.print)(&format!("{what}: {}/?token={}", self.base, self.sessions.token()));
    }
}

impl AppState {
    /// Shares `shared`.
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
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

/// The names that the page gives the browser bundle: `/pkg/frontend.js` and `/pkg/frontend_bg.wasm`.
pub fn leptos_options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("frontend")
        .site_pkg_dir("pkg")
        .build()
}
