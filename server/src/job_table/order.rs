//! The orders of the list. Each is total, so that a row's place can be found by binary search.

use std::cmp::Ordering;

use app::api::job::{JobRow, StatusKind};
use app::api::job_query::SortColumn;

/// What a column orders a row by. All keys of a column are of the same variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    /// Nothing: the name decides.
    Name,
    /// A text, if there is one.
    Text(Option<&'a str>),
    /// A number.
    Number(i64),
    /// A rank, and a number within it.
    Ranked(u8, i64),
}

impl<'a> Key<'a> {
    /// Returns the key of a row.
    pub fn of(column: SortColumn, row: &'a JobRow) -> Self {
        match column {
            SortColumn::Name => Self::Name,
            SortColumn::Project => Self::Text(Some(&row.project)),
            SortColumn::Status => Self::Ranked(urgency(row), 0),
            SortColumn::Done => Self::Number(done(row)),
            SortColumn::Duration => {
                let (rank, duration) = duration(row);
                Self::Ranked(rank, duration)
            }
            SortColumn::Image => Self::Text(row.images.first().map(String::as_str)),
            SortColumn::Owner => Self::Text(row.owner.as_deref()),
            SortColumn::Age => Self::Number(row.created),
            SortColumn::Updated => Self::Number(row.updated),
        }
    }
}

/// Compares two rows by `column`, then by name, project and `uid`.
pub fn compare(column: SortColumn, a: &JobRow, b: &JobRow) -> Ordering {
    Key::of(column, a)
        .cmp(&Key::of(column, b))
        .then_with(|| natural(&a.name, &b.name))
        .then_with(|| a.project.cmp(&b.project))
        .then_with(|| a.uid.cmp(&b.uid))
}

/// What needs attention comes first.
fn urgency(row: &JobRow) -> u8 {
    match row.status.kind {
        StatusKind::Blocked => 0,
        StatusKind::Unschedulable => 1,
        StatusKind::ImageError => 2,
        StatusKind::ContainerError => 3,
        StatusKind::Failed => 4,
        StatusKind::Terminating => 5,
        StatusKind::Updating => 6,
        StatusKind::Running => 7,
        StatusKind::Suspended => 8,
        StatusKind::Completed => 9,
    }
}

/// Returns how much of a Job is done, in millionths.
fn done(row: &JobRow) -> i64 {
    row.succeeded.saturating_mul(1_000_000) / row.wanted().max(1)
}

/// Duration of a run. Runs that go on take longer every moment: they come after all that have ended, the oldest last,
/// and the order does not depend on the time.
fn duration(row: &JobRow) -> (u8, i64) {
    match (row.started, row.finished) {
        (None, _) => (0, 0),
        (Some(started), Some(finished)) => (1, finished.saturating_sub(started)),
        (Some(started), None) => (2, started.saturating_neg()),
    }
}

/// Compares names so that `job-9` comes before `job-10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        match (a, b) {
            ([], []) => return Ordering::Equal,
            ([], _) => return Ordering::Less,
            (_, []) => return Ordering::Greater,
            ([x, ..], [y, ..]) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (number_a, rest_a) = number(a);
                let (number_b, rest_b) = number(b);
                let by_number = number_a
                    .len()
                    .cmp(&number_b.len())
                    .then_with(|| number_a.cmp(number_b));
                // `01` and `1` are different names.
                let by_zeros = || {
                    a.len()
                        .wrapping_sub(rest_a.len())
                        .cmp(&b.len().wrapping_sub(rest_b.len()))
                };
                match by_number.then_with(by_zeros) {
                    Ordering::Equal => (a, b) = (rest_a, rest_b),
                    unequal => return unequal,
                }
            }
            ([x, rest_a @ ..], [y, rest_b @ ..]) => match x.cmp(y) {
                Ordering::Equal => (a, b) = (rest_a, rest_b),
                unequal => return unequal,
            },
        }
    }
}

/// Splits the digits at the start, without leading zeros, from the rest.
fn number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    (&digits[zeros..], rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_by_their_numbers() {
        let mut names = [
            "job-10", "job-9", "job", "job-09", "job-9-2", "job-a", "job-009", "job-9-10",
        ];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            [
                "job", "job-9", "job-9-2", "job-9-10", "job-09", "job-009", "job-10", "job-a"
            ]
        );
    }
}
