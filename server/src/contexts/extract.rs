//! Which cluster a request means.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::response::Response;
use http::Uri;
use http::request::Parts;

use app::address;
use app::api::error::ApiError;
use app::api::session::ClusterChoice;

use crate::contexts::Clusters;
use crate::kubernetes::Cluster;
use crate::refusal::refuse;

/// What is looked for without the cluster's part of the address. Pages keep it, since the browser's router has it too.
const CALLS: [&str; 4] = ["/api/", "/stream/", "/download/", "/cluster/"];

/// The key of the cluster that the request's address names.
#[derive(Debug, Clone)]
pub struct NamedContext(pub String);

/// The cluster that a request with a session means. It is opened by whoever needs it, after all that may refuse the
/// request.
#[derive(Clone)]
pub struct RequestedCluster {
    clusters: Arc<Clusters>,
    key: Option<String>,
}

impl RequestedCluster {
    /// The cluster of `key`, or the one that an address without a key means.
    pub fn new(clusters: Arc<Clusters>, key: Option<String>) -> Self {
        Self { clusters, key }
    }

    /// The cluster, or why it cannot be used.
    pub async fn open(&self) -> Result<Cluster, ApiError> {
        self.clusters.open(self.key.as_deref()).await
    }

    /// The clusters that could be meant instead; known without opening any.
    pub fn choice(&self) -> ClusterChoice {
        self.clusters.choice(self.key.as_deref())
    }
}

/// The opened cluster of a request; where it cannot be, the answer is the reason.
pub struct ClusterExtractor(pub Cluster);

impl<S: Send + Sync> FromRequestParts<S> for ClusterExtractor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        match parts.extensions.get::<RequestedCluster>() {
            Some(place) => place.open().await.map(Self).map_err(refuse),
            None => Err(refuse(ApiError::SignedOut)),
        }
    }
}

/// Notes the cluster that the request's address names, and takes it off the addresses of calls.
pub fn read(mut request: Request) -> Request {
    let (base, rest) = address::split(request.uri().path());
    let Some(key) = base.strip_prefix(address::CLUSTERS).map(str::to_owned) else {
        return request;
    };
    let is_first_page = matches!(rest, "" | "/");
    if is_first_page || CALLS.iter().any(|call| rest.starts_with(call)) {
        let rest = if is_first_page { "/" } else { rest };
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
    request.extensions_mut().insert(NamedContext(key));
    request
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn read_address(address: &str) -> (String, Option<String>) {
        let request = read(Request::builder().uri(address).body(Body::empty()).unwrap());
        let named = request
            .extensions()
            .get::<NamedContext>()
            .map(|named| named.0.clone());
        (request.uri().to_string(), named)
    }

    #[test]
    fn the_cluster_is_taken_off_calls_and_the_first_page() {
        let named = |rest: &str| (rest.to_owned(), Some("staging".to_owned()));
        assert_eq!(read_address("/clusters/staging"), named("/"));
        assert_eq!(read_address("/clusters/staging/?a=b"), named("/?a=b"));
        assert_eq!(read_address("/clusters/staging/api/jobs"), named("/api/jobs"));
        assert_eq!(
            read_address("/clusters/staging/stream/jobs?project=demo"),
            named("/stream/jobs?project=demo")
        );
        for page in [
            "/clusters/staging/projects/demo/jobs",
            "/clusters/staging/clusters/other/projects/demo/jobs",
            "/clusters/staging/clusters/other/api/jobs",
            "/clusters/staging/sign-in",
        ] {
            assert_eq!(read_address(page), named(page));
        }
        assert_eq!(read_address("/api/jobs"), ("/api/jobs".to_owned(), None));
        assert_eq!(read_address("/clusters/"), ("/clusters/".to_owned(), None));
    }
}
