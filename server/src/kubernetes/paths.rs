//! Paths of the Kubernetes API.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use app::api::error::ApiError;

/// Characters that need no percent-encoding in a path segment (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A resource of the API, as discovery reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `apiVersion`, such as `batch/v1`.
    pub api_version: String,
    /// Plural name in paths, such as `jobs`.
    pub plural: String,
    /// Whether it is namespaced.
    pub namespaced: bool,
}

/// A kind that the console itself uses.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    api_version: &'static str,
    plural: &'static str,
}

impl Resource {
    /// Returns the path of the collection; `project` is used only for namespaced resources.
    pub fn collection(&self, project: &str) -> Result<String, ApiError> {
        let project = self.namespaced.then_some(project);
        collection(&self.api_version, &self.plural, project)
    }
}

impl Kind {
    /// `batch/v1` Jobs.
    pub const JOBS: Self = Self {
        api_version: "batch/v1",
        plural: "jobs",
    };
    /// Pods.
    pub const PODS: Self = Self {
        api_version: "v1",
        plural: "pods",
    };
    /// Events of the core group.
    pub const EVENTS: Self = Self {
        api_version: "v1",
        plural: "events",
    };
    /// `ResourceQuota`s.
    pub const QUOTAS: Self = Self {
        api_version: "v1",
        plural: "resourcequotas",
    };
    /// `LimitRange`s.
    pub const LIMITS: Self = Self {
        api_version: "v1",
        plural: "limitranges",
    };
    /// `ConfigMap`s.
    pub const CONFIG_MAPS: Self = Self {
        api_version: "v1",
        plural: "configmaps",
    };
    /// Secrets.
    pub const SECRETS: Self = Self {
        api_version: "v1",
        plural: "secrets",
    };
    /// `PersistentVolumeClaim`s.
    pub const CLAIMS: Self = Self {
        api_version: "v1",
        plural: "persistentvolumeclaims",
    };
    /// `ServiceAccount`s.
    pub const SERVICE_ACCOUNTS: Self = Self {
        api_version: "v1",
        plural: "serviceaccounts",
    };

    /// Returns the plural name in paths, such as `jobs`.
    pub fn plural(self) -> &'static str {
        self.plural
    }

    /// Returns the path of the collection in `project`, or in all projects.
    pub fn collection_of(self, project: Option<&str>) -> Result<String, ApiError> {
        collection(self.api_version, self.plural, project)
    }

    /// Returns the path of the collection in `project`.
    pub fn collection(self, project: &str) -> Result<String, ApiError> {
        collection(self.api_version, self.plural, Some(project))
    }

    /// Returns the path of an object.
    pub fn object(self, project: &str, name: &str) -> Result<String, ApiError> {
        if manifest::names::dns_subdomain(name).is_err() {
            return Err(invalid_name(name));
        }
        Ok(format!("{}/{}", self.collection(project)?, segment(name)?))
    }
}

/// Returns `/api/v1` or `/apis/GROUP/VERSION`.
pub fn root(api_version: &str) -> Result<String, ApiError> {
    match api_version.split_once('/') {
        None => Ok(format!("/api/{}", segment(api_version)?)),
        Some((group, version)) => Ok(format!("/apis/{}/{}", segment(group)?, segment(version)?)),
    }
}

fn collection(api_version: &str, plural: &str, project: Option<&str>) -> Result<String, ApiError> {
    let root = root(api_version)?;
    match project {
        Some(project) if manifest::names::dns_label(project).is_err() => Err(invalid_name(project)),
        Some(project) => Ok(format!("{root}/namespaces/{}/{plural}", segment(project)?)),
        None => Ok(format!("{root}/{plural}")),
    }
}

/// Encodes a name as a single path segment. Names come from the browser and must not reach another path.
pub(crate) fn segment(name: &str) -> Result<String, ApiError> {
    if matches!(name, "" | "." | "..") {
        return Err(invalid_name(name));
    }
    Ok(utf8_percent_encode(name, SEGMENT).to_string())
}

/// The error for a name that no object can have, which saves a request.
fn invalid_name(name: &str) -> ApiError {
    let shown: String = name.chars().take(64).collect();
    ApiError::NotFound {
        message: format!("{shown:?} is not a valid name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_single_path_segments() {
        let jobs = "/apis/batch/v1/namespaces/demo/jobs";
        assert_eq!(Kind::JOBS.object("demo", "pi").unwrap(), format!("{jobs}/pi"));
        for (project, name) in [
            ("demo", "a/../b?x#y"),
            ("demo", ".."),
            ("demo", ""),
            ("demo", "PI"),
            ("demo", "pi\n"),
            ("demo/../..", "pi"),
            ("", "pi"),
            ("de.mo", "pi"),
        ] {
            assert!(Kind::JOBS.object(project, name).is_err(), "{project:?} {name:?}");
        }
        assert_eq!(segment("a/../b?x#y").unwrap(), "a%2F..%2Fb%3Fx%23y");
        assert_eq!(
            Kind::PODS.collection("demo").unwrap(),
            "/api/v1/namespaces/demo/pods"
        );
    }
}
