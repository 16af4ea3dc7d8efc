//! State of the Job list, kept up to date by the live stream.

use std::collections::{HashMap, HashSet};

use leptos::prelude::*;

use crate::api;
use crate::api::error::ApiError;
use crate::api::job::{JobRow, Millis};
use crate::api::job_query::{JobPage, JobQuery, PageChange, Summary};
use crate::event_stream;
use crate::event_stream::{Connection, Position};
use crate::pages::job_list::selection::Selected;
use crate::urls::here;

/// The page of the Job list that is shown.
#[derive(Clone, Copy)]
pub struct Model {
    /// Numbers about the whole list; none before the first response.
    pub summary: RwSignal<Option<Summary>>,
    /// Rows shown, in order.
    pub rows: RwSignal<Vec<JobRow>>,
    /// `uid`s of rows shown whose Jobs do not exist any more.
    pub gone: RwSignal<HashSet<String>>,
    /// Number of rows that have moved, come or gone since the order shown was the current one.
    pub moved: RwSignal<usize>,
    /// Number of Jobs received while the list is being read from the cluster.
    pub loading: RwSignal<Option<u32>>,
    /// Error of the last read.
    pub error: RwSignal<Option<ApiError>>,
    /// Time since when the rows may be stale.
    pub stale: RwSignal<Option<Millis>>,
    /// Whether the rows are those of another query than the URL's, whose page has been requested.
    pub pending: RwSignal<bool>,
    /// The selected Jobs.
    pub selected: RwSignal<Selected>,
    /// The current page, of which `rows` may show an older order.
    current: RwSignal<Vec<JobRow>>,
    /// Whether the user is pointing at a row: rows must not move then.
    held: RwSignal<bool>,
}

impl Model {
    /// Creates an empty model.
    pub fn new() -> Self {
        Self {
            summary: RwSignal::new(None),
            rows: RwSignal::new(Vec::new()),
            gone: RwSignal::new(HashSet::new()),
            moved: RwSignal::new(0),
            loading: RwSignal::new(None),
            error: RwSignal::new(None),
            stale: RwSignal::new(None),
            pending: RwSignal::new(false),
            selected: RwSignal::new(Selected::default()),
            current: RwSignal::new(Vec::new()),
            held: RwSignal::new(false),
        }
    }

    /// Stores the response of a full read.
    pub fn take(self, answer: Result<JobPage, ApiError>) {
        match answer {
            Ok(page) => self.show_page(page),
            Err(error) => self.error.set(Some(error)),
        }
    }

    /// Subscribes to the live stream of the page that `query` selects; `version` is that of the page shown.
    pub fn follow(self, project: Memo<String>, query: Signal<JobQuery>, version: Option<String>) {
        let address = move || {
            let search = query.get().to_search(Some(("project", &project.get())));
            here(&format!("/stream/jobs{search}"))
        };
        // Without a stream, a page that was asked for would never come.
        let fetch = move || {
            let asked = untrack(|| (project.get(), query.get()));
            leptos::task::spawn_local(async move {
                let (of, requested) = asked.clone();
                let answer = api::jobs(Some(of).filter(|of| !of.is_empty()), requested).await;
                let now = untrack(|| Some((project.try_get()?, query.try_get()?)));
                if answer.is_ok() && now == Some(asked) {
                    self.take(answer);
                }
            });
        };
        let position = Position::after(version.map(|version| (untrack(address), version)));
        event_stream::subscribe_after(
            position,
            event_stream::while_visible(address),
            &["change", "refused"],
            move |event, data| match serde_json::from_str::<PageChange>(data) {
                _ if event == "refused" => crate::pages::reload_refused(),
                Ok(change) => {
                    let is_stale = matches!(change, PageChange::Stale { .. });
                    self.apply(change);
                    // The stream sends no page while it is stale, or if the user may not watch the Jobs.
                    if is_stale && self.pending.get_untracked() {
                        fetch();
                    }
                }
                Err(error) => leptos::logging::warn!("cannot parse a change of the Job list: {error}"),
            },
            move |connection| match connection {
                Connection::Open | Connection::Restarted => {}
                Connection::Disconnected => self.mark_stale(),
                Connection::Closed => {
                    self.mark_stale();
                    crate::pages::leave_if_signed_out();
                    fetch();
                }
            },
        );
    }

    /// Keeps the rows in their places, while values change, until [`Self::release`].
    pub fn hold(self) {
        self.held.set(true);
    }

    /// Shows the current rows, and moves them as they change.
    pub fn release(self) {
        self.held.set(false);
        self.show_current();
    }

    /// Shows the current rows once.
    pub fn show_current(self) {
        let current = self.current.get_untracked();
        let is_shown = self.rows.with_untracked(|rows| *rows == current);
        if !is_shown {
            self.rows.set(current);
        }
        if self.moved.get_untracked() != 0 {
            self.moved.set(0);
        }
        if !self.gone.with_untracked(HashSet::is_empty) {
            self.gone.set(HashSet::new());
        }
    }

    fn mark_stale(self) {
        // A list that may not be read does not become readable by waiting: its error is enough.
        let refused = |error: &Option<ApiError>| {
            matches!(
                error,
                Some(ApiError::Forbidden { .. } | ApiError::NotFound { .. })
            )
        };
        if !self.error.with_untracked(refused) {
            event_stream::mark_stale(self.stale);
        }
    }

    fn show_page(self, page: JobPage) {
        self.error.set(None);
        if page.loading.is_some() {
            self.loading.set(page.loading);
            return;
        }
        self.loading.set(None);
        self.stale.set(None);
        self.summary.set(Some(page.summary));
        self.selected.update(|selected| selected.refresh(&page.rows, &[]));
        self.current.set(page.rows);
        // Another page was asked for, or nobody knows what was missed.
        self.pending.set(false);
        self.show_current();
    }

    fn apply(self, change: PageChange) {
        match change {
            PageChange::Page { page } => self.show_page(page),
            PageChange::Rows {
                rows,
                order,
                gone,
                summary,
            } => {
                self.stale.set(None);
                self.summary.set(Some(summary));
                self.selected.update(|selected| selected.refresh(&rows, &gone));
                self.current.update(|current| merge(current, &rows, order));
                self.show_changes(&rows, gone);
            }
            PageChange::Loading { read } => self.loading.set(Some(read)),
            PageChange::Stale { since } => self.stale.set(Some(since)),
        }
    }

    /// Shows changed values; moves rows only if they are not held in their places.
    fn show_changes(self, changed: &[JobRow], gone: Vec<String>) {
        let current = self.current.get_untracked();
        let moved = self.rows.with_untracked(|rows| moved(rows, &current));
        if moved == 0 || !self.held.get_untracked() {
            self.show_current();
            return;
        }
        self.gone.update(|all| all.extend(gone));
        self.moved.set(moved);
        self.rows.update(|rows| {
            for row in rows {
                if let Some(new) = changed.iter().find(|new| new.uid == row.uid) {
                    row.clone_from(new);
                }
            }
        });
    }
}

/// Applies changed rows and a new order to a page.
fn merge(page: &mut Vec<JobRow>, changed: &[JobRow], order: Option<Vec<String>>) {
    let order = order.unwrap_or_else(|| page.iter().map(|row| row.uid.clone()).collect());
    let mut rows: HashMap<String, JobRow> = page.drain(..).map(|row| (row.uid.clone(), row)).collect();
    rows.extend(changed.iter().map(|row| (row.uid.clone(), row.clone())));
    page.extend(order.iter().filter_map(|uid| rows.remove(uid)));
}

/// Returns the number of rows of `current` that are not where `shown` has them.
fn moved(shown: &[JobRow], current: &[JobRow]) -> usize {
    let places = shown.len().max(current.len());
    let uid = |rows: &[JobRow], place: usize| rows.get(place).map(|row| row.uid.clone());
    let known: HashSet<&str> = shown.iter().map(|row| row.uid.as_str()).collect();
    let new = current.iter().filter(|row| !known.contains(row.uid.as_str()));
    match new.count() {
        0 => (0..places)
            .filter(|place| uid(shown, *place) != uid(current, *place))
            .count(),
        // A new row moves all that follow it; they are not news.
        new => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(uids: &[&str]) -> Vec<JobRow> {
        uids.iter()
            .map(|uid| JobRow {
                uid: (*uid).to_owned(),
                name: format!("job-{uid}"),
                ..JobRow::sample()
            })
            .collect()
    }

    fn uids(rows: &[JobRow]) -> Vec<&str> {
        rows.iter().map(|row| row.uid.as_str()).collect()
    }

    #[test]
    fn changed_rows_are_replaced_in_their_places() {
        let mut page = rows(&["1", "2", "3"]);
        let mut changed = rows(&["2"]);
        changed[0].succeeded = 9;
        merge(&mut page, &changed, None);
        assert_eq!(uids(&page), ["1", "2", "3"]);
        assert_eq!(page[1].succeeded, 9);
    }

    #[test]
    fn new_order_brings_new_rows_and_drops_old_ones() {
        let mut page = rows(&["1", "2", "3"]);
        let order = ["4", "1", "3"].map(str::to_owned).to_vec();
        merge(&mut page, &rows(&["4"]), Some(order));
        assert_eq!(uids(&page), ["4", "1", "3"]);
    }

    #[test]
    fn moves_are_counted_as_a_reader_sees_them() {
        for (current, expected) in [
            (&["1", "2", "3"][..], 0),
            (&["4", "1", "2"], 1),
            (&["2", "1", "3"], 2),
            (&["1", "2"], 1),
            (&["5", "4", "1"], 2),
        ] {
            assert_eq!(
                moved(&rows(&["1", "2", "3"]), &rows(current)),
                expected,
                "{current:?}"
            );
        }
    }
}
