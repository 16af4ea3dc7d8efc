//! What the server refuses beyond the rules of new Jobs and Pods (`k8s_rules`): other kinds, quotas, the status, and what
//! may not change.

pub mod job;
pub mod job_status;
pub mod meta;
pub mod others;
pub mod pod;
pub mod quota;

use serde_json::Value;

use k8s_rules::Options;
use k8s_rules::machinery::names::Fault;
use k8s_rules::validation::Report;

use super::error::MAX_CAUSES;
use super::field::FieldError;

/// Rules for objects that have their defaults.
pub fn options(minor: Option<u16>) -> Options {
    Options {
        defaulted: true,
        minor,
    }
}

/// The causes of a report. What is decoded has no wrong types. Those beyond what an answer shows are only counted:
/// their sentences would take hundreds of megabytes for an object of hundreds of thousands of mistakes.
pub fn causes(report: Report) -> impl Iterator<Item = FieldError> {
    let causes = report.causes.into_iter().enumerate();
    causes.map(|(index, cause)| match index {
        ..MAX_CAUSES => FieldError::from(cause),
        _ => FieldError::counted(),
    })
}

/// What is wrong with a name, in the server's words.
fn sentences(faults: Vec<Fault>) -> Vec<String> {
    faults
        .into_iter()
        .map(|fault| fault.sentence().into_owned())
        .collect()
}

/// What is wrong with a name, each as a cause.
fn faults(path: &str, name: &str, faults: Vec<Fault>, errors: &mut Vec<FieldError>) {
    errors.extend(
        faults
            .into_iter()
            .map(|fault| FieldError::invalid(path, name, fault.sentence())),
    );
}

/// A string member; empty if missing.
fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// The items of a list member.
fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object[name].as_array().map_or(&[], Vec::as_slice)
}

/// Refuses a number below zero.
fn not_negative(object: &Value, name: &str, path: &str, errors: &mut Vec<FieldError>) {
    if let Some(number) = object[name].as_i64()
        && number < 0
    {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid(format!("{path}.{name}"), number, detail));
    }
}
