//! Changes and deletions of existing Jobs. Each identifies the Job by its `uid` too: a re-created Job of the same
//! name is not touched.

use serde_json::{Map, Value, json};

use app::api::error::{ApiError, Cause};
use app::api::job::{DescriptionChange, JobRef, TextChange};

use crate::jobs::row::{ALIAS, DESCRIPTION, annotation};
use crate::kubernetes::{Cluster, Kind};

/// Maximum number of attempts when the Job changes concurrently, as a running one does.
const MAX_ATTEMPTS: u32 = 8;

/// Deletes a Job. One that is already deleted counts as success.
pub async fn delete(cluster: &Cluster, project: &str, job: &JobRef) -> Result<(), ApiError> {
    let path = Kind::JOBS.object(project, &job.name)?;
    match cluster.delete(&path, &job.uid).await {
        Ok(()) | Err(ApiError::NotFound { .. }) => Ok(()),
        Err(ApiError::Conflict { .. }) => Err(replaced(job)),
        Err(error) => Err(error),
    }
}

/// Sets `spec.suspend`.
pub async fn suspend(cluster: &Cluster, project: &str, job: &JobRef, suspend: bool) -> Result<(), ApiError> {
    let path = Kind::JOBS.object(project, &job.name)?;
    let operations = json!([
        {"op": "test", "path": "/metadata/uid", "value": job.uid},
        {"op": "add", "path": "/spec/suspend", "value": suspend},
    ]);
    let stored = match cluster.json_patch(&path, &operations).await {
        Ok(stored) => stored,
        // A failed `test` operation has the same status as any other invalid patch.
        Err(error @ ApiError::Invalid { .. }) => {
            check(&cluster.get(&path).await?, job)?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    // Servers before 1.22 accept the field and silently drop it.
    if stored["spec"]["suspend"].as_bool().unwrap_or_default() == suspend {
        return Ok(());
    }
    let message = "this cluster cannot suspend Jobs: that needs Kubernetes 1.22 or newer".to_owned();
    let cause = Cause {
        field: "spec.suspend".to_owned(),
        reason: "FieldValueNotSupported".to_owned(),
        message: message.clone(),
    };
    Err(ApiError::Invalid {
        message,
        causes: vec![cause],
    })
}

/// Changes alias and description, unless they have changed since the user started to edit.
pub async fn describe(
    cluster: &Cluster,
    project: &str,
    job: &JobRef,
    change: &DescriptionChange,
) -> Result<(), ApiError> {
    let path = Kind::JOBS.object(project, &job.name)?;
    let texts = [
        ("alias", ALIAS, &change.alias),
        ("description", DESCRIPTION, &change.description),
    ];
    let mut attempts = 0;
    loop {
        let current = cluster.get(&path).await?;
        check(&current, job)?;
        let mut annotations = Map::new();
        for (field, keys, change) in &texts {
            if let Some(change) = change {
                annotations.extend(annotations_of(&current, field, *keys, change)?);
            }
        }
        if annotations.is_empty() {
            return Ok(());
        }
        // Includes the resource version that was read: a concurrent change is a conflict, and read again.
        let version = &current["metadata"]["resourceVersion"];
        let patch = json!({"metadata": {"resourceVersion": version, "annotations": annotations}});
        match cluster.merge_patch(&path, &patch).await {
            Ok(_) => return Ok(()),
            Err(ApiError::Conflict { .. }) if attempts < MAX_ATTEMPTS => attempts += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Returns the annotations that hold a text after its change. The legacy key is removed: it would reappear once the
/// current one is empty.
fn annotations_of(
    job: &Value,
    field: &str,
    keys: [&str; 2],
    change: &TextChange,
) -> Result<[(String, Value); 2], ApiError> {
    let current = annotation(job, keys).unwrap_or_default();
    if current != change.from && current != change.to {
        return Err(ApiError::Edited {
            field: field.to_owned(),
            message: current,
        });
    }
    let value = if change.to.is_empty() {
        Value::Null
    } else {
        Value::from(change.to.as_str())
    };
    Ok([(keys[0].to_owned(), value), (keys[1].to_owned(), Value::Null)])
}

/// Checks that `found` is the Job that is meant.
pub fn check(found: &Value, job: &JobRef) -> Result<(), ApiError> {
    if found["metadata"]["uid"] == job.uid {
        Ok(())
    } else {
        Err(replaced(job))
    }
}

fn replaced(job: &JobRef) -> ApiError {
    ApiError::Replaced {
        message: job.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(annotations: &Value) -> Value {
        json!({"metadata": {"uid": "u1", "annotations": annotations}})
    }

    fn change(from: &str, to: &str) -> TextChange {
        TextChange {
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    #[test]
    fn concurrent_edit_is_not_overwritten() {
        let stored = job(&json!({"kubesphere.io/alias-name": "theirs"}));
        let refused = annotations_of(&stored, "alias", ALIAS, &change("old", "mine")).unwrap_err();
        let theirs = ApiError::Edited {
            field: "alias".to_owned(),
            message: "theirs".to_owned(),
        };
        assert_eq!(refused, theirs);
        let same = annotations_of(&stored, "alias", ALIAS, &change("old", "theirs")).unwrap();
        assert_eq!(same[0].1, "theirs");
    }

    #[test]
    fn legacy_key_is_replaced_and_empty_text_removes_both() {
        let stored = job(&json!({"displayName": "old"}));
        let renamed = annotations_of(&stored, "alias", ALIAS, &change("old", "new")).unwrap();
        assert_eq!(renamed.map(|(_, value)| value), [Value::from("new"), Value::Null]);
        let removed = annotations_of(&stored, "alias", ALIAS, &change("old", "")).unwrap();
        assert_eq!(removed.map(|(_, value)| value), [Value::Null, Value::Null]);
    }
}
