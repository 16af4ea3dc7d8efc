//! Serves the reviews of `authentication.k8s.io` and `authorization.k8s.io`
//! ([authorization](https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access)).

use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::api::decode;
use crate::api::field::FieldError;
use crate::api::managed;
use crate::api::path::Target;
use crate::auth::service_account::AUDIENCE;
use crate::auth::{Attributes, User, rbac};
use crate::http::negotiate::Output;
use crate::http::status::Status;
use crate::http::{Api, AuthorizedRequest, content_format, manager_of};

/// Whether the path is one of the review types, which are not stored.
pub(super) fn is_review(target: &Target) -> bool {
    matches!(
        target.group.as_str(),
        "authorization.k8s.io" | "authentication.k8s.io"
    )
}

/// Answers a review.
pub(super) fn answer(
    api: &Api,
    request: &AuthorizedRequest,
    target: &Target,
    output: Output,
) -> Result<Response, Status> {
    if request.method != Method::POST || !target.name.is_empty() {
        return Err(Status::method_not_allowed());
    }
    let kind = crate::resource::types::find(&target.group, &target.version, &target.plural)
        .map(|one| one.kind.as_str())
        .unwrap_or_default();
    let (mut review, _) =
        decode::parse(&request.body, content_format(&request.headers)?).map_err(Status::bad_request)?;
    if !review.is_object() {
        review = json!({});
    }
    if let Some(other) = review["kind"]
        .as_str()
        .filter(|other| !other.is_empty() && *other != kind)
    {
        return Err(Status::bad_request(format!(
            "{other} in version \"{}\" cannot be handled as a {kind}",
            target.version
        )));
    }
    let spec = review["spec"].as_object().cloned().unwrap_or_default();
    let mut body = json!({
        "kind": kind, "apiVersion": format!("{}/{}", target.group, target.version), "metadata": {},
    });
    match kind {
        "SelfSubjectReview" => {
            body["metadata"]["creationTimestamp"] = api.cluster.clock.now_text().into();
            body["status"] = json!({"userInfo": request.user.info()});
        }
        "SelfSubjectRulesReview" => {
            body["spec"] = json!({});
            body["status"] = rules(api, &request.user, &spec)?;
        }
        "TokenReview" => {
            body["spec"] = spec.clone().into();
            body["status"] = token(api, &spec);
        }
        _ => {
            check(kind, &spec, target)?;
            let user = if kind == "SelfSubjectAccessReview" {
                request.user.clone()
            } else {
                subject(&spec)
            };
            body["spec"] = spec.clone().into();
            record_manager(api, request, target, &mut body)?;
            let decision = rbac::authorize(&api.cluster, &user, &attributes(&spec))?;
            body["status"] = json!({"allowed": decision.allowed});
            if !decision.reason.is_empty() {
                body["status"]["reason"] = decision.reason.into();
            }
        }
    }
    Ok(output.write(StatusCode::CREATED, &body))
}

/// Records the field manager of the review, as for any created object.
fn record_manager(
    api: &Api,
    request: &AuthorizedRequest,
    target: &Target,
    body: &mut Value,
) -> Result<(), Status> {
    let manager = manager_of("CreateOptions", &request.query, &request.headers)?;
    let api_version = format!("{}/{}", target.group, target.version);
    managed::of_answer(body, &api_version, "", &manager, &api.cluster.clock.now_text());
    Ok(())
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

/// Returns the attributes that an access review asks about.
fn attributes(spec: &Map<String, Value>) -> Attributes {
    let part = |name: &str| spec.get(name).cloned().unwrap_or_default();
    let (resource, path) = (part("resourceAttributes"), part("nonResourceAttributes"));
    if path.is_object() {
        return Attributes {
            verb: text(&path, "verb"),
            path: text(&path, "path"),
            ..Attributes::default()
        };
    }
    Attributes {
        verb: text(&resource, "verb"),
        group: text(&resource, "group"),
        namespace: text(&resource, "namespace"),
        resource: text(&resource, "resource"),
        subresource: text(&resource, "subresource"),
        name: text(&resource, "name"),
        path: String::new(),
    }
}

/// Returns the subject of a SubjectAccessReview.
fn subject(spec: &Map<String, Value>) -> User {
    let spec = Value::Object(spec.clone());
    let texts = |value: &Value| -> Vec<String> {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    User {
        name: text(&spec, "user"),
        uid: text(&spec, "uid"),
        groups: texts(&spec["groups"]),
        ..User::default()
    }
}

/// Implements `ValidateSubjectAccessReviewSpec` and its siblings; their errors name no kind.
fn check(kind: &str, spec: &Map<String, Value>, target: &Target) -> Result<(), Status> {
    let given = |name: &str| spec.get(name).filter(|value| value.is_object());
    let mut errors = Vec::new();
    match (given("resourceAttributes"), given("nonResourceAttributes")) {
        (Some(_), Some(path)) => errors.push(FieldError::invalid(
            "spec.nonResourceAttributes",
            json!({"Path": text(path, "path"), "Verb": text(path, "verb")}),
            "cannot be specified in combination with resourceAttributes",
        )),
        (None, None) => errors.push(FieldError::invalid(
            "spec.resourceAttributes",
            Value::Null,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )),
        _ => {}
    }
    if kind != "SelfSubjectAccessReview" {
        let user = spec.get("user").and_then(Value::as_str).unwrap_or_default();
        let grouped = spec
            .get("groups")
            .and_then(Value::as_array)
            .is_some_and(|all| !all.is_empty());
        if user.is_empty() && !grouped {
            errors.push(FieldError::invalid(
                "spec.user",
                "",
                "at least one of user or group must be specified",
            ));
        }
    }
    if kind == "LocalSubjectAccessReview" {
        let namespace = given("resourceAttributes").map(|one| text(one, "namespace"));
        if namespace.as_deref() != Some(target.namespace.as_str()) {
            let field = "spec.resourceAttributes.namespace";
            errors.push(FieldError::invalid(
                field,
                namespace,
                "must match metadata.namespace",
            ));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid("", &target.group, "", &errors))
    }
}

/// Returns everything that the user may do in a namespace.
fn rules(api: &Api, user: &User, spec: &Map<String, Value>) -> Result<Value, Status> {
    let namespace = spec.get("namespace").and_then(Value::as_str).unwrap_or_default();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    for granted in rbac::granted(&api.cluster, user, namespace)? {
        for rule in granted.rules {
            if rule["nonResourceURLs"]
                .as_array()
                .is_some_and(|urls| !urls.is_empty())
            {
                paths.push(rule);
            } else {
                resources.push(rule);
            }
        }
    }
    Ok(json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false}))
}

/// Returns the status of a TokenReview.
fn token(api: &Api, spec: &Map<String, Value>) -> Value {
    let given = spec.get("token").and_then(Value::as_str).unwrap_or_default();
    match api.authenticator.token(&api.cluster, given) {
        Some(user) => json!({"authenticated": true, "user": user.info(), "audiences": [AUDIENCE]}),
        None => json!({"user": {}, "error": "[invalid bearer token, Token has been invalidated]"}),
    }
}
