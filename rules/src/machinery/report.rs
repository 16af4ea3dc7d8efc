//! Reports causes about a value, with one method per type of cause.

use std::borrow::Cow;

use serde_json::Value;

use super::cause::{Cause, CauseKind};
use super::names::Fault;
use super::node::Node;
use super::rule::Rule;

impl<'a> Node<'a> {
    /// Returns the number of causes found so far.
    pub fn causes(&self) -> usize {
        self.walk.causes.borrow().len()
    }

    /// Reports a cause here. [`Walk::found`](super::walk::Walk::found) drops causes about mistyped values.
    pub fn report(
        self,
        rule: Rule,
        kind: CauseKind,
        value: Option<Value>,
        args: &[&str],
        detail: Cow<'static, str>,
    ) {
        let is_typed = matches!(kind, CauseKind::NotSupported(_)) || rule == Rule::ResourceName;
        let cause = Cause {
            rule,
            kind,
            path: self.walk.path(self.at),
            value,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            is_typed,
            detail,
        };
        self.walk.causes.borrow_mut().push(cause);
    }

    /// Reports that this value, which has a type of its own in Go or is a pointer, is invalid.
    pub fn invalid_typed(self, rule: Rule, value: &str, args: &[&str], detail: Cow<'static, str>) {
        self.invalid(rule, value, args, detail);
        if let Some(cause) = self.walk.causes.borrow_mut().last_mut() {
            cause.is_typed = true;
        }
    }

    /// Reports that a value is required here.
    pub fn required(self, rule: Rule, args: &[&str], detail: Cow<'static, str>) {
        self.report(rule, CauseKind::Required, None, args, detail);
    }

    /// Reports that this field is required.
    pub fn require(self) {
        let key = self.walk.path(self.at).last_key();
        self.required(Rule::FieldRequired, &[&key], Cow::Borrowed(""));
    }

    /// Returns a required string member; reports it if it is missing or empty.
    pub fn required_text(self, key: &'a str) -> &'a str {
        let text = self.text(key);
        if text.is_empty() && !self.is_mistyped_text(key) {
            self.get(key).require();
        }
        text
    }

    /// Reports that this value is invalid.
    pub fn invalid(self, rule: Rule, value: impl Into<Value>, args: &[&str], detail: Cow<'static, str>) {
        self.report(rule, CauseKind::Invalid, Some(value.into()), args, detail);
    }

    /// Reports that this field is invalid, without a value.
    pub fn invalid_here(self, rule: Rule, args: &[&str], detail: Cow<'static, str>) {
        self.report(rule, CauseKind::Invalid, None, args, detail);
    }

    /// Reports that this field is forbidden by a rule.
    pub fn forbid(self, rule: Rule, args: &[&str], detail: Cow<'static, str>) {
        self.report(rule, CauseKind::Forbidden, None, args, detail);
    }

    /// Reports that this field is forbidden.
    pub fn forbidden(self, detail: Cow<'static, str>) {
        let key = self.walk.path(self.at).last_key();
        self.forbid(Rule::FieldForbidden, &[&key], detail);
    }

    /// Reports that this value is not supported.
    pub fn unsupported(self, value: &str, supported: &[&str]) {
        self.unsupported_by(Rule::FieldEnum, value, supported);
    }

    /// Reports that this value is not supported, by a specific rule.
    pub fn unsupported_by(self, rule: Rule, value: &str, supported: &[&str]) {
        let named: Vec<&str> = supported.iter().copied().filter(|one| !one.is_empty()).collect();
        let kind = CauseKind::NotSupported(supported.iter().map(|one| (*one).to_owned()).collect());
        self.report(
            rule,
            kind,
            Some(value.into()),
            &[value, &named.join(", ")],
            Cow::Borrowed(""),
        );
    }

    /// Validates that a string member is one of the supported values, or missing.
    pub fn one_of(self, key: &'a str, supported: &[&str]) {
        if let Some(value) = self.maybe_text(key)
            && !supported.contains(&value)
        {
            self.get(key).unsupported(value, supported);
        }
    }

    /// Reports that this value is a duplicate.
    pub fn duplicate(self, rule: Rule, value: impl Into<Value>, args: &[&str]) {
        self.report(
            rule,
            CauseKind::Duplicate,
            Some(value.into()),
            args,
            Cow::Borrowed(""),
        );
    }

    /// Reports that the object this value refers to does not exist.
    pub fn not_found(self, rule: Rule, value: &str, detail: Cow<'static, str>) {
        self.report(rule, CauseKind::NotFound, Some(value.into()), &[value], detail);
    }

    /// Reports that this string is too long.
    pub fn too_long(self, rule: Rule, max: usize) {
        self.report(
            rule,
            CauseKind::TooLong(max),
            None,
            &[&max.to_string()],
            Cow::Borrowed(""),
        );
    }

    /// Reports that this list is too long.
    pub fn too_many(self, actual: usize, max: usize) {
        let kind = CauseKind::TooMany(max);
        self.report(
            Rule::ListLong,
            kind,
            Some(actual.into()),
            &[&max.to_string()],
            Cow::Borrowed(""),
        );
    }

    /// Reports the faults of a name.
    pub fn faults(self, rule: Rule, value: &str, faults: &[Fault]) {
        for fault in faults {
            self.invalid(rule, value, &[value], sentence(*fault));
        }
    }

    /// Reports the faults of an object's name, or of a part of one.
    pub fn name_faults(self, value: &str, faults: &[Fault]) {
        for fault in faults {
            match fault {
                Fault::TooLong(max) => {
                    self.invalid(Rule::NameLong, value, &[&max.to_string()], sentence(*fault));
                }
                _ => self.invalid(Rule::NameInvalid, value, &[value], sentence(*fault)),
            }
        }
    }

    /// Returns an integer member; reports it if it is negative.
    pub fn not_negative(self, key: &'a str) -> Option<i64> {
        let number = self.integer(key)?;
        if number < 0 {
            let detail = super::detail!("must be greater than or equal to 0");
            self.get(key).invalid(Rule::FieldMinimum, number, &["0"], detail);
        }
        Some(number)
    }

    /// Returns an integer member; reports it if it is not within `low..=high`.
    pub fn within(self, key: &'a str, low: i64, high: i64) -> Option<i64> {
        let number = self.integer(key)?;
        if !(low..=high).contains(&number) {
            let detail = super::detail!("must be between {low} and {high}, inclusive");
            let args = [low.to_string(), high.to_string()];
            self.get(key)
                .invalid(Rule::FieldRange, number, &[&args[0], &args[1]], detail);
        }
        Some(number)
    }
}

/// Returns the server's message about a fault; empty in builds without the feature `details`.
pub(crate) fn sentence(fault: Fault) -> Cow<'static, str> {
    #[cfg(feature = "details")]
    return fault.sentence();
    #[cfg(not(feature = "details"))]
    {
        let _ = fault;
        Cow::Borrowed("")
    }
}
