//! Which cluster a request means.

use axum::extract::{FromRequestParts, Request};
use axum::response::Response;
use http::Uri;
use http::request::Parts;

use app::address;
use app::api::error::ApiError;

use crate::cluster::Cluster;
use crate::streams::refuse;

/// The key of the cluster that the request's address names.
#[derive(Debug, Clone)]
pub struct Named(pub String);

/// The cluster of a request with a session, or why it cannot be used.
#[derive(Clone)]
pub struct Opened(pub Result<Cluster, ApiError>);

/// The cluster of a request; without one, the answer is the reason.
pub struct At(pub Cluster);

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        match parts.extensions.get::<Opened>() {
            Some(Opened(Ok(cluster))) => Ok(Self(cluster.clone())),
            Some(Opened(Err(error))) => Err(refuse(error.clone())),
            None => Err(refuse(ApiError::SignedOut)),
        }
    }
}

/// Whether what is at `path` concerns a cluster. The others must not wait for one.
pub fn concerns(path: &str) -> bool {
    let parts = ["/projects/", "/api/", "/stream/", "/download/", "/cluster/"];
    let (_, rest) = address::split(path);
    rest.is_empty() || rest == "/" || parts.iter().any(|part| rest.starts_with(part))
}

/// Takes the cluster off the request's address. Only pages keep the whole, since the browser's router has it too.
pub fn read(mut request: Request) -> Request {
    let Some(key) = address::key(request.uri().path()).map(str::to_owned) else {
        return request;
    };
    let (_, rest) = address::split(request.uri().path());
    let is_page = rest.starts_with("/projects/");
    if !is_page {
        let rest = if rest.is_empty() { "/" } else { rest };
        let query = request
            .uri()
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = format!("{rest}{query}").parse().ok();
        match Uri::from_parts(parts) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(error) => tracing::debug!(%error, "an address without its cluster is none"),
        }
    }
    request.extensions_mut().insert(Named(key));
    request
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn read_address(address: &str) -> (String, Option<String>) {
        let request = read(Request::builder().uri(address).body(Body::empty()).unwrap());
        let named = request.extensions().get::<Named>().map(|named| named.0.clone());
        (request.uri().to_string(), named)
    }

    #[test]
    fn the_cluster_is_taken_off_all_but_pages() {
        let named = |rest: &str| (rest.to_owned(), Some("staging".to_owned()));
        assert_eq!(read_address("/clusters/staging"), named("/"));
        assert_eq!(read_address("/clusters/staging/?a=b"), named("/?a=b"));
        assert_eq!(read_address("/clusters/staging/api/jobs"), named("/api/jobs"));
        assert_eq!(
            read_address("/clusters/staging/stream/jobs?project=demo"),
            named("/stream/jobs?project=demo")
        );
        let page = "/clusters/staging/projects/demo/jobs";
        assert_eq!(read_address(page), named(page));
        assert_eq!(read_address("/api/jobs"), ("/api/jobs".to_owned(), None));
        assert_eq!(read_address("/clusters/"), ("/clusters/".to_owned(), None));
    }
}
