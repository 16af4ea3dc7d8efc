//! Paths of values in a document: `spec.template.spec.containers[0].image`.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// The key of a mapping.
    Key(String),
    /// The index of a list item, from 0.
    Index(usize),
}

/// A path from a document's root. The empty path is the root itself.
///
/// Formatted like the API server's field paths; a key that is not a plain word is in brackets and quotes:
/// `metadata.annotations["kubesphere.io/alias-name"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path(Vec<Segment>);

impl Path {
    /// Returns the root.
    pub fn root() -> Self {
        Self::default()
    }

    /// Creates a path of keys: `Path::of(["spec", "completions"])`.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self(keys.into_iter().map(|key| Segment::Key(key.to_owned())).collect())
    }

    /// Returns this path with a key appended.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.join(Segment::Key(key.into()))
    }

    /// Returns this path with a list index appended.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.join(Segment::Index(index))
    }

    /// Returns this path with a step appended.
    #[must_use]
    pub fn join(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// Returns the steps, from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Returns the path without its last step; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, parents) = self.0.split_last()?;
        Some(Self(parents.to_vec()))
    }

    /// Returns the last step; `None` for the root.
    pub fn last(&self) -> Option<&Segment> {
        self.0.last()
    }

    /// Returns whether it is `other` or below it.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Returns whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<Segment>> for Path {
    fn from(segments: Vec<Segment>) -> Self {
        Self(segments)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if is_word(key) => {
                    write!(f, "{}{key}", if position > 0 { "." } else { "" })?;
                }
                Segment::Key(key) => write!(f, "[{}]", serde_json::Value::from(key.as_str()))?,
            }
        }
        Ok(())
    }
}

impl Path {
    /// Returns the path as the API server writes it in its messages: every key as it is, after a dot.
    pub fn server(&self) -> String {
        let mut out = String::new();
        for segment in &self.0 {
            match segment {
                Segment::Index(index) => {
                    // Writing to a `String` cannot fail.
                    let _ = write!(out, "[{index}]");
                }
                Segment::Key(key) => {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out.push_str(key);
                }
            }
        }
        out
    }
}

fn is_word(key: &str) -> bool {
    !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid path: expected {what} at byte {at}")]
pub struct PathError {
    /// Byte offset in the text.
    pub at: usize,
    /// What was expected.
    pub what: &'static str,
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut segments = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            if let Some(inner) = rest.strip_prefix('[') {
                let (segment, length) = bracket(inner).ok_or(PathError {
                    at,
                    what: "a number or a quoted key",
                })?;
                segments.push(segment);
                at += 1 + length + 1;
            } else {
                let rest = rest.strip_prefix('.').filter(|_| at > 0).unwrap_or(rest);
                at = text.len() - rest.len();
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                if end == 0 {
                    return Err(PathError { at, what: "a key" });
                }
                segments.push(Segment::Key(rest[..end].to_owned()));
                at += end;
            }
        }
        Ok(Self(segments))
    }
}

/// Parses the content of brackets; also returns its length up to the closing bracket.
fn bracket(inner: &str) -> Option<(Segment, usize)> {
    if inner.starts_with('"') {
        let mut escaped = false;
        let end = inner.char_indices().skip(1).find_map(|(at, c)| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes.then_some(at + 1)
        })?;
        let key = serde_json::from_str(&inner[..end]).ok()?;
        return inner[end..].starts_with(']').then_some((Segment::Key(key), end));
    }
    let end = inner.find(']')?;
    Some((Segment::Index(inner[..end].parse().ok()?), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_roundtrip() {
        for text in [
            "spec.template.spec.containers[0].image",
            "metadata.annotations[\"kubesphere.io/alias-name\"]",
            "metadata.labels[\"a\\\"]b\"][2]",
            "[0].x",
            "",
        ] {
            assert_eq!(text.parse::<Path>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn invalid_path_reports_offset() {
        assert_eq!("a..b".parse::<Path>(), Err(PathError { at: 2, what: "a key" }));
        assert_eq!(
            "a[x]".parse::<Path>(),
            Err(PathError {
                at: 1,
                what: "a number or a quoted key"
            })
        );
        assert!("a[\"x]".parse::<Path>().is_err());
    }
}
