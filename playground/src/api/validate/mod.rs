//! What the server refuses, field by field, in its own words.

pub mod container;
pub mod job;
pub mod job_status;
pub mod meta;
pub mod others;
pub mod pod;
pub mod pod_spec;
pub mod quota;
pub mod scheduling;
pub mod security;
pub mod volume;

use serde_json::Value;

use crate::api::field::FieldError;

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

/// Refuses a string that is none of those allowed; a missing one is fine.
fn one_of(object: &Value, name: &str, path: &str, allowed: &[&str], errors: &mut Vec<FieldError>) {
    if let Some(value) = object[name].as_str()
        && !allowed.contains(&value)
    {
        errors.push(FieldError::not_supported(
            format!("{path}.{name}"),
            value,
            allowed,
        ));
    }
}
