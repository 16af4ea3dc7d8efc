//! Errors of the API, as `Status` objects
//! ([meta/v1 Status](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/)).

use std::collections::HashSet;

use k8s_rules::machinery::go::quote;
use serde_json::{Value, json};

use crate::api::field::FieldError;
use crate::resource::Resource;
use crate::store::{Key, StoreError};

/// A refused request: what becomes the `Status` in the answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status code.
    pub code: u16,
    /// `reason`, such as `NotFound`; empty for none.
    pub reason: &'static str,
    /// `message`: text for a person.
    pub message: String,
    /// `details`, if any.
    pub details: Option<Value>,
    /// `metadata`, empty but for an expired list.
    pub metadata: Value,
}

/// Most causes that are told. The API server tells all of them, in answers of any length.
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

    /// 404: there is no such object.
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.group_resource());
        Self::new(404, "NotFound", message).about(resource, name)
    }

    /// 404: there is no such path.
    pub fn no_such_path() -> Self {
        let mut error = Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
        error.details = Some(json!({}));
        error
    }

    /// 409: the name is taken.
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.group_resource());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    /// 409: what was to be done does not fit the stored object.
    pub fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.group_resource()
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// 409: the object has changed since it was read.
    pub fn stale(resource: &Resource, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    /// 409: a precondition names the kind, not the resource, in its message.
    pub fn precondition(resource: &Resource, name: &str, why: &str) -> Self {
        let kind = qualified(resource.kind, resource.group);
        let message = format!("Operation cannot be fulfilled on {kind} \"{name}\": {why}");
        let mut error = Self::new(409, "Conflict", message);
        error.details = Some(details(name, resource.group, resource.kind));
        error
    }

    /// 422: fields are wrong; each becomes a cause.
    pub fn invalid(kind: &str, group: &str, name: &str, errors: &[FieldError]) -> Self {
        // The message says each thing once; the causes are all there.
        let mut said = HashSet::new();
        let (told, rest) = errors.split_at(errors.len().min(MAX_CAUSES));
        let mut texts: Vec<String> = told
            .iter()
            .map(ToString::to_string)
            .filter(|text| said.insert(text.clone()))
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
        about["causes"] = told.iter().map(FieldError::cause).collect();
        error.details = Some(about);
        error
    }

    /// 403: admission refuses.
    pub fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", resource.group_resource())
        } else {
            format!("{} \"{name}\" is forbidden: {why}", resource.group_resource())
        };
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    /// 403 for a type that may not be served.
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

    /// 403: `user` may not reach a path that is no resource.
    pub fn forbidden_path(user: &str, verb: &str, path: &str) -> Self {
        let message = format!("forbidden: User \"{user}\" cannot {verb} path \"{path}\"");
        let mut error = Self::new(403, "Forbidden", message);
        error.details = Some(json!({}));
        error
    }

    /// 401: the credentials are unknown.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 405: the path knows no such method.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut error = Self::new(405, "MethodNotAllowed", message);
        error.details = Some(json!({}));
        error
    }

    /// 406: none of the accepted media types can be given.
    pub fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(406, "NotAcceptable", message)
    }

    /// 413: the body is too large.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// 415: the body's media type cannot be read.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 410: the resourceVersion is older than what is remembered.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 504: the resourceVersion does not exist yet.
    pub fn too_large_version(requested: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {requested}, current: {current}");
        let mut error = Self::new(504, "Timeout", format!("Timeout: {message}"));
        error.details = Some(json!({
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }));
        error
    }

    /// 500: the server's own failure, or one Kubernetes answers so.
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

    /// 500 without a reason: how the server answers errors it did not classify.
    pub fn unclassified(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// 507: the disk is full, and the request has changed nothing.
    fn full(error: &StoreError) -> Self {
        Self::new(507, "InsufficientStorage", error.to_string())
    }

    /// What the store's refusal to touch `key` means to a client.
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

    /// The `Status` object.
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

/// `Job.batch`, or `Pod` for the core group.
fn qualified(kind: &str, group: &str) -> String {
    if group.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}.{group}")
    }
}

/// `details` without empty members.
fn details(name: &str, group: &str, kind: &str) -> Value {
    let members = [("name", name), ("group", group), ("kind", kind)];
    members
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
