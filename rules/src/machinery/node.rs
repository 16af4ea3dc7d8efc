//! A value with its place, and what was found there.

use std::borrow::Cow;
use std::cell::RefCell;

use serde_json::Value;

use super::cause::{Cause, CauseKind};
use super::names::Fault;
use super::path::{FieldPath, Place, Segment};
use super::rule::Rule;
use crate::features::Feature;
use crate::validation::Options;

static NULL: Value = Value::Null;

/// What should stand where something else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// A mapping.
    Mapping,
    /// A quantity; if it is a text, one that cannot be read.
    Quantity,
    /// A whole number or a text.
    IntegerOrText,
}

/// A value of a wrong type: what rules would say about it is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistyped {
    /// Where.
    pub places: Vec<Place>,
    /// What should be there.
    pub wanted: Wanted,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
    MapKey(&'a str),
    UnwrittenKey(&'a str),
    UnwrittenIndex(usize),
    Spelled(&'a str, &'a str),
    Added(&'a str),
}

/// One walk through an object: its places and what was found.
pub(crate) struct Walk<'a> {
    pub options: &'a Options,
    /// Each with its parent; places that the walk has not come to take no memory.
    steps: RefCell<Vec<(u32, Step<'a>)>>,
    causes: RefCell<Vec<Cause>>,
    mistyped: RefCell<Vec<(u32, Wanted)>>,
}

impl<'a> Walk<'a> {
    pub fn new(options: &'a Options) -> Self {
        Self {
            options,
            steps: RefCell::default(),
            causes: RefCell::default(),
            mistyped: RefCell::default(),
        }
    }

    /// What was found. Each mistyped place once, and nothing else about it.
    pub fn found(&self) -> (Vec<Cause>, Vec<Mistyped>) {
        let mut mistyped: Vec<Mistyped> = Vec::new();
        for (at, wanted) in self.mistyped.take() {
            let places: Vec<Place> = self.path(at).places().collect();
            if mistyped.iter().all(|known| known.places != places) {
                mistyped.push(Mistyped { places, wanted });
            }
        }
        let mut causes = self.causes.take();
        if !mistyped.is_empty() {
            causes.retain(|cause| {
                let places: Vec<Place> = cause.path.places().collect();
                !mistyped.iter().any(|other| places.starts_with(&other.places))
            });
        }
        if Feature::CausesOnce.is_on(self.options.minor) {
            let mut seen = std::collections::HashSet::new();
            causes.retain(|cause| seen.insert((cause.rule, cause.path.server(), cause.message())));
        }
        (causes, mistyped)
    }

    /// A step by its number, with its parent's.
    fn step(&self, at: u32) -> Option<(u32, Step<'a>)> {
        let index = usize::try_from(at).ok()?.checked_sub(1)?;
        self.steps.borrow().get(index).copied()
    }

    fn path(&self, mut at: u32) -> FieldPath {
        let mut segments = Vec::new();
        while let Some((parent, step)) = self.step(at) {
            segments.push(match step {
                Step::Key(key) => Segment::Key(key.to_owned()),
                Step::Index(index) => Segment::Index(index),
                Step::MapKey(key) => Segment::MapKey(key.to_owned()),
                Step::UnwrittenKey(key) => Segment::Unwritten(Place::Key(key.to_owned())),
                Step::UnwrittenIndex(index) => Segment::Unwritten(Place::Index(index)),
                Step::Spelled(document, server) => Segment::Spelled {
                    document: document.to_owned(),
                    server: server.to_owned(),
                },
                Step::Added(key) => Segment::Added(key.to_owned()),
            });
            at = parent;
        }
        segments.reverse();
        FieldPath::new(segments)
    }
}

/// A value and where it stands. What is missing is null; what is of another type than asked for is reported once, and
/// counts as missing.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    walk: &'a Walk<'a>,
    pub value: &'a Value,
    /// Number of the last step; 0 for the root.
    at: u32,
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

    fn wrong(self, wanted: Wanted) {
        self.walk.mistyped.borrow_mut().push((self.at, wanted));
    }

    // Places.

    /// The member of this name.
    pub fn get(self, key: &'a str) -> Self {
        let value = self.member(key);
        self.step(Step::Key(key), value)
    }

    /// The member of this name, which the server spells otherwise.
    pub fn spelled(self, key: &'a str, server: &'a str) -> Self {
        let value = self.member(key);
        self.step(Step::Spelled(key, server), value)
    }

    /// The member of this name, which the server's path leaves out.
    pub fn unwritten(self, key: &'a str) -> Self {
        let value = self.member(key);
        self.step(Step::UnwrittenKey(key), value)
    }

    /// The member of a map.
    pub fn map_key(self, key: &'a str) -> Self {
        let value = self.member(key);
        self.step(Step::MapKey(key), value)
    }

    /// The item of this list at a position.
    pub fn item(self, index: usize) -> Self {
        let value = self.value.get(index).unwrap_or(&NULL);
        self.step(Step::Index(index), value)
    }

    /// This place, with a key more in the server's path.
    pub fn added(self, key: &'a str) -> Self {
        self.step(Step::Added(key), self.value)
    }

    /// This list item, whose position the server's path leaves out.
    pub fn unindexed(self) -> Self {
        match self.walk.step(self.at) {
            Some((parent, Step::Index(index))) => {
                let parent = Self { at: parent, ..self };
                parent.step(Step::UnwrittenIndex(index), self.value)
            }
            _ => self,
        }
    }

    /// This list item, for which the server's path has another key, and no position.
    pub fn named_in_list(self, server: &'a str) -> Self {
        let Some((list, Step::Index(index))) = self.walk.step(self.at) else {
            return self;
        };
        let Some((parent, Step::Key(key))) = self.walk.step(list) else {
            return self;
        };
        let parent = Self { at: parent, ..self };
        let list = parent.step(Step::Spelled(key, server), self.value);
        list.step(Step::UnwrittenIndex(index), self.value)
    }

    /// This list item, of which the server's path leaves out the list and the position.
    pub fn unindexed_in_unwritten_list(self) -> Self {
        let Some((list, Step::Index(index))) = self.walk.step(self.at) else {
            return self;
        };
        let Some((parent, Step::Key(key))) = self.walk.step(list) else {
            return self;
        };
        let parent = Self { at: parent, ..self };
        let list = parent.step(Step::UnwrittenKey(key), self.value);
        list.step(Step::UnwrittenIndex(index), self.value)
    }

    // Values.

    /// The member is there.
    pub fn has(&self, key: &str) -> bool {
        !self.member(key).is_null()
    }

    /// The member, if it is there and a mapping.
    pub fn object(self, key: &'a str) -> Option<Self> {
        match self.member(key) {
            Value::Null => None,
            Value::Object(_) => Some(self.get(key)),
            _ => {
                self.get(key).wrong(Wanted::Mapping);
                None
            }
        }
    }

    /// The items of a list, each with its place. Null counts as an empty item, as Go reads it.
    pub fn items(self, key: &'a str) -> Vec<Self> {
        let list = match self.member(key) {
            Value::Null => return Vec::new(),
            Value::Array(items) if items.is_empty() => return Vec::new(),
            _ => self.get(key),
        };
        let Value::Array(items) = list.value else {
            list.wrong(Wanted::List);
            return Vec::new();
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| list.step(Step::Index(index), item))
            .collect()
    }

    /// The items of a list of mappings; others are reported and left out.
    pub fn structs(self, key: &'a str) -> Vec<Self> {
        self.items(key)
            .into_iter()
            .filter(|item| {
                let fits = item.value.is_object() || item.value.is_null();
                if !fits {
                    item.wrong(Wanted::Mapping);
                }
                fits
            })
            .collect()
    }

    /// How many items a list has.
    pub fn count(&self, key: &str) -> usize {
        self.member(key).as_array().map_or(0, Vec::len)
    }

    /// The members of a map, by name, as the server's tests order them.
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

    /// This value as a text, if it is there.
    pub fn as_text(self) -> Option<&'a str> {
        match self.value {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => {
                self.wrong(Wanted::Text);
                None
            }
        }
    }

    /// This value as a whole number, if it is there.
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
            self.wrong(Wanted::Integer);
        }
        number
    }

    /// A text member, if it is there.
    pub fn maybe_text(self, key: &'a str) -> Option<&'a str> {
        match self.member(key) {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => self.get(key).as_text(),
        }
    }

    /// A text member; empty if it is missing.
    pub fn text(self, key: &'a str) -> &'a str {
        self.maybe_text(key).unwrap_or_default()
    }

    /// A text member of another type is there: what is wrong with it is said already.
    pub fn is_mistyped_text(&self, key: &str) -> bool {
        !matches!(self.member(key), Value::Null | Value::String(_))
    }

    /// A whole number, if it is there.
    pub fn integer(self, key: &'a str) -> Option<i64> {
        match self.member(key) {
            Value::Null => None,
            _ => self.get(key).as_integer(),
        }
    }

    /// A whole number, if it is there; nothing is said about other types.
    pub fn get_number(&self, key: &str) -> Option<i64> {
        self.member(key).as_i64()
    }

    /// True or false, if it is there.
    pub fn maybe_flag(self, key: &'a str) -> Option<bool> {
        match self.member(key) {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            _ => {
                self.get(key).wrong(Wanted::Boolean);
                None
            }
        }
    }

    /// True or false; false if it is missing.
    pub fn flag(self, key: &'a str) -> bool {
        self.maybe_flag(key).unwrap_or(false)
    }

    /// This value as a quantity; `None` if it is none.
    pub fn as_quantity(self) -> Option<super::quantity::Quantity> {
        let quantity = super::quantity::Quantity::read(self.value).and_then(Result::ok);
        if quantity.is_none() {
            self.wrong(Wanted::Quantity);
        }
        quantity
    }

    // Findings.

    /// How many causes were found until now.
    pub fn causes(&self) -> usize {
        self.walk.causes.borrow().len()
    }

    /// Reports a cause here. Nothing is said about what is of a wrong type.
    pub fn report(
        self,
        rule: Rule,
        kind: CauseKind,
        value: Option<Value>,
        args: &[&str],
        detail: Cow<'static, str>,
    ) {
        let path = self.walk.path(self.at);
        let cause = Cause {
            rule,
            kind,
            path,
            value,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            detail,
        };
        self.walk.causes.borrow_mut().push(cause);
    }

    /// A value has to be given here.
    pub fn required(self, rule: Rule, args: &[&str], detail: Cow<'static, str>) {
        self.report(rule, CauseKind::Required, None, args, detail);
    }

    /// This field has to be given.
    pub fn need(self) {
        let key = self.walk.path(self.at).last_key();
        self.required(Rule::FieldRequired, &[&key], Cow::Borrowed(""));
    }

    /// A text member that has to be given; what it is.
    pub fn needed_text(self, key: &'a str) -> &'a str {
        let text = self.text(key);
        if text.is_empty() && !self.is_mistyped_text(key) {
            self.get(key).need();
        }
        text
    }

    /// This value is wrong.
    pub fn invalid(self, rule: Rule, value: impl Into<Value>, args: &[&str], detail: Cow<'static, str>) {
        self.report(rule, CauseKind::Invalid, Some(value.into()), args, detail);
    }

    /// Something is wrong here that has no value.
    pub fn invalid_here(self, rule: Rule, args: &[&str], detail: Cow<'static, str>) {
        self.report(rule, CauseKind::Invalid, None, args, detail);
    }

    /// This may not be given for a reason.
    pub fn forbid(self, rule: Rule, args: &[&str], detail: Cow<'static, str>) {
        self.report(rule, CauseKind::Forbidden, None, args, detail);
    }

    /// This field may not be given here.
    pub fn forbidden(self, detail: Cow<'static, str>) {
        let key = self.walk.path(self.at).last_key();
        self.forbid(Rule::FieldForbidden, &[&key], detail);
    }

    /// This value is none of those supported.
    pub fn unsupported(self, value: &str, supported: &[&str]) {
        self.unsupported_by(Rule::FieldEnum, value, supported);
    }

    /// This value is none of those supported, by a rule of its own.
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

    /// A text member is none of those supported; a missing one is fine.
    pub fn one_of(self, key: &'a str, supported: &[&str]) {
        if let Some(value) = self.maybe_text(key)
            && !supported.contains(&value)
        {
            self.get(key).unsupported(value, supported);
        }
    }

    /// This value stands there before.
    pub fn duplicate(self, rule: Rule, value: impl Into<Value>, args: &[&str]) {
        self.report(
            rule,
            CauseKind::Duplicate,
            Some(value.into()),
            args,
            Cow::Borrowed(""),
        );
    }

    /// What this value names is not there.
    pub fn not_found(self, rule: Rule, value: &str, detail: Cow<'static, str>) {
        self.report(rule, CauseKind::NotFound, Some(value.into()), &[value], detail);
    }

    /// This text is too long.
    pub fn too_long(self, rule: Rule, most: usize) {
        self.report(
            rule,
            CauseKind::TooLong(most),
            None,
            &[&most.to_string()],
            Cow::Borrowed(""),
        );
    }

    /// This list is too long.
    pub fn too_many(self, actual: usize, most: usize) {
        let kind = CauseKind::TooMany(most);
        self.report(
            Rule::ListLong,
            kind,
            Some(actual.into()),
            &[&most.to_string()],
            Cow::Borrowed(""),
        );
    }

    /// A name has faults.
    pub fn faults(self, rule: Rule, value: &str, faults: &[Fault]) {
        for fault in faults {
            self.invalid(rule, value, &[value], sentence(*fault));
        }
    }

    /// The name of an object or a part of one has faults.
    pub fn name_faults(self, value: &str, faults: &[Fault]) {
        for fault in faults {
            match fault {
                Fault::TooLong(most) => {
                    self.invalid(Rule::NameLong, value, &[&most.to_string()], sentence(*fault));
                }
                _ => self.invalid(Rule::NameInvalid, value, &[value], sentence(*fault)),
            }
        }
    }

    /// A number below zero.
    pub fn not_negative(self, key: &'a str) -> Option<i64> {
        let number = self.integer(key)?;
        if number < 0 {
            let detail = super::detail!("must be greater than or equal to 0");
            self.get(key).invalid(Rule::FieldMinimum, number, &["0"], detail);
        }
        Some(number)
    }

    /// A number between two others, both allowed.
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

/// The server's sentence about a fault, in builds that show it.
pub(crate) fn sentence(fault: Fault) -> Cow<'static, str> {
    #[cfg(feature = "details")]
    return fault.sentence();
    #[cfg(not(feature = "details"))]
    {
        let _ = fault;
        Cow::Borrowed("")
    }
}
