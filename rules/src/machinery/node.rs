//! A value with its path, read with the API server's types.

use serde_json::Value;

use super::walk::{Step, Walk, Wanted};
use crate::options::Options;

static NULL: Value = Value::Null;

/// A value and its path. A missing value is null. A value of another type than requested is reported once as
/// mistyped and otherwise treated as missing.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub value: &'a Value,
    /// Number of the last step; 0 for the root.
    pub(super) at: u32,
}

impl<'a> Node<'a> {
    pub fn root(walk: &'a Walk<'a>, value: &'a Value) -> Self {
        Self { walk, value, at: 0 }
    }

    pub fn options(&self) -> &'a Options {
        self.walk.options
    }

    fn step(self, step: Step<'a>, value: &'a Value) -> Self {
        let mut steps = self.walk.steps.borrow_mut();
        steps.push((self.at, step));
        let at = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        Self { value, at, ..self }
    }

    fn member(&self, key: &str) -> &'a Value {
        self.value.get(key).unwrap_or(&NULL)
    }

    fn report_mistyped(self, wanted: Wanted) {
        self.walk.mistyped.borrow_mut().push((self.at, wanted));
    }

    // Paths.

    /// Returns the member with this key.
    pub fn get(self, key: &'a str) -> Self {
        let value = self.member(key);
        self.step(Step::Key(key), value)
    }

    /// Returns the member with this key, for which the server's path has another key.
    pub fn spelled(self, key: &'a str, server: &'a str) -> Self {
        let value = self.member(key);
        self.step(Step::Spelled(key, server), value)
    }

    /// Returns the member with this key, which the server's path omits.
    pub fn omitted(self, key: &'a str) -> Self {
        let value = self.member(key);
        self.step(Step::OmittedKey(key), value)
    }

    /// Returns the member of a map.
    pub fn map_key(self, key: &'a str) -> Self {
        let value = self.member(key);
        self.step(Step::MapKey(key), value)
    }

    /// Returns the list item with this index.
    pub fn item(self, index: usize) -> Self {
        let value = self.value.get(index).unwrap_or(&NULL);
        self.step(Step::Index(index), value)
    }

    /// Returns this value with an additional key in the server's path.
    pub fn added(self, key: &'a str) -> Self {
        self.step(Step::Added(key), self.value)
    }

    /// Returns this list item with its index omitted from the server's path.
    pub fn without_index(self) -> Self {
        match self.walk.step(self.at) {
            Some((parent, Step::Index(index))) => {
                let parent = Self { at: parent, ..self };
                parent.step(Step::OmittedIndex(index), self.value)
            }
            _ => self,
        }
    }

    /// Returns this list item with the list's key replaced, and its index omitted, in the server's path.
    pub fn with_list_renamed(self, server: &'a str) -> Self {
        let Some((list, Step::Index(index))) = self.walk.step(self.at) else {
            return self;
        };
        let Some((parent, Step::Key(key))) = self.walk.step(list) else {
            return self;
        };
        let parent = Self { at: parent, ..self };
        let list = parent.step(Step::Spelled(key, server), self.value);
        list.step(Step::OmittedIndex(index), self.value)
    }

    /// Returns this list item with the list's key and its index omitted from the server's path.
    pub fn without_list_and_index(self) -> Self {
        let Some((list, Step::Index(index))) = self.walk.step(self.at) else {
            return self;
        };
        let Some((parent, Step::Key(key))) = self.walk.step(list) else {
            return self;
        };
        let parent = Self { at: parent, ..self };
        let list = parent.step(Step::OmittedKey(key), self.value);
        list.step(Step::OmittedIndex(index), self.value)
    }

    // Values.

    /// Returns whether the member is neither missing nor null.
    pub fn has(&self, key: &str) -> bool {
        !self.member(key).is_null()
    }

    /// Returns the member if it is a mapping.
    pub fn object(self, key: &'a str) -> Option<Self> {
        match self.member(key) {
            Value::Null => None,
            Value::Object(_) => Some(self.get(key)),
            _ => {
                self.get(key).report_mistyped(Wanted::Mapping);
                None
            }
        }
    }

    /// Returns the items of a list with their paths. A null item is kept, since Go decodes it as an empty struct.
    pub fn items(self, key: &'a str) -> Vec<Self> {
        let list = match self.member(key) {
            Value::Null => return Vec::new(),
            Value::Array(items) if items.is_empty() => return Vec::new(),
            _ => self.get(key),
        };
        let Value::Array(items) = list.value else {
            list.report_mistyped(Wanted::List);
            return Vec::new();
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| list.step(Step::Index(index), item))
            .collect()
    }

    /// Returns the items of a list of mappings; others are reported as mistyped and left out.
    pub fn structs(self, key: &'a str) -> Vec<Self> {
        self.items(key)
            .into_iter()
            .filter(|item| {
                let fits = item.value.is_object() || item.value.is_null();
                if !fits {
                    item.report_mistyped(Wanted::Mapping);
                }
                fits
            })
            .collect()
    }

    /// Returns the number of items of a list.
    pub fn count(&self, key: &str) -> usize {
        self.member(key).as_array().map_or(0, Vec::len)
    }

    /// Returns the members of a map sorted by key, the order of the server's tests.
    pub fn members(self, key: &'a str) -> Vec<(&'a str, Self)> {
        let Some(map) = self.object(key) else {
            return Vec::new();
        };
        let mut members: Vec<(&'a str, &'a Value)> = map
            .value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        members.sort_by_key(|(key, _)| *key);
        members
            .into_iter()
            .map(|(key, value)| (key, map.step(Step::MapKey(key), value)))
            .collect()
    }

    /// Returns this value if it is a string.
    pub fn as_text(self) -> Option<&'a str> {
        match self.value {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => {
                self.report_mistyped(Wanted::Text);
                None
            }
        }
    }

    /// Returns this value if it is an integer.
    pub fn as_integer(self) -> Option<i64> {
        let whole = |number: &serde_json::Number| {
            let whole = number
                .as_f64()
                .filter(|number| number.fract() == 0.0 && number.abs() < 9.0e15);
            #[allow(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
            number.as_i64().or(whole.map(|number| number as i64))
        };
        let number = match self.value {
            Value::Null => return None,
            Value::Number(number) => whole(number),
            _ => None,
        };
        if number.is_none() {
            self.report_mistyped(Wanted::Integer);
        }
        number
    }

    /// Returns a string member, if it is set.
    pub fn maybe_text(self, key: &'a str) -> Option<&'a str> {
        match self.member(key) {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => self.get(key).as_text(),
        }
    }

    /// Returns a string member; empty if it is missing.
    pub fn text(self, key: &'a str) -> &'a str {
        self.maybe_text(key).unwrap_or_default()
    }

    /// Returns whether the member is set to another type than a string, which has been reported as mistyped.
    pub fn is_mistyped_text(&self, key: &str) -> bool {
        !matches!(self.member(key), Value::Null | Value::String(_))
    }

    /// Returns an integer member, if it is set.
    pub fn integer(self, key: &'a str) -> Option<i64> {
        match self.member(key) {
            Value::Null => None,
            _ => self.get(key).as_integer(),
        }
    }

    /// Returns an integer member, if it is set; other types are not reported.
    pub fn get_number(&self, key: &str) -> Option<i64> {
        self.member(key).as_i64()
    }

    /// Returns a Boolean member, if it is set.
    pub fn maybe_flag(self, key: &'a str) -> Option<bool> {
        match self.member(key) {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            _ => {
                self.get(key).report_mistyped(Wanted::Boolean);
                None
            }
        }
    }

    /// Returns a Boolean member; false if it is missing.
    pub fn flag(self, key: &'a str) -> bool {
        self.maybe_flag(key).unwrap_or(false)
    }

    /// Returns this value as a quantity; `None` if it is not one.
    pub fn as_quantity(self) -> Option<super::quantity::Quantity> {
        let quantity = super::quantity::Quantity::read(self.value).and_then(Result::ok);
        if quantity.is_none() {
            self.report_mistyped(Wanted::Quantity);
        }
        quantity
    }
}
