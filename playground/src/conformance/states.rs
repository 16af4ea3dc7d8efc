//! Compares sequences of states. A server may merge two adjacent states into one, or show one more: two sequences
//! agree if they start and end alike and neither misses two adjacent states of the other.

use serde_json::Value;

use crate::conformance::normalize::differences;

/// Returns the states without repetitions.
fn distinct(states: &[Value]) -> Vec<&Value> {
    let mut out: Vec<&Value> = Vec::new();
    for state in states {
        if out.last() != Some(&state) {
            out.push(state);
        }
    }
    out
}

/// Whether two sequences agree.
pub(super) fn agree(want: &[Value], got: &[Value]) -> bool {
    let (want, got) = (distinct(want), distinct(got));
    if want.is_empty() || got.is_empty() {
        return want.len() == got.len();
    }
    if want.first() != got.first() || want.last() != got.last() {
        return false;
    }
    // `reached[i][j]`: the states before i and j are matched, and i and j are the same.
    let mut reached = vec![vec![false; got.len()]; want.len()];
    reached[0][0] = true;
    for i in 0..want.len() {
        for j in 0..got.len() {
            if !reached[i][j] {
                continue;
            }
            for next_i in i + 1..(i + 3).min(want.len()) {
                for next_j in j + 1..(j + 3).min(got.len()) {
                    if want[next_i] == got[next_j] {
                        reached[next_i][next_j] = true;
                    }
                }
            }
        }
    }
    reached[want.len() - 1][got.len() - 1]
}

/// Returns where two sequences that do not agree first diverge.
pub(super) fn divergence(at: &str, want: &[Value], got: &[Value]) -> Vec<String> {
    let (want, got) = (distinct(want), distinct(got));
    let same = want.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let mut out = vec![format!(
        "{at}: {} states, recorded {}; they diverge at {same}",
        got.len(),
        want.len()
    )];
    if let (Some(a), Some(b)) = (want.get(same), got.get(same)) {
        differences(&format!("{at}/{same}"), a, b, &mut out);
    }
    if let (Some(a), Some(b)) = (want.last(), got.last())
        && a != b
    {
        differences(&format!("{at}/last"), a, b, &mut out);
    }
    out
}

/// Compares the events of a watch, object by object.
pub(super) fn lives(at: &str, want: &Value, got: &Value) -> Vec<String> {
    let (want, got) = (by_object(want), by_object(got));
    let mut left: Vec<&Vec<Value>> = got.iter().collect();
    let mut out = Vec::new();
    for life in &want {
        match left.iter().position(|other| agree(life, other)) {
            Some(found) => {
                left.remove(found);
            }
            None => match left.first() {
                Some(other) => out.extend(divergence(at, life, other)),
                None => out.push(format!("{at}: a life is missing")),
            },
        }
    }
    if want.len() < got.len() {
        out.push(format!("{at}: {} objects, recorded {}", got.len(), want.len()));
    }
    out
}

/// Returns the events of each object, by name, in the order of its first one.
fn by_object(events: &Value) -> Vec<Vec<Value>> {
    let mut lives: Vec<(String, Vec<Value>)> = Vec::new();
    for event in events.as_array().into_iter().flatten() {
        let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default();
        match lives.iter_mut().find(|(known, _)| known == name) {
            Some((_, life)) => life.push(event.clone()),
            None => lives.push((name.to_owned(), vec![event.clone()])),
        }
    }
    lives.into_iter().map(|(_, life)| life).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn states(texts: &str) -> Vec<Value> {
        texts.chars().map(|one| json!(one.to_string())).collect()
    }

    #[test]
    fn one_state_may_be_merged_or_added_but_not_two() {
        assert!(agree(&states("abcd"), &states("abcd")));
        assert!(agree(&states("abcd"), &states("acd")));
        assert!(agree(&states("abcd"), &states("abxcd")));
        assert!(agree(&states("abcd"), &states("aabccd")));
        assert!(!agree(&states("abcd"), &states("ad")));
        assert!(!agree(&states("abcd"), &states("abxycd")));
        assert!(!agree(&states("abcd"), &states("abc")));
        assert!(!agree(&states("abcd"), &states("bcd")));
    }
}
