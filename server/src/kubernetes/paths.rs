//! Addresses of the Kubernetes API.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use app::api::error::ApiError;

/// Characters that a path segment keeps (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A kind of object, as the API serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `apiVersion`, such as `batch/v1`.
    pub api_version: String,
    /// Name within addresses, such as `jobs`.
    pub plural: String,
    /// It lives in a namespace.
    pub namespaced: bool,
}

/// A resource that the console itself uses.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    api_version: &'static str,
    plural: &'static str,
}

impl Resource {
    /// Where objects of this kind are listed and created; `project` matters only if they live in a namespace.
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

    /// Name within addresses, such as `jobs`.
    pub fn plural(self) -> &'static str {
        self.plural
    }

    /// Where the objects of `project` are listed and created.
    pub fn collection(self, project: &str) -> Result<String, ApiError> {
        collection(self.api_version, self.plural, Some(project))
    }

    /// One object.
    pub fn object(self, project: &str, name: &str) -> Result<String, ApiError> {
        if manifest::names::dns_subdomain(name).is_err() {
            return Err(no_name(name));
        }
        Ok(format!("{}/{}", self.collection(project)?, segment(name)?))
    }
}

/// `/api/v1` or `/apis/GROUP/VERSION`.
pub fn root(api_version: &str) -> Result<String, ApiError> {
    match api_version.split_once('/') {
        None => Ok(format!("/api/{}", segment(api_version)?)),
        Some((group, version)) => Ok(format!("/apis/{}/{}", segment(group)?, segment(version)?)),
    }
}

fn collection(api_version: &str, plural: &str, project: Option<&str>) -> Result<String, ApiError> {
    let root = root(api_version)?;
    match project {
        Some(project) if manifest::names::dns_label(project).is_err() => Err(no_name(project)),
        Some(project) => Ok(format!("{root}/namespaces/{}/{plural}", segment(project)?)),
        None => Ok(format!("{root}/{plural}")),
    }
}

/// A name as one segment of an address. Names come from the browser: none may reach another address.
pub(crate) fn segment(name: &str) -> Result<String, ApiError> {
    if matches!(name, "" | "." | "..") {
        return Err(no_name(name));
    }
    Ok(utf8_percent_encode(name, SEGMENT).to_string())
}

/// No object can have this name, so nobody has to be asked for it.
fn no_name(name: &str) -> ApiError {
    let shown: String = name.chars().take(64).collect();
    ApiError::NotFound {
        message: format!("{shown:?} is no name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment() {
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
