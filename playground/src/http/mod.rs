//! The Kubernetes API over HTTP.

pub(crate) mod discovery;
mod logs;
mod objects;
mod openapi;
mod patch;
mod reviews;
mod selector;
pub(crate) mod status;
mod table;
mod watch;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};

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
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    /// A parameter of the query; empty if absent.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// A parameter that is `true` or `1`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        matches!(self.parameter(name), "true" | "1")
    }
}

async fn answer(State(cluster): State<Cluster>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, MAX_BODY).await {
        Ok(body) => body,
        Err(_) => {
            let message = "Request entity too large: limit is 3145728";
            return Status::new(413, "RequestEntityTooLarge", message).into_response();
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
    let query = parse_query(parts.uri.query().unwrap_or_default());
    route(&cluster, &parts.method, &path, query, parts.headers, body)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            pair.split_once('=').map_or_else(
                || (decode(pair), String::new()),
                |(key, value)| (decode(key), decode(value)),
            )
        })
        .collect()
}

async fn route(
    cluster: &Cluster,
    method: &Method,
    path: &[&str],
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Status> {
    let (group, version, rest) = match path {
        ["version"] => return Ok(discovery::version()),
        ["healthz" | "livez" | "readyz", ..] => return Ok("ok".into_response()),
        ["openapi", "v2"] => return Ok(openapi::version_2(&headers)),
        ["openapi", "v3"] => return Ok(openapi::index()),
        ["openapi", "v3", path @ ..] => return openapi::document(path, &headers),
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
        ("PUT", Some(name), None) => objects::replace(cluster, &call, name, false),
        ("PUT", Some(name), Some("status")) => objects::replace(cluster, &call, name, true),
        ("PATCH", Some(name), None) => objects::patch(cluster, &call, name, false),
        ("PATCH", Some(name), Some("status")) => objects::patch(cluster, &call, name, true),
        ("DELETE", Some(name), None) => objects::delete(cluster, &call, name),
        _ => {
            let message = "the server does not allow this method on the requested resource";
            Err(Status::new(405, "MethodNotAllowed", message))
        }
    }
}
