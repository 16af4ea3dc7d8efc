//! Reads and writes the metadata fields that the store itself needs.

use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::store::StoreError;

/// The state that a caller requires of the object it removes
/// ([`Preconditions`](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// The required uid.
    pub uid: Option<String>,
    /// The required resourceVersion.
    pub resource_version: Option<String>,
}

impl Preconditions {
    /// Checks an object against the preconditions; errors have the API server's messages.
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

/// Returns a string field of the metadata; empty if absent.
pub(super) fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}

fn metadata(object: &mut Value) -> Result<&mut Map<String, Value>, StoreError> {
    object
        .get_mut("metadata")
        .and_then(Value::as_object_mut)
        .ok_or(StoreError::Malformed("metadata is not an object"))
}

/// Sets the uid and creationTimestamp of a new object if it has none.
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

/// Returns the current time in whole seconds, in the format of `metav1.Time`.
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

/// Whether a write that turns `stored` into `object` completes a deletion: the last finalizer is gone and no grace
/// period is left (the API server's `ShouldDeleteDuringUpdate`).
pub(super) fn ends_deletion(stored: &Value, object: &Value) -> bool {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers.is_none_or(Vec::is_empty)
        && stored["metadata"]["deletionGracePeriodSeconds"].as_i64() == Some(0)
}
