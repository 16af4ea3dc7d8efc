//! The rates that a run must reach.

use crate::compare::{Rate, Subject, Tally};
use crate::meant;

/// A rate that must be reached: what it is of, its minimum in millionths, and where it is counted.
type Floor = (&'static str, usize, fn(&Tally) -> Rate);

/// Minimum rates. Texts are full of oddities that no one writes; what is reported with a reason does
/// not count against the check's verdicts.
const FLOORS: [Floor; 7] = [
    ("verdicts of the rules", 999_500, |tally| tally.rules_verdict),
    ("verdicts of the check", 999_500, |tally| tally.check_verdict),
    ("fields found by the rules", 995_000, |tally| tally.rules_fields),
    ("fields found by the check", 995_000, |tally| tally.check_fields),
    ("status codes of the playground", 999_000, |tally| {
        tally.playground_code
    }),
    ("fields of the playground", 990_000, |tally| {
        tally.playground_fields
    }),
    ("messages of the playground", 970_000, |tally| {
        tally.playground_message
    }),
];

/// Returns what falls short of the rates.
pub fn unmet(tally: &Tally) -> Vec<String> {
    let mut unmet: Vec<String> = FLOORS
        .iter()
        .filter(|(_, floor, rate)| rate(tally).millionths() < *floor)
        .map(|(what, floor, rate)| {
            format!(
                "{what}: {}, at least {} of a million are required",
                rate(tally),
                floor
            )
        })
        .collect();
    for (difference, cases) in &tally.groups {
        let is_alarm = difference.subject == Subject::Check && difference.group.starts_with("false alarm");
        if is_alarm && meant::reason(&difference.group).is_none() {
            unmet.push(format!(
                "{} of the check, {} times",
                difference.group,
                cases.len()
            ));
        }
    }
    unmet
}
