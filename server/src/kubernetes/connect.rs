//! Makes the client of one cluster.

use std::time::Duration;

use kube::Client;
use kube::config::Config;

use crate::kubernetes::Cluster;
use crate::kubernetes::authorization;
use crate::kubernetes::authorization::AuthorizationError;

/// Why a cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The credentials cannot be sent.
    #[error("the credentials of the context {context:?} are not used")]
    Authorization {
        /// The context, or `in-cluster`.
        context: String,
        /// Why.
        source: AuthorizationError,
    },
    /// The configuration's certificates or proxy cannot be used.
    #[error("cannot make a client for the cluster")]
    Client(#[source] Box<kube::Error>),
}

/// Longest silence of a connection; those of watches ([`WATCH`]) and of followed logs are left much sooner.
const SILENCE: Duration = Duration::from_secs(35);

/// After how many seconds the API server ends a watch, which goes on at once where it was: one that does not end is
/// dead. An API server sends a bookmark two seconds before the end, so that less than three seconds give none.
pub(crate) const WATCH: u32 = 3;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// The client of `config`, as the console uses it. It sends nothing again by itself: kube's own repetition waits for
/// many minutes in the end, and repeats a creation whose answer is lost without looking for its result.
pub(crate) fn client(mut config: Config, name: &str) -> Result<Client, ConnectError> {
    authorization::prepare(&mut config).map_err(|source| ConnectError::Authorization {
        context: name.to_owned(),
        source,
    })?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    Client::try_from(config).map_err(|error| ConnectError::Client(Box::new(error)))
}

/// The cluster of `config`, shown as `name`.
pub fn cluster(config: Config, name: String) -> Result<Cluster, ConnectError> {
    Ok(Cluster::renewable(client(config.clone(), &name)?, config, name))
}
