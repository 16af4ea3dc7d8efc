//! What makes an answer Kubernetes': decoding, defaults, admission, validation, owners of fields, writing, deleting.
//!
//! The HTTP handlers translate requests to calls of this module; the controllers call it directly, so what they write
//! meets the same rules.

pub mod admission;
pub mod apply;
pub mod decode;
pub mod delete;
pub mod error;
pub mod field;
pub mod fields;
pub mod kinds;
pub mod managed;
pub mod names;
pub mod path;
pub mod query;
pub mod registry;
pub mod selector;
pub mod validate;
pub mod write;

use serde_json::Value;

/// Without the nulls that looking into a value with `[]` leaves behind.
pub fn without_nulls(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            for value in members.values_mut() {
                *value = without_nulls(value.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_nulls(item.take());
            }
        }
        _ => {}
    }
    value
}
