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
    /// The cluster has no projects but these; false where the person may not list them.
    pub all_projects: bool,
    /// The person's name at the cluster; empty if the cluster does not say.
    pub user: String,
}

/// The clusters that a person may choose from, each at its own addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterChoice {
    /// The key of this request's cluster; none if it is the only one, whose addresses name none.
    pub current: Option<String>,
    /// The contexts of the kubeconfig; empty if there is none.
    pub all: Vec<ClusterOffer>,
}

/// A context of the kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterOffer {
    /// Stands for it in addresses: `/clusters/KEY/…`.
    pub key: String,
    /// Name of the context.
    pub name: String,
    /// Host and port of its API server.
    pub server: String,
    /// The program that gives its credentials (`exec`); it runs on the console's machine.
    pub plugin: Option<String>,
    /// The API server's certificate is not checked (`insecure-skip-tls-verify`).
    pub unverified: bool,
    /// Why it cannot be chosen.
    pub refused: Option<Refusal>,
}

/// Why a context cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// It needs a plugin, and others than this machine's person can reach the console.
    Plugin,
    /// Its plugin wants to ask questions in a terminal (`interactiveMode: Always`).
    Interactive,
    /// It uses `auth-provider`, which Kubernetes gave up for plugins.
    Provider,
    /// The kubeconfig does not have its cluster.
    Incomplete,
}

impl Refusal {
    /// In words for a log or another program.
    pub fn message(self) -> &'static str {
        match self {
            Self::Plugin => {
                "programs are run for credentials only while nobody but this machine can reach the console"
            }
            Self::Interactive => "its plugin wants to ask questions in a terminal (interactiveMode: Always)",
            Self::Provider => "its user needs an auth-provider, which Kubernetes gave up: use an exec plugin",
            Self::Incomplete => "the kubeconfig does not have its cluster",
        }
    }
}

impl Workspace {
    /// Whether the cluster is known not to have a project.
    pub fn lacks(&self, project: &str) -> bool {
        self.all_projects && !self.projects.iter().any(|name| name == project)
    }

    /// The minor version of Kubernetes 1 that the cluster runs: 36 for `v1.36.2` and for `v1.36.2-eks-1`. None while
    /// the cluster has not said it.
    pub fn minor(&self) -> Option<u16> {
        let rest = self.version.strip_prefix("v1.")?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_read_from_any_distribution() {
        let minor = |version: &str| {
            let workspace = Workspace {
                cluster: String::new(),
                playground: false,
                version: version.to_owned(),
                projects: Vec::new(),
                all_projects: true,
                user: String::new(),
            };
            workspace.minor()
        };
        assert_eq!(minor("v1.36.2"), Some(36));
        assert_eq!(minor("v1.27.9-gke.100"), Some(27));
        assert_eq!(minor("v1.30+"), Some(30));
        assert_eq!(minor(""), None);
    }
}
