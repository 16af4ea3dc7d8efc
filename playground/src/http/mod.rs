//! Serves the Kubernetes API over HTTP.

pub(crate) mod discovery;
mod exec;
mod health;
mod list;
mod logs;
mod negotiate;
mod objects;
mod openapi;
mod patch;
mod reviews;
pub(crate) mod status;
mod table;
mod tokens;
mod warnings;
mod watch;
mod yaml;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method};

use k8s_rules::machinery::go;

use crate::api::decode::{FieldValidation, Format};
use crate::api::field::FieldError;
use crate::api::path::Target;
use crate::api::query::{Query, dry_run_of};
use crate::api::write::{Part, WriteOptions};
use crate::auth::authenticate::Authenticator;
use crate::auth::{Attributes, User, impersonation, rbac};
use crate::cluster::Cluster;
use crate::http::negotiate::Output;
use crate::http::status::Status;
use crate::resource::Resource;
use crate::resource::types;

/// Maximum size of a request body, as in the API server.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// The state behind the request handlers.
#[derive(Clone)]
pub(crate) struct Api {
    pub cluster: Cluster,
    pub authenticator: Authenticator,
}

/// Builds the router of the whole API. A request's user is the [`User`] among its extensions, which only a layer of
/// this process can set, else the one identified by its credentials.
pub(crate) fn router(api: Api) -> Router {
    Router::new()
        .fallback(answer)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(api)
}

/// A request with its path parsed.
pub(crate) struct Call {
    pub resource: &'static Resource,
    /// Empty for all namespaces, and for cluster-scoped types.
    pub namespace: String,
    pub name: Option<String>,
    pub subresource: Option<String>,
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The user of the request.
    pub user: User,
    /// The representation of the response.
    pub(self) output: Output,
}

impl Call {
    /// Returns a query parameter; empty if absent.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.text(name)
    }

    /// Whether a query parameter is set to something other than `false` or `0`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query.flag(name)
    }

    /// Returns the field manager of the written fields; `options` is the kind named in the error for an invalid one.
    pub(crate) fn manager(&self, options: &str) -> Result<String, Status> {
        manager_of(options, &self.query, &self.headers)
    }

    /// Reads the options of a write; `options` is their kind, and `errors` what is already wrong with them.
    pub(crate) fn write_options(
        &self,
        options: &str,
        mut errors: Vec<FieldError>,
    ) -> Result<(WriteOptions, FieldValidation), Status> {
        errors.extend(manager_errors(self.parameter("fieldManager")));
        let dry_run: Vec<&str> = self.query.all("dryRun").collect();
        let dry_run = match dry_run_of(&dry_run) {
            Ok(dry_run) => dry_run,
            Err(error) => {
                errors.push(error);
                false
            }
        };
        let validation = match self.parameter("fieldValidation") {
            "" | "Warn" => FieldValidation::Warn,
            "Strict" => FieldValidation::Strict,
            "Ignore" => FieldValidation::Ignore,
            other => {
                let allowed = ["", "Ignore", "Strict", "Warn"];
                errors.push(FieldError::not_supported("fieldValidation", other, &allowed));
                FieldValidation::Warn
            }
        };
        if !errors.is_empty() {
            return Err(Status::invalid(options, "meta.k8s.io", "", &errors));
        }
        let manager = self.manager(options)?;
        let written = WriteOptions {
            dry_run,
            manager,
            apply: None,
        };
        Ok((written, validation))
    }

    /// Returns the format of the body.
    pub(crate) fn format(&self) -> Result<Format, Status> {
        content_format(&self.headers)
    }
}

/// Returns what is wrong with a field manager (`ValidateFieldManager`).
fn manager_errors(given: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if given.len() > 128 {
        errors.push(FieldError::too_long("fieldManager", 128));
    }
    for (at, one) in given.char_indices().filter(|(_, one)| !go::is_printable(*one)) {
        let why = format!("invalid character {} (at position {at})", go::code_point(one));
        errors.push(FieldError::invalid("fieldManager", given, &why));
    }
    errors
}

/// Returns the field manager: `fieldManager`, else the program named in the client's user agent.
fn manager_of(options: &str, query: &Query, headers: &HeaderMap) -> Result<String, Status> {
    let given = query.text("fieldManager");
    let errors = manager_errors(given);
    if !errors.is_empty() {
        return Err(Status::invalid(options, "meta.k8s.io", "", &errors));
    }
    if !given.is_empty() {
        return Ok(given.to_owned());
    }
    let program = header(headers, &http::header::USER_AGENT).split('/').next();
    let shown: String = program
        .unwrap_or_default()
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

fn header<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Returns the format of the body; JSON if the client does not say.
fn content_format(headers: &HeaderMap) -> Result<Format, Status> {
    let kind = header(headers, &http::header::CONTENT_TYPE);
    match kind.split(';').next().unwrap_or_default().trim() {
        "" | "*/*" | "application/json" => Ok(Format::Json),
        "application/yaml" => Ok(Format::Yaml),
        "application/vnd.kubernetes.protobuf" => Ok(Format::Protobuf),
        _ => Err(Status::unsupported_media_type(
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )),
    }
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let query = Query::parse(parts.uri.query());
    let user = match allowed(&api, &parts, &query) {
        Ok(user) => user,
        Err(refused) => return refused.into_response(),
    };
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return Status::too_large(MAX_BODY).into_response();
    };
    let request = AuthorizedRequest {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query,
        headers: parts.headers,
        body,
        user,
    };
    if request.body.len() <= MAX_INLINE_BODY {
        return route(&api, request).unwrap_or_else(IntoResponse::into_response);
    }
    // Parsing and validating a large object takes seconds, during which no other request may be blocked.
    let routed =
        tokio::task::spawn_blocking(move || route(&api, request).unwrap_or_else(IntoResponse::into_response));
    routed
        .await
        .unwrap_or_else(|error| Status::internal(error.to_string()).into_response())
}

/// Maximum size of a body that is handled on the async thread.
const MAX_INLINE_BODY: usize = 64 * 1024;

/// Returns the user that the request acts as, if authorized.
fn allowed(api: &Api, parts: &http::request::Parts, query: &Query) -> Result<User, Status> {
    let user = match parts.extensions.get::<User>() {
        Some(user) => user.clone(),
        None => api
            .authenticator
            .user(&api.cluster, &parts.headers, &parts.extensions)?,
    };
    let user = impersonation::acting(&api.cluster, user, &parts.headers)?;
    let wanted = Attributes::of(&parts.method, parts.uri.path(), query);
    let decision = rbac::authorize(&api.cluster, &user, &wanted)?;
    if decision.allowed {
        Ok(user)
    } else {
        Err(wanted.forbidden(&user, &decision.reason))
    }
}

/// An authorized request.
struct AuthorizedRequest {
    method: Method,
    path: String,
    query: Query,
    headers: HeaderMap,
    body: Bytes,
    user: User,
}

/// Returns the `Accept` header.
fn accept(headers: &HeaderMap) -> &str {
    header(headers, &http::header::ACCEPT)
}

fn route(api: &Api, request: AuthorizedRequest) -> Result<Response, Status> {
    let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    let accept = accept(&request.headers);
    let found = match parts.as_slice() {
        [] => health::paths(),
        ["version"] => discovery::version(),
        [endpoint @ ("healthz" | "livez" | "readyz"), check @ ..] => {
            health::answer(&api.cluster, endpoint, &check.join("/"), &request.query)
        }
        ["openapi", "v2"] => openapi::version_2(accept),
        ["openapi", "v3"] => openapi::index(),
        ["openapi", "v3", rest @ ..] => openapi::document(&rest.join("/"))?,
        ["api"] if discovery::aggregated_wanted(accept) => discovery::aggregated(true),
        ["apis"] if discovery::aggregated_wanted(accept) => discovery::aggregated(false),
        ["api"] => discovery::core_versions(),
        ["apis"] => discovery::groups(),
        ["apis", group] => discovery::group(group).unwrap_or_else(health::no_such_page),
        ["api", version @ "v1"] => discovery::resources("", version)?,
        ["apis", group, version] if discovery::is_group(group) => discovery::resources(group, version)?,
        ["api", "v1", _, ..] => return handle_resource(api, request),
        ["apis", group, _, _, ..] if discovery::is_group(group) => return handle_resource(api, request),
        _ => health::no_such_page(),
    };
    Ok(found)
}

/// Handles a path that names a resource type.
fn handle_resource(api: &Api, request: AuthorizedRequest) -> Result<Response, Status> {
    let target = Target::parse(&request.path).ok_or_else(Status::no_such_path)?;
    let listed =
        types::find(&target.group, &target.version, &target.plural).ok_or_else(Status::no_such_path)?;
    let is_subresource = !target.subresource.is_empty();
    if is_subresource
        && !listed
            .subresources
            .iter()
            .any(|one| one.name == target.subresource)
    {
        return Err(Status::no_such_path());
    }
    if target.watches && request.method != Method::GET {
        return Err(Status::method_not_allowed());
    }
    let shapes = !is_subresource || target.subresource == "status";
    // The log is text, whatever else the client accepts.
    let output = if matches!(target.subresource.as_str(), "log" | "exec") {
        Output::PLAIN
    } else {
        Output::negotiate(
            &request.headers,
            &request.query,
            shapes,
            request.method == Method::GET && target.name.is_empty(),
        )?
    };
    if reviews::is_review(&target) {
        return reviews::answer(api, &request, &target, output);
    }
    let resource = target.resource.ok_or_else(Status::method_not_allowed)?;
    let call = Call {
        resource,
        namespace: target.namespace,
        name: Some(target.name).filter(|name| !name.is_empty()),
        subresource: Some(target.subresource).filter(|name| !name.is_empty()),
        query: request.query,
        headers: request.headers,
        body: request.body,
        user: request.user,
        output,
    };
    dispatch(api, &request.method, &call, target.watches)
}

fn dispatch(api: &Api, method: &Method, call: &Call, watches: bool) -> Result<Response, Status> {
    let cluster = &api.cluster;
    match (method.as_str(), &call.name, call.subresource.as_deref()) {
        ("GET", name, None) if watches => watch::answer(cluster, call, name.as_deref()),
        ("GET", None, None) if call.flag("watch") => watch::answer(cluster, call, None),
        ("GET", None, None) => list::answer(cluster, call),
        ("POST", None, None) => objects::create(cluster, call),
        ("DELETE", None, None) => objects::delete_collection(cluster, call),
        ("GET", Some(name), Some("log")) if call.resource.plural == "pods" => {
            logs::answer(cluster, call, name)
        }
        ("GET" | "POST", Some(name), Some("exec" | "attach" | "portforward")) => {
            exec::refuse(cluster, call, name)
        }
        ("POST", Some(name), Some("eviction")) => exec::evict(cluster, call, name),
        ("POST", Some(name), Some("token")) => tokens::request(api, call, name),
        ("GET", Some(name), None | Some("status")) => objects::get(cluster, call, name),
        ("PUT", Some(name), None) => objects::replace(cluster, call, name, Part::Main),
        ("PUT", Some(name), Some("status")) => objects::replace(cluster, call, name, Part::Status),
        ("PATCH", Some(name), None) => objects::patch(cluster, call, name, Part::Main),
        ("PATCH", Some(name), Some("status")) => objects::patch(cluster, call, name, Part::Status),
        ("DELETE", Some(name), None) => objects::delete(cluster, call, name),
        _ => Err(Status::method_not_allowed()),
    }
}
