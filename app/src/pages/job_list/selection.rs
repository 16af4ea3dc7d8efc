//! The Jobs that the user has selected, on any page of the list.

use std::collections::HashMap;

use crate::api::job::{JobRow, Millis, Target};
use crate::api::job_filter::Filter;
use crate::api::job_query::{JobQuery, StatusGroup};

/// The selected Jobs, by `uid`, as they were last seen. A name would not do: a Job that is created again under the same
/// name is not the selected one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    rows: HashMap<String, JobRow>,
    /// Order in which they were selected.
    order: Vec<String>,
}

impl Selected {
    /// Whether this Job is selected.
    pub fn contains(&self, uid: &str) -> bool {
        self.rows.contains_key(uid)
    }

    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Number of selected Jobs.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Selects the Job of a row.
    pub fn insert(&mut self, row: JobRow) {
        if self.rows.insert(row.uid.clone(), row.clone()).is_none() {
            self.order.push(row.uid);
        }
    }

    /// Removes Jobs from the selection.
    pub fn remove<'a>(&mut self, uids: impl IntoIterator<Item = &'a str>) {
        for uid in uids {
            if self.rows.remove(uid).is_some() {
                self.order.retain(|other| other != uid);
            }
        }
    }

    /// Removes all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Applies what is known about Jobs since they were selected.
    pub fn refresh(&mut self, changed: &[JobRow], gone: &[String]) {
        for row in changed {
            if let Some(known) = self.rows.get_mut(&row.uid) {
                known.clone_from(row);
            }
        }
        self.remove(gone.iter().map(String::as_str));
    }

    /// Returns what a bulk action applies to: the selected Jobs that match the filter, and no others.
    pub fn matching(&self, query: &JobQuery, shown: &[JobRow], total: usize, now: Millis) -> Selection {
        let filter = Filter::new(&query.text);
        let in_group = |row: &JobRow| {
            query
                .status
                .is_none_or(|group| StatusGroup::of(row.status.kind) == group)
        };
        let jobs: Vec<Target> = self
            .order
            .iter()
            .filter_map(|uid| self.rows.get(uid))
            .filter(|row| in_group(row) && filter.matches(row, now))
            .map(Target::of)
            .collect();
        let changeable = |suspended: bool| {
            let rows = self.order.iter().filter_map(|uid| self.rows.get(uid));
            rows.filter(|row| {
                row.is_active() && row.suspended == suspended && in_group(row) && filter.matches(row, now)
            })
            .map(Target::of)
            .collect()
        };
        let here = shown.iter().filter(|row| self.contains(&row.uid)).count();
        Selection {
            elsewhere: jobs.len().saturating_sub(here),
            hidden: self.len().saturating_sub(jobs.len()),
            running: changeable(false),
            suspended: changeable(true),
            can_extend: !shown.is_empty() && here == shown.len() && jobs.len() < total,
            jobs,
        }
    }
}

/// Jobs that a bulk action applies to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Jobs, in the order in which they were selected.
    pub jobs: Vec<Target>,
    /// Those of them that can be suspended.
    pub running: Vec<Target>,
    /// Those of them that can be resumed.
    pub suspended: Vec<Target>,
    /// Number of them on other pages than the one shown.
    pub elsewhere: usize,
    /// Number of further selected Jobs that the filter hides.
    pub hidden: usize,
    /// Whether all rows of the page are selected and more match.
    pub can_extend: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(uid: &str) -> JobRow {
        JobRow {
            uid: uid.to_owned(),
            name: format!("job-{uid}"),
            ..JobRow::sample()
        }
    }

    fn selected(uids: &[&str]) -> Selected {
        let mut selected = Selected::default();
        for uid in uids {
            selected.insert(row(uid));
        }
        selected
    }

    #[test]
    fn bulk_action_excludes_filtered_jobs() {
        let mut selected = selected(&["1", "2", "4"]);
        let mut renamed = row("1");
        renamed.name = "other".to_owned();
        selected.refresh(&[renamed], &[]);
        let query = JobQuery {
            text: "job-".to_owned(),
            ..JobQuery::default()
        };
        let expected = Selection {
            jobs: ["2", "4"].map(|uid| Target::of(&row(uid))).to_vec(),
            running: ["2", "4"].map(|uid| Target::of(&row(uid))).to_vec(),
            suspended: Vec::new(),
            elsewhere: 1,
            hidden: 1,
            can_extend: true,
        };
        assert_eq!(selected.matching(&query, &[row("2")], 3, 0), expected);
    }

    #[test]
    fn everything_selected_offers_no_more() {
        let selected = selected(&["2", "3"]);
        let selection = selected.matching(&JobQuery::default(), &[row("2"), row("3")], 2, 0);
        assert!(!selection.can_extend);
    }

    #[test]
    fn deleted_and_recreated_jobs_are_not_selected() {
        let mut selected = selected(&["1", "2"]);
        selected.refresh(&[row("3")], &["1".to_owned()]);
        assert!(selected.contains("2") && !selected.contains("1") && !selected.contains("3"));
        assert_eq!(selected.len(), 1);
    }
}
