//! Server-side apply: merges a manager's configuration into the object, and removes fields that it no longer
//! sets ([server-side apply](https://kubernetes.io/docs/reference/using-api/server-side-apply/)).

use serde_json::{Map, Value, json};

use crate::api::decode::{Empties, ListKind, Schema, Type, schema_of, typed};
use crate::api::error::ApiError;
use crate::api::fields::{FieldSet, compare, element, named};
use crate::api::managed;
use crate::api::managed::Entry;
use crate::resource::Resource;

/// The result of an apply.
#[derive(Debug)]
pub struct Applied {
    /// The object, before defaulting.
    pub object: Value,
    /// The `managedFields` afterwards; the time of the manager's entry is not updated if nothing changed.
    pub entries: Vec<Entry>,
}

/// Who applies, and how.
#[derive(Clone, Copy, Debug)]
pub struct Applier<'a> {
    /// Name of the field manager.
    pub manager: &'a str,
    /// Subresource; empty for the object itself.
    pub subresource: &'a str,
    /// Take ownership of conflicting fields instead of failing with a conflict.
    pub force: bool,
    /// The current time (RFC 3339).
    pub now: &'a str,
}

/// Checks that a configuration is an object of the type, with known fields and a matching name.
pub fn check(configuration: &Value, resource: &Resource, name: &str) -> Result<(), ApiError> {
    let text = |field: &str| configuration[field].as_str().unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if api_version != resource.api_version() || kind != resource.kind {
        // The core group is written with its slash where the version is missing too.
        let message = if api_version.is_empty() {
            format!("invalid object type: {group}/{version}, Kind={kind}")
        } else {
            format!("invalid object type: {api_version}, Kind={kind}")
        };
        return Err(ApiError::bad_request(message));
    }
    let metadata = &configuration["metadata"];
    if metadata
        .get("managedFields")
        .is_some_and(|fields| !fields.is_null())
    {
        return Err(ApiError::bad_request("metadata.managedFields must be nil"));
    }
    let given = metadata["name"].as_str().unwrap_or_default();
    if !given.is_empty() && given != name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    let Some(schema) = schema_of(resource) else {
        return Ok(());
    };
    let mut unknown = Vec::new();
    let wrong = |what: &str| {
        let namespace = metadata["namespace"].as_str().unwrap_or_default();
        ApiError::unclassified(format!(
            "failed to create typed patch object ({namespace}/{name}; {api_version}, Kind={kind}): {what}"
        ))
    };
    if let Err(why) = typed(configuration.clone(), schema, Empties::Omit, &mut unknown) {
        return Err(wrong(&why));
    }
    let messages: Vec<String> = unknown
        .iter()
        .map(|text| {
            let path = text.split('"').nth(1).unwrap_or_default();
            format!(".{path}: field not declared in schema")
        })
        .collect();
    match messages.as_slice() {
        [] => Ok(()),
        [one] => Err(wrong(one)),
        many => Err(wrong(&format!("errors:\n  {}", many.join("\n  ")))),
    }
}

/// Applies a configuration to an object (an empty one if it does not exist).
pub fn apply(
    old: &Value,
    configuration: &Value,
    resource: &Resource,
    who: Applier<'_>,
) -> Result<Applied, ApiError> {
    let schema = schema_of(resource);
    let mut fields = named(configuration, schema);
    managed::strip(&mut fields, resource, who.subresource);
    let mut entries = managed::entries(old);
    let own = Entry {
        manager: who.manager.to_owned(),
        operation: "Apply",
        api_version: resource.api_version(),
        subresource: who.subresource.to_owned(),
        time: String::new(),
        fields: fields.clone(),
    };
    let before = entries.iter().position(|entry| entry.same_writer(&own));
    let before = before.map(|at| entries.remove(at));
    let mut object = old.clone();
    merge(&mut object, configuration, schema, &["metadata/managedFields"]);
    conflicts(old, &object, schema, &mut entries, &fields, who)?;
    if let Some(before) = &before {
        let mut dropped = before.fields.difference(&fields);
        for entry in &entries {
            dropped = dropped.difference(&entry.fields);
        }
        remove(&mut object, &dropped, &fields, schema);
    }
    let plain = |object: &Value| {
        let mut object = crate::api::write::tidy(object.clone());
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        object
    };
    let changed = plain(old) != plain(&object);
    let time = match (changed, &before) {
        (true, _) => who.now.to_owned(),
        (false, Some(before)) => before.time.clone(),
        (false, None) => String::new(),
    };
    entries.push(Entry { time, ..own });
    Ok(Applied { object, entries })
}

/// Handles fields of other managers that the configuration changes: returns a conflict or, with `force`,
/// removes them from the other managers' entries.
fn conflicts(
    old: &Value,
    new: &Value,
    schema: Option<&Schema>,
    entries: &mut [Entry],
    fields: &FieldSet,
    who: Applier<'_>,
) -> Result<(), ApiError> {
    let changed = compare(old, new, schema).changed.intersection(fields);
    let mut causes = Vec::new();
    let mut texts = Vec::new();
    for entry in entries.iter_mut() {
        let taken = entry.fields.intersection(&changed);
        if taken.is_empty() {
            continue;
        }
        if who.force {
            entry.fields = entry.fields.difference(&taken);
            continue;
        }
        let mut name = format!("\"{}\"", entry.manager);
        if !entry.subresource.is_empty() {
            name = format!("{name} with subresource \"{}\"", entry.subresource);
        }
        if entry.operation == "Update" {
            name = format!("{name} using {}", entry.api_version);
            if !entry.time.is_empty() {
                name = format!("{name} at {}", entry.time);
            }
        }
        let paths = taken.paths();
        for path in &paths {
            causes.push(json!({
                "reason": "FieldManagerConflict", "message": format!("conflict with {name}"), "field": path,
            }));
        }
        texts.push((name, paths));
    }
    if causes.is_empty() {
        return Ok(());
    }
    let message = match (causes.len(), texts.as_slice()) {
        (1, [(name, paths)]) => format!(
            "Apply failed with 1 conflict: conflict with {name}: {}",
            paths.concat()
        ),
        (count, _) => {
            let parts: Vec<String> = texts
                .iter()
                .map(|(name, paths)| {
                    let lines: Vec<String> = paths.iter().map(|path| format!("- {path}")).collect();
                    format!("conflicts with {name}:\n{}", lines.join("\n"))
                })
                .collect();
            format!("Apply failed with {count} conflicts: {}", parts.join("\n"))
        }
    };
    let mut error = ApiError::new(409, "Conflict", message);
    error.details = Some(json!({"causes": causes}));
    Err(error)
}

/// Merges a configuration according to the schema: structs and maps by member, lists by key or value.
fn merge(target: &mut Value, configuration: &Value, schema: Option<&Schema>, except: &[&str]) {
    match configuration {
        Value::Object(members) if !schema.is_some_and(|schema| schema.atomic) => {
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            for (name, value) in members {
                if value.is_null() || except.contains(&name.as_str()) {
                    continue;
                }
                let member = schema.and_then(|schema| schema.member(name));
                if let Some(target) = target.as_object_mut() {
                    merge(
                        target.entry(name.clone()).or_insert(Value::Null),
                        value,
                        member,
                        &[],
                    );
                }
            }
        }
        Value::Array(items) => merge_list(target, items, schema),
        other => *target = other.clone(),
    }
}

fn merge_list(target: &mut Value, items: &[Value], schema: Option<&Schema>) {
    let kind = schema.map_or(&ListKind::Atomic, |schema| &schema.list);
    let of = schema.and_then(Schema::item);
    let own = target.as_array().cloned().unwrap_or_default();
    let key = |item: &Value| element(item, kind, of);
    if *kind == ListKind::Atomic {
        *target = items.to_vec().into();
        return;
    }
    let mut merged = own;
    for item in items {
        if let Some(other) = merged.iter_mut().find(|other| key(other) == key(item)) {
            merge(other, item, of, &[]);
        } else {
            let mut fresh = Value::Null;
            merge(&mut fresh, item, of, &[]);
            merged.push(fresh);
        }
    }
    *target = merged.into();
}

/// Removes fields that no manager owns any longer. A parent of a field that is still owned is kept.
fn remove(object: &mut Value, dropped: &FieldSet, kept: &FieldSet, schema: Option<&Schema>) {
    match object {
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names {
                let path = format!("f:{name}");
                let Some(below) = dropped.child(&path) else {
                    continue;
                };
                let still = kept.child(&path);
                let member = schema.and_then(|schema| schema.member(&name));
                let is_leaf = below.has_own() && still.is_none_or(FieldSet::is_empty);
                let composite =
                    member.is_some_and(|member| matches!(member.holds, Type::Struct(_) | Type::Map(_)));
                if is_leaf && !composite {
                    members.shift_remove(&name);
                } else if let Some(value) = members.get_mut(&name) {
                    let nothing = FieldSet::default();
                    remove(value, below, still.unwrap_or(&nothing), member);
                    let empty = value.as_object().is_some_and(Map::is_empty)
                        || value.as_array().is_some_and(Vec::is_empty);
                    if empty && still.is_none() {
                        members.shift_remove(&name);
                    }
                }
            }
        }
        Value::Array(items) => {
            let kind = schema.map_or(&ListKind::Atomic, |schema| &schema.list);
            let of = schema.and_then(Schema::item);
            items.retain_mut(|item| {
                let Some(path) = element(item, kind, of) else {
                    return true;
                };
                let Some(below) = dropped.child(&path) else {
                    return true;
                };
                let still = kept.child(&path);
                if below.has_own() && still.is_none() {
                    return false;
                }
                let nothing = FieldSet::default();
                remove(item, below, still.unwrap_or(&nothing), of);
                true
            });
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::JOBS;

    fn who(manager: &str) -> Applier<'_> {
        Applier {
            manager,
            subresource: "",
            force: false,
            now: "2026-01-01T00:00:00Z",
        }
    }

    fn after(applied: Applied) -> Value {
        let mut object = applied.object;
        managed::set_entries(&mut object, applied.entries);
        object
    }

    #[test]
    fn fields_no_longer_applied_are_removed_unless_owned_by_others() {
        let both = json!({"metadata": {"labels": {"a": "1", "b": "1"}}, "spec": {"parallelism": 1}});
        let one = json!({"metadata": {"labels": {"b": "1"}}});
        let object = after(apply(&json!({"metadata": {}}), &both, &JOBS, who("x")).unwrap());
        let object = after(apply(&object, &one, &JOBS, who("y")).unwrap());
        let object = after(apply(&object, &json!({}), &JOBS, who("x")).unwrap());
        assert_eq!(object["metadata"]["labels"], json!({"b": "1"}));
        assert_eq!(object.get("spec"), None);
    }

    #[test]
    fn fields_of_other_managers_conflict_without_force() {
        let object = after(
            apply(
                &json!({"metadata": {}}),
                &json!({"spec": {"parallelism": 1}}),
                &JOBS,
                who("x"),
            )
            .unwrap(),
        );
        let mine = json!({"spec": {"parallelism": 2}});
        let error = apply(&object, &mine, &JOBS, who("y")).unwrap_err();
        assert_eq!(
            error.message,
            "Apply failed with 1 conflict: conflict with \"x\": .spec.parallelism"
        );
        let forced = Applier {
            force: true,
            ..who("y")
        };
        let object = after(apply(&object, &mine, &JOBS, forced).unwrap());
        assert_eq!(object["spec"]["parallelism"], 2);
        assert_eq!(object["metadata"]["managedFields"].as_array().unwrap().len(), 1);
    }
}
