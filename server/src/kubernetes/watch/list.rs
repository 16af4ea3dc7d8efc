//! The list that a feed begins with, page by page.

use std::sync::Arc;
use std::time::Instant;

use http::Method;
use serde_json::Value;

use app::api::error::ApiError;

use crate::kubernetes::client::Failure;
use crate::kubernetes::paging::Paging;
use crate::kubernetes::watch::collection::{End, MAX_TIMEOUT, Source};
use crate::kubernetes::watch::strip::trim;

impl Source {
    /// All objects, and the version that they are of.
    pub(crate) async fn list(&mut self) -> Result<(Vec<Arc<Value>>, String), End> {
        let path = self
            .known
            .collection(&self.project)
            .map_err(|error| End::lost(&error))?;
        let patient = self.cluster.clone().with_timeout(self.timeout);
        let mut objects = Vec::new();
        let mut paging = Paging::default();
        loop {
            let mut query = self.selected();
            query.extend(paging.query());
            let begun = Instant::now();
            let mut disconnections = self.disconnections.clone();
            let answer = tokio::select! {
                answer = patient.attempt(Method::GET, &path, &query, None) => answer,
                answers = disconnections.next() => {
                    return Err(if answers { End::Back } else { End::lost("no answer") });
                }
            };
            let mut page = match answer {
                Ok(answer) => answer.object,
                Err(failure) if paging.restarts(&failure.error) => {
                    objects.clear();
                    continue;
                }
                Err(failure) => {
                    if begun.elapsed() >= self.timeout {
                        self.timeout = (self.timeout * 2).min(MAX_TIMEOUT);
                    }
                    return Err(failed(failure));
                }
            };
            let before = objects.len();
            if let Value::Array(items) = page["items"].take() {
                objects.extend(items.into_iter().map(|item| Arc::new(trim(self.known, item))));
            }
            let more = paging
                .advance(&page, objects.len() - before)
                .map_err(|error| End::lost(&error))?;
            if !more {
                return match page["metadata"]["resourceVersion"].as_str() {
                    Some(version) if !version.is_empty() => Ok((objects, version.to_owned())),
                    _ => Err(End::lost("a list without a resourceVersion")),
                };
            }
        }
    }
}

fn failed(failure: Failure) -> End {
    match failure.error {
        ApiError::Forbidden { .. } => End::Denied,
        error => End::Lost(error.to_string(), failure.after.unwrap_or_default()),
    }
}
