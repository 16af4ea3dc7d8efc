//! The questions that most rules ask of a field: is it there, within bounds, one of several, of a grammar.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Check;
use crate::names::NameError;
use crate::path::Path;

impl Check<'_> {
    /// A text that has to be given.
    pub(super) fn required<'v>(
        &mut self,
        map: &'v Map<String, Value>,
        at: &Path,
        key: &str,
    ) -> Option<&'v str> {
        if map
            .get(key)
            .is_some_and(|value| !value.is_null() && !value.is_string())
        {
            return self.text(map, at, key);
        }
        let text = self.text(map, at, key).filter(|text| !text.is_empty());
        if text.is_none() {
            self.error("field.required", &at.key(key), &[key]);
        }
        text
    }

    /// A whole number between two others, both allowed.
    pub(super) fn within(
        &mut self,
        map: &Map<String, Value>,
        at: &Path,
        key: &str,
        low: i64,
        high: i64,
    ) -> Option<i64> {
        let number = self.integer(map, at, key)?;
        if !(low..=high).contains(&number) {
            self.error(
                "field.range",
                &at.key(key),
                &[&low.to_string(), &high.to_string()],
            );
        }
        Some(number)
    }

    /// One of several, and it has to be given.
    pub(super) fn required_choice(
        &mut self,
        map: &Map<String, Value>,
        at: &Path,
        key: &str,
        allowed: &[&str],
    ) {
        if self.required(map, at, key).is_some() {
            self.choice(map, at, key, allowed);
        }
    }

    /// Exactly one of several members. Gives the one.
    pub(super) fn one_of<'v>(
        &mut self,
        map: &'v Map<String, Value>,
        at: &Path,
        keys: &[&'static str],
    ) -> Option<(&'static str, &'v Value)> {
        let given: Vec<_> = keys
            .iter()
            .filter_map(|key| Some((*key, map.get(*key).filter(|value| !value.is_null())?)))
            .collect();
        let [one] = given.as_slice() else {
            self.error("field.one-of", at, &[&keys.join(", ")]);
            return None;
        };
        Some(*one)
    }

    /// A field that may not stand here.
    pub(super) fn forbidden(&mut self, map: &Map<String, Value>, at: &Path, key: &str) {
        if map.get(key).is_some_and(|value| !value.is_null()) {
            let remove = crate::Edit::Remove { path: at.key(key) };
            self.fixable(
                crate::Severity::Error,
                "field.forbidden",
                &at.key(key),
                &[key],
                remove,
            );
        }
    }

    /// A text of a grammar, if it is given.
    pub(super) fn grammar(
        &mut self,
        map: &Map<String, Value>,
        at: &Path,
        key: &str,
        check: fn(&str) -> Result<(), NameError>,
    ) {
        if let Some(text) = self.text(map, at, key).filter(|text| !text.is_empty())
            && check(text).is_err()
        {
            self.error("field.grammar", &at.key(key), &[text]);
        }
    }

    /// The mappings of a list, each with its path; anything else in it is reported.
    pub(super) fn items<'v>(
        &mut self,
        map: &'v Map<String, Value>,
        at: &Path,
        key: &str,
    ) -> Vec<(Path, &'v Map<String, Value>)> {
        let mut out = Vec::new();
        for (index, item) in self.list(map, at, key).iter().enumerate() {
            let path = at.key(key).index(index);
            match item {
                Value::Object(item) => out.push((path, item)),
                other => self.wrong_type(&path, "a mapping", other),
            }
        }
        out
    }

    /// A text of a grammar that has to be given; one error, at the field, if it is not.
    pub(super) fn required_grammar(
        &mut self,
        map: &Map<String, Value>,
        at: &Path,
        key: &str,
        check: fn(&str) -> Result<(), NameError>,
    ) {
        if self.required(map, at, key).is_some() {
            self.grammar(map, at, key, check);
        }
    }

    /// At most one of several members, in the server's order: each further one is forbidden. Gives the first.
    pub(super) fn only_first<'v>(
        &mut self,
        map: &'v Map<String, Value>,
        at: &Path,
        keys: &[&'static str],
    ) -> Option<(&'static str, &'v Value)> {
        let mut given = keys
            .iter()
            .filter_map(|key| Some((*key, map.get(*key).filter(|value| !value.is_null())?)));
        let first = given.next();
        for (key, _) in given {
            self.forbidden(map, at, key);
        }
        first
    }

    /// At most so many items.
    pub(super) fn at_most(&mut self, map: &Map<String, Value>, at: &Path, key: &str, limit: usize) {
        if self.list(map, at, key).len() > limit {
            self.error("list.long", &at.key(key), &[&limit.to_string()]);
        }
    }

    /// The same text does not stand twice.
    pub(super) fn once<'v>(&mut self, taken: &mut HashSet<&'v str>, text: &'v str, path: &Path) {
        if !taken.insert(text) {
            self.error("name.duplicate", path, &[text]);
        }
    }
}

/// The mappings of a list, each with its path; anything else was reported before.
pub(super) fn maps<'v>(
    map: &'v Map<String, Value>,
    at: &Path,
    key: &str,
) -> impl Iterator<Item = (Path, &'v Map<String, Value>)> {
    let items = map.get(key).and_then(Value::as_array);
    items
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(move |(index, item)| Some((at.key(key).index(index), item.as_object()?)))
}
