//! Applies strategic merge patches: lists of objects with a merge key are merged by it, with directives for what a
//! merge cannot express ([strategic merge
//! patch](https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md)).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::api::decode::Schema;
use crate::http::status::Status;

const DIRECTIVE: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// Merges a patch into an object.
pub(super) fn merge(target: &mut Value, patch: &Value, schema: Option<&Schema>) -> Result<(), Status> {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return Ok(());
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else {
        return Ok(());
    };
    members(target, patch, schema)
}

fn members(
    target: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    schema: Option<&Schema>,
) -> Result<(), Status> {
    match patch
        .get(DIRECTIVE)
        .map(|directive| directive.as_str().unwrap_or_default())
    {
        None | Some("merge") => {}
        Some("replace") => {
            target.clear();
            for (name, value) in patch.iter().filter(|(name, _)| *name != DIRECTIVE) {
                target.insert(name.clone(), value.clone());
            }
            return Ok(());
        }
        Some("delete") => {
            target.clear();
            return Ok(());
        }
        Some(other) => {
            let shown = go(&Value::Object(patch.clone()));
            return Err(Status::unclassified(format!(
                "unknown patch type: {other} in map: {shown}"
            )));
        }
    }
    if let Some(kept) = patch.get(RETAIN) {
        let bad = || Status::bad_request("invalid patch format of retainKeys");
        let kept = kept.as_array().ok_or_else(bad)?;
        let is_kept = |name: &String| kept.iter().any(|one| one == name);
        // A patch may only set what it retains.
        let is_free = |(name, value): (&String, &Value)| {
            value.is_null() || name.starts_with(DELETE_FROM) || name.starts_with(ORDER) || name == RETAIN
        };
        if patch.iter().any(|member| !is_free(member) && !is_kept(member.0)) {
            return Err(bad());
        }
        target.retain(|name, _| is_kept(name));
    }
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix(DELETE_FROM) {
            let gone = value.as_array().map_or(&[][..], Vec::as_slice);
            if let Some(items) = target.get_mut(list).and_then(Value::as_array_mut) {
                items.retain(|item| !gone.contains(item));
            }
        }
    }
    for (name, value) in patch {
        if name.starts_with('$') {
            continue;
        }
        if value.is_null() {
            target.shift_remove(name);
            continue;
        }
        let member = schema.and_then(|schema| schema.member(name));
        match (target.get_mut(name), value) {
            (Some(Value::Object(own)), Value::Object(patch)) => members(own, patch, member)?,
            (own, Value::Array(items)) if member.is_some_and(|member| member.merges) => {
                let order = match patch.get(&format!("{ORDER}{name}")) {
                    Some(order) => Some(order.as_array().ok_or_else(|| {
                        let found = go_kind(order);
                        Status::unclassified(format!("expected a []interface {{}}, but received a {found}"))
                    })?),
                    None => None,
                };
                if let Some(order) = order {
                    check_order(
                        items,
                        order,
                        member.and_then(|member| member.merge_key.as_deref()),
                    )?;
                }
                let own = own.and_then(|own| own.as_array()).map_or(&[][..], Vec::as_slice);
                let merged = list(own, items, order, member)?;
                target.insert(name.clone(), merged.into());
            }
            (_, value) => {
                let mut fresh = Value::Null;
                merge(&mut fresh, value, member)?;
                target.insert(name.clone(), fresh);
            }
        }
    }
    Ok(())
}

/// Merges two lists; items of the patch follow its order, the rest keeps its position.
fn list(
    own: &[Value],
    patch: &[Value],
    order: Option<&Vec<Value>>,
    schema: Option<&Schema>,
) -> Result<Vec<Value>, Status> {
    let key = schema.and_then(|schema| schema.merge_key.as_deref());
    let item_schema = schema.and_then(Schema::item);
    let mut merged: Vec<Value> = own.to_vec();
    let mut named: Vec<Value> = Vec::new();
    let Some(key) = key.filter(|_| patch.iter().chain(own).any(Value::is_object)) else {
        for item in patch.iter().filter(|item| !merged.contains(item)) {
            if !named.contains(item) {
                named.push(item.clone());
            }
        }
        merged.extend(named);
        return Ok(ordered(&merged, order.map_or(patch, Vec::as_slice), own, |one| {
            one.clone()
        }));
    };
    let identity = |item: &Value| item.get(key).cloned().unwrap_or_default();
    if own.iter().chain(patch).any(|item| !item.is_object()) {
        let lists = [own, patch].map(|list| go(&Value::Array(list.to_vec())));
        return Err(Status::unclassified(format!(
            "list element types are not identical: [{}]",
            lists.join(" ")
        )));
    }
    let mut replaces = false;
    for item in patch {
        match item.get(DIRECTIVE) {
            None => {}
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    require(item, key)?;
                    merged.retain(|other| identity(other) != identity(item));
                }
                // Items with a directive are directives only.
                Some("replace") => replaces = true,
                Some("merge") => {
                    return Err(Status::unclassified(
                        "merging lists cannot yet be specified in the patch",
                    ));
                }
                _ => {
                    let shown = go(item);
                    return Err(Status::unclassified(format!(
                        "unknown patch type: {} in map: {shown}",
                        go(directive)
                    )));
                }
            },
        }
    }
    let without_directives = || patch.iter().filter(|item| item.get(DIRECTIVE).is_none());
    if replaces {
        return Ok(without_directives().cloned().collect());
    }
    for item in without_directives() {
        require(item, key)?;
        if let Some(other) = merged.iter_mut().find(|other| identity(other) == identity(item)) {
            merge(other, item, item_schema)?;
        } else {
            let mut fresh = Value::Null;
            merge(&mut fresh, item, item_schema)?;
            merged.push(fresh);
        }
        named.push(item.clone());
    }
    Ok(ordered(
        &merged,
        order.map_or(&named, |order| order),
        own,
        identity,
    ))
}

fn require(item: &Value, key: &str) -> Result<(), Status> {
    if item.get(key).is_some() {
        return Ok(());
    }
    Err(Status::unclassified(format!(
        "map: {} does not contain declared merge key: {key}",
        go(item)
    )))
}

/// Orders merged items: those of the patch in its order, the others in their old order; between the two, the old
/// order decides where it can, otherwise the patch's items come first.
fn ordered(
    merged: &[Value],
    named: &[Value],
    old: &[Value],
    identity: impl Fn(&Value) -> Value,
) -> Vec<Value> {
    let position =
        |list: &[Value], item: &Value| list.iter().position(|other| identity(other) == identity(item));
    let (mut first, rest): (Vec<&Value>, Vec<&Value>) =
        merged.iter().partition(|item| position(named, item).is_some());
    first.sort_by_key(|item| position(named, item));
    let (mut first, mut rest) = (first.into_iter().peekable(), rest.into_iter().peekable());
    let mut out = Vec::with_capacity(merged.len());
    loop {
        let take_rest = match (rest.peek(), first.peek()) {
            (None, None) => return out,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(a), Some(b)) => match (position(old, a), position(old, b)) {
                (Some(a), Some(b)) => a < b,
                _ => false,
            },
        };
        let next = if take_rest { rest.next() } else { first.next() };
        out.extend(next.cloned());
    }
}

/// Checks that the items of a patch are in the order that the patch gives.
fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), Status> {
    if order.is_empty() {
        return Ok(());
    }
    let identity = |item: &Value| key.map_or_else(|| item.clone(), |key| item[key].clone());
    let mut rest = patch
        .iter()
        .filter(|item| key.is_none() || item[DIRECTIVE] != "delete")
        .peekable();
    for place in order {
        if rest.peek().is_some_and(|item| identity(item) == identity(place)) {
            rest.next();
        }
    }
    if rest.peek().is_none() {
        return Ok(());
    }
    Err(Status::unclassified(format!(
        "The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n",
        go(&Value::Array(patch.to_vec())),
        go(&Value::Array(order.to_vec()))
    )))
}

/// Returns Go's name for the type of a decoded value.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Formats a value as Go prints it.
fn go(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<_, _> = members.iter().collect();
            let parts: Vec<String> = sorted
                .into_iter()
                .map(|(name, value)| format!("{name}:{}", go(value)))
                .collect();
            format!("map[{}]", parts.join(" "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(go).collect::<Vec<_>>().join(" ")),
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::decode::schema_of;
    use crate::resource::PODS;
    use serde_json::json;

    #[test]
    fn conditions_merge_by_type_with_patch_items_first() {
        let mut pod = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "True"}]}});
        let patch =
            json!({"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Initialized"}]}});
        merge(&mut pod, &patch, schema_of(&PODS)).unwrap();
        let types: Vec<&str> = pod["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["type"].as_str().unwrap())
            .collect();
        assert_eq!(types, ["Ready", "Initialized", "PodScheduled"]);
    }

    #[test]
    fn invalid_patch_gets_go_error_message() {
        let mut pod = json!({});
        let bad = json!({"spec": {"containers": [{"image": "x"}]}});
        let error = merge(&mut pod, &bad, schema_of(&PODS)).unwrap_err();
        assert_eq!(
            error.message,
            "map: map[image:x] does not contain declared merge key: name"
        );
        let bad = json!({"spec": {"$patch": "explode"}});
        let error = merge(&mut json!({"spec": {}}), &bad, schema_of(&PODS)).unwrap_err();
        assert_eq!(
            error.message,
            "unknown patch type: explode in map: map[$patch:explode]"
        );
    }
}
