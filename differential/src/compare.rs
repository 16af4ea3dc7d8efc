//! Counts in how many cases the subjects agree with the server, and groups what differs.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::answer::Answer;
use crate::meant;
use crate::subjects::{Checked, Ruled};

/// What is compared with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The crate of rules alone.
    Rules,
    /// The check of the editor.
    Check,
    /// The playground's response.
    Playground,
}

/// What the server and the subjects say of one request.
pub struct Case<'a> {
    /// The server's response.
    pub answer: &'a Answer,
    /// What the rules say of a request in JSON.
    pub ruled: Option<Ruled>,
    /// What the editor reports.
    pub checked: Checked,
    /// The playground's response.
    pub embedded: Answer,
    /// Whether both messages are the same without what differs between two requests.
    pub is_same_message: bool,
}

/// One way in which a subject differs from the server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Who differs.
    pub subject: Subject,
    /// What differs, without positions and values: cases of one group have one cause.
    pub group: String,
}

/// Rates of agreement.
#[derive(Debug, Default, Clone, Copy)]
pub struct Rate {
    /// Cases that agree.
    pub same: usize,
    /// All cases.
    pub all: usize,
}

impl Rate {
    fn count(&mut self, is_same: bool) {
        self.same += usize::from(is_same);
        self.all += 1;
    }

    /// Returns the share of the cases that agree, in millionths.
    pub fn millionths(self) -> usize {
        (self.same * 1_000_000).checked_div(self.all).unwrap_or(1_000_000)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = self.millionths();
        write!(
            f,
            "{} of {} ({}.{:03} %)",
            self.same,
            self.all,
            share / 10_000,
            share % 10_000 / 10
        )
    }
}

/// What was counted so far.
#[derive(Default)]
pub struct Tally {
    /// Requests to which the server closed the connection without a response.
    pub unanswered: usize,
    /// Responses by status code.
    pub codes: BTreeMap<u16, usize>,
    /// The rules: same verdict, where the server could decode the object.
    pub rules_verdict: Rate,
    /// The rules: the same set of fields in a refusal.
    pub rules_fields: Rate,
    /// The rules: the same causes in a refusal, word for word.
    pub rules_causes: Rate,
    /// The check: same verdict.
    pub check_verdict: Rate,
    /// The check: every field that the server names in a refusal.
    pub check_fields: Rate,
    /// The check: errors in what the server accepts.
    pub false_alarms: usize,
    /// The playground: same status code, and so the same verdict.
    pub playground_code: Rate,
    /// The playground: the same set of fields in a refusal.
    pub playground_fields: Rate,
    /// The playground: the same message, word for word.
    pub playground_message: Rate,
    /// Differences with the numbers of their cases.
    pub groups: BTreeMap<Difference, Vec<usize>>,
}

impl Tally {
    /// Adds a case with its number. Returns whether it is the first of a group.
    pub fn add(&mut self, number: usize, case: &Case<'_>) -> bool {
        let answer = case.answer;
        *self.codes.entry(answer.code).or_default() += 1;
        let (is_accepted, fields) = (answer.is_accepted(), answer.fields());
        if let Some(ruled) = case.ruled.as_ref().filter(|_| matches!(answer.code, 201 | 422)) {
            self.rules_verdict.count(ruled.is_accepted() == is_accepted);
            if !is_accepted {
                self.rules_fields.count(ruled.fields() == fields);
                self.rules_causes.count(ruled.causes_like(answer));
            }
        }
        let is_meant = |code: &String| meant::reason(&format!("false alarm {code}")).is_some();
        let is_refused = case
            .checked
            .codes
            .iter()
            .any(|code| !is_accepted || !is_meant(code));
        self.check_verdict.count(is_refused != is_accepted);
        self.false_alarms += usize::from(is_accepted && !case.checked.codes.is_empty());
        self.playground_code.count(case.embedded.code == answer.code);
        if !is_accepted {
            self.check_fields
                .count(fields.iter().all(|field| case.checked.fields.contains(field)));
            self.playground_fields.count(case.embedded.fields() == fields);
            self.playground_message.count(case.is_same_message);
        }
        let mut is_first = false;
        for difference in differences(case) {
            is_first |= self.add_difference(number, difference);
        }
        is_first
    }

    /// Adds a difference of a case. Returns whether it is the first of its group.
    pub fn add_difference(&mut self, number: usize, difference: Difference) -> bool {
        let cases = self.groups.entry(difference).or_default();
        cases.push(number);
        cases.len() == 1
    }

    /// Returns the rates as a table in Markdown.
    pub fn table(&self) -> String {
        let mut out = String::from("| compared | same |\n|---|---|\n");
        for (what, rate) in [
            ("rules: verdict, of what can be decoded", self.rules_verdict),
            ("rules: set of fields, of the refused", self.rules_fields),
            ("rules: causes word for word", self.rules_causes),
            ("check: verdict", self.check_verdict),
            ("check: every field that the server names", self.check_fields),
            ("playground: status code", self.playground_code),
            (
                "playground: set of fields, of the refused",
                self.playground_fields,
            ),
            ("playground: message word for word", self.playground_message),
        ] {
            if rate.all > 0 {
                let _ = writeln!(out, "| {what} | {rate} |");
            }
        }
        let _ = writeln!(out, "\nFalse alarms of the check: {}.", self.false_alarms);
        let codes: Vec<String> = self
            .codes
            .iter()
            .map(|(code, count)| format!("{code}: {count}"))
            .collect();
        let _ = writeln!(
            out,
            "Responses: {}; without a response: {}.",
            codes.join(", "),
            self.unanswered
        );
        out
    }
}

impl Ruled {
    fn is_accepted(&self) -> bool {
        self.causes.is_empty() && !self.is_mistyped
    }

    fn fields(&self) -> Vec<String> {
        let mut fields: Vec<String> = self.causes.iter().map(|[_, field, _]| field.clone()).collect();
        fields.sort();
        fields.dedup();
        fields
    }

    fn causes_like(&self, answer: &Answer) -> bool {
        sorted(&self.causes) == sorted(&answer.causes)
    }
}

fn sorted(causes: &[[String; 3]]) -> Vec<[String; 2]> {
    // Messages contain UIDs and generated names; the playground's are compared whole.
    let mut causes: Vec<_> = causes
        .iter()
        .map(|[reason, field, _]| [reason.clone(), field.clone()])
        .collect();
    causes.sort();
    causes
}

/// Returns in which ways the subjects differ from the server.
pub fn differences(case: &Case<'_>) -> Vec<Difference> {
    let answer = case.answer;
    let mut out = Vec::new();
    let mut differ = |subject, group: String| out.push(Difference { subject, group });
    let fields = answer.fields();
    if let Some(ruled) = case.ruled.as_ref().filter(|_| matches!(answer.code, 201 | 422)) {
        if ruled.is_mistyped {
            differ(Subject::Rules, "mistyped, but decoded by the server".to_owned());
        }
        let (wanted, found) = (sorted(&answer.causes), sorted(&ruled.causes));
        for [reason, field] in wanted.iter().filter(|cause| !found.contains(cause)) {
            differ(
                Subject::Rules,
                format!("missing {reason} {}", without_digits(field)),
            );
        }
        for [reason, field] in found.iter().filter(|cause| !wanted.contains(cause)) {
            differ(
                Subject::Rules,
                format!("extra {reason} {}", without_digits(field)),
            );
        }
    }
    if answer.is_accepted() {
        for (code, field) in case.checked.codes.iter().zip(&case.checked.fields) {
            differ(
                Subject::Check,
                format!("false alarm {code} {}", without_digits(field)),
            );
        }
    } else if case.checked.codes.is_empty() {
        differ(Subject::Check, format!("accepts {}", short(&answer.message)));
    } else {
        for field in fields.iter().filter(|field| !case.checked.fields.contains(field)) {
            differ(
                Subject::Check,
                format!("field not found {}", without_digits(field)),
            );
        }
    }
    let embedded = &case.embedded;
    if embedded.code != answer.code {
        let words = if answer.is_accepted() {
            &embedded.message
        } else {
            &answer.message
        };
        differ(
            Subject::Playground,
            format!("{} instead of {}: {}", embedded.code, answer.code, short(words)),
        );
    } else if embedded.fields() != fields {
        differ(
            Subject::Playground,
            format!("other fields: {}", short(&answer.message)),
        );
    } else if !case.is_same_message {
        differ(
            Subject::Playground,
            format!("other words: {}", short(&answer.message)),
        );
    } else if answer.is_accepted() && embedded.stored != answer.stored && !answer.stored.is_null() {
        let at = first_difference(&answer.stored, &embedded.stored, String::new()).unwrap_or_default();
        differ(
            Subject::Playground,
            format!("stored otherwise: {}", without_digits(&at)),
        );
    }
    out.sort();
    out.dedup();
    out
}

/// Returns the path of the first part in which two values differ.
pub fn first_difference(a: &serde_json::Value, b: &serde_json::Value, path: String) -> Option<String> {
    use serde_json::Value;
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let mut keys = a.keys().chain(b.keys());
            keys.find_map(|key| match (a.get(key), b.get(key)) {
                (Some(a), Some(b)) => first_difference(a, b, format!("{path}.{key}")),
                _ => Some(format!("{path}.{key}")),
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .find_map(|(a, b)| first_difference(a, b, format!("{path}[]"))),
        _ => (a != b).then_some(path),
    }
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|one| !one.is_ascii_digit()).collect()
}

/// Returns the beginning of a message without digits and quoted values.
fn short(message: &str) -> String {
    let message = message
        .split_once(" is invalid: ")
        .map_or(message, |(_, causes)| causes);
    let message = message
        .split_once("strict decoding error: ")
        .map_or(message, |(_, causes)| causes);
    let mut out = String::new();
    let mut is_quoted = false;
    for one in message.chars() {
        match one {
            '"' => {
                is_quoted = !is_quoted;
                out.push(one);
            }
            _ if is_quoted || one.is_ascii_digit() => {}
            _ => out.push(one),
        }
        if out.len() > 110 {
            break;
        }
    }
    out
}
