//! What the API says of its schemas: the OpenAPI v3 documents of the groups that Jobs need (KEP-2896), and an OpenAPI
//! v2 document that describes nothing, so that a client of before 1.27 leaves validation to the server.

use std::io::Read;

use axum::Json;
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use http::{HeaderMap, header};
use serde_json::{Map, json};

use super::discovery::VERSION;
use super::status::Status;

/// A document as a Kubernetes 1.36 API server serves it, compressed.
struct Document {
    /// Below `/openapi/v3/`.
    path: &'static str,
    gzip: &'static [u8],
}

const DOCUMENTS: [Document; 2] = [
    Document {
        path: "api/v1",
        gzip: include_bytes!("../../openapi/openapi-v3-api-v1.json.gz"),
    },
    Document {
        path: "apis/batch/v1",
        gzip: include_bytes!("../../openapi/openapi-v3-batch-v1.json.gz"),
    },
];

/// The media type in which old clients insist on version 2.
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/// `/openapi/v3`: where the documents are.
pub(super) fn index() -> Response {
    let paths: Map<_, _> = DOCUMENTS
        .iter()
        .map(|document| {
            let url = format!("/openapi/v3/{}?hash={VERSION}", document.path);
            (document.path.to_owned(), json!({"serverRelativeURL": url}))
        })
        .collect();
    // As the API server does, JSON by another name.
    let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (kind, json!({"paths": paths}).to_string()).into_response()
}

/// `/openapi/v3/PATH`: one document, compressed if the client understands it.
pub(super) fn document(path: &[&str], headers: &HeaderMap) -> Result<Response, Status> {
    let path = path.join("/");
    let document = DOCUMENTS
        .iter()
        .find(|document| document.path == path)
        .ok_or_else(Status::no_such_path)?;
    let kind = (header::CONTENT_TYPE, "application/json");
    let zipped = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("gzip"));
    if zipped {
        return Ok(([kind, (header::CONTENT_ENCODING, "gzip")], document.gzip).into_response());
    }
    let mut text = String::new();
    GzDecoder::new(document.gzip)
        .read_to_string(&mut text)
        .map_err(|error| Status::new(500, "InternalError", error.to_string()))?;
    Ok(([kind], text).into_response())
}

/// `/openapi/v2`: no schemas. In protobuf that is the empty message.
pub(super) fn version_2(headers: &HeaderMap) -> Response {
    let protobuf = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("proto-openapi"));
    if protobuf {
        return ([(header::CONTENT_TYPE, PROTOBUF)], Vec::<u8>::new()).into_response();
    }
    let info = json!({"title": "Kubernetes", "version": VERSION});
    Json(json!({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}})).into_response()
}
