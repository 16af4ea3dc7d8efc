//! Where a stream may be opened from: only from the console's own pages.
//!
//! Streams are `GET` requests, which protection against cross-site requests lets pass; another site that opened one
//! would hold a connection and a watch in the person's name.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::ORIGIN;
use http::{HeaderMap, StatusCode, Uri};

use super::hosts::requested;
use crate::state::AppState;

/// Whether the request comes from this origin, or from no page at all (a typed address, a program).
fn is_own(uri: &Uri, headers: &HeaderMap, public_origin: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else { return false };
    let own = requested(uri, headers).map(|host| host.to_string());
    let named = origin.split_once("://").map(|(_, authority)| authority);
    public_origin == Some(origin) || (named.is_some() && named == own.as_deref())
}

/// Answers 403 to a stream that another site opens.
pub async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if is_own(
        request.uri(),
        request.headers(),
        state.hosts.public_origin().as_deref(),
    ) {
        next.run(request).await
    } else {
        (
            StatusCode::FORBIDDEN,
            "Streams can be opened by the console's own pages only.\n",
        )
            .into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_pages_open_streams() {
        let table: [(&[(&str, &str)], bool); 8] = [
            (&[], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("origin", "http://127.0.0.1:3000")], true),
            (&[("origin", "http://127.0.0.1:8080")], false),
            (&[("origin", "null")], false),
        ];
        for (extra, own) in table {
            let mut headers = HeaderMap::new();
            headers.insert("host", "127.0.0.1:3000".parse().unwrap());
            for (name, value) in extra {
                headers.insert(*name, value.parse().unwrap());
            }
            assert_eq!(
                is_own(&Uri::from_static("/stream/jobs"), &headers, None),
                own,
                "{extra:?}"
            );
        }
    }
}
