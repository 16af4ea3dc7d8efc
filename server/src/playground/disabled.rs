//! Instead of the embedded playground, in a program that was built without it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;

use app::api::error::ApiError;

use crate::kubernetes::Cluster;

/// Clusters of others are healthy as long as they answer.
pub async fn health(_cluster: &Cluster) -> Result<(), ApiError> {
    Ok(())
}

/// Why the playground cannot run.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// It is not part of this program.
    #[error("this jobwright was built without the playground: give it a kubeconfig, or run it in a cluster")]
    NotBuilt,
}

/// A running playground: there is none.
pub struct Embedded(Infallible);

impl Embedded {
    /// Refuses.
    pub async fn start(
        _data_dir: &Path,
        _kubeconfig: Option<&Path>,
        _data_limit: Option<u64>,
    ) -> Result<Self, PlaygroundError> {
        Err(PlaygroundError::NotBuilt)
    }

    /// Refuses.
    pub async fn listen(
        _data_dir: &Path,
        _tls: Option<(SocketAddr, &Path)>,
        _data_limit: Option<u64>,
    ) -> Result<Self, PlaygroundError> {
        Err(PlaygroundError::NotBuilt)
    }

    /// The playground as a cluster.
    pub fn cluster(&self) -> Cluster {
        match self.0 {}
    }

    /// Ends it.
    pub async fn stop(self) {
        match self.0 {}
    }
}
