//! The list that a feed begins with, page by page.

use std::sync::Arc;
use std::time::Instant;

use http::Method;
use serde_json::Value;

use app::api::error::ApiError;

use super::source::{End, LONGEST_PATIENCE, Source};
use super::trim::trim;
use crate::cluster::request::Failure;

/// How many objects of the list are asked for at once.
const PAGE: &str = "500";

impl Source {
    /// All objects, and the version that they are of.
    pub(super) async fn list(&mut self) -> Result<(Vec<Arc<Value>>, String), End> {
        let path = self
            .known
            .collection(&self.project)
            .map_err(|error| End::lost(&error))?;
        let patient = self.cluster.clone().with_patience(self.patience);
        let mut objects = Vec::new();
        let mut token = String::new();
        let mut began_anew = false;
        loop {
            let mut query = self.selected();
            query.push(("limit", PAGE));
            if !token.is_empty() {
                query.push(("continue", &token));
            }
            let begun = Instant::now();
            let mut losses = self.losses.clone();
            let answer = tokio::select! {
                answer = patient.attempt(Method::GET, &path, &query, None) => answer,
                answers = losses.next() => {
                    return Err(if answers { End::Back } else { End::lost("no answer") });
                }
            };
            let mut page = match answer {
                Ok(answer) => answer.object,
                // The snapshot that the pages are taken from has expired.
                Err(Failure {
                    error: ApiError::Other { code: 410, .. },
                    ..
                }) if !token.is_empty() && !began_anew => {
                    began_anew = true;
                    objects.clear();
                    token.clear();
                    continue;
                }
                Err(failure) => {
                    if begun.elapsed() >= self.patience {
                        self.patience = (self.patience * 2).min(LONGEST_PATIENCE);
                    }
                    return Err(failed(failure));
                }
            };
            if let Value::Array(items) = page["items"].take() {
                objects.extend(items.into_iter().map(|item| Arc::new(trim(self.known, item))));
            }
            match page["metadata"]["continue"].as_str() {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => match page["metadata"]["resourceVersion"].as_str() {
                    Some(version) if !version.is_empty() => return Ok((objects, version.to_owned())),
                    _ => return Err(End::lost("a list without a resourceVersion")),
                },
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
