//! One reason why the server refuses an object.

use std::borrow::Cow;

use serde_json::Value;

use super::go;
use super::path::FieldPath;
use super::rule::Rule;

/// The kinds of causes (apimachinery's `field.ErrorType`).
#[derive(Clone, Debug, PartialEq)]
pub enum CauseKind {
    /// A value has to be given.
    Required,
    /// The value is wrong.
    Invalid,
    /// The value is none of those supported.
    NotSupported(Vec<String>),
    /// The value may not be given here.
    Forbidden,
    /// The value stands there before.
    Duplicate,
    /// The text has more than this many bytes.
    TooLong(usize),
    /// The list has more than this many items.
    TooMany(usize),
    /// What the value names is not there.
    NotFound,
}

/// One reason why the server refuses an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The rule that is broken.
    pub rule: Rule,
    /// The server's kind of it.
    pub kind: CauseKind,
    /// Where.
    pub path: FieldPath,
    /// The value that is wrong, if the server shows it.
    pub value: Option<Value>,
    /// What a message about it names: a key, a value, a limit.
    pub args: Vec<String>,
    pub(crate) detail: Cow<'static, str>,
}

impl Cause {
    /// `reason` of the server's cause.
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

    /// The server's sentence behind the value. Empty in builds without the feature `details`.
    #[must_use]
    pub fn detail(&self) -> Cow<'_, str> {
        match &self.kind {
            CauseKind::NotSupported(supported) => {
                let supported: Vec<String> = supported.iter().map(|one| go::quote(one)).collect();
                format!("supported values: {}", supported.join(", ")).into()
            }
            CauseKind::TooLong(most) => format!("may not be more than {most} bytes").into(),
            CauseKind::TooMany(most) => format!("must have at most {most} items").into(),
            _ => Cow::Borrowed(&*self.detail),
        }
    }

    /// The server's message without the field, as in `details.causes`.
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
        // Values that are one of several have types of their own in Go, and are printed as JSON.
        let is_typed = matches!(self.kind, CauseKind::NotSupported(_));
        let value = self.value.as_ref();
        let value = value.map(if is_typed { go::json } else { shown });
        let parts = [value, Some(self.detail().into_owned())];
        for part in parts.into_iter().flatten().filter(|part| !part.is_empty()) {
            out.push_str(": ");
            out.push_str(&part);
        }
        out
    }
}

/// A value as a message shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => go::quote(text),
        other => go::json(other),
    }
}
