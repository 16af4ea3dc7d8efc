//! Addresses within the console. Where there are several clusters, an address begins with its cluster's key, so that
//! every browser tab keeps to its own: `/clusters/staging/projects/demo/jobs`.

use leptos_router::NavigateOptions;

/// How the addresses of a cluster begin.
pub const CLUSTERS: &str = "/clusters/";

/// An address as what names its cluster (`/clusters/KEY`, or nothing) and the rest.
pub fn split(path: &str) -> (&str, &str) {
    let Some(rest) = path.strip_prefix(CLUSTERS) else {
        return ("", path);
    };
    let key = rest.find('/').unwrap_or(rest.len());
    if key == 0 {
        return ("", path);
    }
    path.split_at(CLUSTERS.len() + key)
}

/// The key of the cluster that `path` names.
pub fn key(path: &str) -> Option<&str> {
    split(path).0.strip_prefix(CLUSTERS)
}

/// What names the cluster in the address of this page; the router's base.
pub fn base() -> String {
    #[cfg(feature = "hydrate")]
    let path = leptos::prelude::window()
        .location()
        .pathname()
        .unwrap_or_default();
    #[cfg(all(feature = "ssr", not(feature = "hydrate")))]
    let path = leptos::prelude::use_context::<http::request::Parts>()
        .map(|parts| parts.uri.path().to_owned())
        .unwrap_or_default();
    #[cfg(not(any(feature = "hydrate", feature = "ssr")))]
    let path = String::new();
    split(&path).0.to_owned()
}

/// `path` at the cluster of this page, for all but server functions: the router does not
/// resolve addresses that begin with a slash.
pub fn here(path: &str) -> String {
    base() + path
}

/// The Jobs of a project.
pub fn jobs(project: &str) -> String {
    here(&format!("/projects/{project}/jobs"))
}

/// A Job's page.
pub fn job(project: &str, name: &str) -> String {
    here(&format!("/projects/{project}/jobs/{name}"))
}

/// The wizard, with its query (`?example=pi`, or nothing).
pub fn create(project: &str, query: &str) -> String {
    here(&format!("/projects/{project}/create-job{query}"))
}

/// How the router goes to an address that is whole: its cluster stands in it.
pub fn whole() -> NavigateOptions {
    NavigateOptions {
        resolve: false,
        ..NavigateOptions::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_begin_with_its_cluster() {
        for (path, parts) in [
            ("/projects/demo/jobs", ("", "/projects/demo/jobs")),
            ("/", ("", "/")),
            ("/clusters/", ("", "/clusters/")),
            ("/clusters//jobs", ("", "/clusters//jobs")),
            ("/clusters/staging", ("/clusters/staging", "")),
            ("/clusters/staging/", ("/clusters/staging", "/")),
            (
                "/clusters/a.b-1/projects/demo/jobs",
                ("/clusters/a.b-1", "/projects/demo/jobs"),
            ),
        ] {
            assert_eq!(split(path), parts, "{path}");
        }
        assert_eq!(key("/clusters/staging/projects/demo"), Some("staging"));
        assert_eq!(key("/projects/demo"), None);
    }
}
