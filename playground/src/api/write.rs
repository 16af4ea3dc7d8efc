//! Creating and updating objects: defaulting, admission, validation, storing.
//!
//! Both the HTTP handlers and the controllers use these functions, so a Pod created by the Job controller is
//! subject to the same quotas and rules as one created by a user.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::admission;
use crate::api::apply::{Applied, Applier};
use crate::api::decode;
use crate::api::error::ApiError;
use crate::api::kinds;
use crate::api::managed;
use crate::api::names;
use crate::api::query::number_error;
use crate::cluster::Cluster;
use crate::resource::Resource;
use crate::store::{Key, StoreError};

/// Maximum number of attempts to write when concurrent changes conflict.
const ATTEMPTS: usize = 5;

/// Options of a write: by whom and how.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Do everything except storing (`dryRun=All`).
    pub dry_run: bool,
    /// `fieldManager`, recorded in `metadata.managedFields`.
    pub manager: String,
    /// The server-side apply, if the write is one.
    pub apply: Option<Apply>,
}

/// A server-side apply.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    /// The applied configuration.
    pub configuration: Value,
    /// Take ownership of conflicting fields instead of failing with a conflict.
    pub force: bool,
}

impl WriteOptions {
    /// Applies the configuration to `old`, which is an empty object if the object does not exist; `None` if
    /// the write is not a server-side apply.
    fn applied(
        &self,
        cluster: &Cluster,
        old: &Value,
        resource: &Resource,
        subresource: &str,
    ) -> Result<Option<Applied>, ApiError> {
        let Some(apply) = &self.apply else {
            return Ok(None);
        };
        let who = Applier {
            manager: &self.manager,
            subresource,
            force: apply.force,
            now: &cluster.clock.now_text(),
        };
        crate::api::apply::apply(old, &apply.configuration, resource, who).map(Some)
    }
}

impl WriteOptions {
    /// Returns the options of a write by a control plane component, such as `kube-controller-manager`.
    pub fn system(manager: &str) -> Self {
        Self {
            manager: manager.to_owned(),
            ..Self::default()
        }
    }
}

/// Creates an object in `namespace` (empty for cluster-scoped types).
pub fn create(
    cluster: &Cluster,
    resource: &'static Resource,
    namespace: &str,
    mut object: Value,
    options: &WriteOptions,
) -> Result<Arc<Value>, ApiError> {
    let applied = options.applied(cluster, &json!({"metadata": {}}), resource, "")?;
    check_metadata(resource, namespace, &mut object)?;
    // The store checks this, to which a dry run does not come.
    if !options.dry_run
        && object["metadata"]["resourceVersion"]
            .as_str()
            .is_some_and(|version| !version.is_empty())
    {
        return Err(ApiError::unclassified(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    object["apiVersion"] = resource.api_version().into();
    object["kind"] = resource.kind.into();
    let labelled = object["metadata"]["labels"]
        .as_object()
        .is_some_and(|labels| !labels.is_empty());
    kinds::default(resource, &mut object);
    // The name is generated before admission, whose messages contain it.
    let generated = fill_system_fields(cluster, &mut object);
    admission::namespace_accepts(cluster, resource, namespace, &object)?;
    let now = cluster.clock.now_text();
    if let Some(applied) = applied {
        managed::set_entries(&mut object, applied.entries);
    } else {
        let mut written = decode::serialized(object.clone(), resource);
        managed::update(None, &mut written, resource, "", &options.manager, &now);
        object["metadata"]["managedFields"] = written["metadata"]["managedFields"].take();
    }
    admission::mutate_create(cluster, resource, &mut object)?;
    kinds::prepare_create(resource, &mut object, labelled, cluster.minor);
    let errors = kinds::validate_create(resource, &object, cluster.minor);
    if !errors.is_empty() {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        return Err(ApiError::invalid(resource.kind, resource.group, name, &errors));
    }
    kinds::settle(resource, &mut object);
    let mut object = tidy(decode::serialized(object, resource));
    let key = Key::of(resource, &object)?;
    if options.dry_run {
        admission::validate_create(cluster, resource, &object, true)?;
        if let Some(stored) = cluster.store.get(&key)? {
            return Err(taken(&key, &stored));
        }
        return Ok(Arc::new(object));
    }
    let _turn = admission::turn(cluster);
    admission::validate_create(cluster, resource, &object, false)?;
    for _ in 0..ATTEMPTS {
        match cluster.store.create(resource, object.clone()) {
            Err(StoreError::AlreadyExists(_)) if generated => {
                let prefix = object["metadata"]["generateName"].as_str().unwrap_or_default();
                object["metadata"]["name"] = names::generated(prefix).into();
            }
            Err(StoreError::AlreadyExists(_)) => {
                let stored = cluster.store.get(&key)?.unwrap_or_default();
                return Err(taken(&key, &stored));
            }
            other => return other.map_err(|error| ApiError::from_store(error, &key)),
        }
    }
    Err(ApiError::already_exists(resource, &key.name))
}

/// Returns the error for a name that exists; its message says if that object is being deleted.
fn taken(key: &Key, stored: &Value) -> ApiError {
    let mut error = ApiError::already_exists(key.resource, &key.name);
    if !stored["metadata"]["deletionTimestamp"].is_null() {
        error.message = format!("object is being deleted: {}", error.message);
    }
    error
}

/// Ensures that `metadata` is an object, and checks that its namespace matches that of the URL.
fn check_metadata(resource: &Resource, namespace: &str, object: &mut Value) -> Result<(), ApiError> {
    if !object.is_object() {
        return Err(ApiError::bad_request("the object provided is not a JSON object"));
    }
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    let given = object["metadata"]["namespace"].as_str().unwrap_or_default();
    if !given.is_empty() && given != namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if resource.namespaced {
        object["metadata"]["namespace"] = namespace.into();
    } else if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    Ok(())
}

/// Sets the system fields of a new object; reports whether the name was generated.
fn fill_system_fields(cluster: &Cluster, object: &mut Value) -> bool {
    let now = cluster.clock.now_text();
    let metadata = &mut object["metadata"];
    metadata["uid"] = uuid::Uuid::new_v4().to_string().into();
    metadata["creationTimestamp"] = now.into();
    if let Some(members) = metadata.as_object_mut() {
        for name in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "resourceVersion",
            "generation",
        ] {
            members.remove(name);
        }
    }
    let unnamed = metadata["name"].as_str().unwrap_or_default().is_empty();
    let prefix = metadata["generateName"].as_str().unwrap_or_default().to_owned();
    if unnamed && !prefix.is_empty() {
        metadata["name"] = names::generated(&prefix).into();
        return true;
    }
    false
}

/// The part of an object that a request replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status.
    Main,
    /// Only the status.
    Status,
}

/// Updates an object: `change` receives the stored object and returns its replacement. If the replacement has
/// no resourceVersion, conflicts are retried.
pub fn update(
    cluster: &Cluster,
    key: &Key,
    part: Part,
    options: &WriteOptions,
    mut change: impl FnMut(&Value) -> Result<Value, ApiError>,
) -> Result<Arc<Value>, ApiError> {
    let resource = key.resource;
    let mut conflict = None;
    for _ in 0..ATTEMPTS {
        let stored = cluster.store.get(key)?;
        let old = stored.ok_or_else(|| ApiError::not_found(resource, &key.name))?;
        let subresource = if part == Part::Status { "status" } else { "" };
        let applied = options.applied(cluster, &old, resource, subresource)?;
        let mut new = match &applied {
            Some(applied) => applied.object.clone(),
            None => change(&old)?,
        };
        check_metadata(resource, &key.namespace, &mut new)?;
        let name = new["metadata"]["name"].as_str().unwrap_or_default();
        if name != key.name {
            return Err(ApiError::bad_request(if name.is_empty() {
                format!(
                    "the name of the object ({} based on URL) was undeterminable: name must be provided",
                    key.name
                )
            } else {
                format!(
                    "the name of the object ({name}) does not match the name on the URL ({})",
                    key.name
                )
            }));
        }
        let given = new["metadata"]["resourceVersion"]
            .as_str()
            .filter(|version| *version != "0")
            .unwrap_or_default()
            .to_owned();
        if let Err(error) = given.parse::<u64>()
            && !given.is_empty()
        {
            let why = number_error(&error);
            return Err(ApiError::unclassified(format!(
                "strconv.ParseUint: parsing \"{given}\": {why}"
            )));
        }
        if !given.is_empty() && new["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"] {
            return Err(ApiError::stale(resource, &key.name));
        }
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
        let new = prepare(cluster, key, part, options, &old, new, applied)?;
        if options.dry_run {
            return Ok(Arc::new(new));
        }
        match cluster.store.update(resource, new) {
            Err(StoreError::Conflict(_)) if given.is_empty() => conflict = Some(()),
            other => return other.map_err(|error| ApiError::from_store(error, key)),
        }
    }
    debug_assert!(conflict.is_some(), "only conflicts are retried");
    Err(ApiError::stale(resource, &key.name))
}

/// Runs defaulting, field management and validation on a replacement; returns the object to store.
fn prepare(
    cluster: &Cluster,
    key: &Key,
    part: Part,
    options: &WriteOptions,
    old: &Value,
    mut new: Value,
    applied: Option<Applied>,
) -> Result<Value, ApiError> {
    let resource = key.resource;
    new["apiVersion"] = old["apiVersion"].clone();
    new["kind"] = old["kind"].clone();
    kinds::default(resource, &mut new);
    kinds::drop_disabled(resource, &mut new, cluster.minor);
    let mut new = tidy(new);
    keep_system_fields(old, &mut new);
    let subresource = if part == Part::Status { "status" } else { "" };
    match part {
        Part::Main => kinds::prepare_update(resource, old, &mut new),
        Part::Status => kinds::prepare_status(resource, old, &mut new),
    }
    let now = cluster.clock.now_text();
    match applied {
        Some(applied) => managed::set_entries(&mut new, applied.entries),
        None => managed::update(Some(old), &mut new, resource, subresource, &options.manager, &now),
    }
    let mut new = tidy(new);
    let errors = match part {
        Part::Main => kinds::validate_update(resource, old, &new, cluster.minor),
        Part::Status => kinds::validate_status(resource, old, &new, cluster.minor),
    };
    if !errors.is_empty() {
        return Err(ApiError::invalid(
            resource.kind,
            resource.group,
            &key.name,
            &errors,
        ));
    }
    managed::keep_times(old, &mut new);
    Ok(new)
}

/// Keeps the system fields that a replacement may omit.
fn keep_system_fields(old: &Value, new: &mut Value) {
    for name in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "generateName",
    ] {
        let before = &old["metadata"][name];
        let keep = match name {
            "generation" | "creationTimestamp" => true,
            "generateName" => false,
            _ => new["metadata"][name].is_null(),
        };
        if keep && !before.is_null() {
            new["metadata"][name] = before.clone();
        }
    }
}

/// Removes null members, which `IndexMut` of `serde_json::Value` inserts for missing keys, except times and lists
/// that Kubernetes writes as null, and empty lists and maps in the metadata.
pub(super) fn tidy(mut object: Value) -> Value {
    fn clean(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, value| {
                    !value.is_null()
                        || matches!(
                            name.as_str(),
                            "lastProbeTime"
                                | "lastTransitionTime"
                                | "firstTimestamp"
                                | "lastTimestamp"
                                | "eventTime"
                                | "startedAt"
                                | "finishedAt"
                                | "lastHeartbeatTime"
                                | "lastObservedTime"
                                | "rules"
                                | "sources"
                        )
                });
                members.values_mut().for_each(clean);
            }
            Value::Array(items) => items.iter_mut().for_each(clean),
            _ => {}
        }
    }
    clean(&mut object);
    for name in [
        "labels",
        "annotations",
        "finalizers",
        "ownerReferences",
        "managedFields",
    ] {
        let empty = match &object["metadata"][name] {
            Value::Object(members) => members.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Null => true,
            _ => false,
        };
        if empty && let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove(name);
        }
    }
    object
}
