//! `GET /cluster/schema`: the fields that the cluster knows, for completion, documentation and generated forms.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, StatusCode};

use crate::contexts::extract::ClusterExtractor;

/// A `manifest::Schema` as JSON, compressed where the browser takes it.
pub async fn answer(ClusterExtractor(cluster): ClusterExtractor, headers: HeaderMap) -> Response {
    let schema = match cluster.schema().await {
        Ok(schema) => schema,
        Err(error) => return (StatusCode::BAD_GATEWAY, Json(error)).into_response(),
    };
    let fixed = [
        (CONTENT_TYPE, "application/json"),
        // One that stands in for the cluster's own is asked for again.
        (
            CACHE_CONTROL,
            if schema.unknown.is_none() {
                "private, max-age=300"
            } else {
                "no-store"
            },
        ),
        (VARY, "Accept-Encoding, Cookie"),
    ];
    if takes_gzip(&headers) {
        (fixed, [(CONTENT_ENCODING, "gzip")], schema.gzip.clone()).into_response()
    } else {
        (fixed, schema.json.clone()).into_response()
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.unwrap_or_default().split(',').any(|part| {
        let (name, quality) = part.split_once(';').unwrap_or((part, ""));
        name.trim().eq_ignore_ascii_case("gzip") && quality.replace(' ', "") != "q=0"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_browser_takes_is_compressed() {
        let takes = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
            takes_gzip(&headers)
        };
        assert!(takes("gzip, deflate, br"));
        assert!(takes("br;q=1.0, gzip;q=0.5"));
        assert!(!takes("gzip;q=0, br"));
        assert!(!takes("identity"));
    }
}
