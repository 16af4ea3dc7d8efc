//! The API server's request handling below HTTP: decoding, defaulting, admission, validation, field
//! management, writing and deleting.
//!
//! The HTTP handlers translate requests into calls of this module; the controllers call it directly, so that
//! their writes are subject to the same rules.

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

/// Returns the value without null members, which `IndexMut` of `serde_json::Value` inserts for missing keys.
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
