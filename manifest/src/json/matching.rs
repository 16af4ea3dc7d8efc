//! Matches the items of a new list with those of the old one.

use serde_json::Value;

/// Returns for each new item the index of the old one: an equal one, else one of the same name, else the most
/// similar one, else the one at the same index.
pub(crate) fn match_items(old: &[&Value], new: &[&Value], documents: bool) -> Vec<Option<usize>> {
    let mut pairs = vec![None; new.len()];
    let mut free: Vec<_> = (0..old.len()).collect();
    let mut open: Vec<_> = (0..new.len()).collect();
    let mut take = |open: &mut Vec<usize>, free: &mut Vec<usize>, same: &dyn Fn(usize, usize) -> bool| {
        open.retain(|&to| {
            let found = free.iter().position(|&from| same(from, to));
            if let Some(at) = found {
                pairs[to] = Some(free.remove(at));
            }
            found.is_none()
        });
    };
    // Match equal items at both ends first, so that of several equal items those stay that need not move.
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let room = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(room);
    let tail = tail.take_while(|(a, b)| a == b).count();
    let ends = |from: usize, to: usize| {
        from == to && to < head || old.len() - from == new.len() - to && new.len() - to <= tail
    };
    take(&mut open, &mut free, &ends);
    take(&mut open, &mut free, &|from, to| old[from] == new[to]);
    take(&mut open, &mut free, &|from, to| {
        identity(old[from], documents).is_some_and(|found| Some(found) == identity(new[to], documents))
    });
    // An edited item has most of its old members.
    let mut likes: Vec<_> = open
        .iter()
        .flat_map(|&to| free.iter().map(move |&from| (to, from)))
        .map(|(to, from)| (similarity(old[from], new[to]), from.abs_diff(to), to, from))
        .filter(|(similarity, ..)| *similarity > 0)
        .collect();
    likes.sort_by_key(|(similarity, distance, ..)| (std::cmp::Reverse(*similarity), *distance));
    for (_, _, to, from) in likes {
        if open.contains(&to) && free.contains(&from) {
            pairs[to] = Some(from);
            open.retain(|other| *other != to);
            free.retain(|other| *other != from);
        }
    }
    // An item of the same kind between the same neighbours was edited, not replaced; one of another kind as well
    // if there are as many items between them as before.
    let between = |pairs: &[Option<usize>], to: usize| {
        let before = pairs[..to].iter().rev().flatten().next();
        let behind = pairs[to..].iter().flatten().next();
        before.map_or(0, |from| from + 1)..behind.copied().unwrap_or(old.len())
    };
    open.retain(|&to| {
        let place = between(&pairs, to);
        let is_alike = |from: &usize| std::mem::discriminant(old[*from]) == std::mem::discriminant(new[to]);
        let found = free
            .iter()
            .position(|from| place.contains(from) && is_alike(from));
        if let Some(at) = found {
            pairs[to] = Some(free.remove(at));
        }
        found.is_none()
    });
    while let Some(&to) = open.first() {
        let place = between(&pairs, to);
        let beside: Vec<_> = open
            .iter()
            .copied()
            .filter(|other| between(&pairs, *other) == place)
            .collect();
        let there: Vec<_> = free.iter().copied().filter(|from| place.contains(from)).collect();
        if beside.len() == there.len() {
            for (to, from) in beside.iter().zip(there) {
                pairs[*to] = Some(from);
            }
        }
        open.retain(|other| !beside.contains(other));
    }
    pairs
}

/// Returns what identifies an object among the others of its list.
fn identity(value: &Value, documents: bool) -> Option<Vec<&str>> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    if documents {
        return Some(vec![text("/kind")?, text("/metadata/name")?]);
    }
    let key = ["/name", "/mountPath", "/key", "/containerPort", "/ip"]
        .into_iter()
        .find_map(text)?;
    Some(vec![key])
}

/// Returns how many members an item has in common with another one.
fn similarity(a: &Value, b: &Value) -> usize {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.iter().filter(|(key, value)| b.get(*key) == Some(value)).count()
        }
        (Value::Array(a), Value::Array(b)) => a.iter().filter(|item| b.contains(item)).count(),
        _ => 0,
    }
}
