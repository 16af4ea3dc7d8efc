//! Counts the requests of a client, by verb, resource and status.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, Response};
use tower::Service;

use crate::metrics::{METRICS, verb_and_resource};

/// A service whose requests are counted.
#[derive(Debug, Clone)]
pub struct Measured<S>(S);

impl<S> Measured<S> {
    /// Counts the requests of `service`.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, A, B> Service<Request<A>> for Measured<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    B: 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let kind = verb_and_resource(request.method(), request.uri());
        let started_at = Instant::now();
        let response = self.0.call(request);
        Box::pin(async move {
            let response = response.await;
            let status = response.as_ref().ok().map(|response| response.status().as_u16());
            METRICS.cluster_request(kind, status, started_at.elapsed());
            response
        })
    }
}
