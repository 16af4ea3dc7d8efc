//! `GET /cluster/schema`: the fields of the cluster's API, for completion, documentation and generated forms.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, StatusCode};

use crate::contexts::extract::ClusterExtractor;

/// Responds with a `manifest::Schema` as JSON, compressed if the browser accepts it.
pub async fn get_schema(ClusterExtractor(cluster): ClusterExtractor, headers: HeaderMap) -> Response {
    let schema = match cluster.schema().await {
        Ok(schema) => schema,
        Err(error) => return (StatusCode::BAD_GATEWAY, Json(error)).into_response(),
    };
    let fixed = [
        (CONTENT_TYPE, "application/json"),
        // A fallback schema must not be cached.
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
    if accepts_gzip(&headers) {
        (fixed, [(CONTENT_ENCODING, "gzip")], schema.gzip.clone()).into_response()
    } else {
        (fixed, schema.json.clone()).into_response()
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
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
    fn gzip_is_sent_only_if_accepted() {
        let accepts = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
            accepts_gzip(&headers)
        };
        assert!(accepts("gzip, deflate, br"));
        assert!(accepts("br;q=1.0, gzip;q=0.5"));
        assert!(!accepts("gzip;q=0, br"));
        assert!(!accepts("identity"));
    }
}
