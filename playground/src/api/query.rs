//! Query parameters of a request.

use crate::api::error::ApiError;
use crate::api::field::FieldError;
use crate::api::path::percent_decode;

/// The parameters, in the order of the URL.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Parses the part of the URL after `?`.
    pub fn parse(query: Option<&str>) -> Self {
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (percent_decode(key, true), percent_decode(value, true))
            })
            .collect();
        Self { pairs }
    }

    /// Returns the parameter's first value, if it is set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the parameter's first value; empty if it is not set.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// Returns all values of the parameter.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// Reads a boolean as apimachinery's conversion does: true if set to anything but `false` or `0`.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| !matches!(value.to_lowercase().as_str(), "false" | "0"))
    }

    /// Reads an integer; otherwise returns the API server's error.
    pub fn integer(&self, key: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        text.parse::<i64>().map(Some).map_err(|error| {
            ApiError::bad_request(format!(
                "strconv.ParseInt: parsing \"{text}\": {}",
                number_error(&error)
            ))
        })
    }

    /// Reports whether this is a dry run. `options` is the kind of the options, such as `CreateOptions`.
    pub fn dry_run(&self, options: &str) -> Result<bool, ApiError> {
        let values: Vec<&str> = self.all("dryRun").collect();
        check_dry_run(options, &values)
    }
}

/// Returns what Go's `strconv` says of a text that is not a number.
pub fn number_error(error: &std::num::ParseIntError) -> &'static str {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    match error.kind() {
        PosOverflow | NegOverflow => "value out of range",
        _ => "invalid syntax",
    }
}

/// Reports whether the values of `dryRun` request a dry run; values other than `All` are refused.
pub fn check_dry_run(options: &str, values: &[&str]) -> Result<bool, ApiError> {
    dry_run_of(values).map_err(|error| ApiError::invalid(options, "meta.k8s.io", "", &[error]))
}

/// Reports whether the values of `dryRun` request a dry run.
pub fn dry_run_of(values: &[&str]) -> Result<bool, FieldError> {
    if values.iter().all(|value| value.is_empty()) {
        return Ok(false);
    }
    if values.iter().any(|value| *value != "All") {
        return Err(FieldError::not_supported(
            "dryRun",
            serde_json::json!(values),
            &["All"],
        ));
    }
    Ok(true)
}
