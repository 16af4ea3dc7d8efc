//! State of the Job list, kept up to date by the live stream.

use std::collections::HashSet;

use leptos::prelude::*;
use leptos_router::location::Url;

use crate::api::error::ApiError;
use crate::api::job::{JobList, JobRef, JobRow, ListChange, Millis};
use crate::event_stream;
use crate::event_stream::Connection;
use crate::urls::here;

/// Job list of one project.
#[derive(Clone, Copy)]
pub struct Model {
    /// Latest list; none before the first response.
    pub list: RwSignal<Option<JobList>>,
    /// Error of the last read.
    pub error: RwSignal<Option<ApiError>>,
    /// Time since when the rows may be stale.
    pub stale: RwSignal<Option<Millis>>,
    /// `uid`s of the selected Jobs. A name would not do: a Job that is created again under the same name is not the
    /// selected one.
    pub selected: RwSignal<HashSet<String>>,
}

impl Model {
    /// Creates an empty model.
    pub fn new() -> Self {
        Self {
            list: RwSignal::new(None),
            error: RwSignal::new(None),
            stale: RwSignal::new(None),
            selected: RwSignal::new(HashSet::new()),
        }
    }

    /// Stores the response of a full read.
    pub fn take(self, answer: Result<JobList, ApiError>) {
        match answer {
            Ok(list) => {
                self.error.set(None);
                self.list.set(Some(list));
            }
            Err(error) => self.error.set(Some(error)),
        }
    }

    /// Subscribes to the project's live stream.
    pub fn follow(self, project: Memo<String>) {
        let url = event_stream::while_visible(move || {
            here(&format!("/stream/jobs?project={}", Url::escape(&project.get())))
        });
        event_stream::subscribe(
            url,
            &["change", "refused"],
            move |event, data| match serde_json::from_str::<ListChange>(data) {
                _ if event == "refused" => crate::pages::reload_refused(),
                Ok(change) => self.apply(change),
                Err(error) => leptos::logging::warn!("cannot parse a change of the Job list: {error}"),
            },
            move |connection| match connection {
                Connection::Open | Connection::Restarted => {}
                Connection::Disconnected => self.mark_stale(),
                Connection::Closed => {
                    self.mark_stale();
                    crate::pages::leave_if_signed_out();
                }
            },
        );
    }

    /// Removes Jobs from the selection.
    pub fn deselect(self, uids: &[String]) {
        self.selected.update(|selected| {
            for uid in uids {
                selected.remove(uid);
            }
        });
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

    fn apply(self, change: ListChange) {
        match change {
            ListChange::Snapshot { list } => {
                let known: HashSet<&str> = list.rows.iter().map(|row| row.uid.as_str()).collect();
                self.selected
                    .update(|selected| selected.retain(|uid| known.contains(uid.as_str())));
                self.stale.set(None);
                self.error.set(None);
                self.list.set(Some(list));
            }
            ListChange::Rows { rows, gone, quota } => {
                self.stale.set(None);
                self.deselect(&gone);
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

/// Replaces changed rows, keeping the newest update first.
fn merge(rows: &mut Vec<JobRow>, changed: Vec<JobRow>, gone: &[String]) {
    let replaced: HashSet<&str> = changed
        .iter()
        .map(|row| row.uid.as_str())
        .chain(gone.iter().map(String::as_str))
        .collect();
    rows.retain(|row| !replaced.contains(row.uid.as_str()));
    rows.extend(changed);
    rows.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.name.cmp(&b.name)));
}

/// Jobs that a bulk action applies to: the selected ones that match the filter, and no others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Jobs, in the order of the list.
    pub jobs: Vec<JobRef>,
    /// Number of them on other pages than the one shown.
    pub elsewhere: usize,
    /// Number of further selected Jobs that the filter hides.
    pub hidden: usize,
    /// Whether all rows of the page are selected and more match.
    pub can_extend: bool,
}

impl Selection {
    /// Builds the selection from the selected `uid`s, the rows `matching` the filter and the rows `shown` on the
    /// page.
    pub fn of(selected: &HashSet<String>, matching: &[JobRow], shown: &[JobRow]) -> Self {
        let is_selected = |row: &&JobRow| selected.contains(&row.uid);
        let jobs: Vec<JobRef> = matching.iter().filter(is_selected).map(JobRow::job).collect();
        let here = shown.iter().filter(is_selected).count();
        Self {
            elsewhere: jobs.len().saturating_sub(here),
            hidden: selected.len().saturating_sub(jobs.len()),
            can_extend: !shown.is_empty() && here == shown.len() && jobs.len() < matching.len(),
            jobs,
        }
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
    fn recreated_job_does_not_replace_another_row() {
        let mut list = rows(&["1", "2"]);
        let recreated = JobRow {
            uid: "3".to_owned(),
            name: "job-1".to_owned(),
            ..JobRow::sample()
        };
        merge(&mut list, vec![recreated], &["1".to_owned()]);
        assert_eq!(uids(&list), ["3", "2"]);
    }

    #[test]
    fn changed_rows_are_replaced_and_sorted_by_update() {
        let mut list = rows(&["1", "2", "3"]);
        let mut changed = rows(&["3"]);
        changed[0].updated += 1;
        merge(&mut list, changed, &[]);
        assert_eq!(uids(&list), ["3", "1", "2"]);
    }

    #[test]
    fn bulk_action_excludes_filtered_jobs() {
        let selected = ["1", "2", "4"].map(str::to_owned).into();
        let selection = Selection::of(&selected, &rows(&["2", "3", "4"]), &rows(&["2"]));
        let expected = Selection {
            jobs: rows(&["2", "4"]).iter().map(JobRow::job).collect(),
            elsewhere: 1,
            hidden: 1,
            can_extend: true,
        };
        assert_eq!(selection, expected);
        let all = ["2", "3", "4"].map(str::to_owned).into();
        assert!(!Selection::of(&all, &rows(&["2", "3", "4"]), &rows(&["2"])).can_extend);
    }
}
