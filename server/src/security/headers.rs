//! Response headers of every answer, with a Content Security Policy whose nonce is new for each.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};

use crate::random;

/// The nonce of the response that is being made; inline scripts carry it.
#[derive(Clone)]
pub struct Nonce(pub String);

/// Headers that are always the same.
const FIXED: [(HeaderName, HeaderValue); 5] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    // Addresses hold names of projects and Jobs.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Only this server's own files, and inline scripts with the nonce. `style-src-attr` is for the editor (Monaco),
/// which places its lines with `style` attributes; `wasm-unsafe-eval` lets WebAssembly compile, and nothing else.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src-elem 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// Adds the headers.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let policy = random::text::<16>()
        .map_err(|error| error.to_string())
        .and_then(|nonce| {
            let value = HeaderValue::try_from(policy(&nonce)).map_err(|error| error.to_string())?;
            request.extensions_mut().insert(Nonce(nonce));
            Ok(value)
        });
    let policy = match policy {
        Ok(policy) => policy,
        Err(error) => {
            tracing::error!(%error, "no nonce");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.extend(FIXED);
    // A file may be kept, but is asked for again; anything else may not be kept at all.
    let caching = if headers.contains_key(header::ETAG) {
        "no-cache"
    } else {
        "no-store"
    };
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(caching));
    response
}
