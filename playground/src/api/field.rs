//! What is wrong with one field, in the words of apimachinery's `field.Error`.

use std::fmt;

use k8s_rules::Cause;
use serde_json::{Value, json};

/// One wrong field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    field: String,
    reason: &'static str,
    /// The message without the field.
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
    fn new(field: impl Into<String>, reason: &'static str, head: String, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let message = if detail.is_empty() {
            head
        } else {
            format!("{head}: {detail}")
        };
        Self {
            field: field.into(),
            reason,
            message,
        }
    }

    /// The field must be given.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, "FieldValueRequired", "Required value".to_owned(), detail)
    }

    /// The field's value is wrong.
    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        let head = format!("Invalid value: {}", value.into());
        Self::new(field, "FieldValueInvalid", head, detail)
    }

    /// The field is wrong and its value is not shown.
    pub fn invalid_plain(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, "FieldValueInvalid", "Invalid value".to_owned(), detail)
    }

    /// The field's value is none of those allowed.
    pub fn not_supported(field: impl Into<String>, value: impl Into<Value>, allowed: &[&str]) -> Self {
        let allowed: Vec<String> = allowed.iter().map(|one| format!("\"{one}\"")).collect();
        let head = format!("Unsupported value: {}", value.into());
        let detail = format!("supported values: {}", allowed.join(", "));
        Self::new(field, "FieldValueNotSupported", head, detail)
    }

    /// The field may not be given here.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, "FieldValueForbidden", "Forbidden".to_owned(), detail)
    }

    /// One of which an answer only says that there is one more.
    pub(super) fn counted() -> Self {
        Self::new("", "", String::new(), "")
    }

    /// The value occurs before.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        let head = format!("Duplicate value: {}", value.into());
        Self::new(field, "FieldValueDuplicate", head, "")
    }

    /// More bytes than allowed.
    pub fn too_long(field: impl Into<String>, most: u64) -> Self {
        let detail = format!("may not be more than {most} bytes");
        Self::new(field, "FieldValueTooLong", "Too long".to_owned(), detail)
    }

    /// The entry of `details.causes`.
    pub fn cause(&self) -> Value {
        json!({"reason": self.reason, "message": self.message, "field": self.field})
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message)
    }
}
