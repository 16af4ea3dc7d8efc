//! Who is signed in, to which cluster, with which projects.

use serde::{Deserialize, Serialize};

/// What every page's frame shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Cluster name: the kubeconfig context, `in-cluster`, or `playground`.
    pub cluster: String,
    /// The cluster is the embedded playground: commands run on this machine, images are not pulled.
    pub playground: bool,
    /// `gitVersion` of the API server; empty while it cannot be reached.
    pub version: String,
    /// Projects (namespaces) the person may see, by name, system projects last.
    pub projects: Vec<String>,
    /// The person's name at the cluster; empty if the cluster does not say.
    pub user: String,
}
