//! Negotiates the representation of a response ([content
//! negotiation](https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources)).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::api::query::Query;
use crate::http::status::Status;

/// How objects are represented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Complete objects.
    Whole,
    /// `as=Table`.
    Table,
    /// `as=PartialObjectMetadata`.
    Metadata,
    /// `as=PartialObjectMetadataList`.
    MetadataList,
}

/// How a response is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Output {
    /// How objects are represented.
    pub shape: Shape,
    /// The `meta.k8s.io` version of a Table or of metadata.
    pub version: &'static str,
    /// YAML instead of JSON.
    pub yaml: bool,
    /// With line breaks.
    pub pretty: bool,
}

impl Output {
    /// JSON on one line.
    pub(super) const PLAIN: Self = Self {
        shape: Shape::Whole,
        version: "v1",
        yaml: false,
        pretty: false,
    };

    /// Returns the first accepted representation that is available; 406 if there is none. With `shapes`, Tables and
    /// metadata are among them.
    /// `is_list`: the collection, which can be watched.
    pub(super) fn negotiate(
        headers: &HeaderMap,
        query: &Query,
        shapes: bool,
        is_list: bool,
    ) -> Result<Self, Status> {
        let mut given: Vec<&str> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .collect();
        if given.is_empty() {
            given.push("*/*");
        }
        // Highest quality first; the sort is stable.
        given.sort_by(|a, b| quality(b).total_cmp(&quality(a)));
        let known = |clause: &&str| media(clause).is_some();
        if !given.iter().any(known) {
            return Err(none_known(is_list));
        }
        let found = given.into_iter().find_map(|clause| Self::read(clause, shapes));
        let mut output = found.ok_or_else(not_acceptable)?;
        output.pretty = query
            .get("pretty")
            .map_or_else(|| for_people(headers), |_| query.flag("pretty"));
        Ok(output)
    }

    fn read(clause: &str, shapes: bool) -> Option<Self> {
        let yaml = media(clause)?;
        let parts = clause.split(';').skip(1).map(str::trim);
        let (mut shape, mut group, mut version) = (None, None, None);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name {
                "as" => shape = Some(value),
                "g" => group = Some(value),
                "v" => version = Some(value),
                _ => {}
            }
        }
        let mut output = Self { yaml, ..Self::PLAIN };
        let Some(shape) = shape else {
            return (group.is_none() && version.is_none()).then_some(output);
        };
        if !shapes || group != Some("meta.k8s.io") {
            return None;
        }
        output.version = match version {
            Some("v1") => "v1",
            Some("v1beta1") => "v1beta1",
            _ => return None,
        };
        output.shape = match shape {
            "Table" => Shape::Table,
            "PartialObjectMetadata" => Shape::Metadata,
            "PartialObjectMetadataList" => Shape::MetadataList,
            _ => return None,
        };
        Some(output)
    }

    /// Returns the `apiVersion` of Tables and metadata.
    pub(super) fn meta_version(&self) -> String {
        format!("meta.k8s.io/{}", self.version)
    }

    /// Builds the response with this body.
    pub(super) fn write(&self, code: StatusCode, body: &Value) -> Response {
        if self.yaml {
            let text = crate::http::yaml::document(body);
            return (code, [(CONTENT_TYPE, "application/yaml")], text).into_response();
        }
        if self.pretty
            && let Ok(text) = serde_json::to_string_pretty(body)
        {
            return (code, [(CONTENT_TYPE, "application/json")], text).into_response();
        }
        (code, Json(body)).into_response()
    }
}

/// Whether the client is read by a person: responses are then pretty-printed, as by the API server.
fn for_people(headers: &HeaderMap) -> bool {
    let program = headers
        .get(http::header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    ["curl", "Wget", "Mozilla/5.0"]
        .iter()
        .any(|one| program.starts_with(one))
}

/// Whether the media type is YAML; `None` if it is neither YAML nor JSON.
fn media(clause: &str) -> Option<bool> {
    match clause.split(';').next()?.trim() {
        "application/json" | "*/*" => Some(false),
        "application/yaml" => Some(true),
        _ => None,
    }
}

/// Returns the 406 without any known media type.
fn none_known(is_list: bool) -> Status {
    let mut text = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf".to_owned();
    if is_list {
        text.push_str(", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch");
    }
    let mut status = Status::not_acceptable(&text);
    status.details = Some(serde_json::json!({}));
    status
}

fn quality(clause: &str) -> f32 {
    clause
        .split(';')
        .find_map(|part| part.trim().strip_prefix("q=")?.parse().ok())
        .unwrap_or(1.0)
}

/// Returns the 406 with the available media types.
pub(super) fn not_acceptable() -> Status {
    Status::not_acceptable(
        "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    )
}
