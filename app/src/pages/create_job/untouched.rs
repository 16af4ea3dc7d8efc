//! Untouched items: suppresses validation errors on the fields of newly added items until they have been touched.
//! An empty new row is where the user is going to type, not a mistake. The problem list shows the errors anyway.

use leptos::prelude::*;
use manifest::{Edit, Path};

/// Items that were added on this step, and the fields that lost the focus since.
#[derive(Clone, Copy)]
pub struct Untouched {
    items: RwSignal<Vec<(usize, Path)>>,
    left: RwSignal<Vec<String>>,
}

impl Untouched {
    /// Creates an empty set.
    pub fn new() -> Self {
        Self {
            items: RwSignal::new(Vec::new()),
            left: RwSignal::new(Vec::new()),
        }
    }

    /// Records an edit of a document.
    pub fn record_edit(self, entry: usize, edit: &Edit) {
        match edit {
            Edit::Insert { path, index, .. } => {
                self.items.update(|items| items.push((entry, path.index(*index))));
            }
            // Positions have changed.
            Edit::Remove { .. } | Edit::Move { .. } => self.clear(),
            _ => {}
        }
    }

    /// Records that the field with this element id lost the focus.
    pub fn mark_left(self, id: &str) {
        if !id.is_empty() && self.items.with_untracked(|items| !items.is_empty()) {
            self.left.update(|left| left.push(id.to_owned()));
        }
    }

    /// Shows all errors from now on.
    pub fn clear(self) {
        if self.items.with_untracked(|items| !items.is_empty()) {
            self.items.set(Vec::new());
            self.left.set(Vec::new());
        }
    }

    /// Returns whether the field at `path`, whose element is `id`, is untouched since its item was added.
    pub fn contains(self, entry: usize, path: &Path, id: &str) -> bool {
        self.items.with(|items| {
            items
                .iter()
                .any(|(at, item)| *at == entry && path.starts_with(item))
        }) && self.left.with(|left| left.iter().all(|field| field != id))
    }
}
