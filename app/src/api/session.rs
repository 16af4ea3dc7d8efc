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

impl Workspace {
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
