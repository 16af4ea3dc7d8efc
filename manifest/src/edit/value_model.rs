//! Applies an edit to the parsed value. Edits of the text are verified against this reference implementation.

use serde_json::{Map, Value};

use crate::edit::wrap_in_path;
use crate::operation::{Edit, EditError};
use crate::path::{Path, Segment};

/// Returns the value at a path.
pub(super) fn get<'a>(value: &'a Value, path: &Path) -> Option<&'a Value> {
    path.segments()
        .iter()
        .try_fold(value, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        })
}

fn get_mut<'a>(value: &'a mut Value, segments: &[Segment]) -> Option<&'a mut Value> {
    segments.iter().try_fold(value, |value, segment| match segment {
        Segment::Key(key) => value.get_mut(key),
        Segment::Index(index) => value.get_mut(index),
    })
}

/// Returns the value after the edit.
pub(crate) fn apply(value: &Value, edit: &Edit) -> Result<Value, EditError> {
    let mut value = value.clone();
    match edit {
        Edit::Set { path, value: new } => set(&mut value, path, new.clone())?,
        Edit::Insert {
            path,
            index,
            value: new,
        } => match get_mut(&mut value, path.segments()) {
            Some(Value::Array(items)) if *index <= items.len() => items.insert(*index, new.clone()),
            Some(Value::Null) | None if *index == 0 => {
                set(&mut value, path, Value::Array(vec![new.clone()]))?;
            }
            _ => return Err(EditError::NoSuchPlace(path.index(*index))),
        },
        Edit::Remove { path } => remove(&mut value, path),
        Edit::Move { path, from, to } => match get_mut(&mut value, path.segments()) {
            Some(Value::Array(items)) if *from < items.len() && *to < items.len() => {
                let item = items.remove(*from);
                items.insert(*to, item);
            }
            _ => return Err(EditError::NoSuchPlace(path.index(*from))),
        },
        Edit::Rename { path, key } => rename(&mut value, path, key)?,
    }
    Ok(value)
}

fn set(root: &mut Value, path: &Path, new: Value) -> Result<(), EditError> {
    let mut at = root;
    let segments = path.segments();
    for (depth, segment) in segments.iter().enumerate() {
        let rest = &segments[depth..];
        let no_place = || EditError::NoSuchPlace(path.clone());
        if at.is_null() {
            if rest.iter().any(|segment| matches!(segment, Segment::Index(1..))) {
                return Err(no_place());
            }
            *at = wrap_in_path(rest, new);
            return Ok(());
        }
        at = match (segment, at) {
            (Segment::Key(key), Value::Object(map)) => {
                if !map.contains_key(key) {
                    if rest.iter().any(|segment| matches!(segment, Segment::Index(1..))) {
                        return Err(no_place());
                    }
                    map.insert(key.clone(), wrap_in_path(&rest[1..], new));
                    return Ok(());
                }
                map.get_mut(key).ok_or_else(no_place)?
            }
            (Segment::Index(index), Value::Array(items)) => {
                if *index == items.len() {
                    items.push(wrap_in_path(&rest[1..], new));
                    return Ok(());
                }
                items.get_mut(*index).ok_or_else(no_place)?
            }
            _ => return Err(no_place()),
        };
    }
    *at = new;
    Ok(())
}

fn remove(root: &mut Value, path: &Path) {
    let Some((last, parents)) = path.segments().split_last() else {
        return;
    };
    match (last, get_mut(root, parents)) {
        (Segment::Key(key), Some(Value::Object(map))) => {
            map.shift_remove(key);
        }
        (Segment::Index(index), Some(Value::Array(items))) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

fn rename(root: &mut Value, path: &Path, new: &str) -> Result<(), EditError> {
    let no_place = || EditError::NoSuchPlace(path.clone());
    let Some((Segment::Key(old), parents)) = path.segments().split_last() else {
        return Err(no_place());
    };
    let Some(Value::Object(map)) = get_mut(root, parents) else {
        return Err(no_place());
    };
    if !map.contains_key(old) {
        return Err(no_place());
    }
    if old != new && map.contains_key(new) {
        return Err(EditError::KeyExists(new.to_owned()));
    }
    let renamed: Map<String, Value> = std::mem::take(map)
        .into_iter()
        .map(|(key, value)| (if key == *old { new.to_owned() } else { key }, value))
        .collect();
    *map = renamed;
    Ok(())
}
