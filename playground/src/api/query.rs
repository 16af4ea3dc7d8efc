//! Query parameters of a request.

use crate::api::error::ApiError;
use crate::api::field::FieldError;
use crate::api::path::percent_decode;

/// The parameters, in order.
#[derive(Clone, Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads the part of the URL after `?`.
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

    /// The first value, if the parameter is given.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The first value; empty if not given.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// Every value of the parameter.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// A flag, as apimachinery's conversion reads it: given, and neither `false` nor `0`.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key)
            .is_some_and(|value| !matches!(value.to_lowercase().as_str(), "false" | "0"))
    }

    /// A whole number, with the server's text if it is none.
    pub fn integer(&self, key: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.get(key).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            ApiError::bad_request(format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))
        })
    }

    /// Whether this is a dry run. `options` is the kind of options, such as `CreateOptions`.
    pub fn dry_run(&self, options: &str) -> Result<bool, ApiError> {
        let values: Vec<&str> = self.all("dryRun").collect();
        check_dry_run(options, &values)
    }
}

/// Whether the values of `dryRun` ask for a dry run; only `All` may.
pub fn check_dry_run(options: &str, values: &[&str]) -> Result<bool, ApiError> {
    if values.iter().all(|value| value.is_empty()) {
        return Ok(false);
    }
    if values.iter().any(|value| *value != "All") {
        let error = FieldError::not_supported("dryRun", serde_json::json!(values), &["All"]);
        return Err(ApiError::invalid(options, "meta.k8s.io", "", &[error]));
    }
    Ok(true)
}
