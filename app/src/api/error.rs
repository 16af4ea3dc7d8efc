//! Errors between the browser and the cluster, in a form that a page can explain.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Reason why a call failed. Every variant has a text in both languages (`i18n::error`) that says what to do.
///
/// No variant ever carries a Secret's value: messages come from the API server or the transport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "Wire", into = "Wire")]
pub enum ApiError {
    /// There is no session, or it has expired (401). The page asks the user to sign in and keeps what was typed.
    #[error("signed out")]
    SignedOut,
    /// The cluster's RBAC denies the request (403).
    #[error("forbidden: {message}")]
    Forbidden {
        /// Message of the API server.
        message: String,
    },
    /// The object does not exist, or no longer exists (404).
    #[error("not found: {message}")]
    NotFound {
        /// Message of the API server.
        message: String,
    },
    /// An object of this name exists (409 `AlreadyExists`). Creating never overwrites it.
    #[error("already exists: {message}")]
    AlreadyExists {
        /// Message of the API server.
        message: String,
    },
    /// The object changed in the meantime (409 `Conflict`).
    #[error("conflict: {message}")]
    Conflict {
        /// Message of the API server.
        message: String,
    },
    /// Another Job has the name now (409): the Job that the user meant was deleted and one with the same name was
    /// created. That Job was not touched.
    #[error("replaced: {message}")]
    Replaced {
        /// Name of the Job.
        message: String,
    },
    /// Somebody else changed a field while the user was editing it (409). Nothing was written.
    #[error("edited meanwhile: {field}")]
    Edited {
        /// Field: `alias` or `description`.
        field: String,
        /// Current value of the field.
        message: String,
    },
    /// The API server rejected the object (400, 422); `causes` name the fields.
    #[error("invalid: {message}")]
    Invalid {
        /// Message of the API server.
        message: String,
        /// One entry per rejected field, in the API server's order; empty if it named none.
        causes: Vec<Cause>,
    },
    /// The text that was sent is not one or more manifests (it does not parse, or has no `kind`).
    #[error("unreadable manifest: {message}")]
    Unreadable {
        /// Problem and its position, from the document engine.
        message: String,
    },
    /// The cluster cannot be reached or does not answer in time.
    #[error("cluster unreachable: {message}")]
    Unreachable {
        /// Message of the transport.
        message: String,
    },
    /// The console has no credentials that the cluster accepts: they have expired (401), or the kubeconfig's exec
    /// plugin returns none.
    #[error("no valid credentials: {message}")]
    Credentials {
        /// Message of the API server or of the plugin.
        message: String,
    },
    /// The console's own server cannot be reached, or its response is not one of ours.
    #[error("console unreachable: {message}")]
    Console {
        /// Message of the transport.
        message: String,
    },
    /// Any other response of the API server.
    #[error("{code}: {message}")]
    Other {
        /// HTTP status code.
        code: u16,
        /// Message of the API server.
        message: String,
    },
}

#[cfg(feature = "ssr")]
impl ApiError {
    /// Returns the HTTP status of a response that carries this error.
    pub fn status(&self) -> http::StatusCode {
        use http::StatusCode;
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::AlreadyExists { .. }
            | Self::Conflict { .. }
            | Self::Replaced { .. }
            | Self::Edited { .. } => StatusCode::CONFLICT,
            Self::Invalid { .. } | Self::Unreadable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unreachable { .. } | Self::Credentials { .. } => StatusCode::BAD_GATEWAY,
            Self::Console { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Other { code, .. } => StatusCode::from_u16(*code)
                .ok()
                .filter(|status| status.is_client_error() || status.is_server_error())
                .unwrap_or(StatusCode::BAD_GATEWAY),
        }
    }
}

/// Wire format of [`ApiError`]: one flat object. (An internally tagged enum would bring a deserializer for
/// arbitrary JSON into the browser bundle.)
#[derive(Clone, Serialize, Deserialize)]
struct Wire {
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causes: Option<Vec<Cause>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    SignedOut,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    Replaced,
    Edited,
    Invalid,
    Unreadable,
    Unreachable,
    Credentials,
    Console,
    Other,
}

impl From<ApiError> for Wire {
    fn from(error: ApiError) -> Self {
        let with_message = |kind, message| Self {
            kind,
            code: None,
            message: Some(message),
            field: None,
            causes: None,
        };
        match error {
            ApiError::SignedOut => Self {
                kind: Kind::SignedOut,
                code: None,
                message: None,
                field: None,
                causes: None,
            },
            ApiError::Forbidden { message } => with_message(Kind::Forbidden, message),
            ApiError::NotFound { message } => with_message(Kind::NotFound, message),
            ApiError::AlreadyExists { message } => with_message(Kind::AlreadyExists, message),
            ApiError::Conflict { message } => with_message(Kind::Conflict, message),
            ApiError::Replaced { message } => with_message(Kind::Replaced, message),
            ApiError::Edited { field, message } => Self {
                field: Some(field),
                ..with_message(Kind::Edited, message)
            },
            ApiError::Invalid { message, causes } => Self {
                causes: Some(causes),
                ..with_message(Kind::Invalid, message)
            },
            ApiError::Unreadable { message } => with_message(Kind::Unreadable, message),
            ApiError::Unreachable { message } => with_message(Kind::Unreachable, message),
            ApiError::Credentials { message } => with_message(Kind::Credentials, message),
            ApiError::Console { message } => with_message(Kind::Console, message),
            ApiError::Other { code, message } => Self {
                code: Some(code),
                ..with_message(Kind::Other, message)
            },
        }
    }
}

impl From<Wire> for ApiError {
    fn from(wire: Wire) -> Self {
        let message = wire.message.unwrap_or_default();
        match wire.kind {
            Kind::SignedOut => Self::SignedOut,
            Kind::Forbidden => Self::Forbidden { message },
            Kind::NotFound => Self::NotFound { message },
            Kind::AlreadyExists => Self::AlreadyExists { message },
            Kind::Conflict => Self::Conflict { message },
            Kind::Replaced => Self::Replaced { message },
            Kind::Edited => Self::Edited {
                field: wire.field.unwrap_or_default(),
                message,
            },
            Kind::Invalid => Self::Invalid {
                message,
                causes: wire.causes.unwrap_or_default(),
            },
            Kind::Unreadable => Self::Unreadable { message },
            Kind::Unreachable => Self::Unreachable { message },
            Kind::Credentials => Self::Credentials { message },
            Kind::Console => Self::Console { message },
            Kind::Other => Self::Other {
                code: wire.code.unwrap_or_default(),
                message,
            },
        }
    }
}

impl ApiError {
    /// Returns the error for a manifest longer than [`MAX_BYTES`](manifest::MAX_BYTES).
    pub fn too_large() -> Self {
        Self::Other {
            code: 413,
            message: format!("the manifest is larger than {} bytes", manifest::MAX_BYTES),
        }
    }
}

/// One rejected field, as in `Status.details.causes` of the Kubernetes API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Field path as the API server writes it, such as `spec.template.spec.containers[0].image`.
    pub field: String,
    /// Machine-readable reason, such as `FieldValueRequired`.
    pub reason: String,
    /// Message.
    pub message: String,
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let error = match error {
            // The arguments do not match the function's parameters.
            ServerFnErrorErr::Args(message)
            | ServerFnErrorErr::MissingArg(message)
            | ServerFnErrorErr::Deserialization(message)
                if cfg!(feature = "ssr") =>
            {
                Self::Other { code: 400, message }
            }
            error => Self::Console {
                message: error.to_string(),
            },
        };
        // The framework answers 500 to every error it detects itself.
        #[cfg(feature = "ssr")]
        if let Some(response) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>() {
            response.set_status(error.status());
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_serialized_as_one_flat_object() {
        let cause = Cause {
            field: "spec".to_owned(),
            reason: "FieldValueInvalid".to_owned(),
            message: "no".to_owned(),
        };
        let message = || "m".to_owned();
        for (error, json) in [
            (ApiError::SignedOut, r#"{"kind":"signedOut"}"#),
            (
                ApiError::NotFound { message: message() },
                r#"{"kind":"notFound","message":"m"}"#,
            ),
            (
                ApiError::Other {
                    code: 418,
                    message: message(),
                },
                r#"{"kind":"other","code":418,"message":"m"}"#,
            ),
            (
                ApiError::Edited {
                    field: "alias".to_owned(),
                    message: message(),
                },
                r#"{"kind":"edited","message":"m","field":"alias"}"#,
            ),
            (
                ApiError::Invalid {
                    message: message(),
                    causes: vec![cause],
                },
                r#"{"kind":"invalid","message":"m","causes":[{"field":"spec","reason":"FieldValueInvalid","message":"no"}]}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&error).unwrap(), json);
            assert_eq!(serde_json::from_str::<ApiError>(json).unwrap(), error);
        }
    }
}
