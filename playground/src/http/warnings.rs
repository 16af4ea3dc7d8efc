//! Adds `Warning` headers, which a client should display although the request succeeded ([RFC
//! 7234](https://www.rfc-editor.org/rfc/rfc7234#section-5.5), code 299).

use axum::response::Response;
use http::{HeaderName, HeaderValue};

/// Adds one header for each text.
pub(super) fn add(mut response: Response, texts: &[String]) -> Response {
    for text in texts {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        // A text that is not a valid header value, such as one with a line break, is dropped.
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
            response
                .headers_mut()
                .append(HeaderName::from_static("warning"), value);
        }
    }
    response
}
