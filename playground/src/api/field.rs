//! Validation errors of single fields, with the messages of apimachinery's `field.Error`.

use std::fmt;

use k8s_rules::Cause;
use k8s_rules::machinery::go::quote;
use serde_json::{Value, json};

/// A validation error of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    field: String,
    reason: &'static str,
    /// The message without the field path.
    message: String,
}

impl From<Cause> for FieldError {
    fn from(cause: Cause) -> Self {
        Self {
            field: cause.path.server(),
            reason: cause.reason(),
            message: cause.message(),
        }
    }
}

impl FieldError {
    fn new(
        field: impl Into<String>,
        reason: &'static str,
        summary: String,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        let message = if detail.is_empty() {
            summary
        } else {
            format!("{summary}: {detail}")
        };
        Self {
            field: field.into(),
            reason,
            message,
        }
    }

    /// Creates a `Required value` error: the field must be set.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, "FieldValueRequired", "Required value".to_owned(), detail)
    }

    /// Creates an `Invalid value` error.
    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        let summary = match value.into() {
            Value::String(text) => format!("Invalid value: {}", quote(&text)),
            other => format!("Invalid value: {other}"),
        };
        Self::new(field, "FieldValueInvalid", summary, detail)
    }

    /// Creates an `Invalid value` error whose message omits the value.
    pub fn invalid_plain(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, "FieldValueInvalid", "Invalid value".to_owned(), detail)
    }

    /// Creates an `Unsupported value` error: the value is not one of `allowed`.
    pub fn not_supported(field: impl Into<String>, value: impl Into<Value>, allowed: &[&str]) -> Self {
        let allowed: Vec<String> = allowed.iter().map(|one| format!("\"{one}\"")).collect();
        let summary = format!("Unsupported value: {}", value.into());
        let detail = format!("supported values: {}", allowed.join(", "));
        Self::new(field, "FieldValueNotSupported", summary, detail)
    }

    /// Creates a `Forbidden` error: the field must not be set here.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, "FieldValueForbidden", "Forbidden".to_owned(), detail)
    }

    /// Creates a placeholder for an error beyond [`MAX_CAUSES`](super::error::MAX_CAUSES), which is only
    /// counted.
    pub(super) fn counted() -> Self {
        Self::new("", "", String::new(), "")
    }

    /// Creates a `Duplicate value` error.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        let summary = format!("Duplicate value: {}", value.into());
        Self::new(field, "FieldValueDuplicate", summary, "")
    }

    /// Creates a `Too long` error; `max` is in bytes.
    pub fn too_long(field: impl Into<String>, max: u64) -> Self {
        let detail = format!("may not be more than {max} bytes");
        Self::new(field, "FieldValueTooLong", "Too long".to_owned(), detail)
    }

    /// Returns the entry in `details.causes` of a `Status`.
    pub fn cause(&self) -> Value {
        json!({"reason": self.reason, "message": self.message, "field": self.field})
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message)
    }
}
