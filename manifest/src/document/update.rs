//! Changes that are parsed incrementally.

use std::sync::Arc;

use crate::document::incremental;
use crate::document::incremental::Change;
use crate::document::{Document, Entry, Format};
use crate::splice::Splice;

impl Document {
    /// Parses what splices change, if that is possible without the rest of the text.
    pub(crate) fn parse_change(&self, splices: &[Splice]) -> Option<(usize, Change)> {
        if !self.is_valid() || self.format() == Format::Json || !are_sound(self.text(), splices) {
            return None;
        }
        let at = splices.first()?.range.start;
        let entry = self.entries().iter().rposition(|entry| entry.range.start <= at)?;
        let root = self.entries()[entry].root?;
        let parts = &self.tree().parts;
        let part = parts.iter().position(|part| part.root == Some(root))?;
        let end = match parts.get(part + 1) {
            Some(next) if next.start == 0 || self.text()[..next.start].ends_with('\n') => next.start,
            Some(_) => return None,
            None => self.text().len(),
        };
        Some((entry, incremental::read(self.tree(), root, end, splices)?))
    }

    pub(crate) fn apply_change(&mut self, entry: usize, change: Change) {
        let read = Arc::make_mut(&mut self.0);
        let Some(Some(value)) = read.entries.get_mut(entry).map(|entry| &mut entry.value) else {
            return;
        };
        let moved = change.apply_to(&mut read.tree, value);
        for (index, other) in read.entries.iter_mut().enumerate().skip(entry) {
            other.root = other.root.map(|root| moved.node(root));
            if index > entry {
                let at = |at: usize| at.saturating_add_signed(moved.bytes);
                other.range = at(other.range.start)..at(other.range.end);
            } else if let Some(root) = other.root {
                let root = read.tree.node(root);
                *other = Entry::new(root.start..root.range.end, other.root, other.value.take());
            }
        }
    }
}

/// Returns whether splices are ascending, disjoint, within the text and on character boundaries.
fn are_sound(text: &str, splices: &[Splice]) -> bool {
    let mut at = 0;
    splices.iter().all(|splice| {
        let sound = splice.range.start >= at && text.get(splice.range.clone()).is_some();
        at = splice.range.end;
        sound
    })
}
