//! `metadata.managedFields`: the ownership of fields
//! ([field management](https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management)).

use serde_json::{Value, json};

use crate::api::decode::{Empties, schema_of, typed};
use crate::api::fields::{FieldSet, compare};
use crate::resource::Resource;

/// Members of the metadata that have no owner.
const UNOWNED: [&str; 9] = [
    "f:name",
    "f:namespace",
    "f:creationTimestamp",
    "f:selfLink",
    "f:uid",
    "f:clusterName",
    "f:generation",
    "f:managedFields",
    "f:resourceVersion",
];

/// An entry of `managedFields`: one manager's fields.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name of the field manager.
    pub manager: String,
    /// `Apply` or `Update`.
    pub operation: &'static str,
    /// `apiVersion` of its writes.
    pub api_version: String,
    /// Subresource of its writes; empty for the object itself.
    pub subresource: String,
    /// Time of its last change (RFC 3339).
    pub time: String,
    /// The fields it owns.
    pub fields: FieldSet,
}

impl Entry {
    /// Reports whether both entries belong to the same writer.
    pub fn same_writer(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.api_version == other.api_version
            && self.subresource == other.subresource
    }
}

/// Parses the entries of an object.
pub fn entries(object: &Value) -> Vec<Entry> {
    let list = object["metadata"]["managedFields"].as_array();
    list.into_iter()
        .flatten()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            Entry {
                manager: text("manager"),
                operation: if entry["operation"] == "Apply" {
                    "Apply"
                } else {
                    "Update"
                },
                api_version: text("apiVersion"),
                subresource: text("subresource"),
                time: text("time"),
                fields: FieldSet::read(&entry["fieldsV1"]),
            }
        })
        .collect()
}

/// Writes the entries in the API server's order: applies first, then by time and name. Empty entries are
/// dropped.
pub fn set_entries(object: &mut Value, mut entries: Vec<Entry>) {
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by(|a, b| {
        let order = |one: &Entry| {
            (
                one.operation,
                one.time.clone(),
                one.manager.clone(),
                one.api_version.clone(),
                one.subresource.clone(),
            )
        };
        order(a).cmp(&order(b))
    });
    let list: Vec<Value> = entries
        .into_iter()
        .map(|entry| {
            let mut written = json!({
                "manager": entry.manager, "operation": entry.operation, "apiVersion": entry.api_version,
            });
            if !entry.time.is_empty() {
                written["time"] = entry.time.into();
            }
            written["fieldsType"] = "FieldsV1".into();
            written["fieldsV1"] = entry.fields.write();
            if !entry.subresource.is_empty() {
                written["subresource"] = entry.subresource.into();
            }
            written
        })
        .collect();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        if list.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".into(), list.into());
        }
    }
}

/// Removes fields without owners, and those that requests to this subresource do not write (`resetFields`).
pub fn strip(set: &mut FieldSet, resource: &Resource, subresource: &str) {
    set.remove_below(&["f:apiVersion"]);
    set.remove_below(&["f:kind"]);
    for name in UNOWNED {
        set.remove_below(&["f:metadata", name]);
    }
    if subresource == "status" {
        set.remove_below(&["f:spec"]);
        if resource.kind == "Pod" {
            set.remove_below(&["f:metadata", "f:ownerReferences"]);
        }
    } else if resource.status {
        set.remove_below(&["f:status"]);
    }
}

/// Returns the type's zero value in Go.
pub fn empty(resource: &Resource) -> Value {
    let nothing = json!({});
    schema_of(resource)
        .and_then(|schema| typed(nothing.clone(), schema, Empties::Omit, &mut Vec::new()).ok())
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({"metadata": {}}))
}

/// Records an update of `old` (`None` for a creation) to `new` by `manager`.
pub fn update(
    old: Option<&Value>,
    new: &mut Value,
    resource: &Resource,
    subresource: &str,
    manager: &str,
    now: &str,
) {
    let nothing;
    let before = if let Some(old) = old {
        old
    } else {
        nothing = empty(resource);
        &nothing
    };
    // A list with one empty entry resets it.
    let given = new["metadata"]["managedFields"].as_array();
    let reset =
        old.is_some() && given.is_some_and(|list| list.first().is_some_and(|first| *first == json!({})));
    let mut entries = if reset { Vec::new() } else { entries(before) };
    let plain = crate::api::write::tidy(new.clone());
    let mut difference = compare(before, &plain, schema_of(resource));
    strip(&mut difference.changed, resource, subresource);
    strip(&mut difference.removed, resource, subresource);
    for entry in &mut entries {
        entry.fields = entry.fields.difference(&difference.removed);
    }
    if difference.changed.is_empty() {
        return set_entries(new, entries);
    }
    let mut own = Entry {
        manager: manager.to_owned(),
        operation: "Update",
        api_version: resource.api_version(),
        subresource: subresource.to_owned(),
        time: now.to_owned(),
        fields: difference.changed.clone(),
    };
    let mut kept = Vec::new();
    for mut entry in entries {
        if entry.same_writer(&own) {
            own.fields = entry.fields.union(&own.fields);
        } else {
            entry.fields = entry.fields.difference(&difference.changed);
            kept.push(entry);
        }
    }
    kept.push(own);
    set_entries(new, kept);
}

/// Records the manager of an object that is returned but not stored.
pub fn of_answer(object: &mut Value, api_version: &str, subresource: &str, manager: &str, now: &str) {
    let before = json!({"metadata": {}, "spec": {}});
    let mut changed = compare(&before, object, None).changed;
    changed.remove_below(&["f:apiVersion"]);
    changed.remove_below(&["f:kind"]);
    changed.remove_below(&["f:metadata"]);
    let entry = Entry {
        manager: manager.to_owned(),
        operation: "Update",
        api_version: api_version.to_owned(),
        subresource: subresource.to_owned(),
        time: now.to_owned(),
        fields: changed,
    };
    set_entries(object, vec![entry]);
}

/// Keeps the stored `managedFields` if only their times would change, so that such a write is a no-op.
pub fn keep_times(old: &Value, new: &mut Value) {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let list = object["metadata"]
            .get_mut("managedFields")
            .and_then(Value::as_array_mut);
        for entry in list.into_iter().flatten() {
            if let Some(members) = entry.as_object_mut() {
                members.remove("time");
            }
        }
        object
    };
    if let Some(fields) = old["metadata"].get("managedFields")
        && timeless(old) == timeless(new)
    {
        new["metadata"]["managedFields"] = fields.clone();
    }
}
