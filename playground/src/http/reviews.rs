//! Who one is and what one may do. Whoever reaches the playground is its administrator.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use super::status::Status;

/// Answers a review.
pub(super) fn answer(plural: &str, body: &[u8]) -> Result<Response, Status> {
    let mut review: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
    review["status"] = match plural {
        "selfsubjectreviews" => {
            json!({"userInfo": {"username": "admin", "groups": ["system:masters", "system:authenticated"]}})
        }
        "selfsubjectaccessreviews" | "subjectaccessreviews" => json!({"allowed": true}),
        "selfsubjectrulesreviews" => json!({
            "incomplete": false,
            "resourceRules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
            "nonResourceRules": [{"nonResourceURLs": ["*"], "verbs": ["*"]}],
        }),
        _ => return Err(Status::no_such_path()),
    };
    Ok((StatusCode::CREATED, Json(review)).into_response())
}
