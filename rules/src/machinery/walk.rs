//! One traversal of an object by the rules: the visited paths and the collected results.

use std::cell::RefCell;

use super::cause::Cause;
use super::path::{FieldPath, Place, Segment};
use crate::features::Feature;
use crate::options::Options;

/// The expected type of a mistyped value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A string.
    Text,
    /// An integer.
    Integer,
    /// A Boolean.
    Boolean,
    /// A list.
    List,
    /// A mapping.
    Mapping,
    /// A quantity; a mistyped string cannot be parsed as one.
    Quantity,
    /// An integer or a string.
    IntegerOrText,
}

/// A value of a wrong type. Causes about it are dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistyped {
    /// The path of the value.
    pub places: Vec<Place>,
    /// The expected type.
    pub wanted: Wanted,
}

/// A step from a value to one of its members or items.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
    MapKey(&'a str),
    OmittedKey(&'a str),
    OmittedIndex(usize),
    Spelled(&'a str, &'a str),
    Added(&'a str),
}

/// One traversal of an object: visited paths and collected results.
pub(crate) struct Walk<'a> {
    pub options: &'a Options,
    /// Each step with its parent's number; unvisited paths take no memory.
    pub(super) steps: RefCell<Vec<(u32, Step<'a>)>>,
    pub(super) causes: RefCell<Vec<Cause>>,
    pub(super) mistyped: RefCell<Vec<(u32, Wanted)>>,
}

impl<'a> Walk<'a> {
    pub fn new(options: &'a Options) -> Self {
        Self {
            options,
            steps: RefCell::default(),
            causes: RefCell::default(),
            mistyped: RefCell::default(),
        }
    }

    /// Returns the results: each mistyped path once, without causes about it or values below it.
    pub fn found(&self) -> (Vec<Cause>, Vec<Mistyped>) {
        let mut mistyped: Vec<Mistyped> = Vec::new();
        for (at, wanted) in self.mistyped.take() {
            let places: Vec<Place> = self.path(at).places().collect();
            if mistyped.iter().all(|known| known.places != places) {
                mistyped.push(Mistyped { places, wanted });
            }
        }
        let mut causes = self.causes.take();
        if !mistyped.is_empty() {
            causes.retain(|cause| {
                let places: Vec<Place> = cause.path.places().collect();
                !mistyped.iter().any(|other| places.starts_with(&other.places))
            });
        }
        if Feature::CausesOnce.is_on(self.options.minor) {
            let mut seen = std::collections::HashSet::new();
            causes.retain(|cause| seen.insert((cause.rule, cause.path.server(), cause.message())));
        }
        (causes, mistyped)
    }

    /// Returns a step and its parent's number.
    pub(super) fn step(&self, at: u32) -> Option<(u32, Step<'a>)> {
        let index = usize::try_from(at).ok()?.checked_sub(1)?;
        self.steps.borrow().get(index).copied()
    }

    pub(super) fn path(&self, mut at: u32) -> FieldPath {
        let mut segments = Vec::new();
        while let Some((parent, step)) = self.step(at) {
            segments.push(match step {
                Step::Key(key) => Segment::Key(key.to_owned()),
                Step::Index(index) => Segment::Index(index),
                Step::MapKey(key) => Segment::MapKey(key.to_owned()),
                Step::OmittedKey(key) => Segment::Omitted(Place::Key(key.to_owned())),
                Step::OmittedIndex(index) => Segment::Omitted(Place::Index(index)),
                Step::Spelled(document, server) => Segment::Spelled {
                    document: document.to_owned(),
                    server: server.to_owned(),
                },
                Step::Added(key) => Segment::Added(key.to_owned()),
            });
            at = parent;
        }
        segments.reverse();
        FieldPath::new(segments)
    }
}
