//! An embedded Kubernetes for a machine that has none.
//!
//! It serves the Kubernetes API over a durable store, runs the Job controller and a scheduler, and really runs the
//! commands of containers, each in a bubblewrap sandbox. No image is pulled: every image is this machine's file
//! system. It does not depend on the console: `kubectl` and any other client can use it.

#![allow(
    clippy::result_large_err,
    reason = "an error is the answer to a request: it is made once, and moved a few times"
)]
#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the options of the rules are passed as the rules take them"
)]
#![allow(
    clippy::doc_markdown,
    reason = "ServiceAccount, ResourceQuota and the like are words of this crate, not code"
)]

mod api;
pub mod auth;
mod bootstrap;
pub mod clock;
pub mod cluster;
#[cfg(feature = "conformance")]
pub mod conformance;
mod controllers;
mod events;
mod http;
pub mod resource;
mod runtime;
mod scheduler;
pub mod store;
mod tls;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::store::{Store, StoreError};
pub use crate::tls::raise_open_files_limit;

/// Parses a quantity such as `500Mi` into bytes; `None` if it is not a quantity.
pub fn quantity_bytes(text: &str) -> Option<u64> {
    k8s_rules::Quantity::parse(text)
        .ok()
        .map(|quantity| quantity.units(1))
}

/// Options for opening a playground.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory of all its data; created if missing.
    pub data_dir: PathBuf,
}

/// Why a playground cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be created or written.
    #[error("cannot use the data directory {0}")]
    DataDir(PathBuf, #[source] std::io::Error),
    /// The database cannot be opened, for instance because another playground has it open.
    #[error("cannot open the playground's database")]
    Store(#[from] StoreError),
}

/// A Kubernetes in this process; clones share it.
#[derive(Clone)]
pub struct Playground {
    cluster: Cluster,
    stop: CancellationToken,
    tasks: TaskTracker,
    identity: Arc<tls::Identity>,
}

impl Playground {
    /// Opens the data directory; nothing runs before [`Playground::start`].
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let playground = Self::open_bare(options)?;
        bootstrap::run(&playground.cluster)?;
        Ok(playground)
    }

    /// Opens the data directory without creating nodes, StorageClass and the namespace `demo`, for tests that bring
    /// their own.
    pub fn open_bare(options: Options) -> Result<Self, OpenError> {
        let dir = options.data_dir;
        let unusable = |error| OpenError::DataDir(dir.clone(), error);
        std::fs::create_dir_all(&dir).map_err(unusable)?;
        let store = Store::open(&dir.join("playground.redb"))?;
        let identity = tls::Identity::load(&dir).map_err(unusable)?;
        let cluster = Cluster::new(store, Clock::system(), dir);
        bootstrap::system_objects(&cluster)?;
        Ok(Self {
            cluster,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            identity: Arc::new(identity),
        })
    }

    /// Creates a cluster like [`Playground::open_bare`] that stores nothing, for tests that need many; `data_dir`
    /// is used only by what runs commands.
    pub fn in_memory(options: Options, clock: Clock) -> Result<Self, OpenError> {
        let dir = options.data_dir;
        let identity = tls::Identity::new().map_err(|error| OpenError::DataDir(dir.clone(), error))?;
        let cluster = Cluster::new(Store::in_memory(), clock, dir);
        bootstrap::system_objects(&cluster)?;
        Ok(Self {
            cluster,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            identity: Arc::new(identity),
        })
    }

    /// Holds new objects to the rules of a minor version of Kubernetes 1 instead of the newest. Before
    /// [`Playground::start`].
    #[must_use]
    pub fn of_minor(mut self, minor: u16) -> Self {
        self.cluster.minor = Some(minor);
        self
    }

    /// Limits the size of the data directory: above it, the Pod that uses most of the disk is evicted. The default
    /// is 10 GiB, or half of a small disk.
    pub fn limit_data(&self, bytes: u64) {
        self.cluster
            .disk
            .limit
            .store(bytes, std::sync::atomic::Ordering::Relaxed);
    }

    /// Returns whether writes succeed and the data directory is within its limits. The playground keeps running
    /// otherwise, and recovers on its own.
    pub fn health(&self) -> Result<(), cluster::Unhealthy> {
        self.cluster.health()
    }

    /// Starts controllers, scheduler and runtime on the current tokio runtime.
    pub fn start(&self) {
        self.start_controllers();
        self.start_node_controllers();
        self.spawn(controllers::claims::run(self.cluster.clone()));
        self.spawn(runtime::kubelet::run(
            self.cluster.clone(),
            self.stop.clone(),
            self.tasks.clone(),
        ));
    }

    /// Starts only controllers and scheduler: Pods are scheduled, and nothing runs them.
    pub fn start_controllers(&self) {
        self.spawn(controllers::job::run(self.cluster.clone()));
        self.spawn(controllers::ttl::run(self.cluster.clone()));
        self.spawn(controllers::compaction::run(self.cluster.clone()));
        self.spawn(controllers::garbage::run(self.cluster.clone()));
        self.spawn(controllers::quotas::run(self.cluster.clone()));
        self.spawn(scheduler::run(self.cluster.clone()));
    }

    /// Starts the controller that labels and annotates Nodes.
    pub fn start_node_controllers(&self) {
        self.spawn(controllers::nodes::run(self.cluster.clone()));
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = future => {}
            }
        });
    }

    /// Returns the Kubernetes API with the administrator's rights, for a client in this process.
    pub fn router(&self) -> Router {
        self.guarded_router().layer(Extension(auth::User::admin()))
    }

    /// Returns the Kubernetes API for clients with credentials: the kubeconfig's token, a ServiceAccount's token,
    /// or a [`auth::certificate::ClientCertificate`] among the request's extensions, which only a TLS layer that
    /// has verified it may set.
    pub fn guarded_router(&self) -> Router {
        http::router(http::Api {
            cluster: self.cluster.clone(),
            authenticator: self.identity.authenticator(),
        })
    }

    /// Issues a client certificate and its key, as PEM, which [`Playground::serve_tls`] accepts as a user with this
    /// name and these groups.
    pub fn client_certificate(&self, name: &str, groups: &[&str]) -> std::io::Result<(String, String)> {
        self.identity.client(name, groups).map_err(std::io::Error::other)
    }

    /// Compacts the history, as etcd does: lists of earlier versions are refused.
    pub fn compact(&self) {
        self.cluster.store.compact(self.cluster.store.version());
    }

    /// Serves the API over TLS, with the permissions of each client's credentials, until the playground is shut
    /// down.
    pub async fn serve_tls(&self, listener: TcpListener) -> std::io::Result<()> {
        let router = self.guarded_router();
        tls::serve(listener, router, &self.identity, self.stop.clone()).await
    }

    /// Writes a kubeconfig, readable only by its owner, with which `kubectl` reaches [`Playground::serve_tls`] at
    /// `url`.
    pub fn write_kubeconfig(&self, path: &Path, url: &str) -> std::io::Result<()> {
        tls::write_private(path, &self.identity.kubeconfig(url))
    }

    /// Stops everything: commands get SIGTERM, and are killed after a short while.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(std::time::Duration::from_secs(8), self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some commands did not stop in time");
        }
        runtime::volumes::unmount_all(&self.cluster);
    }
}
