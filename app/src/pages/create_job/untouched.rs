//! Items that a person has just added. What such an item still lacks is not told at its fields before the person has
//! been there: an empty row is where they are going to type, not a mistake. The list of problems has it all the same.

use leptos::prelude::*;
use manifest::{Edit, Path};

/// The items that were added on this step, and the fields that were left since.
#[derive(Clone, Copy)]
pub struct Young {
    items: RwSignal<Vec<(usize, Path)>>,
    left: RwSignal<Vec<String>>,
}

impl Young {
    /// None.
    pub fn new() -> Self {
        Self {
            items: RwSignal::new(Vec::new()),
            left: RwSignal::new(Vec::new()),
        }
    }

    /// An edit was made on a document.
    pub fn follow(self, entry: usize, edit: &Edit) {
        match edit {
            Edit::Insert { path, index, .. } => {
                self.items.update(|items| items.push((entry, path.index(*index))));
            }
            // Positions are others now.
            Edit::Remove { .. } | Edit::Move { .. } => self.grow_up(),
            _ => {}
        }
    }

    /// The field with this element id was left.
    pub fn leave(self, id: &str) {
        if !id.is_empty() && self.items.with_untracked(|items| !items.is_empty()) {
            self.left.update(|left| left.push(id.to_owned()));
        }
    }

    /// From now on all that is missing is told.
    pub fn grow_up(self) {
        if self.items.with_untracked(|items| !items.is_empty()) {
            self.items.set(Vec::new());
            self.left.set(Vec::new());
        }
    }

    /// Nobody has been in the field at `path`, whose element is `id`, since its item was added.
    pub fn has(self, entry: usize, path: &Path, id: &str) -> bool {
        self.items.with(|items| {
            items
                .iter()
                .any(|(at, item)| *at == entry && path.starts_with(item))
        }) && self.left.with(|left| left.iter().all(|known| known != id))
    }
}
