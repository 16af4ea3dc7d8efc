//! Validation beyond the rules for new Jobs and Pods (`k8s_rules`): other kinds, quotas, the status, and
//! immutable fields.

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

/// Returns the validation options for defaulted objects. `minor` is Kubernetes' minor version.
pub fn options(minor: Option<u16>) -> Options {
    Options {
        defaulted: true,
        minor,
    }
}

/// Converts the causes of a report. Decoded objects have no wrong types. Causes beyond `MAX_CAUSES` are
/// only counted: the messages of hundreds of thousands of errors would take hundreds of megabytes.
pub fn causes(report: Report) -> impl Iterator<Item = FieldError> {
    let causes = report.causes.into_iter().enumerate();
    causes.map(|(index, cause)| match index {
        ..MAX_CAUSES => FieldError::from(cause),
        _ => FieldError::counted(),
    })
}

/// Returns the API server's messages about a name.
fn sentences(faults: Vec<Fault>) -> Vec<String> {
    faults
        .into_iter()
        .map(|fault| fault.sentence().into_owned())
        .collect()
}

/// Reports each problem of a name as an `Invalid value` error.
fn faults(path: &str, name: &str, faults: Vec<Fault>, errors: &mut Vec<FieldError>) {
    errors.extend(
        faults
            .into_iter()
            .map(|fault| FieldError::invalid(path, name, fault.sentence())),
    );
}

/// Returns a string member; empty if it is missing.
fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// Returns the items of a list member; none if it is missing.
fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    object[name].as_array().map_or(&[], Vec::as_slice)
}

/// Reports a negative number.
fn not_negative(object: &Value, name: &str, path: &str, errors: &mut Vec<FieldError>) {
    if let Some(number) = object[name].as_i64()
        && number < 0
    {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid(format!("{path}.{name}"), number, detail));
    }
}
