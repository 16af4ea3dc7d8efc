//! Owner references.

use serde_json::Value;

/// Removes repeated owner references (apiserver's `dedupOwnerReferences`), and returns the UID of each removed one.
pub fn owners(object: &mut Value) -> Vec<String> {
    let mut removed = Vec::new();
    let owners = object
        .pointer_mut("/metadata/ownerReferences")
        .and_then(Value::as_array_mut);
    if let Some(owners) = owners {
        let mut kept: Vec<Value> = Vec::with_capacity(owners.len());
        for owner in owners.drain(..) {
            if owner.is_object() && kept.iter().any(|other| is_same(other, &owner)) {
                removed.push(
                    owner
                        .get("uid")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned(),
                );
            } else {
                kept.push(owner);
            }
        }
        *owners = kept;
    }
    removed
}

/// Whether two references are equal; a missing string is an empty one, a missing flag is null.
fn is_same(a: &Value, b: &Value) -> bool {
    let text = |owner: &Value, key: &str| {
        owner
            .get(key)
            .cloned()
            .filter(|value| !value.is_null() && *value != "")
    };
    [
        "apiVersion",
        "kind",
        "name",
        "uid",
        "controller",
        "blockOwnerDeletion",
    ]
    .iter()
    .all(|key| text(a, key) == text(b, key))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn equal_owner_references_are_removed() {
        let one = json!({"apiVersion": "v1", "kind": "A", "name": "a", "uid": "1", "controller": true});
        let other = json!({"apiVersion": "v1", "kind": "A", "name": "a", "uid": "1", "controller": false});
        let mut job = json!({"metadata": {"ownerReferences": [one, other, one]}});
        assert_eq!(super::owners(&mut job), ["1"]);
        assert_eq!(job["metadata"]["ownerReferences"], json!([one, other]));
    }
}
