//! Sets of fields, and the difference of two objects, as defined by
//! [structured-merge-diff](https://github.com/kubernetes-sigs/structured-merge-diff) and serialized as
//! `FieldsV1`: `f:name` is a member, `k:{…}` the item with this key, `v:…` an item of a set, `.` the field
//! itself.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::api::decode::{ListKind, Schema, Type};

/// A set of fields below one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Whether the field itself is in the set.
    own: bool,
    /// The fields below it, by path element of `FieldsV1`.
    children: BTreeMap<String, FieldSet>,
}

impl FieldSet {
    /// Parses `fieldsV1`.
    pub fn read(fields: &Value) -> Self {
        let mut set = Self::default();
        for (element, below) in fields.as_object().into_iter().flatten() {
            if element == "." {
                set.own = true;
                continue;
            }
            let mut child = Self::read(below);
            child.own |= below.as_object().is_none_or(Map::is_empty);
            set.children.insert(element.clone(), child);
        }
        set
    }

    /// Serializes the set as `fieldsV1`.
    pub fn write(&self) -> Value {
        let mut members = Map::new();
        if self.own && !self.children.is_empty() {
            members.insert(".".into(), Value::Object(Map::new()));
        }
        for (element, child) in &self.children {
            members.insert(element.clone(), child.write());
        }
        members.into()
    }

    /// Reports whether the set is empty.
    pub fn is_empty(&self) -> bool {
        !self.own && self.children.values().all(Self::is_empty)
    }

    /// Returns the fields below a path element, if any.
    pub fn child(&self, element: &str) -> Option<&Self> {
        self.children.get(element)
    }

    /// Reports whether the field itself is in the set.
    pub fn has_own(&self) -> bool {
        self.own
    }

    /// Inserts a path.
    pub fn insert(&mut self, path: &[String]) {
        match path {
            [] => self.own = true,
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Removes a path and everything below it.
    pub fn remove_below(&mut self, path: &[&str]) {
        match path {
            [] => {}
            [last] => {
                self.children.remove(*last);
            }
            [first, rest @ ..] => {
                if let Some(child) = self.children.get_mut(*first) {
                    child.remove_below(rest);
                    if child.is_empty() {
                        self.children.remove(*first);
                    }
                }
            }
        }
    }

    /// Returns the fields that are in either set.
    pub fn union(&self, other: &Self) -> Self {
        let mut set = self.clone();
        set.own |= other.own;
        for (element, child) in &other.children {
            let merged = set
                .children
                .get(element)
                .map_or_else(|| child.clone(), |mine| mine.union(child));
            set.children.insert(element.clone(), merged);
        }
        set
    }

    /// Returns the fields of this set that are not in the other.
    pub fn difference(&self, other: &Self) -> Self {
        let mut set = Self {
            own: self.own && !other.own,
            children: BTreeMap::new(),
        };
        for (element, child) in &self.children {
            let left = other
                .children
                .get(element)
                .map_or_else(|| child.clone(), |theirs| child.difference(theirs));
            if !left.is_empty() {
                set.children.insert(element.clone(), left);
            }
        }
        set
    }

    /// Returns the fields that are in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut set = Self {
            own: self.own && other.own,
            children: BTreeMap::new(),
        };
        for (element, child) in &self.children {
            if let Some(theirs) = other.children.get(element) {
                let both = child.intersection(theirs);
                if !both.is_empty() {
                    set.children.insert(element.clone(), both);
                }
            }
        }
        set
    }

    /// Returns all paths in the notation of conflicts: `.spec.template.spec.containers[name="main"].image`.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect("", &mut paths);
        paths
    }

    fn collect(&self, at: &str, paths: &mut Vec<String>) {
        if self.own && !at.is_empty() {
            paths.push(at.to_owned());
        }
        for (element, child) in &self.children {
            let name = match element.split_once(':') {
                Some(("f", name)) => format!(".{name}"),
                Some(("k", key)) => {
                    let key: Value = serde_json::from_str(key).unwrap_or_default();
                    let parts: Vec<String> = key
                        .as_object()
                        .into_iter()
                        .flatten()
                        .map(|(name, value)| format!("{name}={value}"))
                        .collect();
                    format!("[{}]", parts.join(","))
                }
                Some(("v", value)) => format!("[={value}]"),
                _ => element.clone(),
            };
            child.collect(&format!("{at}{name}"), paths);
        }
    }
}

/// The structure of a value by which fields are owned.
enum Shape<'a> {
    /// A value that is owned as a whole.
    Leaf,
    /// Members by name.
    Members(&'a Map<String, Value>),
    /// Items by their path element.
    Items(Vec<(String, &'a Value)>),
}

/// Returns a list item's path element; `None` for an atomic list.
///
/// Missing members of the key have their defaults.
pub fn element(item: &Value, kind: &ListKind, of: Option<&Schema>) -> Option<String> {
    match kind {
        ListKind::Atomic => None,
        ListKind::Set => Some(format!("v:{item}")),
        ListKind::Map(keys) => {
            let mut sorted: Vec<&String> = keys.iter().collect();
            sorted.sort();
            let key: Map<String, Value> = sorted
                .into_iter()
                .filter_map(|name| {
                    let default = || of?.member(name)?.default.clone();
                    let value = item.get(name).cloned().or_else(default)?;
                    Some((name.clone(), value))
                })
                .collect();
            Some(format!("k:{}", Value::Object(key)))
        }
    }
}

fn shape<'a>(value: &'a Value, schema: Option<&Schema>) -> Shape<'a> {
    match value {
        Value::Object(members) => {
            let granular = schema.is_none_or(|schema| {
                !schema.atomic && matches!(schema.holds, Type::Struct(_) | Type::Map(_))
            });
            if granular {
                Shape::Members(members)
            } else {
                Shape::Leaf
            }
        }
        Value::Array(items) => match schema.map(|schema| &schema.list) {
            None | Some(ListKind::Atomic) => Shape::Leaf,
            Some(kind) => Shape::Items({
                let of = schema.and_then(Schema::item);
                items
                    .iter()
                    .filter_map(|item| Some((element(item, kind, of)?, item)))
                    .collect()
            }),
        },
        _ => Shape::Leaf,
    }
}

/// The fields changed by a request.
#[derive(Debug, Default)]
pub struct Difference {
    /// Fields that are new or have a different value.
    pub changed: FieldSet,
    /// Fields that were removed.
    pub removed: FieldSet,
}

/// Compares two objects of a type.
pub fn compare(old: &Value, new: &Value, schema: Option<&Schema>) -> Difference {
    let mut difference = Difference::default();
    both(old, new, schema, &mut Vec::new(), &mut difference);
    difference
}

fn both(old: &Value, new: &Value, schema: Option<&Schema>, path: &mut Vec<String>, out: &mut Difference) {
    let list_of =
        |value: &Value| value.is_null() && schema.is_some_and(|schema| matches!(schema.holds, Type::List(_)));
    match (shape(old, schema), shape(new, schema)) {
        (Shape::Members(before), Shape::Members(after)) => {
            let required = schema
                .and_then(Schema::structure)
                .map_or(&[][..], |one| one.required.as_slice());
            for (name, value) in after {
                let member = schema.and_then(|schema| schema.member(name));
                path.push(format!("f:{name}"));
                match before.get(name) {
                    Some(previous) => both(previous, value, member, path, out),
                    // In a Go struct, a list without `omitempty` is null instead of absent.
                    None if value.is_array() && required.contains(name) => {
                        both(&Value::Null, value, member, path, out);
                    }
                    // The metadata of a template is not a pointer and therefore always present.
                    None if name == "metadata" && value.is_object() => {
                        both(&Value::Object(Map::new()), value, member, path, out);
                    }
                    None => all(value, member, path, &mut out.changed, true),
                }
                path.pop();
            }
            for (name, value) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
                path.push(format!("f:{name}"));
                let member = schema.and_then(|schema| schema.member(name));
                all(value, member, path, &mut out.removed, true);
                path.pop();
            }
        }
        (Shape::Items(before), Shape::Items(after)) => items(&before, &after, schema, path, out),
        (_, Shape::Items(after)) if list_of(old) => items(&[], &after, schema, path, out),
        _ if old == new => {}
        _ => out.changed.insert(path),
    }
}

fn items(
    before: &[(String, &Value)],
    after: &[(String, &Value)],
    schema: Option<&Schema>,
    path: &mut Vec<String>,
    out: &mut Difference,
) {
    let of = schema.and_then(Schema::item);
    let find = |list: &[(String, &Value)], element: &str| list.iter().position(|(one, _)| one == element);
    for (element, value) in after {
        path.push(element.clone());
        match find(before, element) {
            Some(at) => both(before[at].1, value, of, path, out),
            None => all(value, of, path, &mut out.changed, true),
        }
        path.pop();
    }
    for (element, value) in before
        .iter()
        .filter(|(element, _)| find(after, element).is_none())
    {
        path.push(element.clone());
        all(value, of, path, &mut out.removed, true);
        path.pop();
    }
}

/// Inserts a value's path and everything below it into a set; without `composites`, only leaves and list
/// items.
fn all(value: &Value, schema: Option<&Schema>, path: &mut Vec<String>, set: &mut FieldSet, composites: bool) {
    let is_item = path.last().is_some_and(|last| !last.starts_with("f:"));
    match shape(value, schema) {
        Shape::Members(members) => {
            if composites || is_item || members.is_empty() {
                set.insert(path);
            }
            for (name, value) in members {
                path.push(format!("f:{name}"));
                all(
                    value,
                    schema.and_then(|schema| schema.member(name)),
                    path,
                    set,
                    composites,
                );
                path.pop();
            }
        }
        Shape::Items(items) => {
            if composites || items.is_empty() {
                set.insert(path);
            }
            for (element, value) in items {
                path.push(element);
                all(value, schema.and_then(Schema::item), path, set, composites);
                path.pop();
            }
        }
        Shape::Leaf => set.insert(path),
    }
}

/// Returns the fields set by an applied configuration.
pub fn named(configuration: &Value, schema: Option<&Schema>) -> FieldSet {
    let mut set = FieldSet::default();
    if let Shape::Members(members) = shape(configuration, schema) {
        for (name, value) in members {
            let member = schema.and_then(|schema| schema.member(name));
            all(value, member, &mut vec![format!("f:{name}")], &mut set, false);
        }
    }
    set
}
