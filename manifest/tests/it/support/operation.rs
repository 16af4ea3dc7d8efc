//! Generates edits from bytes, and applies them to values: a reference implementation, independent of the engine.

use manifest::{Edit, Path, Segment};
use serde_json::{Map, Value, json};

/// Returns every path of a value except the root.
pub fn paths(value: &Value) -> Vec<Path> {
    fn walk(value: &Value, at: &Path, into: &mut Vec<Path>) {
        let children: Vec<_> = match value {
            Value::Object(map) => map.iter().map(|(key, child)| (at.key(key), child)).collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, child)| (at.index(index), child))
                .collect(),
            _ => Vec::new(),
        };
        for (path, child) in children {
            into.push(path.clone());
            walk(child, &path, into);
        }
    }
    let mut into = Vec::new();
    walk(value, &Path::root(), &mut into);
    into
}

fn get<'v>(value: &'v Value, path: &Path) -> Option<&'v Value> {
    path.segments()
        .iter()
        .try_fold(value, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        })
}

fn get_mut<'v>(value: &'v mut Value, path: &Path) -> Option<&'v mut Value> {
    path.segments()
        .iter()
        .try_fold(value, |value, segment| match segment {
            Segment::Key(key) => value.get_mut(key),
            Segment::Index(index) => value.get_mut(index),
        })
}

fn value_of(choice: u8) -> Value {
    match choice % 12 {
        0 => json!(7),
        1 => json!("on"),
        2 => json!("0644"),
        3 => json!(""),
        4 => json!(null),
        5 => json!({"x": [1, "y, z"], "w": {}}),
        6 => json!(["p", {"q": false}]),
        7 => json!("line one\nline two\n"),
        8 => json!([]),
        9 => json!("a: b # c"),
        10 => json!("plain"),
        _ => json!(0),
    }
}

/// Returns an edit of a value.
pub fn edit(value: &Value, choices: &[u8]) -> Edit {
    let all = paths(value);
    let path = all
        .get(usize::from(choices[0]) % all.len().max(1))
        .cloned()
        .unwrap_or_default();
    let new = value_of(choices[2]);
    let length = get(value, &path).and_then(Value::as_array).map(Vec::len);
    match (choices[1] % 6, length) {
        (0, _) if !path.is_root() => Edit::Remove { path },
        (1 | 2, Some(length)) => Edit::Insert {
            path,
            index: usize::from(choices[2]) % (length + 1),
            value: new,
        },
        (3, Some(length)) if length > 1 => Edit::Move {
            path,
            from: usize::from(choices[2]) % length,
            to: usize::from(choices[2] / 16) % length,
        },
        (4, _) if matches!(path.last(), Some(Segment::Key(_))) => Edit::Rename {
            path,
            key: "yes".to_owned(),
        },
        (5, _) if get(value, &path).is_some_and(Value::is_object) => Edit::Set {
            path: path.key("new"),
            value: new,
        },
        _ => Edit::Set { path, value: new },
    }
}

/// Returns the value afterwards; `None` if the edit is not applicable.
pub fn apply(value: &Value, edit: &Edit) -> Option<Value> {
    let mut after = value.clone();
    match edit {
        Edit::Set { path, value } => match (get_mut(&mut after, path), path.last()) {
            (Some(place), _) => *place = value.clone(),
            (None, Some(Segment::Key(key))) => {
                let parent = get_mut(&mut after, &path.parent()?)?;
                parent.as_object_mut()?.insert(key.clone(), value.clone());
            }
            _ => return None,
        },
        Edit::Insert { path, index, value } => {
            get_mut(&mut after, path)?
                .as_array_mut()?
                .insert(*index, value.clone());
        }
        Edit::Remove { path } => match (get_mut(&mut after, &path.parent()?)?, path.last()?) {
            (Value::Object(map), Segment::Key(key)) => drop(map.shift_remove(key)),
            (Value::Array(items), Segment::Index(index)) => drop(items.remove(*index)),
            _ => return None,
        },
        Edit::Move { path, from, to } => {
            let items = get_mut(&mut after, path)?.as_array_mut()?;
            let item = items.remove(*from);
            items.insert(*to, item);
        }
        Edit::Rename { path, key } => {
            let (Some(Segment::Key(old)), Value::Object(map)) =
                (path.last(), get_mut(&mut after, &path.parent()?)?)
            else {
                return None;
            };
            *map = std::mem::take(map)
                .into_iter()
                .map(|(name, value)| {
                    if name == *old {
                        (key.clone(), value)
                    } else {
                        (name, value)
                    }
                })
                .collect::<Map<_, _>>();
        }
    }
    Some(after)
}
