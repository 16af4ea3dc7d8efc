//! Paged lists (`limit` and `continue`) with an upper bound, so that a faulty server cannot keep the console
//! reading forever.

use app::api::error::ApiError;
use serde_json::Value;

/// Page size.
const LIMIT: &str = "500";

/// Maximum number of objects of a list.
const MAX_OBJECTS: usize = 200_000;

/// The position within a list.
#[derive(Debug, Default)]
pub(crate) struct Paging {
    token: String,
    objects: usize,
    pages: usize,
    restarted: bool,
}

impl Paging {
    /// Returns the query of the next page.
    pub fn query(&self) -> Vec<(&'static str, &str)> {
        let mut query = vec![("limit", LIMIT)];
        if !self.token.is_empty() {
            query.push(("continue", &self.token));
        }
        query
    }

    /// Handles the expiry of the list's snapshot (410). Returns true the first time: the list restarts, and the
    /// objects read so far must be discarded.
    pub fn restarts(&mut self, error: &ApiError) -> bool {
        let expired = matches!(error, ApiError::Other { code: 410, .. });
        let restarts = expired && !self.token.is_empty() && !self.restarted;
        if restarts {
            *self = Self {
                restarted: true,
                ..Self::default()
            };
        }
        restarts
    }

    /// Records a page of `count` objects; returns whether there is another.
    ///
    /// # Errors
    /// The list does not end, or is longer than the console reads.
    pub fn advance(&mut self, page: &Value, count: usize) -> Result<bool, ApiError> {
        self.objects += count;
        self.pages += 1;
        let next = page["metadata"]["continue"].as_str().unwrap_or_default();
        if next.is_empty() {
            return Ok(false);
        }
        // A page may be short if a filter leaves objects out, but not every page.
        if next == self.token || self.objects > MAX_OBJECTS || self.pages > MAX_OBJECTS / 100 {
            return Err(ApiError::Unreachable {
                message: format!(
                    "the list does not end after {} objects in {} pages",
                    self.objects, self.pages
                ),
            });
        }
        next.clone_into(&mut self.token);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(token: &str) -> Value {
        json!({"metadata": {"continue": token}})
    }

    #[test]
    fn list_ends_without_a_continue_token() {
        let mut paging = Paging::default();
        assert_eq!(paging.query(), [("limit", "500")]);
        assert_eq!(paging.advance(&page("a"), 500), Ok(true));
        assert_eq!(paging.query(), [("limit", "500"), ("continue", "a")]);
        assert_eq!(paging.advance(&page(""), 3), Ok(false));
    }

    #[test]
    fn endless_list_is_an_error() {
        let mut same = Paging::default();
        assert_eq!(same.advance(&page("a"), 500), Ok(true));
        assert!(same.advance(&page("a"), 500).is_err());
        for count in [0, 500] {
            let mut endless = Paging::default();
            let pages = (0..10_000)
                .take_while(|number| endless.advance(&page(&format!("token-{number}")), count) == Ok(true))
                .count();
            assert!(pages <= 2_000, "{pages}");
        }
    }

    #[test]
    fn expired_snapshot_restarts_the_list_once() {
        let expired = ApiError::Other {
            code: 410,
            message: String::new(),
        };
        let mut paging = Paging::default();
        assert!(!paging.restarts(&expired), "the first page has no snapshot");
        paging.advance(&page("a"), 1).unwrap();
        assert!(paging.restarts(&expired));
        assert_eq!(paging.query(), [("limit", "500")]);
        paging.advance(&page("a"), 1).unwrap();
        assert!(!paging.restarts(&expired));
    }
}
