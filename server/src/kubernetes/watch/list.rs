//! The initial list of a collection, page by page.

use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use app::api::error::ApiError;

use crate::kubernetes::client::Failure;
use crate::kubernetes::paging::Paging;
use crate::kubernetes::watch::collection::{End, MAX_TIMEOUT, Source};

impl<T> Source<T> {
    /// Lists all objects; returns them with their resource version. Reports the number of objects `listed` so far.
    pub(crate) async fn list(&mut self, listed: &impl Fn(usize)) -> Result<(Vec<T>, String), End> {
        let path = self
            .kind
            .collection_of(self.project.as_deref())
            .map_err(|error| End::disconnected(&error))?;
        let cluster = self.cluster.clone().with_timeout(self.timeout);
        let mut objects = Vec::new();
        let mut paging = Paging::default();
        loop {
            let mut query = self.selected();
            query.extend(paging.query());
            let started_at = Instant::now();
            let mut disconnections = self.disconnections.clone();
            let response = tokio::select! {
                response = cluster.attempt(Method::GET, &path, &query, None) => response,
                responds = disconnections.next() => {
                    return Err(if responds { End::Reconnected } else { End::disconnected("the cluster does not respond") });
                }
            };
            let mut page = match response {
                Ok(response) => response.object,
                Err(failure) if paging.restarts(&failure.error) => {
                    objects.clear();
                    continue;
                }
                Err(failure) => {
                    if started_at.elapsed() >= self.timeout {
                        self.timeout = (self.timeout * 2).min(MAX_TIMEOUT);
                    }
                    return Err(failed(failure));
                }
            };
            let before = objects.len();
            if let Value::Array(items) = page["items"].take() {
                objects.extend(items.into_iter().map(self.reduce));
            }
            let more = paging
                .advance(&page, objects.len() - before)
                .map_err(|error| End::disconnected(&error))?;
            if more {
                listed(objects.len());
            } else {
                return match page["metadata"]["resourceVersion"].as_str() {
                    Some(version) if !version.is_empty() => Ok((objects, version.to_owned())),
                    _ => Err(End::disconnected("the list has no resourceVersion")),
                };
            }
        }
    }
}

fn failed(failure: Failure) -> End {
    match failure.error {
        ApiError::Forbidden { .. } => End::Denied,
        error => End::Disconnected(error.to_string(), failure.retry_after.unwrap_or_default()),
    }
}
