//! What the Job list knows, kept up to date by the live stream.

use leptos::prelude::*;

use crate::address::here;
use crate::api::error::ApiError;
use crate::api::job::{JobList, JobRow, ListChange, Millis};
use crate::live::{self, Connection};

/// The list of one project.
#[derive(Clone, Copy)]
pub struct Model {
    /// The newest list; none before the first answer.
    pub list: RwSignal<Option<JobList>>,
    /// Why there is none.
    pub error: RwSignal<Option<ApiError>>,
    /// Since when the rows may be out of date.
    pub stale: RwSignal<Option<Millis>>,
    /// Names of the ticked rows.
    pub ticked: RwSignal<Vec<String>>,
}

impl Model {
    /// An empty model.
    pub fn new() -> Self {
        Self {
            list: RwSignal::new(None),
            error: RwSignal::new(None),
            stale: RwSignal::new(None),
            ticked: RwSignal::new(Vec::new()),
        }
    }

    /// Takes the answer of a whole read.
    pub fn take(self, answer: Result<JobList, ApiError>) {
        match answer {
            Ok(list) => {
                self.error.set(None);
                self.list.set(Some(list));
            }
            Err(error) => self.error.set(Some(error)),
        }
    }

    /// Follows the project's live stream.
    pub fn follow(self, project: Memo<String>) {
        let url = live::while_visible(move || here(&format!("/stream/jobs?project={}", project.get())));
        live::subscribe(
            url,
            &["change"],
            move |_, data| match serde_json::from_str::<ListChange>(data) {
                Ok(change) => self.apply(change),
                Err(error) => leptos::logging::warn!("unreadable change of the Job list: {error}"),
            },
            move |connection| match connection {
                Connection::Open => {}
                Connection::Lost => self.mark_stale(),
                Connection::Closed => {
                    self.mark_stale();
                    crate::pages::leave_if_signed_out();
                }
            },
        );
    }

    fn mark_stale(self) {
        // A list that may not be read will not come by waiting: its refusal says all.
        let refused = |error: &Option<ApiError>| {
            matches!(
                error,
                Some(ApiError::Forbidden { .. } | ApiError::NotFound { .. })
            )
        };
        if !self.error.with_untracked(refused) {
            live::mark_stale(self.stale);
        }
    }

    fn apply(self, change: ListChange) {
        match change {
            ListChange::Snapshot { list } => {
                self.ticked.update(|ticked| {
                    ticked.retain(|name| list.rows.iter().any(|row| row.name == *name));
                });
                self.stale.set(None);
                self.error.set(None);
                self.list.set(Some(list));
            }
            ListChange::Rows { rows, gone, quota } => {
                self.stale.set(None);
                self.ticked
                    .update(|ticked| ticked.retain(|name| !gone.contains(name)));
                self.list.update(|list| {
                    let Some(list) = list else { return };
                    list.quota = quota;
                    merge(&mut list.rows, rows, &gone);
                });
            }
            ListChange::Stale { since } => self.stale.set(Some(since)),
        }
    }
}

/// Puts changed rows in the place of the old, keeping the newest update first.
fn merge(rows: &mut Vec<JobRow>, changed: Vec<JobRow>, gone: &[String]) {
    rows.retain(|row| !gone.contains(&row.name) && !changed.iter().any(|new| new.name == row.name));
    rows.extend(changed);
    rows.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.name.cmp(&b.name)));
}
