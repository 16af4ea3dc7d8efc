//! `jobwright playground`: the embedded cluster alone, for kubectl and other clients.

use crate::cli::arguments;
use crate::cli::serve::ServeError;
use crate::data_dir::DataDir;
use crate::playground::Embedded;
use crate::process::{raise_descriptor_limit, shutdown_signal};

/// Runs the playground until the process receives a shutdown signal.
pub async fn run(arguments: arguments::Playground) -> Result<(), ServeError> {
    raise_descriptor_limit();
    let data_dir = DataDir::open(&arguments::data_dir(arguments.data_dir.as_ref())?)?;
    let tls = Some((arguments.listen, arguments.kubeconfig.as_path()));
    let embedded = Embedded::listen(data_dir.path(), tls, arguments.data_limit).await?;
    shutdown_signal().await;
    embedded.stop().await;
    Ok(())
}
