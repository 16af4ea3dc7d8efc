//! Limits the size of request bodies and the time in which they have to arrive.
//!
//! The limit that users meet is that of a manifest ([`manifest::MAX_BYTES`]), checked on the decoded text
//! (`operations::create`). The limits here are for its encoding: JSON escapes a control character with six bytes.

use std::sync::LazyLock;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use app::api::error::ApiError;

use crate::web::{api_arguments, api_calls};

/// Maximum number of JSON bytes for one byte of text: `\u0000`.
const JSON_ESCAPE: usize = 6;

/// A call with a few names.
pub const NAMES: usize = 64 * 1024;

/// A form: a token or a choice, and where to redirect afterwards.
pub const FORM: usize = 32 * 1024;

/// A manifest, plus the other arguments.
pub const MANIFEST: usize = JSON_ESCAPE * manifest::MAX_BYTES + NAMES;

/// The alias and description of a Job. All annotations of an object together are at most 256 KiB.
pub const DESCRIPTION: usize = JSON_ESCAPE * 256 * 1024 + NAMES;

/// The names of selected Jobs: 10,000 of maximum length.
pub const SELECTION: usize = 10_000 * 256 + NAMES;

/// Maximum number of bodies larger than [`NAMES`] that are read, and of such manifests that are processed,
/// concurrently; others wait. A manifest takes about 100 times its size in memory.
pub const LARGE_AT_ONCE: usize = 2;

/// Time in which a body has to arrive, in addition to its transfer time at [`SLOWEST`].
pub const BODY: Duration = Duration::from_secs(10);

/// Minimum transfer rate of a body, in bytes per second.
pub const SLOWEST: u32 = 16 * 1024;

static LARGE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(LARGE_AT_ONCE));

/// Why a body was not read.
#[derive(Debug)]
enum Refused {
    TooLarge,
    TooSlow,
    TooMany,
    Broken(axum::Error),
}

/// Returns the size limit of a request's body; `None` if the body is not read.
fn limit(method: &Method, path: &str) -> Option<usize> {
    if method != Method::POST {
        return None;
    }
    match path {
        "/api/create" => Some(MANIFEST),
        "/api/describe" => Some(DESCRIPTION),
        "/api/delete" => Some(SELECTION),
        "/session" | "/sign-out" | "/sessions/end" | "/preferences" => Some(FORM),
        _ => path.starts_with(api_calls::PREFIX).then_some(NAMES),
    }
}

/// Reads the body up to its limit and passes it on, or responds with an error that the pages can display.
pub async fn layer(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(limit) = limit(&parts.method, parts.uri.path()) else {
        return next.run(Request::from_parts(parts, Body::empty())).await;
    };
    let length = parts.headers.get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let (code, message) = match read(body, length, limit).await {
        Ok((bytes, permit)) => {
            // A deletion of thousands of Jobs takes minutes, but no memory: it must not hold manifests up.
            let permit = permit.filter(|_| limit == MANIFEST);
            let Some(name) = api_arguments::unknown(parts.uri.path(), &bytes) else {
                parts.headers.insert(CONTENT_LENGTH, bytes.len().into());
                let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
                drop(permit);
                return response;
            };
            (StatusCode::BAD_REQUEST, format!("unknown argument {name:?}"))
        }
        Err(Refused::TooLarge) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request is larger than {} KiB", limit / 1024),
        ),
        Err(Refused::TooSlow) => (
            StatusCode::REQUEST_TIMEOUT,
            "the request body took too long to arrive".to_owned(),
        ),
        Err(Refused::TooMany) => (
            StatusCode::TOO_MANY_REQUESTS,
            "too many large requests at once".to_owned(),
        ),
        Err(Refused::Broken(error)) => {
            tracing::debug!(%error, "the request body ended early");
            (StatusCode::BAD_REQUEST, "the request ended early".to_owned())
        }
    };
    let error = ApiError::Other {
        code: code.as_u16(),
        message,
    };
    let mut response = (code, Json(error)).into_response();
    if code == StatusCode::TOO_MANY_REQUESTS {
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, http::HeaderValue::from_static("5"));
    }
    response
}

async fn read(
    body: Body,
    length: Option<usize>,
    limit: usize,
) -> Result<(Bytes, Option<SemaphorePermit<'static>>), Refused> {
    if length.is_some_and(|length| length > limit) {
        return Err(Refused::TooLarge);
    }
    let started_at = Instant::now();
    let large = async || {
        timeout_at(started_at + BODY, LARGE.acquire())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(Refused::TooMany)
    };
    let mut permit = None;
    if length.is_some_and(|length| length > NAMES) {
        permit = Some(large().await?);
    }
    // The declared length is not trusted: it must not allocate memory.
    let mut buffer = Vec::with_capacity(length.unwrap_or_default().min(NAMES));
    let mut stream = body.into_data_stream();
    loop {
        let received = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        let end = started_at + BODY + Duration::from_secs(1) * received / SLOWEST;
        let Ok(chunk) = timeout_at(end, stream.next()).await else {
            return Err(Refused::TooSlow);
        };
        let Some(chunk) = chunk else {
            return Ok((Bytes::from(buffer), permit));
        };
        let chunk = chunk.map_err(Refused::Broken)?;
        if buffer.len() + chunk.len() > limit {
            return Err(Refused::TooLarge);
        }
        if permit.is_none() && buffer.len() + chunk.len() > NAMES {
            permit = Some(large().await?);
        }
        buffer.extend_from_slice(&chunk);
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn slow(chunks: usize, pause: Duration) -> Body {
        Body::from_stream(stream::unfold(0, move |sent| async move {
            tokio::time::sleep(pause).await;
            (sent < chunks).then(|| {
                (
                    Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 1024])),
                    sent + 1,
                )
            })
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn slow_body_times_out() {
        let started_at = Instant::now();
        let error = read(slow(1000, Duration::from_secs(1)), None, NAMES).await.err();
        assert!(matches!(error, Some(Refused::TooSlow)), "{error:?}");
        assert!(
            started_at.elapsed() < Duration::from_secs(12),
            "{:?}",
            started_at.elapsed()
        );
        let (bytes, _) = read(slow(32, Duration::from_millis(50)), None, NAMES)
            .await
            .unwrap();
        assert_eq!(bytes.len(), 32 * 1024);
        let large = read(slow(1000, Duration::from_millis(50)), Some(1000 * 1024), MANIFEST).await;
        assert_eq!(
            large.unwrap().0.len(),
            1000 * 1024,
            "longer than {BODY:?}, but fast enough"
        );
    }

    #[tokio::test]
    async fn body_is_read_up_to_its_limit() {
        for (length, is_read) in [(NAMES, true), (NAMES + 1, false)] {
            for content_length in [None, Some(length)] {
                let result = read(Body::from(vec![b'x'; length]), content_length, NAMES).await;
                assert_eq!(result.is_ok(), is_read, "{length} {content_length:?}");
            }
        }
    }
}
