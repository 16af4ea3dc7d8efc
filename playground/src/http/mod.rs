//! The Kubernetes API over HTTP.

pub(crate) mod discovery;
mod logs;
mod objects;
mod openapi;
mod patch;
mod reviews;
pub(crate) mod status;
mod table;
mod warnings;
mod watch;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};

use crate::api::decode::{FieldValidation, Format};
use crate::api::field::FieldError;
use crate::api::query::Query;
use crate::api::write::Part;
use crate::cluster::Cluster;
use crate::resource::Resource;
pub(crate) use objects::{create_object, delete_object, is_over, random_suffix};
use status::Status;

/// Longest request body, as the API server's.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// The whole API.
pub(crate) fn router(cluster: Cluster) -> Router {
    Router::new()
        .fallback(answer)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(cluster)
}

/// A request with its path taken apart.
pub(crate) struct Call {
    pub resource: &'static Resource,
    /// Empty for all namespaces, and for cluster-scoped types.
    pub namespace: String,
    pub name: Option<String>,
    pub subresource: Option<String>,
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    /// A parameter of the query; empty if absent.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.text(name)
    }

    /// A parameter that is neither `false` nor `0`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query.flag(name)
    }

    fn header(&self, name: http::HeaderName) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Who owns the written fields: `fieldManager`, else the program that the client says it is.
    pub(crate) fn manager(&self) -> Result<String, Status> {
        let given = self.parameter("fieldManager");
        if given.len() > 128 {
            let error = FieldError::too_long("fieldManager", 128);
            return Err(Status::invalid("CreateOptions", "meta.k8s.io", "", &[error]));
        }
        if !given.is_empty() {
            return Ok(given.to_owned());
        }
        let program = self
            .header(http::header::USER_AGENT)
            .split('/')
            .next()
            .unwrap_or_default();
        let shown: String = program
            .chars()
            .filter(|letter| !letter.is_control())
            .take(128)
            .collect();
        Ok(if shown.is_empty() {
            "unknown".to_owned()
        } else {
            shown
        })
    }

    /// How the body is written; JSON if the client does not say.
    pub(crate) fn format(&self) -> Result<Format, Status> {
        let kind = self.header(http::header::CONTENT_TYPE);
        match kind.split(';').next().unwrap_or_default().trim() {
            "" | "*/*" | "application/json" => Ok(Format::Json),
            "application/yaml" => Ok(Format::Yaml),
            _ => Err(Status::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/cbor",
            )),
        }
    }

    /// `fieldValidation`; `options` is the kind that a wrong value is reported under.
    pub(crate) fn validation(&self, options: &str) -> Result<FieldValidation, Status> {
        match self.parameter("fieldValidation") {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Strict" => Ok(FieldValidation::Strict),
            "Ignore" => Ok(FieldValidation::Ignore),
            other => {
                let error =
                    FieldError::not_supported("fieldValidation", other, &["Ignore", "Strict", "Warn"]);
                Err(Status::invalid(options, "meta.k8s.io", "", &[error]))
            }
        }
    }
}

async fn answer(State(cluster): State<Cluster>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(body) => body,
        Err(_) => {
            return Status::too_large(MAX_BODY).into_response();
        }
    };
    let path: Vec<String> = parts
        .uri
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| {
            percent_encoding::percent_decode_str(part)
                .decode_utf8_lossy()
                .into_owned()
        })
        .collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let query = Query::parse(parts.uri.query());
    route(&cluster, &parts.method, &path, query, parts.headers, body)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// What the client accepts.
fn accept(headers: &HeaderMap) -> &str {
    headers
        .get(http::header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

async fn route(
    cluster: &Cluster,
    method: &Method,
    path: &[&str],
    query: Query,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Status> {
    let (group, version, rest) = match path {
        ["version"] => return Ok(discovery::version()),
        ["healthz" | "livez" | "readyz", ..] => return Ok("ok".into_response()),
        ["openapi", "v2"] => return Ok(openapi::version_2(accept(&headers))),
        ["openapi", "v3"] => return Ok(openapi::index()),
        ["openapi", "v3", rest @ ..] => return openapi::document(&rest.join("/")),
        ["api"] if discovery::aggregated_wanted(accept(&headers)) => return Ok(discovery::aggregated(true)),
        ["apis"] if discovery::aggregated_wanted(accept(&headers)) => {
            return Ok(discovery::aggregated(false));
        }
        ["api"] => return Ok(discovery::core_versions()),
        ["apis"] => return Ok(discovery::groups()),
        ["apis", group] => return discovery::group(group),
        ["api", version @ "v1"] => return discovery::resources("", version),
        ["apis", group, version] => return discovery::resources(group, version),
        ["api", version @ "v1", rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return Err(Status::no_such_path()),
    };
    if let ("authorization.k8s.io" | "authentication.k8s.io", [plural]) = (group, rest) {
        return reviews::answer(plural, &body);
    }
    let (namespace, rest) = match rest {
        // A namespace's own path, and its subresources.
        ["namespaces"] | ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => ("", rest),
        ["namespaces", namespace, rest @ ..] => (*namespace, rest),
        rest => ("", rest),
    };
    let (plural, name, subresource) = match rest {
        [plural] => (*plural, None, None),
        [plural, name] => (*plural, Some((*name).to_owned()), None),
        [plural, name, subresource] => (*plural, Some((*name).to_owned()), Some((*subresource).to_owned())),
        _ => return Err(Status::no_such_path()),
    };
    let resource = Resource::find(group, version, plural).ok_or_else(Status::no_such_path)?;
    let call = Call {
        resource,
        namespace: namespace.to_owned(),
        name,
        subresource,
        query,
        headers,
        body,
    };
    dispatch(cluster, method, call).await
}

async fn dispatch(cluster: &Cluster, method: &Method, call: Call) -> Result<Response, Status> {
    match (method.as_str(), &call.name, call.subresource.as_deref()) {
        ("GET", None, None) if call.flag("watch") => watch::answer(cluster, &call),
        ("GET", None, None) => objects::list(cluster, &call),
        ("POST", None, None) => objects::create(cluster, &call),
        ("DELETE", None, None) => objects::delete_collection(cluster, &call),
        ("GET", Some(name), Some("log")) if call.resource.plural == "pods" => {
            logs::answer(cluster, &call, name).await
        }
        ("GET", Some(name), None | Some("status")) => objects::get(cluster, &call, name),
        ("PUT", Some(name), None) => objects::replace(cluster, &call, name, Part::Main),
        ("PUT", Some(name), Some("status")) => objects::replace(cluster, &call, name, Part::Status),
        ("PATCH", Some(name), None) => objects::patch(cluster, &call, name, Part::Main),
        ("PATCH", Some(name), Some("status")) => objects::patch(cluster, &call, name, Part::Status),
        ("DELETE", Some(name), None) => objects::delete(cluster, &call, name),
        _ => Err(Status::method_not_allowed()),
    }
}
