//! The path of the public URL, below which the console is served. Proxies pass it on: an Ingress and an `HTTPRoute` do
//! unless they are told to rewrite it.
//!
//! It is removed from each request before anything else reads its path, and added to what browsers see: by
//! [`Paths::local`] to redirects, and by [`app::urls`] to what is in a page.

use app::urls::Prefix;
use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

use crate::web::local_path::LocalPath;

/// Marks a request for a path that is not the console's.
#[derive(Debug, Clone, Copy)]
pub struct Outside;

/// Paths of probes, which the cluster sends to the Pod and not through a proxy.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Removes the prefix from the path of a request, and notes it for what renders paths.
pub fn strip(prefix: &Prefix, mut request: Request) -> Request {
    request.extensions_mut().insert(prefix.clone());
    if prefix.0.is_empty() || PROBES.contains(&request.uri().path()) {
        return request;
    }
    let stripped = request
        .uri()
        .path_and_query()
        .and_then(|path| without(&prefix.0, path.as_str()));
    let Some(stripped) = stripped else {
        request.extensions_mut().insert(Outside);
        return request;
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = Some(stripped);
    match Uri::from_parts(parts) {
        Ok(uri) => *request.uri_mut() = uri,
        Err(error) => {
            tracing::debug!(%error, "the address is not valid without its prefix");
            request.extensions_mut().insert(Outside);
        }
    }
    request
}

/// Returns the rest of a path; `None` if it is not below the prefix.
fn without(prefix: &str, path: &str) -> Option<PathAndQuery> {
    let rest = path.strip_prefix(prefix).filter(|_| is_below(prefix, path))?;
    if rest.starts_with('/') {
        rest.parse().ok()
    } else {
        format!("/{rest}").parse().ok()
    }
}

/// Whether `path` is the prefix itself, or one below it.
fn is_below(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Adds the prefix to paths for browsers.
pub trait Paths {
    /// Returns the prefix.
    fn prefix(&self) -> &str;

    /// Returns the path of the console's cookies: other paths of the host do not get them.
    fn cookie_path(&self) -> String {
        match self.prefix() {
            "" => "/".to_owned(),
            prefix => prefix.to_owned(),
        }
    }

    /// Returns a path of this server as browsers see it.
    fn local(&self, path: &str) -> String {
        format!("{}{path}", self.prefix())
    }

    /// Returns where to redirect back to: a path as browsers see it, which has to be one of this console. Another one
    /// belongs to something else on the same host.
    fn back(&self, path: &LocalPath) -> String {
        let path = path.as_str();
        if is_below(self.prefix(), path) {
            path.to_owned()
        } else {
            self.local("/")
        }
    }
}

impl Paths for Prefix {
    fn prefix(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;

    use super::*;

    /// Returns the path that the console sees; `None` outside of it.
    fn seen(prefix: &str, path: &str) -> Option<String> {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let request = strip(&Prefix(Arc::from(prefix)), request);
        let is_outside = request.extensions().get::<Outside>().is_some();
        (!is_outside).then(|| request.uri().to_string())
    }

    #[test]
    fn prefix_is_removed_from_paths_below_it() {
        for (prefix, path, expected) in [
            ("", "/", Some("/")),
            ("", "/console/", Some("/console/")),
            ("/console", "/console", Some("/")),
            ("/console", "/console/", Some("/")),
            ("/console", "/console?token=x", Some("/?token=x")),
            ("/console", "/console/?token=x", Some("/?token=x")),
            (
                "/console",
                "/console/projects/demo/jobs?q=a",
                Some("/projects/demo/jobs?q=a"),
            ),
            ("/console", "/console/console/x", Some("/console/x")),
            ("/console", "/console//x", Some("//x")),
            (
                "/console",
                "http://a.example/console/x",
                Some("http://a.example/x"),
            ),
            (
                "/projects",
                "/projects/projects/demo/jobs",
                Some("/projects/demo/jobs"),
            ),
            ("/a/b", "/a/b/sign-in", Some("/sign-in")),
            ("/console", "/healthz", Some("/healthz")),
            ("/console", "/readyz", Some("/readyz")),
            ("/console", "/console/readyz", Some("/readyz")),
            ("/console", "/", None),
            ("/console", "/consoles", None),
            ("/console", "/projects/demo/jobs", None),
            ("/console", "/Console/", None),
            ("/console", "/%63onsole/", None),
            ("/a/b", "/a/", None),
            ("/console", "/healthz/x", None),
        ] {
            assert_eq!(seen(prefix, path).as_deref(), expected, "{prefix} {path}");
        }
    }

    #[test]
    fn redirects_stay_in_the_console() {
        for (prefix, back, expected) in [
            ("", "/projects/demo/jobs", "/projects/demo/jobs"),
            ("", "//evil.example", "/"),
            ("", "/projects/demo/jobs?q={a}\"", "/projects/demo/jobs?q={a}\""),
            (
                "/console",
                "/console/projects/demo/jobs?q=a",
                "/console/projects/demo/jobs?q=a",
            ),
            ("/console", "/console", "/console"),
            ("/console", "/", "/console/"),
            ("/console", "/other", "/console/"),
            ("/console", "/console-2/x", "/console/"),
            ("/console", "https://evil.example/console/", "/console/"),
        ] {
            let back = LocalPath::new(back);
            assert_eq!(
                Prefix(Arc::from(prefix)).back(&back),
                expected,
                "{prefix} {back:?}"
            );
        }
    }
}
