//! Paths within this server.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Deserializer};

/// A path within this server, with its query. Redirects use nothing else, so that no link to this server leads to
/// another site (open redirect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Returns `text` if it is such a path, else `/`. Browsers treat `//host` and `/\host` as another server, and
    /// strip control characters.
    pub fn new(text: &str) -> Self {
        let local = text.starts_with('/')
            && !text.starts_with("//")
            && text.len() <= 2048
            && !text.contains('\\')
            && text.bytes().all(|byte| (0x21..0x7f).contains(&byte))
            && !has_dot_segment(text);
        Self(if local { text.to_owned() } else { "/".to_owned() })
    }

    /// Returns the value for a `Location` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Encodes the path as a value within a query.
    pub fn encoded(&self) -> String {
        utf8_percent_encode(&self.0, NON_ALPHANUMERIC).to_string()
    }
}

/// Whether the path has a segment that browsers resolve, encoded or not: it may lead out of the console's prefix.
fn has_dot_segment(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or(text);
    path.split('/').any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    })
}

impl Default for LocalPath {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl<'de> Deserialize<'de> for LocalPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_this_server() {
        for local in [
            "/",
            "/projects/demo/jobs",
            "/projects/demo/jobs?q=pi&status=failed",
            "/a//b",
            "/a?back=/../x",
            "/..a/b..",
        ] {
            assert_eq!(LocalPath::new(local).as_str(), local);
        }
        for foreign in [
            "/a/../x",
            "/a/..",
            "/./a",
            "/a/%2e%2E/x",
            "/a/.%2e?q",
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil",
            "/a\r\nb",
        ] {
            assert_eq!(LocalPath::new(foreign).as_str(), "/", "{foreign:?}");
        }
    }
}
