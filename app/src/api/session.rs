//! Session data: the user, the cluster and the projects.

use serde::{Deserialize, Serialize};

use crate::api::job::Millis;

/// Data that every page's frame shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Cluster name: the kubeconfig context, `in-cluster`, or `playground`.
    pub cluster: String,
    /// Whether the cluster is the embedded playground: commands run on this machine, images are not pulled.
    pub playground: bool,
    /// `gitVersion` of the API server; empty while it is unreachable.
    pub version: String,
    /// Projects (namespaces) that the user may see, by name, system projects last.
    pub projects: Vec<String>,
    /// Whether the list is complete; false if the user may not list projects.
    pub all_projects: bool,
    /// User name at the cluster; empty if the cluster does not report it.
    pub user: String,
}

/// The user's own sessions, the last used one first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// Whether all users share the console's credentials, so that the sessions are everyone's.
    pub is_shared: bool,
    /// The sessions, with the one of this request.
    pub sessions: Vec<SessionEntry>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEntry {
    /// Names the session in requests that end it, and in the audit log; of no use to anyone else.
    pub handle: String,
    /// Browser and system, such as `Firefox 145, Linux`; empty if they are not known.
    pub agent: String,
    /// When it was signed in.
    pub started: Millis,
    /// When it was last used, to within some minutes.
    pub used: Millis,
    /// Whether it is that of this request.
    pub is_current: bool,
}

/// Clusters that the user may choose from, each with its own URLs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterChoice {
    /// Key of this request's cluster; none if it is the only one, whose URLs contain no key.
    pub current: Option<String>,
    /// Contexts of the kubeconfig; empty if there is none.
    pub all: Vec<ClusterOffer>,
}

/// One context of the kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterOffer {
    /// Key of the context in URLs: `/clusters/KEY/…`.
    pub key: String,
    /// Name of the context.
    pub name: String,
    /// Host and port of the API server.
    pub server: String,
    /// Command of the credential plugin (`exec`); it runs on the console's machine.
    pub plugin: Option<String>,
    /// Whether the API server's certificate is not verified (`insecure-skip-tls-verify`).
    pub unverified: bool,
    /// Reason why the context cannot be chosen.
    pub refused: Option<Refusal>,
}

/// Reason why a context cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// It needs an exec plugin, and the console can be reached from other machines.
    Plugin,
    /// Its plugin needs a terminal for input (`interactiveMode: Always`).
    Interactive,
    /// It uses `auth-provider`, which Kubernetes removed in favour of exec plugins.
    Provider,
    /// The kubeconfig lacks its cluster.
    Incomplete,
}

impl Refusal {
    /// Returns the reason as text for a log or another program.
    pub fn message(self) -> &'static str {
        match self {
            Self::Plugin => "exec credential plugins run only while the console listens on loopback",
            Self::Interactive => "its exec plugin needs a terminal for input (interactiveMode: Always)",
            Self::Provider => "its user needs an auth-provider, which Kubernetes removed: use an exec plugin",
            Self::Incomplete => "the kubeconfig does not contain its cluster",
        }
    }
}

impl Workspace {
    /// Returns whether the cluster is known not to have a project.
    pub fn lacks(&self, project: &str) -> bool {
        self.all_projects && !self.projects.iter().any(|name| name == project)
    }

    /// Returns the minor version of Kubernetes 1: 36 for `v1.36.2` and for `v1.36.2-eks-1`. None while the version
    /// is unknown.
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
    fn minor_version_is_parsed_for_any_distribution() {
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
