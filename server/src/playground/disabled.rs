//! Replaces the embedded playground in a program that was built without it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;

/// Checks nothing: other clusters are healthy as long as they respond.
pub async fn health(_cluster: &Cluster) -> Result<(), ApiError> {
    Ok(())
}

/// Why the playground cannot run.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// The program was built without the playground.
    #[error("this program was built without the playground: use a kubeconfig, or run it in a cluster")]
    NotBuilt,
}

/// A running playground, which cannot exist.
pub struct Embedded(Infallible);

impl Embedded {
    /// Always fails.
    pub async fn start(
        _data_dir: &Path,
        _kubeconfig: Option<&Path>,
        _data_limit: Option<u64>,
    ) -> Result<Self, PlaygroundError> {
        Err(PlaygroundError::NotBuilt)
    }

    /// Always fails.
    pub async fn listen(
        _data_dir: &Path,
        _tls: Option<(SocketAddr, &Path)>,
        _data_limit: Option<u64>,
    ) -> Result<Self, PlaygroundError> {
        Err(PlaygroundError::NotBuilt)
    }

    /// Returns the playground as a cluster.
    pub fn cluster(&self) -> Cluster {
        match self.0 {}
    }

    /// Stops the playground.
    pub async fn stop(self) {
        match self.0 {}
    }
}
