//! Security headers of every response, with a Content Security Policy whose nonce is unique per response.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};

use crate::random;
use crate::web::state::AppState;

/// The nonce of the current response; inline scripts carry it.
#[derive(Clone)]
pub struct Nonce(pub String);

/// Headers with constant values.
const FIXED: [(HeaderName, HeaderValue); 5] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    // URLs contain names of projects and Jobs.
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

/// HTTPS only for a year, for browsers that used it. Without `includeSubDomains`, which is not for this server to
/// decide.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Builds the policy: only this server's own files, and inline scripts with the nonce. `wasm-unsafe-eval` permits
/// compiling WebAssembly and nothing else. Forms submit to this server, for sign-in and preferences. The editor
/// (Monaco) positions lines with `style` attributes, so they are allowed on its pages.
///
/// Trusted Types are not required: Leptos creates static markup with `innerHTML` from its own code, and could do so
/// only under a default policy that lets all markup pass.
fn policy(nonce: &str, has_editor: bool) -> String {
    let style_attributes = if has_editor { "'unsafe-inline'" } else { "'none'" };
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; script-src-attr 'none'; \
         style-src-elem 'self' 'nonce-{nonce}'; style-src-attr {style_attributes}; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// Adds the headers to a response.
pub async fn layer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let has_editor = app::bundles::bundle_of(request.uri().path()) == "wizard";
    let policy = random::text::<16>()
        .map_err(|error| error.to_string())
        .and_then(|nonce| {
            let value =
                HeaderValue::try_from(policy(&nonce, has_editor)).map_err(|error| error.to_string())?;
            request.extensions_mut().insert(Nonce(nonce));
            Ok(value)
        });
    let policy = match policy {
        Ok(policy) => policy,
        Err(error) => {
            tracing::error!(%error, "cannot create a nonce");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.extend(FIXED);
    if state.hosts.secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    // Files may be cached but must be revalidated; anything else must not be stored.
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
