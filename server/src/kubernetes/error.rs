//! Converts the API server's errors to [`ApiError`].

use http::StatusCode;
use serde_json::Value;

use app::api::error::{ApiError, Cause};

/// Converts an error response: a `Status` object, or a proxy's text.
pub fn from_status(code: StatusCode, body: &[u8]) -> ApiError {
    match serde_json::from_slice::<Value>(body) {
        Ok(status) if status["kind"] == "Status" => from_parts(code.as_u16(), &status),
        _ => {
            let text = String::from_utf8_lossy(&body[..body.len().min(1024)]);
            let text = text.trim();
            let message = if text.is_empty() {
                code.to_string()
            } else {
                text.to_owned()
            };
            let status = serde_json::json!({"message": message});
            from_parts(code.as_u16(), &status)
        }
    }
}

/// Converts an error of kube's client: of a watch, the connection or the credentials.
pub fn from_kube(error: &kube::Error) -> ApiError {
    match error {
        kube::Error::Api(status) => match serde_json::to_value(status) {
            Ok(value) => from_parts(status.code, &value),
            Err(_) => ApiError::Other {
                code: status.code,
                message: status.message.clone(),
            },
        },
        // The transport's own message; the wrapper adds nothing.
        kube::Error::Service(inner) => ApiError::Unreachable {
            message: crate::with_causes(inner.as_ref()),
        },
        other => ApiError::Unreachable {
            message: crate::with_causes(other),
        },
    }
}

/// Maximum number of causes that are passed on; a user reads the first ones.
pub const MAX_CAUSES: usize = 100;

/// Maximum length of a message that is passed on, in bytes. The API server's message repeats all causes.
const MAX_MESSAGE: usize = 16 * 1024;

/// Truncates a message that is too long.
fn shortened(message: &str) -> String {
    if message.len() <= MAX_MESSAGE {
        return message.to_owned();
    }
    format!("{} …", &message[..message.floor_char_boundary(MAX_MESSAGE)])
}

/// Keeps the first causes, and adds how many more there are.
pub fn bounded(mut causes: Vec<Cause>, all: usize) -> Vec<Cause> {
    causes.truncate(MAX_CAUSES);
    if all > causes.len() {
        causes.push(Cause {
            field: String::new(),
            reason: "TooMany".to_owned(),
            message: format!("and {} more", all - causes.len()),
        });
    }
    causes
}

fn from_parts(code: u16, status: &Value) -> ApiError {
    let message = shortened(status["message"].as_str().unwrap_or_default());
    match (code, status["reason"].as_str()) {
        // Not the console's session: the cluster does not accept the console's credentials.
        (401, _) => ApiError::Credentials { message },
        (403, _) => ApiError::Forbidden { message },
        (404, _) => ApiError::NotFound { message },
        (409, Some("AlreadyExists")) => ApiError::AlreadyExists { message },
        (409, _) => ApiError::Conflict { message },
        (400 | 422, _) => ApiError::Invalid {
            message,
            causes: causes(status),
        },
        (502..=504, _) => ApiError::Unreachable { message },
        (code, _) => ApiError::Other { code, message },
    }
}

fn causes(status: &Value) -> Vec<Cause> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let Some(all) = status["details"]["causes"].as_array() else {
        return Vec::new();
    };
    let first = all.iter().take(MAX_CAUSES).map(|cause| Cause {
        field: text(&cause["field"]),
        reason: text(&cause["reason"]),
        message: shortened(&text(&cause["message"])),
    });
    bounded(first.collect(), all.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(code: u16, body: &Value) -> ApiError {
        from_status(StatusCode::from_u16(code).unwrap(), body.to_string().as_bytes())
    }

    #[test]
    fn causes_keep_their_order() {
        let body = json!({
            "kind": "Status", "reason": "Invalid", "code": 422, "message": "Job.batch \"x\" is invalid",
            "details": {"causes": [
                {"field": "spec.template.spec.restartPolicy", "reason": "FieldValueRequired", "message": "Required value"},
                {"field": "spec.backoffLimit", "reason": "FieldValueInvalid", "message": "Invalid value: -1"},
            ]},
        });
        let ApiError::Invalid { message, causes } = read(422, &body) else {
            panic!("not Invalid")
        };
        assert_eq!(message, "Job.batch \"x\" is invalid");
        let fields: Vec<_> = causes.iter().map(|cause| cause.field.as_str()).collect();
        assert_eq!(fields, ["spec.template.spec.restartPolicy", "spec.backoffLimit"]);
    }

    #[test]
    fn long_errors_are_truncated_and_counted() {
        let cause =
            json!({"field": "metadata.labels", "reason": "FieldValueInvalid", "message": "ä".repeat(20_000)});
        let body = json!({
            "kind": "Status", "reason": "Invalid", "code": 422, "message": "ä".repeat(20_000),
            "details": {"causes": vec![cause; 1000]},
        });
        let ApiError::Invalid { message, causes } = read(422, &body) else {
            panic!("not Invalid")
        };
        assert!(message.len() < 17 * 1024 && causes[0].message.len() < 17 * 1024);
        assert_eq!(causes.len(), MAX_CAUSES + 1);
        assert_eq!(causes[MAX_CAUSES].message, "and 900 more");
    }

    #[test]
    fn already_exists_and_conflict_are_distinct() {
        let status = |reason| json!({"kind": "Status", "reason": reason, "message": "no"});
        let message = "no".to_owned();
        assert_eq!(
            read(409, &status("AlreadyExists")),
            ApiError::AlreadyExists {
                message: message.clone()
            }
        );
        assert_eq!(read(409, &status("Conflict")), ApiError::Conflict { message });
    }

    #[test]
    fn proxy_error_without_status_is_unreachable() {
        let error = from_status(StatusCode::BAD_GATEWAY, b"upstream is down\n");
        assert_eq!(
            error,
            ApiError::Unreachable {
                message: "upstream is down".to_owned()
            }
        );
        assert!(matches!(
            from_status(StatusCode::UNAUTHORIZED, b""),
            ApiError::Credentials { .. }
        ));
    }
}
