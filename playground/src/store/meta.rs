//! The metadata fields that storing itself reads and writes.

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::store::StoreError;

/// What a caller requires of the object it removes
/// ([`Preconditions`](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// The uid it must have.
    pub uid: Option<String>,
    /// The resourceVersion it must have.
    pub resource_version: Option<String>,
}

impl Preconditions {
    /// Refuses an object that is not the one required, in the API server's words.
    pub fn check(&self, object: &Value) -> Result<(), StoreError> {
        if let Some(wanted) = &self.uid
            && wanted != text(object, "uid")
        {
            let actual = text(object, "uid");
            return Err(StoreError::Precondition(format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({actual}). \
                 The object might have been deleted and then recreated"
            )));
        }
        if let Some(wanted) = &self.resource_version
            && wanted != text(object, "resourceVersion")
        {
            let actual = text(object, "resourceVersion");
            return Err(StoreError::Precondition(format!(
                "the ResourceVersion in the precondition ({wanted}) does not match the \
                 ResourceVersion in record ({actual}). The object might have been modified"
            )));
        }
        Ok(())
    }
}

/// A string field of the metadata; empty if absent.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

fn metadata(object: &mut Value) -> Result<&mut Map<String, Value>, StoreError> {
    object
        .get_mut("metadata")
        .and_then(Value::as_object_mut)
        .ok_or(StoreError::Malformed("metadata is not an object"))
}

/// Gives a new object its uid and creationTimestamp, if it has none.
pub(super) fn complete(object: &mut Value) -> Result<(), StoreError> {
    let metadata = metadata(object)?;
    if metadata
        .get("uid")
        .and_then(Value::as_str)
        .is_none_or(str::is_empty)
    {
        metadata.insert("uid".into(), Uuid::new_v4().to_string().into());
    }
    if metadata.get("creationTimestamp").is_none_or(Value::is_null) {
        metadata.insert("creationTimestamp".into(), now().into());
    }
    Ok(())
}

/// The present, in whole seconds, as `metav1.Time` writes it.
fn now() -> String {
    crate::clock::seconds(Timestamp::now())
}

/// Sets the resourceVersion.
pub(super) fn set_version(object: &mut Value, version: u64) -> Result<(), StoreError> {
    metadata(object)?.insert("resourceVersion".into(), version.to_string().into());
    Ok(())
}

/// Whether the two differ in more than the resourceVersion.
pub(super) fn differ(stored: &Value, object: &mut Value) -> Result<bool, StoreError> {
    let version = stored["metadata"]["resourceVersion"].clone();
    metadata(object)?.insert("resourceVersion".into(), version);
    Ok(stored != object)
}

/// Whether a write that turns `stored` into `object` ends a deletion: the last finalizer is gone
/// and no grace is left (the API server's `ShouldDeleteDuringUpdate`).
pub(super) fn ends_deletion(stored: &Value, object: &Value) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.is_none_or(Vec::is_empty)
        && stored["metadata"]["deletionGracePeriodSeconds"].as_i64() == Some(0)
}
