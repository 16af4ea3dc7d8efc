//! Checks requests to server functions before any of the body is read: they have to be a `POST` of JSON with a
//! session.
//!
//! The framework would parse a body of any type as JSON. A form on another site can send `text/plain` without a
//! CORS preflight; `application/json` requires one, which is denied.

use std::collections::HashSet;
use std::sync::LazyLock;

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use leptos::server_fn::axum::server_fn_paths;

use app::api::error::ApiError;

use crate::session::Session;
use crate::web::identify::signed_out;

/// Prefix of the paths of server functions.
pub const PREFIX: &str = "/api/";

/// The paths of all server functions.
static PATHS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| server_fn_paths().map(|(path, _)| path).collect());

/// Rejects anything that is not a call of a server function: 405, 401, 404, 415.
pub async fn layer(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    if request.method() != Method::POST {
        let refused = refuse(StatusCode::METHOD_NOT_ALLOWED, "server functions require POST");
        return ([(ALLOW, "POST")], refused).into_response();
    }
    if request.extensions().get::<Session>().is_none() {
        return signed_out();
    }
    if !PATHS.contains(request.uri().path()) {
        return (
            StatusCode::NOT_FOUND,
            Json(ApiError::NotFound {
                message: "there is no such server function".to_owned(),
            }),
        )
            .into_response();
    }
    if !is_json(request.headers()) || request.headers().contains_key(CONTENT_ENCODING) {
        return refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "server functions require uncompressed application/json",
        );
    }
    next.run(request).await
}

fn refuse(code: StatusCode, message: &str) -> Response {
    let error = ApiError::Other {
        code: code.as_u16(),
        message: message.to_owned(),
    };
    (code, Json(error)).into_response()
}

/// Whether there is exactly one content type, and it is JSON in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(Ok(value)), None) = (types.next().map(|value| value.to_str()), types.next()) else {
        return false;
    };
    let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
    let is_utf8 = parameters.split(';').map(str::trim).all(|parameter| {
        parameter.is_empty()
            || parameter.split_once('=').is_some_and(|(name, value)| {
                let value = value.trim_matches('"');
                name.eq_ignore_ascii_case("charset")
                    && (value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8"))
            })
    });
    essence.trim().eq_ignore_ascii_case("application/json") && is_utf8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_in_utf8_is_json() {
        let table: [(&[&str], bool); 17] = [
            (&["application/json"], true),
            (&["Application/JSON"], true),
            (&["application/json; charset=utf-8"], true),
            (&["application/json;charset=\"UTF-8\""], true),
            (&["application/json;"], true),
            (&[], false),
            (&[""], false),
            (&["text/plain"], false),
            (&["text/plain; application/json"], false),
            (&["application/x-www-form-urlencoded"], false),
            (&["multipart/form-data; boundary=application/json"], false),
            (&["application/jsonp"], false),
            (&["application/json, text/plain"], false),
            (&["application/json; charset=utf-16"], false),
            (&["application/json; boundary=x"], false),
            (&["application/json", "text/plain"], false),
            (&["application/json", "application/json"], false),
        ];
        for (types, json) in table {
            let mut headers = HeaderMap::new();
            for value in types {
                headers.append(CONTENT_TYPE, value.parse().unwrap());
            }
            assert_eq!(is_json(&headers), json, "{types:?}");
        }
    }
}
