//! What is wrong with one field, in the words of apimachinery's `field.Error`.

use std::fmt;

use serde_json::{Value, json};

/// The kinds of field errors and their parts.
#[derive(Clone, Debug, PartialEq)]
enum Problem {
    Required,
    Invalid(Value),
    /// Invalid without a value: Kubernetes passes the text as the value's stand-in.
    InvalidPlain,
    NotFound(Value),
    NotSupported(Value, Vec<String>),
    Forbidden,
    Duplicate(Value),
    TooLong(u64),
    TooMany {
        actual: usize,
        most: usize,
    },
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    field: String,
    problem: Problem,
    detail: String,
}

impl FieldError {
    fn new(field: impl Into<String>, problem: Problem, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem,
            detail: detail.into(),
        }
    }

    /// The field must be given.
    pub fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, Problem::Required, detail)
    }

    /// The field's value is wrong.
    pub fn invalid(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(field, Problem::Invalid(value.into()), detail)
    }

    /// The field is wrong and its value is not shown.
    pub fn invalid_plain(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, Problem::InvalidPlain, detail)
    }

    /// What the field names does not exist.
    pub fn not_found(field: impl Into<String>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(field, Problem::NotFound(value.into()), detail)
    }

    /// The field's value is none of those allowed.
    pub fn not_supported(field: impl Into<String>, value: impl Into<Value>, allowed: &[&str]) -> Self {
        let allowed = allowed.iter().map(|one| (*one).to_owned()).collect();
        Self::new(field, Problem::NotSupported(value.into(), allowed), "")
    }

    /// The field may not be given here.
    pub fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, Problem::Forbidden, detail)
    }

    /// The value occurs before.
    pub fn duplicate(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self::new(field, Problem::Duplicate(value.into()), "")
    }

    /// More bytes than allowed.
    pub fn too_long(field: impl Into<String>, most: u64) -> Self {
        Self::new(field, Problem::TooLong(most), "")
    }

    /// More items than allowed.
    pub fn too_many(field: impl Into<String>, actual: usize, most: usize) -> Self {
        Self::new(field, Problem::TooMany { actual, most }, "")
    }

    /// `reason` of the cause.
    fn reason(&self) -> &'static str {
        match self.problem {
            Problem::Required => "FieldValueRequired",
            Problem::Invalid(_) | Problem::InvalidPlain => "FieldValueInvalid",
            Problem::NotFound(_) => "FieldValueNotFound",
            Problem::NotSupported(..) => "FieldValueNotSupported",
            Problem::Forbidden => "FieldValueForbidden",
            Problem::Duplicate(_) => "FieldValueDuplicate",
            Problem::TooLong(_) => "FieldValueTooLong",
            Problem::TooMany { .. } => "FieldValueTooMany",
        }
    }

    /// The message without the field.
    fn message(&self) -> String {
        let head = match &self.problem {
            Problem::Required => "Required value".to_owned(),
            Problem::Invalid(value) => format!("Invalid value: {value}"),
            Problem::InvalidPlain => "Invalid value".to_owned(),
            Problem::NotFound(value) => format!("Not found: {value}"),
            Problem::NotSupported(value, allowed) => {
                let allowed: Vec<String> = allowed.iter().map(|one| format!("\"{one}\"")).collect();
                let list = allowed.join(", ");
                return format!("Unsupported value: {value}: supported values: {list}");
            }
            Problem::Forbidden => "Forbidden".to_owned(),
            Problem::Duplicate(value) => format!("Duplicate value: {value}"),
            Problem::TooLong(most) => format!("Too long: may not be more than {most} bytes"),
            Problem::TooMany { actual, most } => {
                format!("Too many: {actual}: must have at most {most} items")
            }
        };
        if self.detail.is_empty() {
            head
        } else {
            format!("{head}: {}", self.detail)
        }
    }

    /// The entry of `details.causes`.
    pub fn cause(&self) -> Value {
        json!({"reason": self.reason(), "message": self.message(), "field": self.field})
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message())
    }
}
