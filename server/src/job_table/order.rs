//! The orders of the list. Each is total, so that a row's place can be found by binary search.

use std::cmp::Ordering;

use app::api::job::{JobRow, StatusKind};
use app::api::job_query::SortColumn;

/// Compares two rows by `column`, then by name, project and `uid`.
pub fn compare(column: SortColumn, a: &JobRow, b: &JobRow) -> Ordering {
    let by_column = match column {
        SortColumn::Name => Ordering::Equal,
        SortColumn::Project => a.project.cmp(&b.project),
        SortColumn::Status => urgency(a).cmp(&urgency(b)),
        SortColumn::Done => done(a).total_cmp(&done(b)),
        SortColumn::Duration => duration(a).cmp(&duration(b)),
        SortColumn::Image => a.images.first().cmp(&b.images.first()),
        SortColumn::Owner => a.owner.cmp(&b.owner),
        SortColumn::Age => a.created.cmp(&b.created),
        SortColumn::Updated => a.updated.cmp(&b.updated),
    };
    by_column
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

#[allow(clippy::cast_precision_loss, reason = "a fraction for sorting")]
fn done(row: &JobRow) -> f64 {
    row.succeeded as f64 / row.wanted().max(1) as f64
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
