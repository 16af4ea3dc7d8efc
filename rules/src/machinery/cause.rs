//! A cause: one validation error of the API server.

use std::borrow::Cow;

use serde_json::Value;

use super::go;
use super::path::FieldPath;
use super::rule::Rule;

/// The type of a cause (apimachinery's `field.ErrorType`).
#[derive(Clone, Debug, PartialEq)]
pub enum CauseKind {
    /// A required value is missing.
    Required,
    /// The value is invalid.
    Invalid,
    /// The value is not one of those supported.
    NotSupported(Vec<String>),
    /// The value is not allowed here.
    Forbidden,
    /// The value occurs earlier in the list.
    Duplicate,
    /// The string has more than this many bytes.
    TooLong(usize),
    /// The list has more than this many items.
    TooMany(usize),
    /// The referenced object does not exist.
    NotFound,
}

/// One reason why the server rejects an object (`field.Error`).
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The violated rule.
    pub rule: Rule,
    /// The server's error type.
    pub kind: CauseKind,
    /// The path of the field.
    pub path: FieldPath,
    /// The invalid value, if the server includes it in its message.
    pub value: Option<Value>,
    /// Arguments of a message about it: a key, a value, a limit.
    pub args: Vec<String>,
    /// Whether the value has a type of its own in Go, so that the server prints it as JSON even if it is a string.
    pub(crate) is_typed: bool,
    pub(crate) detail: Cow<'static, str>,
}

impl Cause {
    /// Returns the `reason` of the server's cause.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self.kind {
            CauseKind::Required => "FieldValueRequired",
            CauseKind::Invalid => "FieldValueInvalid",
            CauseKind::NotSupported(_) => "FieldValueNotSupported",
            CauseKind::Forbidden => "FieldValueForbidden",
            CauseKind::Duplicate => "FieldValueDuplicate",
            CauseKind::TooLong(_) => "FieldValueTooLong",
            CauseKind::TooMany(_) => "FieldValueTooMany",
            CauseKind::NotFound => "FieldValueNotFound",
        }
    }

    /// Returns the server's detail, which follows the value. Empty in builds without the feature `details`.
    #[must_use]
    pub fn detail(&self) -> Cow<'_, str> {
        match &self.kind {
            CauseKind::NotSupported(supported) => {
                let supported: Vec<String> = supported.iter().map(|one| go::quote(one)).collect();
                format!("supported values: {}", supported.join(", ")).into()
            }
            CauseKind::TooLong(max) => format!("may not be more than {max} bytes").into(),
            CauseKind::TooMany(max) => format!("must have at most {max} items").into(),
            _ => Cow::Borrowed(&*self.detail),
        }
    }

    /// Returns the server's message without the field, as in `details.causes`.
    #[must_use]
    pub fn message(&self) -> String {
        let head = match &self.kind {
            CauseKind::Required => "Required value",
            CauseKind::Invalid => "Invalid value",
            CauseKind::NotSupported(_) => "Unsupported value",
            CauseKind::Forbidden => "Forbidden",
            CauseKind::Duplicate => "Duplicate value",
            CauseKind::TooLong(_) => "Too long",
            CauseKind::TooMany(_) => "Too many",
            CauseKind::NotFound => "Not found",
        };
        let mut out = head.to_owned();
        let value = self.value.as_ref();
        let value = value.map(if self.is_typed { go::json } else { shown });
        let parts = [value, Some(self.detail().into_owned())];
        for part in parts.into_iter().flatten().filter(|part| !part.is_empty()) {
            out.push_str(": ");
            out.push_str(&part);
        }
        out
    }
}

/// Formats a value as the server's messages do.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => go::quote(text),
        other => go::json(other),
    }
}
