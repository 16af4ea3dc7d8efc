//! Deletion: grace periods, finalizers, propagation policies
//! ([garbage collection](https://kubernetes.io/docs/concepts/architecture/garbage-collection/)).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::api::decode::json_kind;
use crate::api::error::ApiError;
use crate::api::field::FieldError;
use crate::api::query::{Query, check_dry_run};
use crate::clock::seconds;
use crate::cluster::Cluster;
use crate::resource::Resource;
use crate::store::{Key, Preconditions, StoreError};

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What happens to an object's dependents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They are kept.
    Orphan,
    /// They are deleted after it.
    Background,
    /// They are deleted before it.
    Foreground,
}

/// `DeleteOptions`.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// Seconds until the object is removed; 0 removes it immediately. The type's default if unset.
    pub grace_period: Option<i64>,
    /// What happens to dependents; the type's default if unset.
    pub propagation: Option<Propagation>,
    /// The uid or resourceVersion that the object must have.
    pub preconditions: Option<Preconditions>,
    /// Do everything except deleting.
    pub dry_run: bool,
}

impl DeleteOptions {
    /// Reads the options from the body if there is one, otherwise from the query.
    pub fn read(body: &Value, query: &Query) -> Result<Self, ApiError> {
        let named = |field: &str| body[field].as_str().unwrap_or_default();
        if !matches!(named("kind"), "" | "DeleteOptions") {
            let (kind, version) = (named("kind"), named("apiVersion"));
            let version = if version.is_empty() {
                "meta.k8s.io/v1"
            } else {
                version
            };
            return Err(ApiError::bad_request(format!(
                "no kind \"{kind}\" is registered for version \"{version}\" in scheme \"pkg/runtime/scheme.go:111\""
            )));
        }
        check_types(body)?;
        // Any body, even an empty object, replaces the whole query.
        let from_body = !body.is_null();
        let (policy, orphan) = if from_body {
            (
                body["propagationPolicy"].as_str().map(str::to_owned),
                body["orphanDependents"].as_bool(),
            )
        } else {
            let orphan = query
                .get("orphanDependents")
                .map(|_| query.flag("orphanDependents"));
            (query.get("propagationPolicy").map(str::to_owned), orphan)
        };
        let propagation = propagation(policy.as_deref(), orphan)?;
        let dry_run = if from_body {
            let values: Vec<&str> = body["dryRun"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            check_dry_run("DeleteOptions", &values)?
        } else {
            query.dry_run("DeleteOptions")?
        };
        let grace_period = if from_body {
            body["gracePeriodSeconds"].as_i64()
        } else {
            query.integer("gracePeriodSeconds")?
        };
        let text = |name: &str| body["preconditions"][name].as_str().map(str::to_owned);
        let preconditions = body["preconditions"].is_object().then(|| Preconditions {
            uid: text("uid"),
            resource_version: text("resourceVersion"),
        });
        Ok(Self {
            grace_period,
            propagation,
            preconditions,
            dry_run,
        })
    }
}

/// Checks the types of the members of `DeleteOptions`.
fn check_types(body: &Value) -> Result<(), ApiError> {
    let wrong = |value: &Value, place: &str, wanted: &str| {
        let mut found = json_kind(value).to_owned();
        if let (Value::Number(number), "int64") = (value, wanted) {
            found = format!("number {number}");
        }
        ApiError::bad_request(format!(
            "json: cannot unmarshal {found} into Go struct field {place} of type {wanted}"
        ))
    };
    let is_text = |value: &Value| value.is_null() || value.is_string();
    for (name, value) in body.as_object().into_iter().flatten() {
        let wanted = match name.as_str() {
            "gracePeriodSeconds" if !value.is_null() && value.as_i64().is_none() => "int64",
            "orphanDependents" if !value.is_null() && !value.is_boolean() => "bool",
            "propagationPolicy" if !is_text(value) => "v1.DeletionPropagation",
            "dryRun" if !value.is_null() && !value.is_array() => "[]string",
            "preconditions" if !value.is_null() && !value.is_object() => "v1.Preconditions",
            "dryRun" => {
                let item = value.as_array().into_iter().flatten().find(|item| !is_text(item));
                match item {
                    Some(item) => return Err(wrong(item, "DeleteOptions.dryRun", "string")),
                    None => continue,
                }
            }
            "preconditions" => {
                for (field, wanted) in [("uid", "types.UID"), ("resourceVersion", "string")] {
                    if !is_text(&value[field]) {
                        return Err(wrong(
                            &value[field],
                            &format!("Preconditions.preconditions.{field}"),
                            wanted,
                        ));
                    }
                }
                continue;
            }
            _ => continue,
        };
        return Err(wrong(value, &format!("DeleteOptions.{name}"), wanted));
    }
    Ok(())
}

/// Combines `propagationPolicy` and the deprecated `orphanDependents`, which are mutually exclusive.
fn propagation(policy: Option<&str>, orphan: Option<bool>) -> Result<Option<Propagation>, ApiError> {
    let field = "propagationPolicy";
    let mut errors = Vec::new();
    let mut propagation = orphan.map(|orphan| {
        if orphan {
            Propagation::Orphan
        } else {
            Propagation::Background
        }
    });
    if let Some(policy) = policy {
        if orphan.is_some() {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(FieldError::invalid(field, policy, why));
        }
        match policy {
            "Foreground" => propagation = Some(Propagation::Foreground),
            "Background" => propagation = Some(Propagation::Background),
            "Orphan" => propagation = Some(Propagation::Orphan),
            other => {
                let allowed = ["Foreground", "Background", "Orphan", "nil"];
                errors.push(FieldError::not_supported(field, other, &allowed));
            }
        }
    }
    if errors.is_empty() {
        Ok(propagation)
    } else {
        Err(ApiError::invalid("DeleteOptions", "meta.k8s.io", "", &errors))
    }
}

/// The result of a deletion.
#[derive(Debug)]
pub enum Deleted {
    /// The object was removed; its last state.
    Gone(Arc<Value>),
    /// The object waits for its finalizers or the end of its grace period.
    Waiting(Arc<Value>),
}

impl Deleted {
    /// Returns the object in either case.
    pub fn object(&self) -> &Arc<Value> {
        match self {
            Self::Gone(object) | Self::Waiting(object) => object,
        }
    }
}

/// Deletes an object, or marks it for deletion if it has finalizers or a grace period.
pub fn delete(cluster: &Cluster, key: &Key, options: &DeleteOptions) -> Result<Deleted, ApiError> {
    loop {
        let stored = cluster.store.get(key)?;
        let stored = stored.ok_or_else(|| ApiError::not_found(key.resource, &key.name))?;
        if let Some(wanted) = &options.preconditions {
            wanted
                .check(&stored)
                .map_err(|error| ApiError::from_store(error, key))?;
        }
        let marked = mark(cluster, key.resource, &stored, options);
        if options.dry_run {
            return Ok(match marked {
                Some(marked) => Deleted::Waiting(Arc::new(marked)),
                None => Deleted::Gone(stored),
            });
        }
        let done = match marked {
            Some(marked) if marked == *stored && !may_go(&marked) => return Ok(Deleted::Waiting(stored)),
            // Watchers see the deletion timestamp of a Pod before its removal.
            Some(marked) if may_go(&marked) => {
                cluster.store.update(key.resource, marked).and_then(|marked| {
                    let gone = cluster.store.remove(key, Some(&exactly(&marked)));
                    match gone {
                        Ok(_) | Err(StoreError::NotFound(_)) => Ok(Deleted::Gone(marked)),
                        Err(error) => Err(error),
                    }
                })
            }
            Some(marked) => cluster.store.update(key.resource, marked).map(Deleted::Waiting),
            None => cluster
                .store
                .remove(key, Some(&exactly(&stored)))
                .map(Deleted::Gone),
        };
        match done {
            // It was changed concurrently: retry.
            Err(StoreError::Conflict(_) | StoreError::Precondition(_)) => {}
            other => return other.map_err(|error| ApiError::from_store(error, key)),
        }
    }
}

fn exactly(stored: &Value) -> Preconditions {
    Preconditions {
        uid: None,
        resource_version: stored["metadata"]["resourceVersion"].as_str().map(str::to_owned),
    }
}

/// Reports whether an object marked for deletion can be removed.
fn may_go(marked: &Value) -> bool {
    marked["metadata"]["finalizers"]
        .as_array()
        .is_none_or(Vec::is_empty)
        && marked["metadata"]["deletionGracePeriodSeconds"].as_i64() == Some(0)
        && marked["spec"]["finalizers"].as_array().is_none_or(Vec::is_empty)
}

/// Returns the object marked for deletion; `None` if it can be removed immediately.
fn mark(cluster: &Cluster, resource: &Resource, stored: &Value, options: &DeleteOptions) -> Option<Value> {
    let deleting = !stored["metadata"]["deletionTimestamp"].is_null();
    let left = stored["metadata"]["deletionGracePeriodSeconds"]
        .as_i64()
        .filter(|left| deleting && *left > 0);
    let grace = match (left, options.grace_period) {
        // During the grace period, a request can only shorten it.
        (Some(left), asked) if asked.is_none_or(|asked| asked >= left) => return Some(stored.clone()),
        (Some(_), Some(asked)) => min_grace(asked),
        (_, asked) => grace(resource, stored, asked),
    };
    let mut object = stored.clone();
    let finalizers = finalizers(resource, stored, options.propagation);
    let waits = !finalizers.is_empty()
        || grace > 0
        || stored["spec"]["finalizers"]
            .as_array()
            .is_some_and(|own| !own.is_empty());
    if !waits && !deleting && resource.kind != "Pod" {
        return None;
    }
    let metadata = object["metadata"].as_object_mut()?;
    if finalizers.is_empty() {
        metadata.remove("finalizers");
    } else {
        metadata.insert("finalizers".into(), json!(finalizers));
    }
    if !deleting || left.is_some() {
        let at = deadline(cluster, stored, grace, deleting);
        metadata.insert("deletionTimestamp".into(), seconds(at).into());
        // A namespace is removed when it is empty, not after a time.
        if resource.kind != "Namespace" {
            metadata.insert("deletionGracePeriodSeconds".into(), grace.into());
        }
        // Shortening the grace period of an object that is being deleted does not increment the generation.
        if let Some(generation) = metadata
            .get("generation")
            .and_then(Value::as_i64)
            .filter(|_| !deleting)
        {
            metadata.insert("generation".into(), (generation + 1).into());
        }
    }
    if resource.kind == "Namespace" {
        object["status"]["phase"] = "Terminating".into();
    }
    Some(object)
}

/// Returns the end of the grace period, counted from now or, if the object is being deleted, from the start
/// of the deletion.
fn deadline(cluster: &Cluster, stored: &Value, grace: i64, deleting: bool) -> Timestamp {
    let now = cluster.clock.now();
    let metadata = &stored["metadata"];
    let started_at = metadata["deletionTimestamp"]
        .as_str()
        .and_then(|text| text.parse::<Timestamp>().ok())
        .zip(metadata["deletionGracePeriodSeconds"].as_i64())
        .and_then(|(at, before)| at.checked_sub(SignedDuration::from_secs(before)).ok());
    let from = if deleting { started_at.unwrap_or(now) } else { now };
    from.checked_add(SignedDuration::from_secs(grace)).unwrap_or(from)
}

/// Returns the grace period in seconds; only Pods that are scheduled and not finished have one.
fn grace(resource: &Resource, object: &Value, asked: Option<i64>) -> i64 {
    if resource.kind != "Pod" {
        return 0;
    }
    let placed = object["spec"]["nodeName"]
        .as_str()
        .is_some_and(|node| !node.is_empty());
    let finished = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if !placed || finished {
        return 0;
    }
    let own = object["spec"]["terminationGracePeriodSeconds"]
        .as_i64()
        .unwrap_or(30);
    min_grace(asked.unwrap_or(own))
}

/// Returns the requested grace period in seconds; a negative one counts as 1, as the validation warning says.
fn min_grace(asked: i64) -> i64 {
    if asked < 0 { 1 } else { asked }
}

/// Returns the finalizers after a request with this policy.
fn finalizers(resource: &Resource, object: &Value, policy: Option<Propagation>) -> Vec<String> {
    let mut kept: Vec<String> = object["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect();
    let had = |name: &str| kept.iter().any(|one| one == name);
    // batch/v1 Jobs orphan their Pods by default.
    let default = if resource.kind == "Job" {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    let policy = policy.unwrap_or(if had(ORPHAN) {
        Propagation::Orphan
    } else if had(FOREGROUND) {
        Propagation::Foreground
    } else {
        default
    });
    kept.retain(|one| one != ORPHAN && one != FOREGROUND);
    match policy {
        Propagation::Orphan => kept.push(ORPHAN.to_owned()),
        Propagation::Foreground => kept.push(FOREGROUND.to_owned()),
        Propagation::Background => {}
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_replaces_the_whole_query() {
        let read = |body: Value, query: &str| DeleteOptions::read(&body, &Query::parse(Some(query)));
        let cases = [
            (Value::Null, "propagationPolicy=Orphan", Some(Propagation::Orphan)),
            (json!({}), "propagationPolicy=Orphan", None),
            (
                Value::Null,
                "orphanDependents=false",
                Some(Propagation::Background),
            ),
            (json!({"orphanDependents": true}), "", Some(Propagation::Orphan)),
        ];
        for (body, query, wanted) in cases {
            assert_eq!(read(body, query).unwrap().propagation, wanted, "{query}");
        }
        let refused = read(json!({"propagationPolicy": "Some", "orphanDependents": true}), "").unwrap_err();
        assert_eq!(
            refused.message,
            "DeleteOptions.meta.k8s.io \"\" is invalid: [propagationPolicy: Invalid value: \"Some\": orphanDependents and deletionPropagation cannot be both set, propagationPolicy: Unsupported value: \"Some\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"]"
        );
    }
}
