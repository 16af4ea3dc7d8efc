//! URLs within the console. With several clusters, a URL starts with the key of its cluster, so that every browser
//! tab stays on its own: `/clusters/staging/projects/demo/jobs`. A console that shares its host with others is below a
//! path of its own, the prefix: `/console/clusters/staging/projects/demo/jobs`. Only this module knows it.

#[cfg(feature = "ssr")]
use std::sync::Arc;

use leptos_router::NavigateOptions;

/// The path of the public URL, such as `/console`; usually empty. The server adds it to each request, from whose path it
/// has been removed.
#[cfg(feature = "ssr")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(pub Arc<str>);

/// Provides the prefix of a request to its page, whose router then sees the same URL as in the browser.
#[cfg(feature = "ssr")]
pub fn provide_prefix(parts: &http::request::Parts) {
    use leptos::prelude::provide_context;
    use leptos_router::location::RequestUrl;
    let Some(prefix) = parts
        .extensions
        .get::<Prefix>()
        .filter(|Prefix(path)| !path.is_empty())
    else {
        return;
    };
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    provide_context(RequestUrl::new(&format!("http://localhost{}{path}", prefix.0)));
    provide_context(prefix.clone());
}

/// Returns the prefix of all URLs of this console, without a slash at its end; the server writes it into
/// `<html data-prefix>`.
pub fn prefix() -> String {
    #[cfg(feature = "hydrate")]
    let prefix = leptos::prelude::document()
        .document_element()
        .and_then(|root| root.get_attribute("data-prefix"));
    #[cfg(all(feature = "ssr", not(feature = "hydrate")))]
    let prefix = leptos::prelude::use_context::<Prefix>().map(|Prefix(path)| path.to_string());
    #[cfg(not(any(feature = "hydrate", feature = "ssr")))]
    let prefix: Option<String> = None;
    prefix.unwrap_or_default()
}

/// Prefix of a cluster's URLs.
pub const CLUSTERS: &str = "/clusters/";

/// Splits a path into its cluster prefix (`/clusters/KEY`, or nothing) and the rest.
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

/// Returns the key of the cluster in `path`.
pub fn key(path: &str) -> Option<&str> {
    split(path).0.strip_prefix(CLUSTERS)
}

/// Returns the prefix and the cluster of this page's URL; the router's base.
pub fn base() -> String {
    let prefix = prefix();
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
    // The server removes the prefix from the path before anything else.
    let path = path.strip_prefix(&prefix).unwrap_or(&path);
    let cluster = split(path).0;
    prefix + cluster
}

/// Prefixes `path`, which belongs to no cluster.
pub fn own(path: &str) -> String {
    prefix() + path
}

/// Prefixes `path` with the cluster of this page; needed for everything but server functions: the router does not
/// resolve URLs that start with a slash.
pub fn here(path: &str) -> String {
    base() + path
}

/// Returns the URL of a project's Job list; without a project, that of all projects.
pub fn jobs(project: &str) -> String {
    if project.is_empty() {
        return here("/jobs");
    }
    here(&format!("/projects/{project}/jobs"))
}

/// Returns the URL of a Job's page.
pub fn job(project: &str, name: &str) -> String {
    here(&format!("/projects/{project}/jobs/{name}"))
}

/// Returns the URL of the wizard, with its query (`?example=pi`, or nothing).
pub fn create(project: &str, query: &str) -> String {
    here(&format!("/projects/{project}/create-job{query}"))
}

/// Returns navigation options for a complete URL, which contains its cluster.
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
    fn cluster_prefix_is_split_from_the_path() {
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
