//! Determines which cluster a request is for.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::response::Response;
use http::Uri;
use http::request::Parts;

use app::api::error::ApiError;
use app::api::session::ClusterChoice;
use app::urls;

use crate::contexts::Clusters;
use crate::identity::{Identity, People};
use crate::kubernetes::Cluster;
use crate::refusal::refuse;

/// Prefixes of routes that are matched without the address's cluster part. Pages keep it, since the browser's
/// router matches it too.
const CALL_PREFIXES: [&str; 4] = ["/api/", "/stream/", "/download/", "/cluster/"];

/// The id of the context that the request's address names.
#[derive(Debug, Clone)]
pub struct NamedContext(pub String);

/// The cluster that an authenticated request is for. Handlers open it after all checks that may reject the request.
#[derive(Clone)]
pub struct RequestedCluster {
    clusters: Arc<Clusters>,
    key: Option<String>,
    people: People,
    identity: Identity,
}

impl RequestedCluster {
    /// Creates a reference to the cluster of `key`, or to the default one, for `identity`.
    pub fn new(clusters: Arc<Clusters>, key: Option<String>, people: People, identity: Identity) -> Self {
        Self {
            clusters,
            key,
            people,
            identity,
        }
    }

    /// Opens the cluster as its user.
    pub async fn open(&self) -> Result<Cluster, ApiError> {
        let cluster = self.clusters.open(self.key.as_deref()).await?;
        self.people.open(&cluster, &self.identity).await
    }

    /// Returns the user's name as the sign-in told it; empty if it did not.
    pub fn user_name(&self) -> &str {
        self.identity.user_name()
    }

    /// Returns the clusters that the user could switch to, without opening any.
    pub fn choice(&self) -> ClusterChoice {
        self.clusters.choice(self.key.as_deref())
    }
}

/// Extracts the open cluster of a request; rejects with the reason if it cannot be opened.
pub struct ClusterExtractor(pub Cluster);

impl<S: Send + Sync> FromRequestParts<S> for ClusterExtractor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Response> {
        match parts.extensions.get::<RequestedCluster>() {
            Some(requested) => requested.open().await.map(Self).map_err(refuse),
            None => Err(refuse(ApiError::SignedOut)),
        }
    }
}

/// Stores the cluster named by the address as an extension, and strips it from the addresses of calls.
pub fn read(mut request: Request) -> Request {
    let (base, rest) = urls::split(request.uri().path());
    let Some(key) = base.strip_prefix(urls::CLUSTERS).map(str::to_owned) else {
        return request;
    };
    let is_first_page = matches!(rest, "" | "/");
    if is_first_page || CALL_PREFIXES.iter().any(|call| rest.starts_with(call)) {
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
            Err(error) => tracing::debug!(%error, "the address is not valid without its cluster part"),
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
    fn cluster_prefix_is_stripped_from_calls_and_the_start_page() {
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
