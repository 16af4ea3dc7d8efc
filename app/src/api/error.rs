//! What can go wrong between the browser and the cluster, in a form that a page can explain.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why a call failed. Every variant has a text in both languages (`i18n::error`) that says what to do.
///
/// None of them ever carries a secret's value: messages are the API server's own or the transport's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "Wire", into = "Wire")]
pub enum ApiError {
    /// There is no session, or it has ended (401). The page asks the person to sign in and keeps what was typed.
    #[error("signed out")]
    SignedOut,
    /// The cluster's RBAC says no (403).
    #[error("forbidden: {message}")]
    Forbidden {
        /// The API server's sentence.
        message: String,
    },
    /// The object is not there, or not any more (404).
    #[error("not found: {message}")]
    NotFound {
        /// The API server's sentence.
        message: String,
    },
    /// An object of this name exists (409 `AlreadyExists`). Creating never overwrites it.
    #[error("already exists: {message}")]
    AlreadyExists {
        /// The API server's sentence.
        message: String,
    },
    /// The object changed in the meantime (409 `Conflict`).
    #[error("conflict: {message}")]
    Conflict {
        /// The API server's sentence.
        message: String,
    },
    /// Another Job has the name now (409): the one that the person meant was deleted, and one was created under its
    /// name. Nothing was done to it.
    #[error("replaced: {message}")]
    Replaced {
        /// The name.
        message: String,
    },
    /// Somebody else changed a text while the person edited it (409). Nothing was written.
    #[error("edited meanwhile: {field}")]
    Edited {
        /// Which one: `alias` or `description`.
        field: String,
        /// What stands there now.
        message: String,
    },
    /// The API server refused the object (400, 422); `causes` name the fields.
    #[error("invalid: {message}")]
    Invalid {
        /// The API server's sentence.
        message: String,
        /// One entry per refused field, in the API server's order; empty when it named none.
        causes: Vec<Cause>,
    },
    /// The text that was sent is not one or more manifests (it does not parse, or says no kind).
    #[error("unreadable manifest: {message}")]
    Unreadable {
        /// What is wrong and where, from the document engine.
        message: String,
    },
    /// The cluster cannot be reached or does not answer in time.
    #[error("cluster unreachable: {message}")]
    Unreachable {
        /// The transport's sentence.
        message: String,
    },
    /// The console has no credentials that the cluster accepts: they have expired (401), or the kubeconfig's plugin gives
    /// none.
    #[error("no valid credentials: {message}")]
    Credentials {
        /// The API server's sentence, or what the plugin complains of.
        message: String,
    },
    /// The console's own server cannot be reached or gave an answer that is none of ours.
    #[error("console unreachable: {message}")]
    Console {
        /// The transport's sentence.
        message: String,
    },
    /// Any other answer of the API server.
    #[error("{code}: {message}")]
    Other {
        /// HTTP status code.
        code: u16,
        /// The API server's sentence.
        message: String,
    },
}

#[cfg(feature = "ssr")]
impl ApiError {
    /// The HTTP status of an answer that is this error.
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

/// The same as it is sent: one flat object. (An enum tagged inside would bring a whole reader of any JSON into the
/// browser bundle.)
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
        let plain = |kind, message| Self {
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
            ApiError::Forbidden { message } => plain(Kind::Forbidden, message),
            ApiError::NotFound { message } => plain(Kind::NotFound, message),
            ApiError::AlreadyExists { message } => plain(Kind::AlreadyExists, message),
            ApiError::Conflict { message } => plain(Kind::Conflict, message),
            ApiError::Replaced { message } => plain(Kind::Replaced, message),
            ApiError::Edited { field, message } => Self {
                field: Some(field),
                ..plain(Kind::Edited, message)
            },
            ApiError::Invalid { message, causes } => Self {
                causes: Some(causes),
                ..plain(Kind::Invalid, message)
            },
            ApiError::Unreadable { message } => plain(Kind::Unreadable, message),
            ApiError::Unreachable { message } => plain(Kind::Unreachable, message),
            ApiError::Credentials { message } => plain(Kind::Credentials, message),
            ApiError::Console { message } => plain(Kind::Console, message),
            ApiError::Other { code, message } => Self {
                code: Some(code),
                ..plain(Kind::Other, message)
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
    /// The refusal of a manifest that is longer than [`MAX_BYTES`](manifest::MAX_BYTES).
    pub fn too_large() -> Self {
        Self::Other {
            code: 413,
            message: format!("the manifest is larger than {} bytes", manifest::MAX_BYTES),
        }
    }
}

/// One refused field, as in `Status.details.causes` of the Kubernetes API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Field path as the API server writes it, such as `spec.template.spec.containers[0].image`.
    pub field: String,
    /// Machine-readable reason, such as `FieldValueRequired`.
    pub reason: String,
    /// The sentence.
    pub message: String,
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let error = match error {
            // What was sent is not what the function takes.
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
        // The framework answers 500 to whatever it finds itself.
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
    fn an_error_is_sent_as_one_flat_object() {
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
