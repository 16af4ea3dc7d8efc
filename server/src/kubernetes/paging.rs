//! Lists that come page by page (`limit` and `continue`), within bounds: a server that answers wrongly must not keep the
//! console reading for ever.

use app::api::error::ApiError;
use serde_json::Value;

/// How many objects are asked for at once.
const LIMIT: &str = "500";

/// How many objects of one list are read at most.
const MAX_OBJECTS: usize = 200_000;

/// Where a list is.
#[derive(Debug, Default)]
pub(crate) struct Paging {
    token: String,
    objects: usize,
    pages: usize,
    restarted: bool,
}

impl Paging {
    /// What is asked for next.
    pub fn query(&self) -> Vec<(&'static str, &str)> {
        let mut query = vec![("limit", LIMIT)];
        if !self.token.is_empty() {
            query.push(("continue", &self.token));
        }
        query
    }

    /// Takes in that the snapshot of the pages has expired (410). Once, the list begins again: then what was read is
    /// to be forgotten.
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

    /// Takes in a page of `count` objects; says whether there is another.
    ///
    /// # Errors
    /// The list does not come to an end, or is longer than the console reads.
    pub fn advance(&mut self, page: &Value, count: usize) -> Result<bool, ApiError> {
        self.objects += count;
        self.pages += 1;
        let next = page["metadata"]["continue"].as_str().unwrap_or_default();
        if next.is_empty() {
            return Ok(false);
        }
        // Pages may be short where a filter leaves objects out, but not for ever.
        if next == self.token || self.objects > MAX_OBJECTS || self.pages > MAX_OBJECTS / 100 {
            return Err(ApiError::Unreachable {
                message: format!(
                    "a list does not end: {} objects in {} pages",
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
    fn a_list_ends_with_the_page_that_names_no_other() {
        let mut paging = Paging::default();
        assert_eq!(paging.query(), [("limit", "500")]);
        assert_eq!(paging.advance(&page("a"), 500), Ok(true));
        assert_eq!(paging.query(), [("limit", "500"), ("continue", "a")]);
        assert_eq!(paging.advance(&page(""), 3), Ok(false));
    }

    #[test]
    fn a_list_that_does_not_end_is_given_up() {
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
    fn an_expired_snapshot_restarts_a_list_once() {
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
