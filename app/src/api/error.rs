//! What can go wrong between the browser and the cluster, in a form that a page can explain.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why a call failed. Every variant has a text in both languages (`i18n::error`) that says what to do.
///
/// None of them ever carries a secret's value: messages are the API server's own or the transport's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "camelCase")]
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
        Self::Console {
            message: error.to_string(),
        }
    }
}
