//! API errors, as `Status` objects
//! ([meta/v1 Status](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/)).

use std::collections::HashSet;

use k8s_rules::machinery::go::quote;
use serde_json::{Value, json};

use crate::api::field::FieldError;
use crate::resource::Resource;
use crate::store::{Key, StoreError};

/// The error of a request, sent as a `Status`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status code.
    pub code: u16,
    /// `reason`, such as `NotFound`; empty if there is none.
    pub reason: &'static str,
    /// `message`: human-readable text.
    pub message: String,
    /// `details`, if any.
    pub details: Option<Value>,
    /// `metadata`; empty except for an expired list.
    pub metadata: Value,
}

/// Maximum number of causes in a response. The API server reports all of them, in responses of any length.
pub(super) const MAX_CAUSES: usize = 1000;

impl ApiError {
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            metadata: json!({}),
        }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        self.details = Some(details(name, resource.group, resource.plural));
        self
    }

    /// Creates a 404: there is no such object.
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.group_resource());
        Self::new(404, "NotFound", message).about(resource, name)
    }

    /// Creates a 404: there is no such path.
    pub fn no_such_path() -> Self {
        let mut error = Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
        error.details = Some(json!({}));
        error
    }

    /// Creates a 409: the name exists.
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.group_resource());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    /// Creates a 409: the operation conflicts with the stored object.
    pub fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.group_resource()
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// Creates a 409: the object has changed since it was read.
    pub fn stale(resource: &Resource, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    /// Creates a 409: a precondition failed. Its message contains the kind instead of the resource.
    pub fn precondition(resource: &Resource, name: &str, why: &str) -> Self {
        let kind = qualified(resource.kind, resource.group);
        let message = format!("Operation cannot be fulfilled on {kind} \"{name}\": {why}");
        let mut error = Self::new(409, "Conflict", message);
        error.details = Some(details(name, resource.group, resource.kind));
        error
    }

    /// Creates a 422: fields are invalid; each error becomes a cause.
    pub fn invalid(kind: &str, group: &str, name: &str, errors: &[FieldError]) -> Self {
        // The message is deduplicated; the causes are not.
        let mut seen = HashSet::new();
        let (reported, rest) = errors.split_at(errors.len().min(MAX_CAUSES));
        let mut texts: Vec<String> = reported
            .iter()
            .map(ToString::to_string)
            .filter(|text| seen.insert(text.clone()))
            .collect();
        if !rest.is_empty() {
            texts.push(format!("and {} more", rest.len()));
        }
        let joined = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let name_shown = quote(name);
        let message = format!("{} {name_shown} is invalid: {joined}", qualified(kind, group));
        let mut error = Self::new(422, "Invalid", message);
        let mut about = details(name, group, kind);
        about["causes"] = reported.iter().map(FieldError::cause).collect();
        error.details = Some(about);
        error
    }

    /// Creates a 403: admission refuses the request.
    pub fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", resource.group_resource())
        } else {
            format!("{} \"{name}\" is forbidden: {why}", resource.group_resource())
        };
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    /// Creates a 403 for a resource that may not be served.
    pub fn forbidden_named(group: &str, plural: &str, name: &str, why: &str) -> Self {
        let of = qualified(plural, group);
        let message = if name.is_empty() {
            format!("{of} is forbidden: {why}")
        } else {
            format!("{of} \"{name}\" is forbidden: {why}")
        };
        let mut error = Self::new(403, "Forbidden", message);
        error.details = Some(details(name, group, plural));
        error
    }

    /// Creates a 403: `user` may not access a non-resource path.
    pub fn forbidden_path(user: &str, verb: &str, path: &str) -> Self {
        let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\"");
        let mut error = Self::new(403, "Forbidden", message);
        error.details = Some(json!({}));
        error
    }

    /// Creates a 401: the credentials are unknown.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// Creates a 400: the request is malformed.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// Creates a 405: the path does not support the method.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut error = Self::new(405, "MethodNotAllowed", message);
        error.details = Some(json!({}));
        error
    }

    /// Creates a 406: none of the accepted media types is supported.
    pub fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(406, "NotAcceptable", message)
    }

    /// Creates a 413: the body is larger than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// Creates a 415: the body's media type is not supported.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// Creates a 410: the resourceVersion is older than the retained history.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// Creates a 504: the resourceVersion does not exist yet.
    pub fn too_large_version(requested: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {requested}, current: {current}");
        let mut error = Self::new(504, "Timeout", format!("Timeout: {message}"));
        error.details = Some(json!({
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }));
        error
    }

    /// Creates a 500: an internal failure, or an error that Kubernetes reports as one.
    pub fn internal(message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::new(
            500,
            "InternalError",
            format!("Internal error occurred: {message}"),
        );
        error.details = Some(json!({"causes": [{"message": message}]}));
        error
    }

    /// Creates a 500 without a reason, as the API server reports errors without a `Status` of their own.
    pub fn unclassified(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// Creates a 507: the disk is full; the request has changed nothing.
    fn full(error: &StoreError) -> Self {
        Self::new(507, "InsufficientStorage", error.to_string())
    }

    /// Converts an error of the store about `key`.
    pub fn from_store(error: StoreError, key: &Key) -> Self {
        match error {
            StoreError::NotFound(_) => Self::not_found(key.resource, &key.name),
            StoreError::AlreadyExists(_) => Self::already_exists(key.resource, &key.name),
            StoreError::Conflict(_) => Self::stale(key.resource, &key.name),
            StoreError::Precondition(why) => Self::precondition(key.resource, &key.name, &why),
            StoreError::Gone { .. } => Self::expired(error.to_string()),
            StoreError::Full => Self::full(&error),
            StoreError::Malformed(_) | StoreError::Disk(_) => Self::internal(error.to_string()),
        }
    }

    /// Returns the `Status` object.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": self.metadata,
            "status": "Failure", "message": self.message,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            status["details"] = details.clone();
        }
        status["code"] = self.code.into();
        status
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Gone { .. } => Self::expired(error.to_string()),
            StoreError::Conflict(_) | StoreError::Precondition(_) => {
                Self::new(409, "Conflict", error.to_string())
            }
            StoreError::NotFound(_) => Self::new(404, "NotFound", error.to_string()),
            StoreError::AlreadyExists(_) => Self::new(409, "AlreadyExists", error.to_string()),
            StoreError::Full => Self::full(&error),
            StoreError::Malformed(_) | StoreError::Disk(_) => Self::internal(error.to_string()),
        }
    }
}

/// Returns the qualified kind: `Job.batch`, or `Pod` for the core group.
fn qualified(kind: &str, group: &str) -> String {
    if group.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}.{group}")
    }
}

/// Returns `details` without empty members.
fn details(name: &str, group: &str, kind: &str) -> Value {
    let members = [("name", name), ("group", group), ("kind", kind)];
    members
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
