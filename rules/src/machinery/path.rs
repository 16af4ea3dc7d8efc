//! The path of a field, in the document and in the server's spelling.

use std::fmt;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The key of a mapping.
    Key(String),
    /// The index of a list item, from 0.
    Index(usize),
}

/// One step of a [`FieldPath`].
///
/// The server omits, adds and misspells some steps of its own paths; each rule that builds such a path marks them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// `.key`
    Key(String),
    /// `[0]`
    Index(usize),
    /// `[key]`: a key of a map.
    MapKey(String),
    /// A step in the document that the server's path omits.
    Omitted(Place),
    /// A key that the server spells differently.
    Spelled { document: String, server: String },
    /// A key in the server's path that is not in the document.
    Added(String),
}

/// The path of a field. `Display` formats it as the server does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct FieldPath(Vec<Segment>);

impl FieldPath {
    pub(crate) fn new(segments: Vec<Segment>) -> Self {
        Self(segments)
    }

    /// Returns the path in the server's spelling, such as `spec.template.spec.containers[0].image`.
    #[must_use]
    pub fn server(&self) -> String {
        let mut out = String::new();
        for segment in &self.0 {
            match segment {
                Segment::Key(key) | Segment::Added(key) | Segment::Spelled { server: key, .. } => {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out.push_str(key);
                }
                Segment::Index(index) => {
                    out.push('[');
                    out.push_str(&index.to_string());
                    out.push(']');
                }
                Segment::MapKey(key) => {
                    out.push('[');
                    out.push_str(key);
                    out.push(']');
                }
                Segment::Omitted(_) => {}
            }
        }
        if out.is_empty() {
            out.push_str("<nil>");
        }
        out
    }

    /// Returns the steps into the document.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Key(key) | Segment::MapKey(key) | Segment::Spelled { document: key, .. } => {
                Some(Place::Key(key.clone()))
            }
            Segment::Index(index) => Some(Place::Index(*index)),
            Segment::Omitted(place) => Some(place.clone()),
            Segment::Added(_) => None,
        })
    }

    /// Returns the key that the path ends with; empty for a list index.
    #[must_use]
    pub fn last_key(&self) -> String {
        match self.places().last() {
            Some(Place::Key(key)) => key,
            _ => String::new(),
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server())
    }
}
